"""What a daemon says of bad files and bad surroundings: one line, its exit code, nothing changed."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess

import pytest

from instance import EXIT_CONFIG, FAILED, OK, make_certificate

MAC = "cc5ef641b794"


def fails(instance, *says, code=EXIT_CONFIG):
    """The start fails with one line that says all of says."""
    got, said = instance.start_fails()
    assert got == code, said
    line = [text for text in said.splitlines() if text.startswith("autoprovd: ")]
    assert len(line) == 1, said
    for text in says:
        assert str(text) in line[0], line[0]
    return line[0]


@pytest.fixture
def stopped(make_instance):
    instance = make_instance()
    instance.init()
    return instance


def replace(instance, old, new):
    text = instance.conf_text()
    assert old in text
    instance.conf.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("old, new, says", [
    ("workers = 2", "wrokers = 2", "wrokers"),
    ("workers = 2", "workers = 2\nworkers = 3", "workers"),
    ("workers = 2", "workers = 010", "workers"),
    ("workers = 2", "workers = many", "workers"),
    ("workers = 2", "workers = 1000", "workers"),
    ("workers = 2", "max_connections = 10s", "max_connections"),
    ("log_level = debug", "log_level = loud", "log_level"),
    ("public_url = 'https://", "public_url = 'http://", "public_url"),
    ("address = '127.0.0.1'", "address = 'localhost'", "address"),
    ("    public_url", "    #public_url", "public_url"),
    ("workers = 2", "flat_networks = { 10.0.0.1/8 }", "flat_networks"),
    ("workers = 2", "flat_networks = { 0.0.0.0/0 }", "flat_networks"),
    ("workers = 2", "custom_options = '{\"disable_auto_provision_security\": }'",
     "custom_options"),
    ("workers = 2", "custom_options = '{\"no_such_option\": true}'", "no_such_option"),
])
def test_a_bad_key_is_named_with_file_and_line(stopped, old, new, says):
    replace(stopped, old, new)
    line = fails(stopped, says)
    assert re.search(re.escape(str(stopped.conf)) + r":\d+: ", line), line
    check = stopped.spawn("--check")
    assert check.wait(timeout=30) == EXIT_CONFIG


def test_a_file_that_ends_inside_a_section_is_refused(stopped):
    stopped.conf.write_text(stopped.conf_text().rstrip().rstrip("}"))
    fails(stopped, stopped.conf)


def test_a_missing_configuration_is_named(stopped):
    stopped.conf.unlink()
    fails(stopped, stopped.conf)


def test_check_accepts_a_good_configuration(stopped):
    assert stopped.spawn("--check").wait(timeout=30) == 0
    assert "valid" in stopped.log()


@pytest.mark.parametrize("name", ["rsa.pem", "rsa.key", "ecdsa.pem"])
def test_a_missing_certificate_or_key_is_named(stopped, name):
    (stopped.folder / name).unlink()
    fails(stopped, stopped.folder / name)


def test_a_key_that_does_not_match_is_named(stopped):
    make_certificate(stopped.folder, "other", "rsa")
    shutil.copy(stopped.folder / "other.key", stopped.folder / "rsa.key")
    fails(stopped, "rsa.key")


def test_an_expired_certificate_is_named(stopped):
    request = stopped.folder / "request.pem"
    subprocess.run(["openssl", "req", "-new", "-key", stopped.folder / "rsa.key", "-subj",
                    "/CN=localhost", "-out", request], check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-signkey",
                    stopped.folder / "rsa.key", "-days", "-1", "-out", stopped.folder / "rsa.pem"],
                   check=True, capture_output=True)
    fails(stopped, "rsa.pem", "expired")


def test_a_port_in_use_is_named(stopped):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", stopped.port))
        other.listen()
        fails(stopped, stopped.port, "phones", code=FAILED)


@pytest.mark.skipif(os.geteuid() != 0, reason="chmod does not stop root's tests elsewhere")
def test_a_group_readable_master_key_is_refused(stopped):
    stopped.master_key.chmod(0o440)
    fails(stopped, stopped.master_key, "0600")


def test_a_missing_master_key_is_named_and_never_made(stopped):
    stopped.master_key.unlink()
    fails(stopped, stopped.master_key)
    assert not stopped.master_key.exists()


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33, b"g" * 64])
def test_a_master_key_of_another_form_is_refused(stopped, content):
    stopped.master_key.chmod(0o600)
    stopped.master_key.write_bytes(content)
    line = fails(stopped, stopped.master_key)
    assert content.decode() == "" or content.decode() not in line


def test_a_wrong_master_key_is_refused(stopped):
    before = stopped.database.read_bytes()
    stopped.master_key.chmod(0o600)
    stopped.master_key.write_text("ab" * 32 + "\n")
    line = fails(stopped, "master key")
    assert "abab" not in line
    assert stopped.database.read_bytes() == before


def newer(path):
    with sqlite3.connect(path) as database:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        database.execute(f"PRAGMA user_version = {version + 1}")
    database.close()


def truncated(path):
    os.truncate(path, os.path.getsize(path) - 4096)


def emptied(path):
    os.truncate(path, 0)


def garbage(path):
    path.write_bytes(os.urandom(65536))


def damaged(path):
    """The schema page's b-tree header."""
    content = bytearray(path.read_bytes())
    content[100:200] = b"\xff" * 100
    path.write_bytes(bytes(content))


def foreign(path):
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (x)")
    database.close()


@pytest.mark.parametrize("harm", [newer, truncated, emptied, garbage, damaged, foreign])
def test_a_bad_database_is_refused_and_left_alone(stopped, harm):
    harm(stopped.database)
    before = stopped.database.read_bytes()
    fails(stopped, stopped.database)
    assert stopped.database.read_bytes() == before, "never repaired, replaced or created"


def test_a_missing_database_is_not_created(stopped):
    stopped.database.unlink()
    fails(stopped, stopped.database, "autoprovctl init")
    assert not stopped.database.exists()


def test_a_template_that_does_not_compile_is_named(stopped):
    folder = stopped.folder / "templates"
    folder.mkdir()
    (folder / "broken.xml").write_text("<a>\n{{/nothing}}\n</a>")
    fails(stopped, f"{folder}/broken.xml:2:1:")


def run_as_nobody(instance, *command):
    """Root ignores modes: drop to nobody, who owns the folder for this."""
    subprocess.run(["chown", "-R", "nobody", instance.folder], check=True)
    for parent in instance.folder.parents:
        if parent.stat().st_mode & 0o001 == 0 and parent != parent.parent:
            parent.chmod(parent.stat().st_mode | 0o011)
    return subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                           *command], capture_output=True, text=True, timeout=60)


def start_as_nobody(instance):
    """From copies that nobody may read. Returns exit code and lines of standard error."""
    copy = instance.folder / "autoprovd"
    shutil.copy(os.environ["AUTOPROVD"], copy)
    templates = instance.folder / "shipped"
    shutil.copytree(os.path.join(os.path.dirname(__file__), "../../conf/templates"), templates)
    instance.conf.write_text(re.sub(r"templates_directory = '[^']*conf/templates'",
                                    f"templates_directory = '{templates}'", instance.conf_text(),
                                    count=1))
    process = run_as_nobody(instance, copy, "--config", instance.conf)
    return process.returncode, [line for line in process.stderr.splitlines()
                                if not line.startswith("profiling:")]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_read_only_state_folder_is_named(stopped):
    stopped.state.chmod(0o500)
    (stopped.state / "lock").unlink(missing_ok=True)
    code, said = start_as_nobody(stopped)
    assert code not in (0, -signal.SIGABRT), said
    assert len(said) == 1 and str(stopped.state) in said[0], said


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_an_unreadable_master_key_is_named(stopped):
    stopped.master_key.chmod(0o000)
    code, said = start_as_nobody(stopped)
    assert code == EXIT_CONFIG, said
    assert len(said) == 1 and str(stopped.master_key) in said[0], said
    assert stopped.master_key.stat().st_mode & 0o777 == 0


def test_a_full_disk_fails_writes_with_the_cause_and_recovers(make_instance):
    """A file-size limit stands for the disk: SQLite sees its writes refused."""
    if not shutil.which("prlimit"):
        pytest.skip("prlimit is not installed")
    instance = make_instance()
    instance.init()
    instance.start()
    instance.add_user("alice")
    instance.add_account("alice", "1@pbx.test")
    url = instance.add_phone("alice", MAC)
    size = max(path.stat().st_size for path in instance.state.iterdir())
    pid = str(instance.process.pid)
    subprocess.run(["prlimit", "--pid", pid, f"--fsize={size}:unlimited"], check=True)
    codes = []
    for i in range(200):
        result = instance.ctl("user", "add", f"full{i}")
        codes.append(result.code)
        if result.code != OK:
            break
    assert codes[-1] == FAILED, codes
    assert "no space" in result.err and result.err.count("\n") == 1, result.err
    assert instance.get_url(url).status == 200, "reads go on"
    subprocess.run(["prlimit", "--pid", pid, "--fsize=unlimited:unlimited"], check=True)
    instance.ctl("user", "add", "after", code=OK)
    names = {user["name"] for user in instance.ctl("user", "list", "--json", code=OK).json()}
    assert {f"full{i}" for i in range(len(codes) - 1)} <= names and "after" in names
    instance.expected_log = ["admin_failed", "records"]


def test_a_running_daemon_survives_what_stops_a_start(make_instance):
    """Every reload of a bad file is refused; phones are served on."""
    instance = make_instance()
    instance.init()
    instance.start()
    instance.add_user("alice")
    instance.add_account("alice", "1@pbx.test")
    url = instance.add_phone("alice", MAC)
    good = instance.conf.read_text()
    for bad in ("", "{", "nonsense", good + "workers = 3\n", good.replace("rsa.pem", "none.pem"),
                "\x00\xff" * 100):
        instance.conf.write_text(bad, encoding="latin-1")
        result = instance.ctl("--socket", instance.control, "reload")
        assert result.code not in (OK, 6), (bad, result)
        assert result.err.count("\n") == 1, result
        assert instance.get_url(url).status == 200
    instance.write_conf()
    instance.ctl("reload", code=OK)
    instance.expected_log = ["reload result=failed"]
