"""A real phone: linphonec, given only its URL, provisions itself and registers."""

import configparser
import hashlib
import os
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time

import pytest

from instance import wait_until

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


def start_phone(instance, home, url):
    """linphonec with what it keeps in home/rc, at first nothing but its URL and whom to trust."""
    rc = home / "rc"
    if not rc.exists():
        (home / ".local/share/linphone").mkdir(parents=True)
        rc.write_text(f"[misc]\nconfig-uri={url}\n[sip]\nroot_ca={instance.folder}/ca.pem\n"
                      "sip_port=-1\nsip_tcp_port=0\nsip_tls_port=-1\n")
    with open(home / "out", "ab") as out:
        return subprocess.Popen(["linphonec", "-c", str(rc)], stdin=subprocess.PIPE, stdout=out,
                                stderr=out, env={"HOME": str(home), "PATH": os.environ["PATH"]})


def end_phone(phone):
    try:
        phone.communicate(b"quit\n", timeout=20)
    except subprocess.TimeoutExpired:
        phone.kill()
        phone.wait()


def output(home):
    return (home / "out").read_text(errors="replace")


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
    nonce = "abcdef0123456789"
    challenged = accepted = False
    seen = []
    phone = start_phone(instance, home, url)
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
                                       f"Contact: {field(message, 'Contact')};expires=300"), source)
    finally:
        end_phone(phone)
        registrar.close()
    assert challenged and accepted, (seen[-2:], output(home)[-2000:])
    assert "1001" in field(seen[0], "From") and f"1001@{REALM}" in field(seen[0], "From")
    instance.printed.append(("linphonec", output(home)))
    served = [line for line in instance.log().splitlines() if " fetch " in line]
    assert len(served) == 1 and 'status=200' in served[0]


class TlsRegistrar(socketserver.ThreadingTCPServer):
    """Takes any REGISTER over TLS; remembers whose."""
    daemon_threads = True
    block_on_close = False

    def __init__(self, instance):
        super().__init__(("127.0.0.1", 0), TlsTalk)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(instance.folder / "ecdsa.pem", instance.folder / "ecdsa.key")
        self.port = self.server_address[1]
        self.registered = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A phone that hangs up in the midst; who has not registered fails the test."""


class TlsTalk(socketserver.BaseRequestHandler):
    def handle(self):
        data = b""
        with self.server.context.wrap_socket(self.request, server_side=True) as tls:
            while chunk := tls.recv(8192):
                data += chunk
                while b"\r\n\r\n" in data:
                    head, data = data.split(b"\r\n\r\n", 1)
                    self.answer(tls, head.decode(errors="replace") + "\r\n")

    def answer(self, tls, message):
        if not message.startswith("REGISTER "):
            return
        contact = f"Contact: {field(message, 'Contact')};expires=300"
        tls.sendall(reply(message, "200 OK", contact))
        self.server.registered.add(re.search(r"<sips?:([^>;]+)", field(message, "From")).group(1))


def enabled_codecs(rc):
    """In the order of preference."""
    sections = sorted((name for name in rc.sections() if name.startswith("audio_codec_")),
                      key=lambda name: int(name.rsplit("_", 1)[1]))
    return [rc[name]["mime"] for name in sections if rc[name]["enabled"] == "1"]


def run_until_registered(instance, home, url, registrar, wanted):
    """Who registered before it was told to end, which deregisters: no account can come later."""
    registrar.registered.clear()
    phone = start_phone(instance, home, url)
    try:
        wait_until("all accounts have registered",
                   lambda: registrar.registered >= wanted or phone.poll() is not None, 60)
    finally:
        end_phone(phone)
    return set(registrar.registered)


def kept(home):
    """What it keeps for its next start."""
    rc = configparser.ConfigParser(interpolation=None, strict=False)
    rc.read(home / "rc")
    return rc


def test_linphonec_takes_two_accounts_over_tls_and_forgets_one(instance, tmp_path):
    if not shutil.which("linphonec"):
        pytest.skip("linphonec is not installed")
    registrar = TlsRegistrar(instance)
    instance.add_user("alice")
    users = [f"1001@{REALM}", f"1002@{REALM}"]
    passwords = [instance.add_account("alice", user, None, "--transport", "tls", "--registrar",
                                      "localhost", "--port", str(registrar.port)) for user in users]
    url = instance.add_phone("alice", MAC, "--vendor", "linphone")
    home = tmp_path / "home"
    try:
        seen = run_until_registered(instance, home, url, registrar, set(users))
        assert seen == set(users), output(home)[-2000:]
        rc = kept(home)
        for number, user in enumerate(users):
            account, secret = rc[f"proxy_{number}"], rc[f"auth_info_{number}"]
            assert account["reg_proxy"] == f"<sip:localhost:{registrar.port};transport=tls>"
            assert f"<sip:{user}>" in account["reg_identity"]
            assert account["reg_sendregister"] == "1"
            assert f"{secret['username']}@{secret['domain']}" == user
            assert secret.get("passwd") == passwords[number] or "ha1" in secret
        assert enabled_codecs(rc) == ["G722", "PCMA", "PCMU"]

        # A phone keeps what its file does not name: what was taken away must be said.
        instance.ctl("phone", "set", MAC, "--lines", users[0], code=0)
        seen = run_until_registered(instance, home, url, registrar, {users[0]})
        assert seen == {users[0]}, output(home)[-2000:]
        text = (home / "rc").read_text()
        assert passwords[0] in text and passwords[1] not in text and "1002" not in text
    finally:
        registrar.shutdown()
        registrar.server_close()
    instance.printed.append(("linphonec", output(home)))
