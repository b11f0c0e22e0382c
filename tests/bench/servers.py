"""The servers of the benchmarks: a throwaway autoprovd with many phones, and the yardsticks beside it, nginx
with the same files on disk and PHP-FPM behind nginx. Loopback only; every process ends with its block."""

import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import meters

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "system"))

SKIP = 77
TLS12 = ("tls1.2", "ECDHE-RSA-AES128-GCM-SHA256")
TLS13 = ("tls1.3", "TLS_AES_128_GCM_SHA256")
# Vendor: model, what it asks for at each start and nobody has, what it shares with others, its own file.
ASKS = {
    "yealink": ("T41S", ("y000000000000.boot", "{mac}.boot"), None, "{mac}.cfg"),
    "poly": ("VVX411", ("000000000000-license.cfg", "{mac}-license.cfg"), "000000000000.cfg", "{mac}-registration.cfg"),
}
# What they call themselves: whoever says another vendor's name or MAC raises an alarm.
AGENTS = {
    "yealink": "Yealink SIP-T41S 66.86.0.15 {mac}",
    "poly": "FileTransport PolycomVVX-VVX_411-UA/5.9.5.0614 (SN:{mac}) Type/Application",
}


def build_folder(argument):
    """To be called before anything of tests/system is imported: it takes its programs from here."""
    build = Path(argument).resolve()
    os.environ["AUTOPROVD"] = str(build / "src" / "daemon" / "autoprovd")
    os.environ["AUTOPROVCTL"] = str(build / "src" / "ctl" / "autoprovctl")
    os.environ["AP_BINARY_DIR"] = str(build)
    return build


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            print(f"{program} is not installed: skipped", file=sys.stderr)
            sys.exit(SKIP)


@contextmanager
def on_cores(cores):
    """What is started inside stays on these; None: anywhere."""
    before = os.sched_getaffinity(0)
    try:
        if cores:
            os.sched_setaffinity(0, cores)
        yield
    finally:
        os.sched_setaffinity(0, before)


def cores(count):
    """So many for the server and the others for the client; None twice: there are too few for both."""
    all_of_them = sorted(os.sched_getaffinity(0))
    if len(all_of_them) < 2 * count:
        return None, None
    return set(all_of_them[:count]), set(all_of_them[count:])


@contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="autoprov-bench-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


class Phone:
    def __init__(self, number, token, vendor):
        self.number, self.token = number, token
        self.mac = f"805ec0{number:06x}"
        self.model, self.probes, self.common, own = ASKS[vendor]
        self.vendor = vendor
        self.path = f"/provision/{token}/"
        self.file = self.path + own.format(mac=self.mac)
        self.agent = AGENTS[vendor].format(mac=self.mac)

    def fetch(self):
        return [(200, self.file)]

    def visit(self):
        """(status, path) of all that a phone asks for when it starts."""
        misses = [(404, self.path + name.format(mac=self.mac)) for name in self.probes]
        shared = [(200, self.path + self.common)] if self.common else []
        return [*misses, *shared, (200, self.file)]


def name_of(cores_or_none):
    return ",".join(map(str, sorted(cores_or_none))) if cores_or_none else "any"


# -- autoprovd -------------------------------------------------------------------------------------

class Autoprovd:
    """workers, and lines of the conf file; kept: a folder of keep(), in the place of an empty database.
    Every phone of an import has a user of its own."""

    def __init__(self, where, workers=1, extra="", kept=None):
        from instance import Instance
        self.instance = Instance(where, workers=workers)
        self.instance.extra = f"log_level = notice\nmax_connections_per_source = 10000\n{extra}"
        self.instance.write_conf()
        conf = self.instance.conf
        conf.write_text(conf.read_text().replace("log_level = debug\n", ""))
        self.phones = []
        if kept:
            self.take(kept)
        else:
            self.instance.init()

    @property
    def pid(self):
        return self.instance.process.pid

    @property
    def port(self):
        return self.instance.port

    def start(self):
        self.instance.start()

    def start_timed(self):
        """Seconds from exec to READY=1, as systemd sees them."""
        name = str(self.instance.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(name)
            notify.settimeout(60)
            begin = time.perf_counter()
            self.instance.process = self.instance.spawn(env={"NOTIFY_SOCKET": name})
            while b"READY=1" not in notify.recv(4096):
                pass
            took = time.perf_counter() - begin
        os.unlink(name)
        return took

    def stop(self):
        self.instance.stop()

    def keep(self, kept):
        """Of a stopped one: its database, its key, and the phones that are known here."""
        shutil.copytree(self.instance.state, kept / "state")
        shutil.copy2(self.instance.master_key, kept / "master.key")
        (kept / "phones.json").write_text(json.dumps([(one.number, one.token, one.vendor) for one in self.phones]))

    def take(self, kept):
        shutil.copytree(kept / "state", self.instance.state)
        shutil.copy2(kept / "master.key", self.instance.master_key)
        self.phones = [Phone(*one) for one in json.loads((kept / "phones.json").read_text())]

    def tool(self, *arguments, timeout=1800):
        from instance import AUTOPROVCTL
        return subprocess.run([AUTOPROVCTL, "--config", self.instance.conf, *map(str, arguments)],
                              capture_output=True, text=True, check=True, timeout=timeout).stdout

    def write_table(self, count, lines=1, first=0, vendor="yealink"):
        """A CSV of new phones; the path of the file, and the phones."""
        table = self.instance.folder / f"phones-{first}.csv"
        made = []
        with open(table, "w") as out:
            out.write("user,token,sip_user,domain,password,mac,vendor,model,line\n")
            for n in range(first, first + count):
                token = secrets.token_hex(20)
                phone = Phone(n, token, vendor)
                made.append(phone)
                for line in range(1, lines + 1):
                    out.write(f"u{n},{token},{n}-{line},pbx.example.com,{secrets.token_hex(8)},"
                              f"{phone.mac},{vendor},{phone.model},{line}\n")
        return table, made

    def import_phones(self, count, lines=1, first=0, vendor="yealink"):
        """In order of their numbers; their paths have no order at all."""
        table, made = self.write_table(count, lines, first, vendor)
        self.tool("import", table)
        table.unlink()
        self.phones += made


@contextmanager
def autoprovd(where, phones, lines=1, vendor="yealink", **options):
    """A running one, with so many phones."""
    server = Autoprovd(where, **options)
    server.start()
    try:
        server.import_phones(phones, lines, vendor=vendor)
        yield server
    finally:
        server.stop()


# -- yardsticks ------------------------------------------------------------------------------------

def nginx_conf(where, ports, workers, more_http="", more_server=""):
    """One server for each certificate, as lean as it gets: no log, no tickets, descriptors kept."""
    def server(kind, port, protocol, ciphers):
        return f"""
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {where}/{kind}.pem;
        ssl_certificate_key {where}/{kind}.key;
        ssl_protocols {protocol};
        {ciphers}
        root {where}/www;
        {more_server}
    }}"""
    return f"""
daemon off;
worker_processes {workers};
pid {where}/nginx.pid;
error_log {where}/nginx.log;
{"user root;" if os.geteuid() == 0 else ""}
events {{ worker_connections 20000; }}
http {{
    access_log off;
    log_not_found off;
    server_tokens off;
    open_file_cache max=200000 inactive=600s;
    open_file_cache_valid 600s;
    open_file_cache_errors on;
    keepalive_requests 100000000;
    default_type text/plain;
    client_body_temp_path {where}/t1; proxy_temp_path {where}/t2; fastcgi_temp_path {where}/t3;
    uwsgi_temp_path {where}/t4; scgi_temp_path {where}/t5;
    ssl_prefer_server_ciphers on;
    ssl_session_cache off;
    ssl_session_tickets off;
    ssl_conf_command NumTickets 0;
    ssl_conf_command Ciphersuites {TLS13[1]};
    {more_http}
    {server("rsa", ports["rsa"], "TLSv1.2", f"ssl_ciphers {TLS12[1]};")}
    {server("ecdsa", ports["ecdsa"], "TLSv1.3", "")}
}}
"""


class Nginx:
    """Certificates rsa.pem and ecdsa.pem of the folder, files of its www. ports: by certificate."""

    def __init__(self, where, workers=1, **more):
        from instance import free_port
        self.where = where
        self.ports = {"rsa": free_port(), "ecdsa": free_port()}
        (where / "nginx.conf").write_text(nginx_conf(where, self.ports, workers, **more))
        self.process = subprocess.Popen(["nginx", "-c", where / "nginx.conf", "-p", where], stderr=subprocess.DEVNULL)
        self.pids = []
        try:
            wait_for(lambda: self.workers(workers), "nginx")
        except BaseException:
            self.stop()
            raise

    def workers(self, count):
        found = children(self.process.pid)
        if len(found) < count or not accepts(self.ports["ecdsa"]):
            return False
        self.pids = found
        return True

    def stop(self):
        end(self.process)


@contextmanager
def nginx(where, **options):
    server = Nginx(where, **options)
    try:
        yield server
    finally:
        server.stop()


class Fpm:
    """PHP-FPM with so many children, for the nginx that fastcgi() is given to. Master and children: pids."""

    def __init__(self, where, program, children_count):
        self.socket = where / "fpm.sock"
        root = os.geteuid() == 0
        (where / "fpm.conf").write_text(f"""
[global]
daemonize = no
error_log = {where}/fpm.log
[www]
{"user = root" if root else ""}
listen = {self.socket}
pm = static
pm.max_children = {children_count}
php_admin_value[opcache.enable] = 1
php_admin_value[opcache.validate_timestamps] = 0
""")
        self.process = subprocess.Popen([program, "-F", "-y", where / "fpm.conf", *(["-R"] if root else [])],
                                        stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: self.socket.exists() and len(children(self.process.pid)) == children_count, program)
        except BaseException:
            self.stop()
            raise
        self.pids = [self.process.pid, *children(self.process.pid)]

    def stop(self):
        end(self.process)


@contextmanager
def fpm(where, program, children_count):
    server = Fpm(where, program, children_count)
    try:
        yield server
    finally:
        server.stop()


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def local_https(port):
    context = ssl._create_unverified_context()  # noqa: S323: our own certificate of this run
    return http.client.HTTPSConnection("127.0.0.1", port, context=context)


def mirror(server, visits, where):
    """What autoprovd serves, as files below www for nginx: the same bytes. The size of the last one."""
    connection = local_https(server.port)
    size = 0
    for visit in visits:
        for status, path in visit:
            if status != 200:
                continue
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, f"{path}: {answer.status}"
            file = where / "www" / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
            size = len(body)
    connection.close()
    return size


class ControlConnection(http.client.HTTPConnection):
    """To the control socket of a daemon."""

    def __init__(self, path, **options):
        super().__init__("localhost", **options)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


# -- the clients -----------------------------------------------------------------------------------

class Load:
    """What tls_load saw."""

    def __init__(self, text):
        self.visits, self.requests, self.failures, self.p50_ms, self.p99_ms, self.max_ms = map(float, text.split())


def visits_file(where, name, phones, visits=None):
    """visits: for each phone the (status, path) of its requests; none: one fetch each."""
    file = where / name
    visits = visits or [phone.fetch() for phone in phones]
    file.write_text("".join("\t".join([phone.agent, *(f"{status} {path}" for status, path in visit)]) + "\n"
                            for phone, visit in zip(phones, visits)))
    return file


def start_tool(name, *arguments):
    tool = Path(os.environ["AP_BINARY_DIR"]) / "tests" / "bench" / name
    return subprocess.Popen([tool, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def stop_tool(process):
    if process.poll() is None:
        process.kill()
    process.communicate()


def start_load(mode, port, kind, seconds, threads, visits):
    return start_tool("tls_load", mode, port, *kind, seconds, threads, visits)


def end_load(process):
    said, _ = process.communicate(timeout=600)
    assert process.returncode == 0, f"tls_load ended with {process.returncode}"
    return Load(said)


def load(mode, port, kind, seconds, threads, visits):
    return end_load(start_load(mode, port, kind, seconds, threads, visits))


def cost(mode, port, kind, seconds, threads, visits, pids):
    """Microseconds of these processes for a visit."""
    before = meters.cpu_s(*pids)
    seen = load(mode, port, kind, seconds, threads, visits)
    spent = meters.cpu_s(*pids) - before
    assert seen.visits and not seen.failures, f"{seen.failures:.0f} of {seen.visits + seen.failures:.0f} failed"
    return spent * 1e6 / seen.visits
