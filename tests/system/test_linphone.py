"""A real phone: linphonec, given only its URL, provisions itself and registers."""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import time

import pytest

MAC = "cc5ef641b794"
REALM = "pbx.test"


def field(message, name):
    found = re.search(rf"^{name}\s*:\s*(.*)\r$", message, re.M | re.I)
    return found.group(1) if found else ""


def reply(message, status, *more):
    to = field(message, "To")
    if ";tag=" not in to:
        to += ";tag=registrar"
    vias = re.findall(r"^(?:Via|v)\s*:\s*(.*)\r$", message, re.M | re.I)
    lines = [f"SIP/2.0 {status}", *(f"Via: {via}" for via in vias), f"From: {field(message, 'From')}",
             f"To: {to}", f"Call-ID: {field(message, 'Call-ID')}", f"CSeq: {field(message, 'CSeq')}",
             *more, "Content-Length: 0", "", ""]
    return "\r\n".join(lines).encode()


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def digest_is_right(message, user, password, nonce):
    parts = dict(re.findall(r'(\w+)="?([^",\s]+)"?', field(message, "Authorization")))
    ha1 = md5(f"{user}:{REALM}:{password}")
    ha2 = md5(f"REGISTER:{parts['uri']}")
    expected = md5(f"{ha1}:{nonce}:{parts['nc']}:{parts['cnonce']}:{parts['qop']}:{ha2}")
    return parts["username"] == user and parts["response"] == expected


def test_linphonec_provisions_itself_and_registers_with_the_right_digest(instance, tmp_path):
    if not shutil.which("linphonec"):
        pytest.skip("linphonec is not installed")
    registrar = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    registrar.bind(("127.0.0.1", 0))
    registrar.settimeout(1)
    port = registrar.getsockname()[1]
    password = 'q"&<x>' + instance.secret()
    instance.secrets.append(password)
    instance.add_user("alice")
    instance.add_account("alice", f"1001@{REALM}", password, "--display-name", 'Alice "A" & Co',
                         "--registrar", "127.0.0.1", "--port", str(port))
    url = instance.add_phone("alice", MAC, "--vendor", "linphone")

    home = tmp_path / "home"
    (home / ".local/share/linphone").mkdir(parents=True)
    rc = home / "rc"
    rc.write_text(f"[misc]\nconfig-uri={url}\n[sip]\nroot_ca={instance.folder}/ca.pem\n"
                  "sip_port=-1\nsip_tcp_port=0\nsip_tls_port=0\n")
    nonce = "abcdef0123456789"
    challenged = accepted = False
    seen = []
    with open(home / "out", "wb") as out:
        phone = subprocess.Popen(["linphonec", "-c", str(rc)], stdin=subprocess.PIPE, stdout=out,
                                 stderr=out, env={"HOME": str(home), "PATH": os.environ["PATH"]})
        try:
            end = time.monotonic() + 60
            while not accepted and time.monotonic() < end and phone.poll() is None:
                try:
                    data, source = registrar.recvfrom(8192)
                except TimeoutError:
                    continue
                message = data.decode(errors="replace")
                seen.append(message)
                if not message.startswith("REGISTER "):
                    continue
                if not field(message, "Authorization"):
                    challenged = True
                    registrar.sendto(reply(
                        message, "401 Unauthorized", f'WWW-Authenticate: Digest realm="{REALM}", '
                        f'nonce="{nonce}", qop="auth", algorithm=MD5'), source)
                else:
                    accepted = digest_is_right(message, "1001", password, nonce)
                    assert accepted, "the digest is wrong"
                    registrar.sendto(reply(message, "200 OK",
                                           f"Contact: {field(message, 'Contact')};expires=300"),
                                     source)
        finally:
            try:
                phone.communicate(b"quit\n", timeout=20)
            except subprocess.TimeoutExpired:
                phone.kill()
                phone.wait()
            registrar.close()
    assert challenged and accepted, (seen[-2:], (home / "out").read_text(errors="replace")[-2000:])
    assert "1001" in field(seen[0], "From") and f"1001@{REALM}" in field(seen[0], "From")
    instance.printed.append(("linphonec", (home / "out").read_text(errors="replace")))
    served = [line for line in instance.log().splitlines() if " fetch " in line]
    assert len(served) == 1 and 'status=200' in served[0]
