"""Listeners that ask for HTTP credentials, with real clients."""

import base64
import re
import shutil
import subprocess
import threading
import time
import urllib.request

import pytest

from instance import NOT_FOUND, OK, free_port, read_answer, token_of, wait_until
from test_metrics import figures
from test_miss import kinds

MAC, OTHER, BARE, ABSENT = "cc5ef641b794", "cc5ef641b795", "cc5ef641b796", "cc5ef641b797"
BURST = 60  # free guesses, of include/autoprov/limits.h


def with_auth(conf, word):
    return conf.replace("    public_url", f"    auth = {word}\n    public_url", 1)


@pytest.fixture(params=["basic", "digest", "digest_md5"])
def house(request, make_instance):
    """alice has three phones of which one has no HTTP password; a second listener asks for none."""
    instance = make_instance()
    instance.word = request.param
    instance.open_port = free_port()
    conf = instance.conf_text()
    listener = conf[conf.index('listener "phones"'):]
    instance.conf.write_text(with_auth(conf, request.param) + listener.replace('"phones"', '"open"')
                             .replace(str(instance.port), str(instance.open_port)))
    instance.init()
    instance.start()
    instance.add_user("alice")
    instance.add_account("alice", "1@pbx.test")
    instance.urls, instance.passwords = {}, {}
    for mac in (MAC, OTHER, BARE):
        instance.urls[mac] = instance.add_phone("alice", mac, "--vendor", "yealink")
    for mac in (MAC, OTHER):
        said = instance.ctl("phone", "set", mac, "--auth-password-make", "--auth-required", "yes",
                            "--json", code=OK)
        instance.printed.pop()  # it is told once
        instance.passwords[mac] = said.json()["auth_password"]
        assert re.fullmatch("[0-9a-f]{24}", instance.passwords[mac])
        instance.secrets.append(instance.passwords[mac])
    return instance


def curl(instance, url, user=None, *options):
    """Status and body."""
    words = ["curl", "-sS", "--cacert", str(instance.folder / "ca.pem"), "-w", "\n%{http_code}",
             *options]
    if user:
        words += [f"--{instance.word.split('_')[0]}", "--user", user]
    done = subprocess.run([*words, url], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), body


def test_curl_fetches_its_own_file_and_no_other(house):
    url, right = house.urls[MAC], f"{MAC}:{house.passwords[MAC]}"
    status, body = curl(house, url, right)
    assert status == 200 and len(body) > 500
    assert curl(house, url, right) == (200, body)
    assert curl(house, url) == (401, "Unauthorized\n")
    assert curl(house, url, right, "--head")[0] == 200
    foreign = f"{OTHER}:{house.passwords[OTHER]}"
    for user in (f"{MAC}:wrong", f"{MAC}:", foreign, f"{MAC}:{house.passwords[OTHER]}"):
        assert curl(house, url, user) == (401, "Unauthorized\n")
    # A phone without a password is served to nobody here.
    for user in (f"{BARE}:", f"{BARE}:{house.passwords[MAC]}", right):
        assert curl(house, house.urls[BARE], user)[0] == 401
    # Who was right is told of a miss.
    for name in ("nothing.bin", f"{MAC}.boot"):
        assert curl(house, url.rsplit("/", 1)[0] + "/" + name, right)[0] == 404
    # A common file, to any phone of the user.
    assert curl(house, url.rsplit("/", 1)[0] + "/y000000000000.cfg", right)[0] in (200, 404)
    assert curl(house, url.rsplit("/", 1)[0] + "/y000000000000.cfg", f"{MAC}:wrong")[0] == 401


class Md5(urllib.request.HTTPDigestAuthHandler):
    """A client that knows MD5 alone, as phones do, and looks through the challenges for it."""

    def http_error_401(self, req, fp, code, msg, headers):
        challenges = headers.get_all("www-authenticate")
        assert [re.search("algorithm=([^,]+)", text)[1] for text in challenges] == ["SHA-256", "MD5"]
        del headers["www-authenticate"]
        headers["www-authenticate"] = challenges[1]
        return super().http_error_401(req, fp, code, msg, headers)


def test_wget_and_python_fetch_too(house):
    url, password = house.urls[MAC], house.passwords[MAC]
    ca = str(house.folder / "ca.pem")
    body = curl(house, url, f"{MAC}:{password}")[1]
    context = house.tls()
    manager = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    manager.add_password(None, url, MAC, password)
    kind = {"basic": urllib.request.HTTPBasicAuthHandler,
            "digest": Md5,
            # As it is: it reads one challenge, and nothing but MD5.
            "digest_md5": urllib.request.HTTPDigestAuthHandler}[house.word]
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context),
                                         kind(manager))
    assert opener.open(url, timeout=30).read().decode() == body
    if not shutil.which("wget"):
        pytest.skip("no wget")
    done = subprocess.run(["wget", "-q", "-O", "-", "--ca-certificate", ca, f"--user={MAC}",
                           f"--password={password}", url], capture_output=True, text=True,
                          timeout=60)
    assert (done.returncode, done.stdout) == (0, body), done.stderr


def shape(answer):
    return re.sub(rb'nonce="[0-9a-f]{64}"', b"", answer.without_date())


def paths(house):
    token = token_of(house.urls[MAC])
    targets = {**kinds(token), "the right path": f"/provision/{token}/{MAC}.cfg",
               "a phone without a password": f"/provision/{token}/{BARE}.cfg",
               "a phone that there is not": f"/provision/{token}/{ABSENT}.cfg",
               "a common file": f"/provision/{token}/y000000000000.cfg",
               "a probe": f"/provision/{token}/{MAC}.boot"}
    assert len(targets) >= 24
    return targets


def ask(house, target, headers=""):
    if target is None:
        return house.raw(f"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n{headers}\r\n".encode())
    return house.get(target, headers)


def wrong(house, path):
    if house.word == "basic":
        return "Authorization: Basic " + base64.b64encode(f"{MAC}:wrong".encode()).decode() + "\r\n"
    nonce = re.search(rb'nonce="(\w+)"', house.get("/").head)[1].decode()
    return (f'Authorization: Digest username="{MAC}", realm="provisioning", nonce="{nonce}", '
            f'uri="{path}", response="{"0" * 32}", qop=auth, nc=00000001, cnonce="c"\r\n')


def test_every_kind_of_path_gets_the_same_bytes(house):
    """Without credentials, and with wrong ones."""
    seen = {}
    for name, target in paths(house).items():
        for headers in ("", wrong(house, target)):
            answer = ask(house, target, headers)
            assert answer.status == 401, name
            seen.setdefault(shape(answer), []).append(name)
    assert len(seen) == 1, seen
    challenges = house.get("/").headers["www-authenticate"]
    if house.word == "basic":
        assert challenges == 'Basic realm="provisioning", charset="UTF-8"'
    elif house.word == "digest_md5":
        assert re.fullmatch(r'Digest realm="provisioning", qop="auth", algorithm=MD5, '
                            r'nonce="\w{64}"', challenges)
    else:
        assert re.fullmatch(r'(?:Digest realm="provisioning", qop="auth", algorithm=SHA-256, '
                            r'nonce="\w{64}"), (?:Digest realm="provisioning", qop="auth", '
                            r'algorithm=MD5, nonce="\w{64}")', challenges)
    assert house.get("/", method="PUT").status == 405


def test_a_phone_that_must_say_its_password_is_a_miss_elsewhere(house):
    path = house.urls[MAC].split(f":{house.port}", 1)[1]
    elsewhere = f"https://localhost:{house.open_port}"
    assert curl(house, elsewhere + path) == (404, "Not Found\n")
    assert curl(house, elsewhere + path, f"{MAC}:{house.passwords[MAC]}")[0] == 404
    assert curl(house, elsewhere + path.replace(MAC, BARE))[0] == 200
    records = wait_until("recorded", lambda: house.ctl(
        "refusal", "list", "--reason", "auth_required", "--json", code=OK).json())
    assert records[0]["reason"] == "auth_required"
    for words, reason in (((), "credentials_missing"), (("--credentials", "right"), "served"),
                          (("--credentials", "wrong"), "credentials_wrong"),
                          (("--listener", "open"), "auth_required")):
        said = house.ctl("explain", MAC, *words, "--json", code=OK).json()
        assert said["reason"] == reason, words
    said = house.ctl("explain", BARE, "--credentials", "right", "--json", code=OK).json()
    assert said["reason"] == "credentials_wrong"


def test_a_captured_header_is_no_use_a_second_time(house):
    if house.word == "basic":
        pytest.skip("Basic is the same each time")
    url, path = house.urls[MAC], house.urls[MAC].split(f":{house.port}", 1)[1]
    done = subprocess.run(["curl", "-sSv", "--digest", "--user", f"{MAC}:{house.passwords[MAC]}",
                           "--cacert", str(house.folder / "ca.pem"), "-o", "/dev/null", url],
                          capture_output=True, text=True, timeout=60)
    captured = re.search(r"^> (Authorization: Digest .*)$", done.stderr, re.M)[1].strip() + "\r\n"
    assert "HTTP/1.1 200" in done.stderr
    for source in ("127.0.0.1", "127.0.0.2"):
        for _ in range(8):  # every worker
            answer = house.get(path, captured, source=source)
            assert answer.status == 401 and "stale=true" in answer.headers["www-authenticate"]
    assert house.get(path.replace(MAC, OTHER), captured).status == 401
    values = figures(house)
    assert values['autoprovd_refusals_total{reason="credentials_wrong"}'] >= 16


def test_five_hundred_phones_behind_one_address_may_be_wrong_twice(house):
    """As Gigaset's are: their factory's pair first. Nobody waits, and the right one is served."""
    if house.word != "basic":
        pytest.skip("the same count")
    house.expected_log.append("kind=refusal_burst")  # these are entered nowhere
    token = token_of(house.urls[MAC])
    failures = []

    def phones(first):
        with house.connect() as tls:
            for number in range(first, first + 125):
                mac = f"7c2f80{number:06x}"
                pair = base64.b64encode(f"{mac}:123456789012".encode()).decode()
                for _ in range(2):
                    tls.sendall(f"GET /provision/{token}/{mac}.cfg HTTP/1.1\r\nHost: h\r\n"
                                f"Authorization: Basic {pair}\r\n\r\n".encode())
                    begin = time.monotonic()
                    answer = read_answer(tls)
                    if answer is None or answer.status != 401 or time.monotonic() - begin > 1.5:
                        failures.append(mac)

    threads = [threading.Thread(target=phones, args=(first,)) for first in range(0, 500, 125)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures
    assert "throttled" not in house.log()
    assert curl(house, house.urls[MAC], f"{MAC}:{house.passwords[MAC]}")[0] == 200


def test_who_guesses_a_password_waits(house):
    if house.word != "basic":
        pytest.skip("the same count")
    path = house.urls[MAC].split(f":{house.port}", 1)[1]
    with house.connect(source="127.0.0.7") as tls:
        for _ in range(BURST + 2):
            tls.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n{wrong(house, path)}\r\n".encode())
            assert read_answer(tls).status == 401

    def is_late():
        begin = time.monotonic()
        answer = house.get(path, wrong(house, path), source="127.0.0.7")
        assert answer.status == 401
        return time.monotonic() - begin > 1.9

    wait_until("late", is_late)
    assert "throttled source=127.0.0.7" in house.log()


def test_a_password_is_never_shown_again(house):
    shown = house.ctl("phone", "show", MAC, "--json", code=OK).json()
    assert shown["auth_required"] and shown["auth_user"] == MAC and shown["auth_password_set"]
    assert "auth_password" not in shown
    house.ctl("phone", "set", MAC, "--auth-user", "desk", "--auth-password-file", "-",
              stdin=house.secret() + "\n", code=OK)
    assert curl(house, house.urls[MAC], f"desk:{house.secrets[-1]}")[0] == 200
    assert curl(house, house.urls[MAC], f"{MAC}:{house.secrets[-1]}")[0] == 401
    refused = house.ctl("phone", "set", BARE, "--auth-required", "yes")
    assert refused.code not in (OK, NOT_FOUND) and "auth_password" in refused.err


@pytest.mark.parametrize("vendor, lines", [
    ("yealink", ("static.auto_provision.server.username = {u}",
                 "static.auto_provision.server.password = {p}")),
    ("snom", ("<http_client_user perm=\"R\">{u}</http_client_user>",
              "<http_client_pass perm=\"R\">{p}</http_client_pass>")),
    ("snom-dect", ("<http_client_pass perm=\"R\">{p}</http_client_pass>",)),
    ("grandstream", ("<P1360>{u}</P1360>", "<P1361>{p}</P1361>")),
    ("poly", ('device.prov.user="{u}"',
              'device.prov.password.set="1" device.prov.password="{p}"')),
    ("ale", ('<setting id="DeviceProvisionServerUsername" value="{u}"/>',
             '<setting id="DeviceProvisionServerPassword" value="{p}"/>')),
])
def test_the_file_carries_them_where_they_are_set(instance, vendor, lines):
    mac, password = "001565000009", "Http-Pass1"
    instance.add_user("alice")
    instance.add_account("alice", "1@pbx.test")
    instance.add_phone("alice", mac, "--vendor", vendor)

    def preview(*words):
        name = [f"{mac}-registration.cfg"] if vendor == "poly" else []
        text = instance.ctl("phone", "preview", mac, *name, *words, code=OK).out
        instance.printed.pop()  # it has the token, on purpose
        return text

    before = preview("--secrets")
    instance.ctl("phone", "set", mac, "--auth-user", "desk", "--auth-password-file", "-",
                 stdin=password + "\n", code=OK)
    after = preview("--secrets")
    for line in lines:
        assert line.format(u="desk", p=password) in after, line
        assert line.format(u="desk", p=password) not in before
    assert password not in preview() and "********" in preview()
    # Nothing else has changed, and nothing stays behind when the password goes.
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert 1 <= len(added) <= 4
    assert "desk" not in before and password not in before
