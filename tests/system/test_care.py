"""Store care as an admin does it: the audit log, backup and restore."""

import sqlite3

from instance import INVALID, OK


def change(instance, *statements):
    """Write to the database past autoprovd."""
    database = sqlite3.connect(instance.database)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


def test_the_audit_log_is_listed_and_proven(instance):
    for name in ("alice", "bob", "carol"):
        instance.add_user(name)
    rows = instance.ctl("audit", "list", "--json", code=OK).json()
    assert [(row["row"], row["action"], row["object"]) for row in rows] == [
        (3, "user.add", "user=carol"), (2, "user.add", "user=bob"), (1, "user.add", "user=alice")]
    listed = instance.ctl("audit", "list", "--limit", 1, "--before", 3, code=OK).out
    assert "user=bob" in listed and "user=alice" not in listed
    instance.ctl("audit", "list", "--limit", 0, code=INVALID)
    instance.ctl("audit", "list", "--before", "x", code=INVALID)
    assert "3 rows, unbroken" in instance.ctl("audit", "verify", code=OK).out

    change(instance, "UPDATE audit SET actor = 'uid=9' WHERE seq = 1",
           "DELETE FROM audit WHERE seq = 3")
    result = instance.ctl("audit", "verify", code=INVALID)
    assert "audit row 1 was changed" in result.out and "audit row 3 is missing" in result.out
    assert "broken at 2 places" in result.err
