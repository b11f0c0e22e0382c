"""Phones that are told to fetch by NOTIFY, with sipp, linphone and plain sockets as phones; on loopback."""

import hashlib
import random
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

from instance import OK, TOP, free_port, wait_until
from test_metrics import figures

MAC, OTHER = "001565123456", "001565123457"
HOST = "127.0.0.1"
# With these a phone hears and is heard at the second to sixth try.
LOSSY_SEEDS = (1, 3, 4, 7, 8, 13, 14, 15, 18)


class Phone(threading.Thread):
    """A phone of plain sockets. answer(number, request) returns what it says, or None."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, 0))
        self.socket.settimeout(0.2)
        self.port = self.socket.getsockname()[1]
        self.answer, self.heard, self.ended = answer, [], False
        self.start()

    @property
    def contact(self):
        return f"sip:1001@{HOST}:{self.port}"

    def run(self):
        while not self.ended:
            try:
                data, source = self.socket.recvfrom(65536)
            except TimeoutError:
                continue
            request = data.decode()
            self.heard.append(request)
            for said in self.answer(len(self.heard), request) or ():
                self.socket.sendto(said.encode(), source)

    def end(self):
        self.ended = True
        self.join(5)
        self.socket.close()


def header(message, name):
    return re.search(rf"^{name}: (.*?)\r$", message, re.M)[1]


def response(request, status, *more):
    kept = [line for line in request.split("\r\n\r\n")[0].split("\r\n")[1:]
            if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
    return "\r\n".join([f"SIP/2.0 {status}", *kept, *more, "Content-Length: 0", "", ""])


def accept(number, request):
    return [response(request, "200 OK")]


@pytest.fixture
def phones():
    """Makes phones of plain sockets."""
    made = []

    def make(answer=accept):
        made.append(Phone(answer))
        return made[-1]

    yield make
    for phone in made:
        phone.end()


@pytest.fixture
def alice(instance):
    instance.add_user("alice")
    instance.add_account("alice", "1001@pbx.test", instance.secret())
    instance.add_phone("alice", MAC, "--vendor", "yealink")
    return instance


def contact(instance, where, mac=MAC):
    instance.ctl("phone", "set", mac, "--sip-contact", where, code=OK)


def results(instance, mac):
    rows = instance.ctl("resync", "status", "--user", "alice", "--json", code=OK).json()
    return [row for row in rows if row["mac"].replace(":", "") == mac]


def result(instance, mac=MAC):
    (row,) = results(instance, mac)
    return row


def ended(instance, mac=MAC):
    """Its row is written some time after it was told."""
    return wait_until("the end", lambda: [row for row in results(instance, mac)
                                          if row["outcome"] != "waiting"])[0]


def test_a_phone_is_told_and_the_fetch_is_the_proof(alice, phones):
    phone = phones()
    contact(alice, phone.contact)
    alice.ctl("phone", "resync", MAC, code=OK)
    (request,) = phone.heard
    assert request.startswith(f"NOTIFY {phone.contact} SIP/2.0\r\n")
    assert header(request, "Event") == "check-sync;reboot=false"
    assert header(request, "To") == "<sip:1001@pbx.test>"
    assert header(request, "Subscription-State").startswith("terminated")
    assert request.endswith("Content-Length: 0\r\n\r\n")
    row = ended(alice)
    assert (row["outcome"], row["status"], row["via"], row["fetched_at"]) == (
        "accepted", 200, "direct", 0)
    time.sleep(1)
    assert alice.get_url(alice.url(MAC)).status == 200
    assert wait_until("the fetch", lambda: result(alice)["fetched_at"]) >= row["asked_at"]
    alice.ctl("phone", "resync", MAC, "--reboot", code=OK)
    assert header(phone.heard[-1], "Event") == "check-sync;reboot=true"
    values = figures(alice)
    assert values['autoprovd_resyncs_total{outcome="accepted"}'] == 2


def sipp(name, *options):
    port = free_port()
    return port, subprocess.Popen(
        ["sipp", "-sf", f"{TOP}/tests/system/sipp/{name}.xml", "-i", HOST, "-p", str(port), "-m", "1",
         "-nostdin", "-timeout", "30", *map(str, options)], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)


needs_sipp = pytest.mark.skipif(not shutil.which("sipp"), reason="no sipp")


@needs_sipp
def test_sipp_takes_it(alice, tmp_path):
    log = tmp_path / "sipp.log"
    port, process = sipp("notified", "-trace_logs", "-log_file", log)
    contact(alice, f"sip:1001@{HOST}:{port}")
    alice.ctl("phone", "resync", MAC, code=OK)
    assert process.wait(40) == 0, process.stdout.read()
    assert "event= check-sync;reboot=false" in log.read_text()
    assert ended(alice)["outcome"] == "accepted"


@needs_sipp
def test_sipp_challenges_and_finds_the_password_of_the_line_right(alice):
    # What the phone fetched last is what it knows.
    assert alice.get_url(alice.url(MAC)).status == 200
    password = alice.secrets[0]
    port, process = sipp("challenging", "-key", "password", password)
    contact(alice, f"sip:1001@{HOST}:{port}")
    alice.ctl("phone", "resync", MAC, code=OK)
    assert process.wait(40) == 0, process.stdout.read()
    row = ended(alice)
    assert (row["outcome"], row["status"]) == ("challenged", 200)


def digest(request, password, algorithm):
    """Is the answer in the request right?"""
    said = dict(re.findall(r'(\w+)="?([^",\r]*)"?', header(request, "Authorization")))
    new = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

    def h(text):
        return new(text.encode()).hexdigest()

    a1 = h(f"{said['username']}:{said['realm']}:{password}")
    a2 = h(f"NOTIFY:{said['uri']}")
    return said["response"] == h(f"{a1}:{said['nonce']}:{said['nc']}:{said['cnonce']}:auth:{a2}")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_after_a_change_a_phone_is_told_by_the_password_that_it_knows(alice, phones, algorithm):
    old = alice.secrets[0]
    assert alice.get_url(alice.url(MAC)).status == 200
    time.sleep(1.1)  # times are seconds
    new = alice.secret()
    alice.ctl("account", "set", "1001@pbx.test", "--password-file", "-", stdin=new + "\n", code=OK)
    right = []

    def challenge(number, request):
        if "Authorization" not in request:
            return [response(request, "401 Unauthorized", 'WWW-Authenticate: Digest realm="pbx.test", '
                             f'nonce="n{number}", algorithm={algorithm}, qop="auth"')]
        right.append([digest(request, password, algorithm) for password in (old, new)])
        return [response(request, "200 OK")]

    phone = phones(challenge)
    contact(alice, phone.contact)
    alice.ctl("phone", "resync", MAC, code=OK)
    assert right == [[True, False]]
    time.sleep(1.1)
    assert alice.get_url(alice.url(MAC)).status == 200
    wait_until("the record", lambda: result(alice)["fetched_at"])
    alice.ctl("phone", "resync", MAC, code=OK)
    assert right[1] == [False, True]


def test_a_phone_that_refuses_or_challenges_for_ever_is_told_of(alice, phones):
    for status in ("481 No", "489 Bad Event", "401 Unauthorized"):
        more = ['WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'] if status[0:3] == "401" \
            else []
        phone = phones(lambda number, request, s=status, m=more: [response(request, s, *m)])
        contact(alice, phone.contact)
        assert alice.ctl("phone", "resync", MAC).code != OK
        row = ended(alice)
        assert (row["outcome"], row["status"]) == ("refused", int(status[:3]))
        assert len(phone.heard) == (2 if status[:3] == "401" else 1)


def test_a_third_of_all_packets_lost_and_all_of_them_twice_still_arrives(alice, phones):
    def lossy(seed):
        """The same for each run: some are lost on the way there, and some on the way back."""
        chance = random.Random(seed)

        def answer(number, request):
            if chance.random() < 0.3 or chance.random() < 0.3:
                return []
            return [response(request, "200 OK")] * 2

        return phones(answer)

    macs = [MAC]
    for number in range(8):
        mac = f"0015651234{number:02x}"
        alice.add_phone("alice", mac, "--vendor", "yealink")
        macs.append(mac)
    for seed, mac in zip(LOSSY_SEEDS, macs, strict=True):
        contact(alice, lossy(seed).contact, mac)
    alice.ctl("user", "resync", "alice", "--wait", code=OK)
    assert {ended(alice, mac)["outcome"] for mac in macs} == {"accepted"}


def test_a_silent_phone_is_unreachable_and_blocks_nobody(alice, phones):
    alice.add_phone("alice", OTHER, "--vendor", "snom")
    silent, other = phones(lambda number, request: None), phones()
    contact(alice, silent.contact)
    contact(alice, other.contact, OTHER)
    begin = time.monotonic()
    waiting = threading.Thread(target=alice.ctl, args=("phone", "resync", MAC))
    waiting.start()
    alice.ctl("phone", "resync", OTHER, code=OK)
    assert time.monotonic() - begin < 20
    waiting.join(60)
    assert ended(alice)["outcome"] == "unreachable"
    # At 0, 0.5, 1.5, 3.5, 7.5 s and every 4 s until 32; fewer where the machine was late.
    assert 6 <= len(silent.heard) <= 11
    assert len(set(silent.heard)) == 1


def test_a_url_of_its_own_is_told(alice, phones):
    phone = phones()
    contact(alice, phone.contact)
    alice.ctl("phone", "resync", MAC, "--url", code=OK)
    (request,) = phone.heard
    assert header(request, "Event") == "ua-profile"
    assert header(request, "Content-Type") == "application/url"
    body = request.split("\r\n\r\n", 1)[1]
    assert body.startswith("https://") and "/provision/" in body and not body.endswith("\n")


def test_after_a_burn_phones_are_told(alice, phones):
    phone = phones()
    contact(alice, phone.contact)
    assert alice.get_url(alice.url(MAC)).status == 200
    said = alice.ctl("user", "burn", "alice", "--yes", "--json", code=OK)
    alice.printed.pop()  # passwords, told this once
    assert said.json()["resync"] == 1
    wait_until("told", lambda: phone.heard)
    assert ended(alice)["outcome"] == "accepted"


@pytest.mark.skipif(not shutil.which("linphonec"), reason="no linphonec")
def test_linphone_takes_no_harm(alice, tmp_path):
    port = free_port()
    (tmp_path / ".local/share/linphone").mkdir(parents=True)
    (tmp_path / "rc").write_text(f"[sip]\nsip_port={port}\nsip_tcp_port=0\nsip_tls_port=0\n")
    with open(tmp_path / "out", "wb") as out:
        process = subprocess.Popen(["linphonec", "-c", str(tmp_path / "rc")], stdin=subprocess.PIPE, stdout=out,
                                   stderr=out, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    try:
        wait_until("the port", lambda: any(
            f":{port:04X} " in open(f"/proc/net/{table}", encoding="ascii").read()
            for table in ("udp", "udp6")))
        contact(alice, f"sip:1001@{HOST}:{port}")
        alice.ctl("phone", "resync", MAC)
        row = ended(alice)
        assert row["outcome"] in ("accepted", "refused") and row["status"] >= 200, row
        assert process.poll() is None
    finally:
        process.stdin.close()
        process.terminate()
        process.wait(20)
