"""One throwaway autoprovd: folder, certificates, configuration, process, control tool."""

import functools
import grp
import json
import os
import pathlib
import pwd
import random
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
AUTOPROVD = os.environ.get("AUTOPROVD", "")
AUTOPROVCTL = os.environ.get("AUTOPROVCTL", "")
DEADLINE_S = 30

OK, FAILED, USAGE, NOT_FOUND, EXISTS, INVALID, UNREACHABLE, NOT_PERMITTED = range(8)
EXIT_CONFIG = 78

# Their output is a URL, a key or passwords, on purpose.
SHOWS_URL = (("phone", "url"), ("phone", "qr"), ("token", "rotate"), ("apikey", "add"),
             ("user", "burn"), ("admin", "setup-token"), ("user", "invite"))

# Log events that a healthy run may write at warning or above.
EXPECTED = ("start user=root", "flat_mode state=on", "descriptors ", "control group=")


def free_port():
    """A port that is free now on loopback, below the range from which the kernel takes the ports of
    clients: one of those would be in a restart's way."""
    for _ in range(200):
        port = random.randrange(12000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port on loopback")


def wait_until(what, condition, seconds=DEADLINE_S):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def make_certificate(folder, name, kind, days=30, subject="/CN=localhost",
                     names="DNS:localhost,IP:127.0.0.1"):
    """kind: rsa or ecdsa. Returns the paths of certificate and key."""
    key = {"rsa": ["-newkey", "rsa:2048"],
           "ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]}[kind]
    certificate, private = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", str(days), "-subj", subject,
                    "-addext", f"subjectAltName={names}", *key,
                    "-keyout", str(private), "-out", str(certificate)],
                   check=True, capture_output=True)
    return certificate, private


@functools.cache
def common_certificates():
    """The folder of the pairs rsa and ecdsa that every instance of this process begins with: a key of RSA takes longer
    to be made than a daemon to start."""
    folder = tempfile.TemporaryDirectory(prefix="autoprov-certificates-")
    for name in ("rsa", "ecdsa"):
        make_certificate(pathlib.Path(folder.name), name, name)
    return folder


class Result:
    """What the control tool said."""

    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"<exit {self.code}\n{self.out}{self.err}>"


class Instance:
    def __init__(self, folder, workers=2, extra="", custom_options=None):
        folder.mkdir(parents=True)
        self.folder = folder
        self.address = "127.0.0.1"
        self.port = free_port()
        self.workers = workers
        self.extra = extra
        self.custom_options = custom_options
        self.conf = folder / "autoprovd.conf"
        self.state = folder / "state"
        self.database = self.state / "autoprovd.db"
        self.master_key = folder / "master.key"
        self.control = folder / "control.sock"
        self.log_path = folder / "autoprovd.log"
        self.process = None
        self.secrets = []  # to be seen in the phone's own file only
        self.expected_log = []  # more regular expressions for lines at warning or above
        self.printed = []  # (who, text) of the programs of this run
        for name in ("rsa.pem", "rsa.key", "ecdsa.pem", "ecdsa.key"):
            shutil.copy(pathlib.Path(common_certificates().name) / name, folder)
        (folder / "ca.pem").write_bytes((folder / "rsa.pem").read_bytes()
                                        + (folder / "ecdsa.pem").read_bytes())
        self.write_conf()

    # -- configuration ----------------------------------------------------------------------------

    def conf_text(self):
        options = f"custom_options = '{self.custom_options}'\n" if self.custom_options else ""
        return f"""
user = '{pwd.getpwuid(os.geteuid()).pw_name}'
group = '{grp.getgrgid(os.getegid()).gr_name}'
workers = {self.workers}
state_directory = '{self.state}'
master_key_file = '{self.master_key}'
control_socket = '{self.control}'
templates_directory = '{TOP}/conf/templates'
custom_templates_directory = '{self.folder}/templates'
vendors_directory = '{TOP}/conf/vendors'
custom_vendors_directory = '{self.folder}/vendors'
log_level = debug
{options}{self.extra}
listener "phones" {{
    address = '{self.address}'
    port = {self.port}
    public_url = 'https://localhost:{self.port}'
    certificate "rsa" {{
        certificate_file = '{self.folder}/rsa.pem'
        key_file = '{self.folder}/rsa.key'
    }}
    certificate "ecdsa" {{
        certificate_file = '{self.folder}/ecdsa.pem'
        key_file = '{self.folder}/ecdsa.key'
    }}
}}
"""

    def write_conf(self):
        self.conf.write_text(self.conf_text())

    # -- programs ---------------------------------------------------------------------------------

    def ctl(self, *arguments, stdin=None, code=None):
        """Run autoprovctl; with code, demand that exit code."""
        process = subprocess.run([AUTOPROVCTL, "--config", str(self.conf), *map(str, arguments)],
                                 input=stdin, capture_output=True, text=True, timeout=60)
        result = Result(process)
        self.printed.append((f"ctl {arguments}: standard error", result.err))
        if tuple(arguments[:2]) not in SHOWS_URL:
            self.printed.append((f"ctl {arguments}: output", result.out))
        if code is not None:
            assert result.code == code, f"{arguments}: {result}"
        return result

    def init(self):
        return self.ctl("init", code=OK)

    def spawn(self, *arguments, env=None, **options):
        with open(self.log_path, "ab") as log:
            return subprocess.Popen([AUTOPROVD, "--config", str(self.conf), *arguments],
                                    stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                    env={**os.environ, **(env or {})}, **options)

    def start(self, env=None):
        self.process = self.spawn(env=env)
        wait_until("ready", self.is_ready)

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}: {self.log()}")
        return self.ctl("status").code == OK

    def start_fails(self):
        """Start where it must fail: returns exit code and what it said."""
        before = len(self.log())
        process = self.spawn()
        code = process.wait(timeout=DEADLINE_S)
        return code, self.log()[before:]

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"does not stop: {self.log()}") from None
        self.process = None
        assert code == 0, f"ended with {code}: {self.log()}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def finish(self):
        """After each test: stops, leaves nothing behind, said nothing that it must not."""
        try:
            self.stop()
        finally:
            if self.process is not None and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        assert not self.control.exists(), "the control socket was left behind"
        log = self.log()
        for line in log.splitlines():
            if re.search(r"Z (warning|error) ", line):
                patterns = [re.escape(text) for text in EXPECTED] + self.expected_log
                assert any(re.search(pattern, line) for pattern in patterns), line
        for report in ("Sanitizer", "runtime error:"):
            assert report not in log, log
        self.printed.append(("the log", log))
        self.find_secrets()

    def find_secrets(self):
        """No password and no token where it must not be."""
        places = [(who, text.encode()) for who, text in self.printed]
        if self.secrets and self.database.exists():
            places += self.stored()
        for secret in self.secrets:
            for who, content in places:
                assert secret.encode() not in content, f"a secret is in {who}"

    def stored(self):
        """(place, bytes) of all columns, sealed ones too, and of the files themselves."""
        found = [(str(path), path.read_bytes()) for path in self.state.iterdir()]
        database = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        tables = [row[0] for row in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert {"audit", "fetch", "refusal"} <= set(tables)
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                found += [(f"the table {table}", value if isinstance(value, bytes)
                           else value.encode())
                          for value in row if isinstance(value, (str, bytes))]
        database.close()
        return found

    # -- users and phones -------------------------------------------------------------------------

    def secret(self):
        """A new SIP password that the end of the test looks for."""
        value = "pw-" + secrets.token_hex(8)
        self.secrets.append(value)
        return value

    def add_user(self, name, *options):
        return self.ctl("user", "add", name, *options, code=OK)

    def add_account(self, user, address, password=None, *options):
        password = password or self.secret()
        self.ctl("account", "add", user, address, "--password-file", "-", *options,
                 stdin=password + "\n", code=OK)
        return password

    def add_phone(self, user, mac, *options):
        """Returns the phone's URL; its token is a secret of the test."""
        self.ctl("phone", "add", user, mac, *options, code=OK)
        return self.url(mac)

    def url(self, mac):
        url = self.ctl("phone", "url", mac, code=OK).out.strip()
        self.secrets.append(token_of(url))
        return url

    # -- requests ---------------------------------------------------------------------------------

    def tls(self, version=None, ciphers=None):
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        if version:
            context.minimum_version = context.maximum_version = version
        if ciphers:
            context.set_ciphers(ciphers)
        return context

    def connect(self, context=None, timeout=10, source="127.0.0.1"):
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=timeout,
                                       source_address=(source, 0))
        return (context or self.tls()).wrap_socket(raw, server_hostname="localhost")

    def raw(self, request, timeout=10, context=None, source="127.0.0.1"):
        """Send bytes on a connection of its own; returns all that came until the other side
        closed or, for kept connections, until the answer was whole."""
        with self.connect(context, timeout, source) as tls:
            tls.sendall(request)
            return read_answer(tls)

    def get(self, path, headers="", method="GET", version="1.1", **options):
        request = f"{method} {path} HTTP/{version}\r\nHost: localhost\r\n{headers}\r\n"
        return self.raw(request.encode("latin-1"), **options)

    def get_url(self, url, **options):
        return self.get(url.split(f":{self.port}", 1)[1], **options)


def token_of(url):
    return url.rsplit("/", 2)[1]


class Answer:
    """One HTTP answer, bytes kept."""

    def __init__(self, head, body):
        self.head = head
        self.body = body
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = {}
        for line in lines[1:]:
            if line:
                name, value = line.split(":", 1)
                name = name.lower()
                if name == "www-authenticate" and name in self.headers:
                    self.headers[name] += "," + value
                    continue
                assert name not in self.headers, f"{name} twice"
                self.headers[name] = value.strip()

    def without_date(self):
        return re.sub(rb"Date: [^\r]*\r\n", b"", self.head) + b"|" + self.body


def read_answer(tls, method="GET", buffer=b""):
    """Read one answer; returns an Answer with .rest, or None when the other side closed."""
    while b"\r\n\r\n" not in buffer:
        try:
            chunk = tls.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            chunk = b""
        if not chunk:
            return None if not buffer else Answer(buffer, b"")
        buffer += chunk
    head, rest = buffer.split(b"\r\n\r\n", 1)
    answer = Answer(head + b"\r\n", b"")
    length = int(answer.headers.get("content-length", "0"))
    if method == "HEAD" or answer.status == 304:
        length = 0
    while len(rest) < length:
        chunk = tls.recv(65536)
        if not chunk:
            break
        rest += chunk
    answer.body, answer.rest = rest[:length], rest[length:]
    return answer
