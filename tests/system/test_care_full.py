"""A full disk: phones are served on, writes fail with the cause, and all goes on when there is room."""

import os
import shutil
import subprocess

import pytest

from instance import FAILED, OK, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a tmpfs")

PASSWORD = "pw-on-the-full-disk"


@pytest.fixture
def small(make_instance):
    """An instance whose state folder is a disk of 3 MiB, with one phone; not running."""
    instance = make_instance(workers=1)
    instance.state.mkdir(mode=0o700)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs",
                              str(instance.state)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        instance.init()
        instance.start()
        instance.add_user("alice")
        instance.add_account("alice", "1001@pbx.example.com", PASSWORD)
        instance.phone_url = instance.add_phone("alice", "cc5ef641b794", "--vendor", "linphone")
        yield instance
        instance.stop()
    finally:
        if instance.process is not None:
            instance.kill()
        subprocess.run(["umount", str(instance.state)], check=True)


def fill(instance, leave=0):
    """Leave so many bytes."""
    filler = instance.state / "filler"
    with open(filler, "ab", buffering=0) as out:
        chunk = 65536
        while chunk >= 512:
            if shutil.disk_usage(instance.state).free - leave < chunk:
                chunk //= 2
                continue
            try:
                out.write(bytes(chunk))
            except OSError:
                chunk //= 2
    return filler


def assert_served(instance):
    assert PASSWORD.encode() in instance.get_url(instance.phone_url).body


def test_writes_fail_with_the_cause_and_recover_by_themselves(small):
    small.expected_log.append("admin_failed action=user.add")
    filler = fill(small)
    # The WAL may have room of its own for a few more.
    results = [small.ctl("user", "add", f"u{i}-{'x' * 50}") for i in range(60)]
    assert results[-1].code == FAILED and "no space" in results[-1].err
    assert_served(small)
    added = sum(result.code == OK for result in results)
    filler.unlink()
    small.add_user("afterwards")
    assert_served(small)
    users = small.ctl("user", "list", "--json", code=OK).json()
    assert len(users) == added + 2
    small.ctl("audit", "verify", code=OK)
    small.ctl("db", "check", code=OK)


def test_a_backup_that_finds_no_room_leaves_nothing(small):
    target = small.state / "backup.db"
    filler = fill(small, leave=65536)
    refused = small.ctl("backup", target)
    assert refused.code == FAILED and "no space" in refused.err
    assert sorted(path.name for path in small.state.iterdir()
                  if path.name.startswith("backup")) == []
    assert_served(small)
    filler.unlink()
    small.ctl("backup", target, code=OK)
    target.unlink()


def test_a_key_rotation_on_a_full_disk_waits_and_everything_opens(small):
    small.expected_log += ["key_rotation error", "store"]
    small.ctl("key", "rotate", code=OK)
    small.stop()
    filler = fill(small)
    small.start()
    assert_served(small)
    small.stop()
    small.ctl("db", "check", code=OK)
    filler.unlink()
    small.start()
    wait_until("done", lambda: small.ctl("status", "--json", code=OK).json()
               ["store"]["key_rotation"]["state"] == "done")
    assert_served(small)
    small.ctl("key", "rotate", "--finish", code=OK)
