"""The unit's fence, readiness, watchdog, reload messages and passed sockets."""

import os
import shutil
import signal
import socket
import subprocess

import pytest

from instance import EXIT_CONFIG, OK, TOP, free_port, wait_until

UNITS = os.path.join(os.environ.get("AP_BINARY_DIR", ""), "conf/systemd")
needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"),
                                   reason="systemd-analyze is not installed")


@pytest.fixture
def units(tmp_path):
    """The units as installed, but with programs that exist here."""
    service = tmp_path / "autoprovd.service"
    text = open(os.path.join(UNITS, "autoprovd.service")).read()
    lines = []
    for line in text.splitlines():
        if line.startswith(("ExecStart=", "ExecReload=")):
            key, words = line.split("=", 1)
            line = f"{key}=/bin/true {' '.join(words.split()[1:])}"
        lines.append(line)
    service.write_text("\n".join(lines) + "\n")
    shutil.copy(os.path.join(TOP, "conf/systemd/autoprovd.socket"), tmp_path)
    return tmp_path


@needs_analyze
def test_the_exposure_is_1_3_or_better(units):
    process = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=13",
                              "--no-pager", str(units / "autoprovd.service")],
                             capture_output=True, text=True)
    print(process.stdout.strip().splitlines()[-1])
    assert process.returncode == 0, process.stdout[-300:]


@needs_analyze
def test_the_units_have_no_fault(units):
    process = subprocess.run(["systemd-analyze", "verify", "--man=no",
                              str(units / "autoprovd.service"), str(units / "autoprovd.socket")],
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
