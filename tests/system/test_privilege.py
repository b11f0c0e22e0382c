"""Started by root, the daemon becomes the user of its configuration, or refuses."""

import grp
import os
import stat

import pytest

from dropped import GROUP, USER
from instance import EXIT_CONFIG, OK

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be given up")
MAC = "cc5ef641b794"


def refuses(instance):
    """The one line that it says."""
    code, said = instance.start_fails()
    lines = [line for line in said.splitlines() if line.startswith("autoprovd: ")]
    assert code == EXIT_CONFIG and len(lines) == 1, said
    return lines[0]


def test_it_is_the_user_alone_with_no_way_back(dropped):
    dropped.start()
    uid, gid = dropped.owner.pw_uid, dropped.owner.pw_gid
    status = dropped.status()
    assert status["Uid"].split() == [str(uid)] * 4
    assert status["Gid"].split() == [str(gid)] * 4
    assert status["Groups"].split() == [str(grp.getgrnam(GROUP).gr_gid)]
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"] == "1"
    assert "user=root" not in dropped.log()
    for path in dropped.state.iterdir():
        assert path.stat().st_uid == uid, path


def test_every_thread_has_given_root_up(dropped):
    dropped.start()
    dropped.ctl("import", "-", "--dry-run", stdin="kind,user\n")  # the pool has threads now
    tasks = os.listdir(f"/proc/{dropped.process.pid}/task")
    assert len(tasks) >= 4
    for task in tasks:
        with open(f"/proc/{dropped.process.pid}/task/{task}/status", encoding="ascii") as file:
            assert f"\nUid:\t{dropped.owner.pw_uid}\t" in file.read()


def test_it_serves_reloads_and_leaves_nothing(dropped):
    dropped.start()
    dropped.add_user("alice")
    password = dropped.add_account("alice", "1@pbx.test")
    url = dropped.add_phone("alice", MAC, "--vendor", "linphone")
    assert password in dropped.get_url(url).body.decode()
    dropped.ctl("reload", code=OK)
    assert password in dropped.get_url(url).body.decode()
    assert stat.S_IMODE(dropped.control.parent.stat().st_mode) == 0o755
    assert dropped.control.stat().st_gid == grp.getgrnam(GROUP).gr_gid


def test_a_port_below_1024_is_bound_before(dropped):
    dropped.port = next(port for port in range(1023, 600, -1) if is_free(port))
    dropped.write_conf()
    dropped.start()
    assert dropped.get("/").status == 404
    assert dropped.status()["Uid"].split()[0] == str(dropped.owner.pw_uid)


def is_free(port):
    with open("/proc/net/tcp", encoding="ascii") as file:
        return f":{port:04X} " not in file.read()


@pytest.mark.parametrize("key, name", [("user", USER), ("group", GROUP)])
def test_an_account_that_is_not_there_is_refused(dropped, key, name):
    dropped.conf.write_text(dropped.conf_text().replace(f"{key} = '{name}'", f"{key} = 'no-such'"))
    said = refuses(dropped)
    assert "'no-such'" in said and "systemd-sysusers" in said
    dropped.write_conf()


@pytest.mark.parametrize("what", ["state", "database", "master_key"])
def test_what_belongs_to_somebody_else_is_refused(dropped, what):
    path = getattr(dropped, what)
    os.chown(path, 0, 0)
    said = refuses(dropped)
    assert f"{path}: belongs to uid 0" in said and 'user = "root"' in said


def test_a_configuration_that_no_reload_could_read_is_refused(dropped):
    dropped.conf.chmod(0o600)
    assert f"{dropped.conf}: the user '{USER}'" in refuses(dropped)
    assert not dropped.control.exists()
    dropped.conf.chmod(0o644)


def test_a_written_root_stays_root_and_says_so(make_instance):
    instance = make_instance()
    instance.init()
    instance.start()
    assert "start user=root" in instance.log()
