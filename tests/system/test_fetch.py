"""The way of a fetch, with the clients that people use."""

import shutil
import socket
import ssl
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import pytest

from instance import DEADLINE_S, OK, read_answer, token_of, wait_until

MAC = "cc5ef641b794"


@pytest.fixture
def phone(instance):
    """(instance, url, password) of one user with one account and one phone."""
    instance.add_user("alice", "--display-name", "Alice & Co")
    password = instance.add_account("alice", "1001@pbx.test", None, "--display-name", 'A "B" <C>')
    return instance, instance.add_phone("alice", MAC, "--vendor", "linphone"), password


def entries(body):
    space = "{http://www.linphone.org/xsds/lpconfig.xsd}"
    root = ElementTree.fromstring(body)
    return {(section.get("name"), entry.get("name")): (entry.text or "").strip()
            for section in root.findall(f"{space}section")
            for entry in section.findall(f"{space}entry")}


def test_curl_gets_the_phones_file_with_its_account(phone):
    instance, url, password = phone
    out = subprocess.run(["curl", "-sS", "-f", "--cacert", instance.folder / "ca.pem", url],
                         capture_output=True, check=True)
    instance.printed.append(("curl: standard error", out.stderr.decode(errors="replace")))
    values = entries(out.stdout)
    assert values[("auth_info_0", "username")] == "1001"
    assert values[("auth_info_0", "passwd")] == password
    assert values[("proxy_0", "reg_identity")] == '"A \\"B\\" <C>" <sip:1001@pbx.test>'


def test_xmllint_finds_every_shipped_template_well_formed(phone):
    instance, url, _ = phone
    instance.add_phone("alice", "001565123456", "--vendor", "generic")
    for address in (url, instance.url("001565123456")):
        body = instance.get_url(address).body
        subprocess.run(["xmllint", "--noout", "-"], input=body, check=True)


@pytest.mark.parametrize("client", [
    ["wget", "-q", "-O", "-", "--ca-certificate", "CA"],
    ["busybox", "wget", "-q", "-O", "-", "--no-check-certificate"],
])
def test_other_clients_get_the_same_bytes(phone, client):
    instance, url, _ = phone
    if not shutil.which(client[0]):
        pytest.skip(f"{client[0]} is not installed")
    words = [str(instance.folder / "ca.pem") if word == "CA" else word for word in client]
    out = subprocess.run([*words, url], capture_output=True, timeout=30)
    if client[0] == "busybox" and b"TLS" in out.stderr:
        pytest.skip("this busybox cannot speak the daemon's TLS profile")
    assert out.returncode == 0, out.stderr
    assert out.stdout == instance.get_url(url).body
    instance.printed.append((f"{client[0]}: standard error", out.stderr.decode(errors="replace")))


def test_openssl_s_client_gets_the_file(phone):
    instance, url, password = phone
    path = url.split(f":{instance.port}", 1)[1]
    out = subprocess.run(["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{instance.port}",
                          "-servername", "localhost", "-CAfile", instance.folder / "ca.pem"],
                         input=f"GET {path} HTTP/1.0\r\n\r\n".encode(), capture_output=True,
                         timeout=30)
    assert out.stdout.startswith(b"HTTP/1.1 200 OK\r\n"), out
    assert password.encode() in out.stdout
    instance.printed.append(("s_client: standard error", out.stderr.decode(errors="replace")))


def test_gnutls_cli_completes_a_handshake(phone):
    instance, _, _ = phone
    if not shutil.which("gnutls-cli"):
        pytest.skip("gnutls-cli is not installed")
    out = subprocess.run(["gnutls-cli", "--x509cafile", instance.folder / "ca.pem", "--port",
                          str(instance.port), "localhost"], input=b"", capture_output=True,
                         timeout=30)
    assert b"Handshake was completed" in out.stdout, out


@pytest.mark.parametrize("form", [
    "cc5ef641b794.xml", "CC5EF641B794.xml", "cc:5e:f6:41:b7:94.xml", "CC-5E-F6-41-B7-94.xml",
    "cc5ef641b794.XML", "cc%3A5e%3af6:41:b7:94.xml",
    "/cc5ef641b794.xml", "cc5ef641b794.xml?x=1",
])
def test_every_form_of_the_file_name_is_the_same_file(phone, form):
    instance, url, _ = phone
    folder = url.split(f":{instance.port}", 1)[1].rsplit("/", 1)[0]
    assert instance.get(f"{folder}/{form}").body == instance.get_url(url).body


@pytest.mark.parametrize("version, ciphers, kind", [
    (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-GCM-SHA256", "rsa"),
    (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", "ecdsa"),
    (ssl.TLSVersion.TLSv1_3, None, None),
])
def test_both_certificates_and_both_versions_serve(phone, version, ciphers, kind):
    instance, url, _ = phone
    context = instance.tls(version, ciphers)
    with instance.connect(context) as tls:
        assert "AES_128_GCM" in tls.cipher()[0].replace("AES128-GCM", "AES_128_GCM")
        if kind:
            expected = ssl.PEM_cert_to_DER_cert((instance.folder / f"{kind}.pem").read_text())
            assert tls.getpeercert(binary_form=True) == expected
    assert instance.get_url(url, context=context).status == 200


@pytest.mark.parametrize("ciphers", ["AES128-SHA", "ECDHE-RSA-AES128-SHA", "AES128-GCM-SHA256"])
def test_the_modern_profile_refuses_old_ciphers(phone, ciphers):
    instance, _, _ = phone
    context = instance.tls(ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        instance.connect(context)


def test_tls_1_3_sends_no_tickets(phone):
    instance, url, _ = phone
    out = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{instance.port}", "-tls1_3",
                          "-CAfile", instance.folder / "ca.pem"],
                         input=b"GET / HTTP/1.0\r\n\r\n", capture_output=True, timeout=30).stdout
    assert b"New, TLSv1.3" in out
    assert b"TLS session ticket:" not in out


def test_head_has_the_headers_of_get_without_body(phone):
    instance, url, _ = phone
    get = instance.get_url(url)
    path = url.split(f":{instance.port}", 1)[1]
    with instance.connect() as tls:
        tls.sendall(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = read_answer(tls, "HEAD")
    assert head.status == 200 and head.body == b"" and head.rest == b""
    for name in ("content-length", "content-type", "etag", "cache-control"):
        assert head.headers[name] == get.headers[name]


def test_http_1_0_is_answered_and_closed(phone):
    instance, url, _ = phone
    path = url.split(f":{instance.port}", 1)[1]
    with instance.connect() as tls:
        tls.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        assert read_answer(tls).status == 200
        assert tls.recv(1) == b""


def test_kept_connection_serves_many(phone):
    instance, url, _ = phone
    path = url.split(f":{instance.port}", 1)[1]
    with instance.connect() as tls:
        for _ in range(50):
            tls.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert read_answer(tls).status == 200


def test_pipelined_requests_are_answered_in_order(phone):
    instance, url, _ = phone
    path = url.split(f":{instance.port}", 1)[1]
    one = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    miss = b"GET /provision/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with instance.connect() as tls:
        tls.sendall(one + miss + one + miss + one)
        got, rest = [], b""
        for _ in range(5):
            answer = read_answer(tls, buffer=rest)
            got.append(answer.status)
            rest = answer.rest
    assert got == [200, 404, 200, 404, 200]


def test_a_long_pipeline_does_not_wait_for_anything(phone):
    """Each answer is like the one before: nothing else wakes the loop between them."""
    instance, url, _ = phone
    path = url.split(f":{instance.port}", 1)[1]
    count = 400
    with instance.connect(timeout=DEADLINE_S) as tls:
        end = time.monotonic() + DEADLINE_S
        tls.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * count)
        rest, first = b"", None
        for _ in range(count):
            assert time.monotonic() < end, "answers come one by one, with a wait between them"
            answer = read_answer(tls, buffer=rest)
            rest = answer.rest
            first = first or answer
            assert answer.status == 200 and answer.without_date() == first.without_date()


def test_answers_of_one_second_have_their_own_tags(instance):
    """Tags of the API differ in length: a head that serves for two must not mix them."""
    versions = {"alice": 1, "bob": 13}
    for name, version in versions.items():
        instance.add_user(name)
        for n in range(1, version):
            instance.ctl("user", "set", name, "--display-name", f"Name {n}", code=OK)
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(DEADLINE_S)
        control.connect(str(instance.control))
        for name in ("bob", "alice", "alice", "bob") * 5:
            control.sendall(f"GET /api/v1/users/{name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = read_answer(control)
            assert b"\n" not in answer.head.replace(b"\r\n", b""), answer.head
            assert answer.headers["etag"].endswith(f'-{versions[name]}"'), answer.head
            assert answer.headers["cache-control"] == "private, no-store"


def test_connection_close_is_honoured(phone):
    instance, url, _ = phone
    path = url.split(f":{instance.port}", 1)[1]
    with instance.connect() as tls:
        tls.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert read_answer(tls).status == 200
        assert tls.recv(1) == b""


def test_answer_headers_are_exact_and_name_no_product(phone):
    instance, url, _ = phone
    answer = instance.get_url(url)
    assert set(answer.headers) == {"date", "content-length", "content-type", "etag",
                                   "cache-control"}
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    assert int(answer.headers["content-length"]) == len(answer.body)


def test_etag_matches_give_304_and_change_with_the_content(phone):
    instance, url, _ = phone
    first = instance.get_url(url)
    etag = first.headers["etag"]
    again = instance.get_url(url, headers=f"If-None-Match: {etag}\r\n")
    assert again.status == 304 and again.body == b"" and again.headers["etag"] == etag
    assert instance.get_url(url, headers='If-None-Match: "other"\r\n').status == 200
    instance.ctl("account", "set", "1001@pbx.test", "--display-name", "New", code=0)
    changed = instance.get_url(url, headers=f"If-None-Match: {etag}\r\n")
    assert changed.status == 200 and changed.headers["etag"] != etag


def test_a_304_names_the_length_of_the_200_and_has_no_body(phone):
    instance, url, _ = phone
    path = url.split(f":{instance.port}", 1)[1]
    first = instance.get_url(url)
    with instance.connect() as tls:
        for _ in range(2):
            tls.sendall((f"GET {path} HTTP/1.1\r\nHost: h\r\n"
                         f"If-None-Match: {first.headers['etag']}\r\n\r\n").encode())
            same = read_answer(tls)
            assert same.status == 304 and same.body == b"" and same.rest == b""
            length = same.headers.get("content-length", first.headers["content-length"])
            assert length == first.headers["content-length"]
        # A body would be the begin of the next answer.
        tls.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        again = read_answer(tls)
        assert again.status == 200 and again.body == first.body
        assert tls.recv(1) == b""


def test_output_is_the_same_bytes_while_nothing_changed(phone):
    instance, url, _ = phone
    bodies = {instance.get_url(url).body for _ in range(5)}
    instance.stop()
    instance.start()
    bodies.add(instance.get_url(url).body)
    assert len(bodies) == 1


def test_etag_is_no_plain_hash_of_the_body(phone):
    import hashlib
    instance, url, _ = phone
    answer = instance.get_url(url)
    for name in ("md5", "sha1", "sha256", "sha512"):
        assert hashlib.new(name, answer.body).hexdigest()[:16] not in answer.headers["etag"]


def test_a_fetch_is_recorded_on_its_phone(phone):
    instance, url, _ = phone
    before = instance.ctl("phone", "show", MAC, "--json", code=0).json()
    assert before["last_fetch_at"] == 0
    instance.get_url(url, headers="User-Agent: Yealink SIP-T46S\r\n")
    after = wait_until("recorded", lambda: (
        lambda phone: phone if phone["last_fetch_at"] else None)(
            instance.ctl("phone", "show", MAC, "--json", code=0).json()))
    assert after["last_fetch_address"] == "127.0.0.1"
    # No record and no change of a HEAD: it delivers nothing.
    assert instance.ctl("status", "--json", code=0).json()["requests"]["served"] == 1


def test_the_log_names_a_token_by_its_tag_only(phone):
    instance, url, _ = phone
    instance.get_url(url)
    line = wait_until("logged", lambda: [text for text in instance.log().splitlines()
                                         if " fetch " in text])[0]
    assert " token=t:" in line and f"mac={MAC}" in line and "user=alice" in line
    assert token_of(url) not in instance.log()


def test_a_hostile_user_agent_cannot_forge_a_log_line(phone):
    instance, url, _ = phone
    instance.get_url(url, headers='User-Agent: x" status=500\xffok\\n\r\n')
    line = wait_until("logged", lambda: [text for text in instance.log().splitlines()
                                         if " fetch " in text])[0]
    assert 'agent="x\\x22 status=500\\xffok\\x5cn"' in line


def test_a_disabled_phone_gets_the_miss(instance):
    instance.add_user("bob")
    instance.add_account("bob", "1@pbx.test")
    url = instance.add_phone("bob", MAC, "--disabled")
    assert instance.get_url(url).status == 404


def test_rotation_serves_the_old_url_until_the_phone_came_on_the_new_one(phone):
    instance, old, _ = phone
    assert instance.get_url(old).status == 200
    instance.ctl("token", "rotate", "alice", code=0)
    new = instance.url(MAC)
    assert new != old
    assert instance.get_url(old).status == 200
    assert new.encode() in instance.get_url(old).body
    assert instance.get_url(new).status == 200
    assert instance.get_url(old).status == 404
    assert instance.get_url(new).status == 200


def test_rotation_without_grace_ends_the_old_url_at_once(phone):
    instance, old, _ = phone
    instance.ctl("token", "rotate", "alice", "--grace", "0s", code=0)
    assert instance.get_url(old).status == 404
    assert instance.get_url(instance.url(MAC)).status == 200


def test_a_silent_and_a_broken_client_leave_the_daemon_well(phone):
    instance, url, _ = phone
    with socket.create_connection(("127.0.0.1", instance.port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert plain.recv(1024) != b"HTTP"
    socket.create_connection(("127.0.0.1", instance.port)).close()
    assert instance.get_url(url).status == 200
