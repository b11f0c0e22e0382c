"""Store care as an admin does it: the audit log, backup and restore, keys, a leak."""

import json
import os
import re
import sqlite3

from instance import EXISTS, INVALID, NOT_FOUND, OK, token_of, wait_until


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
    assert re.search(r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b", listed), "no readable time"
    instance.ctl("audit", "list", "--limit", 0, code=INVALID)
    instance.ctl("audit", "list", "--before", "x", code=INVALID)
    assert "3 rows, unbroken" in instance.ctl("audit", "verify", code=OK).out

    change(instance, "UPDATE audit SET actor = 'uid=9' WHERE seq = 1",
           "DELETE FROM audit WHERE seq = 3")
    result = instance.ctl("audit", "verify", code=INVALID)
    assert "audit row 1 was changed" in result.out and "audit row 3 is missing" in result.out
    assert "broken at 2 places" in result.err


def test_a_backup_is_made_beside_the_running_daemon_and_restored(instance, tmp_path):
    instance.add_user("alice")
    password = instance.add_account("alice", "1001@pbx.example.com")
    url = instance.add_phone("alice", "cc5ef641b794", "--vendor", "linphone")
    instance.ctl("options", "set", '{"disable_auto_provision_security": true}', code=OK)
    instance.expected_log.append("flat_mode")
    target = tmp_path / "backup.db"
    made = instance.ctl("backup", target, code=OK)
    assert "is not in it" in made.out and "fingerprint" in made.out
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["backup.db"]
    content = target.read_bytes()
    assert password.encode() not in content and instance.master_key.read_bytes() not in content
    assert bytes.fromhex(instance.master_key.read_text().strip()) not in content
    instance.ctl("backup", target, code=EXISTS)
    instance.ctl("backup", target, "--replace", code=OK)

    instance.add_user("bob")
    epoch = instance.ctl("status", "--json", code=OK).json()["store"]["epoch"]
    instance.stop()
    os.rename(instance.database, tmp_path / "lost.db")
    restored = instance.ctl("restore", target, "--yes", code=OK)
    assert "valid again" in restored.out and "custom options were dropped" in restored.out
    instance.start()
    assert instance.get_url(url).status == 200
    assert instance.get("/provision/cc5ef641b794.xml").status == 404, "flat mode is still open"
    users = instance.ctl("user", "list", "--json", code=OK).json()
    assert [user["name"] for user in users] == ["alice"]
    assert instance.ctl("status", "--json", code=OK).json()["store"]["epoch"] != epoch
    assert instance.ctl("audit", "list", "--json", code=OK).json()[0]["action"] == "restore"
    instance.ctl("audit", "verify", code=OK)


def test_a_restore_names_the_key_that_is_missing(instance, tmp_path):
    target = tmp_path / "backup.db"
    made = instance.ctl("backup", target, code=OK)
    fingerprint = made.out.split("fingerprint ")[1].split(")")[0]
    instance.stop()
    os.chmod(instance.master_key, 0o600)
    key = instance.master_key.read_text()
    instance.master_key.write_text("ab" * 32 + "\n")
    refused = instance.ctl("restore", target, "--yes", code=INVALID)
    assert f"needs the master key with fingerprint {fingerprint}" in refused.err
    instance.master_key.write_text(key)
    instance.ctl("restore", target, "--yes", "--keep-options", code=OK)


def test_a_stopped_daemons_database_is_backed_up_too(instance, tmp_path):
    instance.add_user("alice")
    instance.stop()
    instance.ctl("backup", tmp_path / "backup.db", code=OK)
    with sqlite3.connect(tmp_path / "backup.db") as database:
        assert database.execute("SELECT name FROM user").fetchall() == [("alice",)]


def rotation(instance):
    return instance.ctl("status", "--json", code=OK).json()["store"]["key_rotation"]


def add_many(instance, count):
    """Users with an account each; returns the URL of one phone and its password."""
    for i in range(count):
        instance.add_user(f"u{i}")
        password = instance.add_account(f"u{i}", f"{1000 + i}@pbx.example.com")
    return instance.add_phone(f"u{count - 1}", "cc5ef641b794", "--vendor", "linphone"), password


def test_the_master_key_is_rotated_beside_the_running_daemon(instance, tmp_path):
    url, password = add_many(instance, 3)
    instance.ctl("key", "rotate", code=OK)
    instance.ctl("key", "rotate", code=EXISTS)
    second = instance.folder / "master.key.new"
    assert second.stat().st_mode & 0o777 == 0o400
    assert instance.ctl("key", "rotate", "--finish").code != OK
    instance.stop()
    instance.start()
    wait_until("done", lambda: rotation(instance)["state"] == "done")
    wait_until("told", lambda: "key_rotation state=done" in instance.log())
    assert "--finish" in instance.ctl("status", code=OK).out
    assert password.encode() in instance.get_url(url).body
    old = instance.master_key.read_text()
    instance.ctl("key", "rotate", "--finish", code=OK)
    assert instance.master_key.read_text() != old
    assert (instance.folder / "master.key.old").read_text() == old
    assert not second.exists()
    instance.stop()
    instance.start()
    assert rotation(instance)["state"] == "none"
    assert password.encode() in instance.get_url(url).body
    assert instance.url("cc5ef641b794") == url
    instance.ctl("audit", "verify", code=OK)
    instance.ctl("db", "check", code=OK)
    instance.secrets += [old.strip(), instance.master_key.read_text().strip()]


def test_a_burnt_token_answers_its_phone_once_and_a_thief_never(instance):
    instance.add_user("alice")
    instance.add_account("alice", "1001@pbx.example.com", "the old password")
    old = instance.add_phone("alice", "cc5ef641b794", "--vendor", "linphone")
    assert b"the old password" in instance.get_url(old).body
    wait_until("the fetch is noted", lambda: instance.ctl(
        "phone", "show", "cc5ef641b794", "--json", code=OK).json()["last_fetch_at"] > 0)

    burnt = instance.ctl("user", "burn", "alice", "--yes", code=OK)
    account, password = burnt.out.split()
    assert account == "1001@pbx.example.com" and "1 phones have to fetch anew" in burnt.err
    instance.secrets.append(password)
    assert instance.get_url(old, source="127.0.0.2").status == 404, "a thief was served"
    served = instance.get_url(old)
    assert password.encode() in served.body and b"the old password" not in served.body
    new = instance.url("cc5ef641b794")
    assert new != old and token_of(new).encode() in served.body
    assert instance.get_url(old).status == 404, "the burnt token answers twice"
    assert password.encode() in instance.get_url(new).body
    instance.ctl("audit", "verify", code=OK)

    given = "pw-from-the-pbx-0001"
    instance.secrets.append(given)
    instance.ctl("user", "burn", "alice", "--yes", "--hard", "--passwords-file", "-",
                 stdin=json.dumps({"1001@pbx.example.com": given}), code=OK)
    assert instance.get_url(new).status == 404, "a hard burn serves nobody"
    assert given.encode() in instance.get_url(instance.url("cc5ef641b794")).body
    instance.ctl("user", "burn", "alice", "--yes", "--passwords-file", "-", stdin="{}",
                 code=INVALID)
    instance.ctl("user", "burn", "nobody", "--yes", code=NOT_FOUND)
