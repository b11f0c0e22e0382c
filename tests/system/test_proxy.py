"""A listener behind a proxy, which this file plays: PROXY protocol, version 2."""

import ipaddress
import re
import shutil
import socket
import struct
import subprocess
import time

import pytest

from instance import OK, free_port, read_answer, wait_until
from test_metrics import figures

MAC = "cc5ef641b794"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL = SIGNATURE + b"\x20\0\0\0"


def header(source, command=1, transport=1, tlvs=b""):
    source = ipaddress.ip_address(source)
    there = ipaddress.ip_address("10.0.0.1" if source.version == 4 else "fd00::1")
    rest = source.packed + there.packed + struct.pack(">HH", 8080, 443) + tlvs
    family = (1 if source.version == 4 else 2) << 4 | transport
    return SIGNATURE + struct.pack(">BBH", 0x20 | command, family, len(rest)) + rest


class Proxied:
    """An instance with one phone and a second listener, behind a proxy on 127.0.0.1."""

    def __init__(self, instance, peers="127.0.0.1"):
        self.instance = instance
        self.port = free_port()
        self.conf = instance.folder / "conf.d" / "proxied.conf"
        self.conf.parent.mkdir()
        self.write(peers)
        instance.init()
        instance.start()
        instance.add_user("alice")
        instance.add_account("alice", "1@pbx.test")
        url = instance.add_phone("alice", MAC)
        self.path = url.split(f":{instance.port}", 1)[1]

    def write(self, peers):
        self.conf.write_text(f"""
listener "proxied" {{
    address = '127.0.0.1'
    port = {self.port}
    public_url = 'https://localhost:{self.port}'
    proxy_protocol = v2
    proxy_peers = {{ {peers} }}
    certificate "ecdsa" {{
        certificate_file = '{self.instance.folder}/ecdsa.pem'
        key_file = '{self.instance.folder}/ecdsa.key'
    }}
}}
""")

    def dial(self, first, source="127.0.0.1"):
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=10,
                                       source_address=(source, 0))
        raw.sendall(first)
        return raw

    def connect(self, first, source="127.0.0.1"):
        return self.instance.tls().wrap_socket(self.dial(first, source),
                                               server_hostname="localhost")

    def get(self, first, path=None, headers=""):
        with self.connect(first) as tls:
            tls.sendall(f"GET {path or self.path} HTTP/1.1\r\nHost: h\r\n{headers}\r\n".encode())
            return read_answer(tls)

    def is_closed(self, raw):
        try:
            return raw.recv(1) == b""
        except ConnectionResetError:
            return True
        finally:
            raw.close()


@pytest.fixture
def proxied(make_instance):
    return Proxied(make_instance())


def test_records_and_log_have_the_address_of_the_header(proxied):
    instance = proxied.instance
    instance.expected_log.append("alarm alarm=[0-9]+ kind=new_network ")  # once the first is noted
    for source in ("203.0.113.7", "2001:db8::7"):
        assert proxied.get(header(source)).status == 200
        assert f"source={source} " in instance.log()
    assert proxied.get(header("::ffff:203.0.113.9"), "/provision/x").status == 404
    assert proxied.get(header("203.0.113.8", tlvs=b"\x03\0\x04abcd"), "/provision/x").status == 404
    wait_until("the records", lambda: len(instance.ctl("fetch", "list", "--json").json()) == 2)
    sources = {row["source"] for row in instance.ctl("fetch", "list", "--json", code=OK).json()}
    assert sources == {"203.0.113.7", "2001:db8::7"}
    wait_until("the refusals", lambda: {row["source"] for row in instance.ctl(
        "refusal", "list", "--json").json()} == {"203.0.113.9", "203.0.113.8"})


@pytest.mark.parametrize("first", [LOCAL, SIGNATURE + b"\x21\0\0\0",
                                   header("203.0.113.7", transport=2),
                                   SIGNATURE + b"\x21\x31\0\xd8" + b"/x".ljust(216, b"\0")],
                         ids=["local", "unknown", "udp", "unix"])
def test_whoever_is_told_by_nobody_gets_the_miss_for_everything(proxied, first):
    instance = proxied.instance
    miss = proxied.get(header("203.0.113.7"), "/").without_date()
    for path in (None, "/", f"/provision/{MAC}.xml"):
        answer = proxied.get(first, path)
        assert answer.status == 404
        assert answer.without_date() == miss
    counts = instance.ctl("status", "--json", code=OK).json()["requests"]
    assert counts["no_source"] == 3
    wait_until("the record", lambda: ["unknown"] == [
        row["source"] for row in
        instance.ctl("refusal", "list", "--reason", "no_source", "--json").json()])


def test_only_listed_proxies_may_connect_and_the_log_says_so_once(proxied):
    instance = proxied.instance
    for _ in range(20):
        assert proxied.is_closed(proxied.dial(b"", "127.0.0.9"))
    wait_until("counted", lambda: figures(instance)[
        'autoprovd_proxy_refusals_total{reason="peer"}'] == 20)
    wait_until("told", lambda: "proxy_refused" in instance.log())
    assert len(re.findall("notice proxy_refused", instance.log())) == 1
    assert "last=127.0.0.9;" in instance.log()
    proxied.write("127.0.0.9")
    instance.ctl("reload", code=OK)
    with proxied.connect(header("203.0.113.7"), "127.0.0.9") as tls:
        tls.sendall(f"GET {proxied.path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        assert read_answer(tls).status == 200
    assert proxied.is_closed(proxied.dial(b"", "127.0.0.1"))


def test_version_1_and_no_header_are_closed_at_once(proxied):
    begin = time.monotonic()
    for first in (b"PROXY TCP4 203.0.113.7 10.0.0.1 8080 443\r\n", b"\x16\x03\x01\x02\x00",
                  b"GET / HTTP/1.1\r\n\r\n", SIGNATURE + b"\x21\x11\xff\xff"):
        assert proxied.is_closed(proxied.dial(first))
    assert time.monotonic() - begin < 5, "not by a deadline"
    wait_until("counted", lambda: figures(proxied.instance)[
        'autoprovd_proxy_refusals_total{reason="header"}'] == 4)


def test_curl_speaks_version_1_and_gets_nothing(proxied):
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    result = subprocess.run(["curl", "-sk", "--noproxy", "*", "--haproxy-protocol", "-m", "10",
                             f"https://127.0.0.1:{proxied.port}{proxied.path}"],
                            capture_output=True, timeout=30)
    assert result.returncode != 0 and result.stdout == b""


def test_flat_networks_are_those_of_the_header(make_instance):
    instance = make_instance(custom_options='{"disable_auto_provision_security": true}')
    proxied = Proxied(instance)
    flat = f"/provision/{MAC}.xml"
    assert proxied.get(header("10.1.2.3"), flat).status == 200
    assert proxied.get(header("203.0.113.7"), flat).status == 404
    assert proxied.get(LOCAL, flat).status == 404
    # What names a proxy is the client's own saying here, and a reason to refuse elsewhere.
    forwarded = "X-Forwarded-For: 203.0.113.7\r\n"
    assert proxied.get(header("10.1.2.3"), flat, forwarded).status == 200
    assert instance.get(flat).status == 200
    assert instance.get(flat, headers=forwarded).status == 404


def test_limits_count_by_the_header_and_not_by_the_proxy(make_instance):
    proxied = Proxied(make_instance(extra="max_connections_per_source = 5\n"))
    held = [proxied.connect(header(f"203.0.113.{n % 3}")) for n in range(15)]
    assert proxied.is_closed(proxied.dial(header("203.0.113.1")))
    assert proxied.get(header("203.0.113.9")).status == 200
    for tls in held:
        tls.close()


def test_penalties_count_by_the_header(proxied):
    with proxied.connect(header("203.0.113.7")) as tls:
        for _ in range(100):  # more than 60, since penalties decay meanwhile
            tls.sendall(f"GET /provision/{'0' * 32}/{MAC}.xml HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            assert read_answer(tls).status == 404
            if "notice throttled source=203.0.113.7;" in proxied.instance.log():
                break
        else:
            raise AssertionError("not throttled")
    begin = time.monotonic()
    assert proxied.get(header("203.0.113.8"), "/").status == 404
    assert time.monotonic() - begin < 1.5
    begin = time.monotonic()
    assert proxied.get(header("203.0.113.7"), "/").status == 404
    assert time.monotonic() - begin >= 2


def test_haproxy_passes_phones_through(proxied):
    haproxy = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if not haproxy:
        pytest.skip("haproxy is not installed")
    port, conf = free_port(), proxied.instance.folder / "haproxy.cfg"
    conf.write_text(f"""
defaults
    mode tcp
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen phones
    bind 127.0.0.1:{port}
    server a 127.0.0.1:{proxied.port} send-proxy-v2
""")
    process = subprocess.Popen([haproxy, "-db", "-f", str(conf)])
    try:
        def fetch():
            try:
                raw = socket.create_connection(("127.0.0.1", port), timeout=5,
                                               source_address=("127.0.0.5", 0))
            except ConnectionRefusedError:
                return None
            with proxied.instance.tls().wrap_socket(raw, server_hostname="localhost") as tls:
                tls.sendall(f"GET {proxied.path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                return read_answer(tls)
        assert wait_until("haproxy", fetch).status == 200
        assert "source=127.0.0.5 " in proxied.instance.log()
    finally:
        process.terminate()
        process.wait(timeout=10)
