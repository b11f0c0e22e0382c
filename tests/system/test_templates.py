"""Templates in the database: in use at once, and never a reason not to start."""

import json
import sqlite3
import subprocess

from instance import OK

MAC = "cc5ef641b794"


def ask(instance, method, path, body=None):
    arguments = ["curl", "-s", "--unix-socket", instance.control, "-X", method,
                 f"http://localhost/api/v1{path}"]
    if body is not None:
        arguments += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    said = subprocess.run(arguments, capture_output=True, check=True, timeout=60)
    return json.loads(said.stdout)


def test_a_stored_template_serves_phones_outlives_restart_backup_and_upgrade(instance, tmp_path):
    instance.add_user("alice")
    url = instance.add_phone("alice", MAC, "--vendor", "linphone")
    shipped = instance.get_url(url).body
    text = ask(instance, "GET", "/templates/linphone.xml")["text"] + "<!-- ours -->\n"
    assert ask(instance, "PUT", "/templates/linphone.xml", {"text": text})["version"] == 1
    assert instance.get_url(url).body == shipped + b"<!-- ours -->\n"
    instance.ctl("reload", code=OK)
    assert instance.get_url(url).body.endswith(b"<!-- ours -->\n")
    instance.ctl("backup", tmp_path / "copy.db", code=OK)
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("SELECT name FROM template").fetchall() == [("linphone.xml",)]
    instance.ctl("db", "check", code=OK)
    instance.stop()
    with sqlite3.connect(instance.database) as database:
        database.execute("UPDATE template SET text = '{{#open}}'")
    instance.expected_log.append("template_passed_over template=linphone.xml error=")
    instance.start()
    assert instance.get_url(url).body == shipped
    assert ask(instance, "GET", "/templates/linphone.xml")["problem"].startswith("linphone.xml:1:")
    assert ask(instance, "DELETE", "/templates/linphone.xml") == {"name": "linphone.xml"}
