"""kill -9 in the middle of a key rotation and of a backup: what is left always opens."""

import http.client
import json
import os
import random
import socket
import sqlite3
import subprocess
import time

from instance import AUTOPROVCTL, OK, wait_until

ROUNDS = 20
USERS = 1200
SEED = int(os.environ.get("AP_SEED", random.randrange(1 << 30)))


class Control(http.client.HTTPConnection):
    """The admin API over the control socket, on one connection."""

    def __init__(self, instance):
        super().__init__("localhost")
        self.path = str(instance.control)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def post(self, path, body):
        self.request("POST", "/api/v1" + path, json.dumps(body),
                     {"Content-Type": "application/json"})
        answer = self.getresponse()
        content = answer.read()
        assert answer.status == 201, content


def add_users(instance):
    control = Control(instance)
    for i in range(USERS):
        control.post("/users", {"name": f"u{i}"})
        control.post("/accounts", {"user": f"u{i}", "sip_user": str(10000 + i), "domain": "pbx",
                                   "password": f"pw-{i:06}-of-the-crash-test"})
        if i % 100 == 99:  # a connection has its time
            control.close()
    control.close()
    return instance.add_phone("u7", "cc5ef641b794", "--vendor", "linphone")


def state_of_rotation(instance):
    return instance.ctl("status", "--json", code=OK).json()["store"]["key_rotation"]["state"]


def begin_rotation(instance):
    """With a daemon that is not running: the next start works on it."""
    if (instance.folder / "master.key.new").exists():
        instance.ctl("key", "rotate", "--finish", code=OK)
        (instance.folder / "master.key.old").unlink()
    instance.ctl("key", "rotate", code=OK)


def test_a_killed_key_rotation_is_always_readable_and_ends(make_instance):
    chance = random.Random(SEED)
    print(f"AP_SEED={SEED}")
    instance = make_instance(workers=1)
    instance.init()
    instance.start()
    url = add_users(instance)
    instance.stop()
    begin_rotation(instance)
    for _ in range(ROUNDS):
        instance.start()
        if state_of_rotation(instance) == "done":
            instance.stop()
            begin_rotation(instance)
            instance.start()
        time.sleep(chance.uniform(0, 1.5))
        assert b"pw-000007-of-the-crash-test" in instance.get_url(url).body
        instance.kill()
        instance.ctl("db", "check", code=OK)
    instance.start()
    wait_until("done", lambda: state_of_rotation(instance) == "done", 120)
    assert b"pw-000007-of-the-crash-test" in instance.get_url(url).body
    instance.ctl("key", "rotate", "--finish", code=OK)
    instance.stop()
    instance.start()
    assert b"pw-000007-of-the-crash-test" in instance.get_url(url).body
    instance.ctl("audit", "verify", code=OK)
    instance.ctl("db", "check", code=OK)


def add_records(instance):
    """Some 25 MB, so that a backup takes its time."""
    with sqlite3.connect(instance.database) as database:
        database.execute(
            "INSERT INTO fetch (at, source, user_agent, status, body_bytes) "
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000) "
            "SELECT strftime('%s', 'now'), '192.0.2.7', hex(zeroblob(60)), 200, i FROM n")
    database.close()


def check_whole(path):
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM fetch").fetchone() == (150000,)
        assert database.execute("SELECT count(*) FROM meta WHERE name = 'backup'").fetchone() == (1,)
    database.close()


def test_a_killed_backup_leaves_a_whole_one_or_none(instance, tmp_path):
    chance = random.Random(SEED)
    print(f"AP_SEED={SEED}")
    target = tmp_path / "backup.db"
    command = [AUTOPROVCTL, "--config", str(instance.conf), "backup", str(target), "--replace"]
    instance.add_user("alice")
    add_records(instance)
    before = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    whole_s = time.monotonic() - before
    target.unlink()
    killed = 0
    for i in range(ROUNDS):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, whole_s))
        instance.add_user(f"meanwhile{i}")
        process.kill()
        killed += process.wait() != 0
        if target.exists():
            check_whole(target)
            target.unlink()
        for path in tmp_path.iterdir():
            assert path.is_dir() or path.stat().st_mode & 0o077 == 0, f"{path} is not private"
    assert killed > ROUNDS / 4, f"only {killed} were killed"
    instance.ctl("backup", target, code=OK)
    check_whole(target)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["backup.db"]
    users = {user["name"] for user in instance.ctl("user", "list", "--json", code=OK).json()}
    assert len(users) == ROUNDS + 1
