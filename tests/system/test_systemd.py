"""The unit's fence, readiness, watchdog, reload messages and passed sockets."""

import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from dropped import GROUP, USER
from instance import EXIT_CONFIG, OK, TOP, free_port, wait_until

UNITS = os.path.join(os.environ.get("AP_BINARY_DIR", ""), "conf/systemd")
SERVICES = ("autoprovd.service", "autoprovd-notifier.service")
SOCKETS = ("autoprovd.socket", "autoprovd-control.socket", "autoprovd-admin.socket")
needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"),
                                   reason="systemd-analyze is not installed")


@pytest.fixture
def units(tmp_path):
    """The units as installed, but with programs that exist here."""
    for service in SERVICES:
        lines = []
        for line in open(os.path.join(UNITS, service)).read().splitlines():
            if line.startswith(("ExecStart=", "ExecReload=")):
                key, words = line.split("=", 1)
                line = f"{key}=/bin/true {' '.join(words.split()[1:])}"
            lines.append(line)
        (tmp_path / service).write_text("\n".join(lines) + "\n")
    for name in SOCKETS:
        shutil.copy(os.path.join(TOP, "conf/systemd", name), tmp_path)
    return tmp_path


@pytest.fixture
def private_units(units):
    """With the drop-in where an admin copies it to."""
    folder = units / "autoprovd.service.d"
    folder.mkdir()
    shutil.copy(os.path.join(TOP, "conf/systemd/private-network.conf"), folder)
    return units


def exposure(units, threshold, service="autoprovd.service"):
    """As systemd-analyze sees it; fails above threshold (in tenths)."""
    process = subprocess.run(["systemd-analyze", "security", "--offline=true",
                              f"--threshold={threshold}", "--no-pager",
                              str(units / service)], capture_output=True, text=True)
    print(process.stdout.strip().splitlines()[-1])
    assert process.returncode == 0, process.stdout[-300:]
    return process.stdout


@needs_analyze
def test_the_exposure_is_1_3_or_better(units):
    exposure(units, 13)


@needs_analyze
def test_the_exposure_of_the_notifier_is_1_3_or_better(units):
    exposure(units, 13, "autoprovd-notifier.service")


@needs_analyze
def test_the_exposure_without_a_network_is_0_6_or_better(private_units):
    said = exposure(private_units, 6)
    assert "PrivateNetwork=" in said


@needs_analyze
@pytest.mark.parametrize("folder", ["units", "private_units"])
def test_the_units_have_no_fault(folder, request):
    units = request.getfixturevalue(folder)
    process = subprocess.run(["systemd-analyze", "verify", "--man=no",
                              *[str(units / name) for name in SERVICES],
                              *[str(units / name) for name in SOCKETS]],
                             capture_output=True, text=True)
    noise = [line for line in process.stderr.splitlines()
             if "autoprovd" in line and "Failed to" not in line]
    assert noise == [] and process.returncode == 0, process.stderr


def test_sysusers_and_tmpfiles_are_understood(tmp_path):
    if not shutil.which("systemd-sysusers") or os.geteuid() != 0:
        pytest.skip("needs systemd-sysusers and root")
    root = tmp_path / "root"
    for folder in ("etc", "usr/lib/sysusers.d", "usr/lib/tmpfiles.d"):
        (root / folder).mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    shutil.copy(os.path.join(TOP, "conf/systemd/autoprovd.sysusers"),
                root / "usr/lib/sysusers.d/autoprovd.conf")
    shutil.copy(os.path.join(UNITS, "autoprovd.conf.tmpfiles"),
                root / "usr/lib/tmpfiles.d/autoprovd.conf")
    subprocess.run(["systemd-sysusers", f"--root={root}"], check=True, capture_output=True)
    assert "autoprovd:" in (root / "etc/passwd").read_text()
    subprocess.run(["systemd-tmpfiles", f"--root={root}", "--create"], check=True,
                   capture_output=True)
    assert (root / "var/lib/autoprovd").stat().st_mode & 0o777 == 0o700


class NotifySocket:
    """What systemd would hear."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(0.1)
        self.heard = []

    def listen(self):
        try:
            while True:
                self.heard.append(self.socket.recv(4096).decode())
        except TimeoutError:
            pass
        return self.heard

    def has(self, text):
        return any(text in message for message in self.listen())


def test_ready_reloading_watchdog_and_stopping_are_told(make_instance, tmp_path):
    instance = make_instance()
    instance.init()
    notify = NotifySocket(tmp_path)
    instance.start(env={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "2000000"})
    wait_until("ready", lambda: notify.has("READY=1\nSTATUS=Serving 1 listener with 2 workers"))
    wait_until("watchdog", lambda: notify.has("WATCHDOG=1"))
    instance.process.send_signal(signal.SIGHUP)
    wait_until("reloading", lambda: notify.has("RELOADING=1\nMONOTONIC_USEC="))
    wait_until("ready again", lambda: notify.has("configuration 2"))
    instance.stop()
    assert notify.has("STOPPING=1")
    notify.socket.close()


def activate(instance, listen):
    """Stands for the socket unit: it becomes the daemon at the first connection."""
    tool = shutil.which("systemd-socket-activate")
    if not tool:
        pytest.skip("systemd-socket-activate is not installed")
    with open(instance.log_path, "ab") as log:
        process = subprocess.Popen(
            [tool, "-l", listen, "--fdname=phones", os.environ["AUTOPROVD"], "--config",
             str(instance.conf)], stdout=log, stderr=log)
    try:
        wait_until("listening", lambda: "Listening on" in instance.log())
    except AssertionError:
        process.kill()
        process.wait()
        raise
    return process


def refuses(process, visited):
    socket.create_connection(visited).close()
    try:
        assert process.wait(timeout=30) == EXIT_CONFIG
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_a_socket_passed_by_systemd_is_served(make_instance):
    instance = make_instance()
    instance.init()
    instance.process = activate(instance, f"127.0.0.1:{instance.port}")
    assert instance.get("/", timeout=30).status == 404
    assert instance.ctl("status", code=OK)


@pytest.mark.parametrize("listen", ["[::]", "0.0.0.0"])
def test_any_address_of_a_socket_unit_stands_for_that_of_the_listener(make_instance, listen):
    instance = make_instance()
    instance.address = "0.0.0.0"
    instance.write_conf()
    instance.init()
    if listen == "[::]" and not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("this machine has no IPv6")
    instance.process = activate(instance, f"{listen}:{instance.port}")
    assert instance.get("/", timeout=30).status == 404
    assert instance.ctl("status", code=OK)


@pytest.mark.parametrize("listener, passed, visited", [
    ("127.0.0.1", "127.0.0.2", "127.0.0.2"),
    ("127.0.0.1", "0.0.0.0", "127.0.0.1"),
    ("0.0.0.0", "127.0.0.1", "127.0.0.1"),
])
def test_a_passed_socket_of_another_address_is_refused(make_instance, listener, passed, visited):
    instance = make_instance()
    instance.address = listener
    instance.write_conf()
    instance.init()
    process = activate(instance, f"{passed}:{instance.port}")
    refuses(process, (visited, instance.port))
    said = [line for line in instance.log().splitlines() if line.startswith("autoprovd: ")]
    assert len(said) == 1 and "another address" in said[0] and "ListenStream=" in said[0]
    assert "listener phones" in said[0]


def test_a_passed_socket_of_another_port_is_refused(make_instance):
    instance = make_instance()
    instance.init()
    port = free_port()
    process = activate(instance, f"127.0.0.1:{port}")
    refuses(process, ("127.0.0.1", port))
    assert "ListenStream=" in instance.log() and f"port {instance.port}" in instance.log()


# -- without a network of its own -----------------------------------------------------------------

ACTIVATE = """
import ctypes, fcntl, os, socket, sys
# As systemd: sockets from 3 on, their names, the process's own id; then no network but these.
names, path, port, program, conf = sys.argv[1:]
made = []
for name in names.split(":"):
    if name == "control":
        made.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        made[-1].bind(path)
    else:
        made.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        made[-1].bind(("127.0.0.1", int(port) + (name == "admin")))
    made[-1].listen(64)
high = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD, 100) for one in made]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
os.closerange(3 + len(high), 200)
os.environ.update(LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=names, LISTEN_PID=str(os.getpid()))
assert ctypes.CDLL(None, use_errno=True).unshare(0x40000000) == 0, "CLONE_NEWNET"
os.execv(program, [program, "--config", conf])
"""


def start_isolated(instance, names):
    with open(instance.log_path, "ab") as log:
        return subprocess.Popen([sys.executable, "-c", ACTIVATE, names, str(instance.control),
                                 str(instance.port), os.environ["AUTOPROVD"], str(instance.conf)],
                                stdout=log, stderr=log)


@pytest.fixture
def isolated(make_instance):
    if os.geteuid() != 0:
        pytest.skip("needs root to take the network away")
    instance = make_instance()
    instance.extra = f"""
listener "admin" {{
    serves = admin
    port = {instance.port + 1}
    certificate "rsa" {{
        certificate_file = '{instance.folder}/rsa.pem'
        key_file = '{instance.folder}/rsa.key'
    }}
}}
"""
    instance.write_conf()
    instance.init()
    return instance


def test_all_sockets_come_from_systemd_and_none_from_the_network(isolated):
    isolated.process = start_isolated(isolated, "phones:admin:control")
    wait_until("ready", isolated.is_ready)
    own = os.readlink("/proc/self/ns/net")
    assert os.readlink(f"/proc/{isolated.process.pid}/ns/net") != own
    assert isolated.get("/").status == 404
    key = isolated.ctl("apikey", "add", "monitor", code=OK).out.split()[-1]
    isolated.secrets.append(key)
    isolated.port += 1
    answer = isolated.get("/metrics", f"Authorization: Bearer {key}\r\n")
    isolated.port -= 1
    assert answer.status == 200
    isolated.ctl("reload", code=OK)
    isolated.stop()
    assert isolated.control.exists(), "it is systemd's, and stays"
    isolated.control.unlink()


def test_a_control_socket_of_another_path_is_refused(isolated):
    isolated.control = isolated.folder / "other.sock"
    process = start_isolated(isolated, "phones:admin:control")
    assert process.wait(timeout=30) == EXIT_CONFIG
    assert "autoprovd-control.socket" in isolated.log()
    isolated.control.unlink()


# -- the unit's filter ------------------------------------------------------------------------------

FILTERED = """
import ctypes, os, sys
# SystemCallFilter= and RestrictAddressFamilies= of the unit, for this process and the daemon.
family, program, conf, *names = sys.argv[1:]
EPERM, EAFNOSUPPORT = 0x00050001, 0x00050000 + 97
ALLOW, EQUAL = 0x7fff0000, 4
library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64),
                ("b", ctypes.c_uint64)]
def add(action, name, *compare):
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number != -1:
        library.seccomp_rule_add_array(context, action, number, len(compare),
                                       (Compare * len(compare))(*compare))
context = ctypes.c_void_p(library.seccomp_init(EPERM))
for name in {*names, "execve"} - {"socket"}: # systemd executes the daemon before NoExecPaths= counts
    add(ALLOW, name)
for number in map(int, family.split(",")):
    add(ALLOW, "socket", Compare(0, EQUAL, number, 0))
for number in {1, 2, 10, 16, 17} - set(map(int, family.split(","))):
    add(EAFNOSUPPORT, "socket", Compare(0, EQUAL, number, 0))
assert library.seccomp_load(context) == 0
os.execv(program, [program, "--config", conf])
"""


def unit_calls():
    """The system calls that the unit lets through."""
    def expand(names):
        calls = set()
        for name in names:
            if not name.startswith("@"):
                calls.add(name)
                continue
            lines = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name],
                                   capture_output=True, text=True, check=True).stdout.splitlines()
            calls |= expand([line.strip() for line in lines[1:]
                             if line.strip() and not line.strip().startswith("#")])
        return calls

    allowed = set()
    with open(os.path.join(UNITS, "autoprovd.service"), encoding="ascii") as file:
        for line in file:
            if line.startswith("SystemCallFilter=~"):
                allowed -= expand(line.strip().split("~", 1)[1].split())
            elif line.startswith("SystemCallFilter="):
                # systemd adds what a program needs to be started at all.
                allowed |= expand(line.strip().split("=", 1)[1].split() + ["@default"])
    return sorted(allowed)


@pytest.fixture
def unprivileged(dropped):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    dropped.control.parent.mkdir()
    dropped.give(dropped.control.parent)
    return dropped


def start_filtered(instance, families):
    """As the unit starts it: its user, its system calls. LeakSanitizer needs more than those."""
    with open(instance.log_path, "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", FILTERED, families, os.environ["AUTOPROVD"], str(instance.conf),
             *unit_calls()], stdout=log, stderr=log, user=USER, group=GROUP, extra_groups=[],
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})


def test_the_units_filter_lets_it_live(unprivileged):
    unprivileged.process = start_filtered(unprivileged, "1,2,10")
    wait_until("ready", unprivileged.is_ready)
    unprivileged.add_user("alice")
    assert unprivileged.get("/").status == 404
    unprivileged.ctl("reload", code=OK)
    if "landlock=none" not in unprivileged.log():
        assert "sandbox landlock=abi" in unprivileged.log()


def test_without_sockets_of_the_internet_a_listener_must_be_passed(unprivileged):
    process = start_filtered(unprivileged, "1")
    assert process.wait(timeout=30) == EXIT_CONFIG, unprivileged.log()
    said = unprivileged.log().splitlines()[-1]
    assert "FileDescriptorName=" in said and "listener phones" in said
