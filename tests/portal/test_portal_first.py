"""The first minutes of a portal: set up, out, and in again; and a softphone that registers with what it got."""

import shutil
import socket
import time

import pytest

from test_linphone import REALM, digest_is_right, end_phone, field, output, reply, start_phone


def setup_token(portal):
    status, made = portal.control("POST", "/admins/setup-token")
    assert status == 201
    portal.instance.secrets.append(made["token"])
    return made["token"]


def test_a_new_admin_sets_up_and_signs_in(portal, flow):
    flow("first_admin", token=setup_token(portal))


def registers(registrar, phone, user, password):
    """Answers until the phone has registered with the right digest; True then."""
    nonce, end = "abcdef0123456789", time.monotonic() + 60
    while time.monotonic() < end and phone.poll() is None:
        try:
            data, source = registrar.recvfrom(8192)
        except TimeoutError:
            continue
        message = data.decode(errors="replace")
        if not message.startswith("REGISTER "):
            continue
        if not field(message, "Authorization"):
            registrar.sendto(reply(message, "401 Unauthorized", f'WWW-Authenticate: Digest realm="{REALM}", '
                                   f'nonce="{nonce}", qop="auth", algorithm=MD5'), source)
        else:
            registrar.sendto(reply(message, "200 OK", f"Contact: {field(message, 'Contact')};expires=300"), source)
            return digest_is_right(message, user, password, nonce)
    return False


def test_from_the_setup_token_to_a_softphone_that_registers(portal, flow, tmp_path):
    if not shutil.which("linphonec"):
        pytest.skip("linphonec is not installed")
    registrar = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    registrar.bind(("127.0.0.1", 0))
    registrar.settimeout(1)
    password = portal.instance.secret()
    portal.instance.secrets.append(password)
    url = flow("start_to_phone", token=setup_token(portal), domain=REALM, sip_password=password,
               port=registrar.getsockname()[1]).strip().splitlines()[-1]
    portal.instance.secrets.append(url.rsplit("/", 2)[1])
    home = tmp_path / "home"
    phone = start_phone(portal.instance, home, url)
    try:
        assert registers(registrar, phone, "1001", password), output(home)[-2000:]
    finally:
        end_phone(phone)
        registrar.close()
    # Its page says that it came.
    status, shown = portal.control("GET", "/phones/cc5ef641b794")
    assert status == 200 and shown["fetches"] == 1
