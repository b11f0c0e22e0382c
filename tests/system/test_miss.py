"""Every refusal looks the same, whatever its cause."""

import itertools
import time

import pytest

from instance import token_of

MAC, OTHER = "cc5ef641b794", "001565aabbcc"


@pytest.fixture
def two_users(instance):
    urls = {}
    for name, mac in (("alice", MAC), ("bob", OTHER)):
        instance.add_user(name)
        instance.add_account(name, f"{name}@pbx.test")
        urls[name] = instance.add_phone(name, mac)
    return instance, token_of(urls["alice"]), urls


def kinds(token):
    """name, request target"""
    return {
        "unknown token": f"/provision/{'0' * 32}/{MAC}.xml",
        "right token with an unknown MAC": f"/provision/{token}/001122334455.xml",
        "right token with another user's MAC": f"/provision/{token}/{OTHER}.xml",
        "token of wrong length": f"/provision/{token[:14]}/{MAC}.xml",
        "token of wrong alphabet": f"/provision/{token[:30]}~~/{MAC}.xml",
        "no MAC in the name": f"/provision/{token}/config.xml",
        "right pair with an unknown extension": f"/provision/{token}/{MAC}.htm",
        "root": "/",
        "another prefix": f"/other/{token}/{MAC}.xml",
        "flat form while off": f"/provision/{MAC}.xml",
        "%00": f"/provision/{token}/{MAC}%00.xml",
        "%2f": f"/provision/{token}%2f{MAC}.xml",
        "..": f"/provision/x/../{token}/{MAC}.xml",
        "backslash": f"/provision\\{token}\\{MAC}.xml",
        "token alone": f"/provision/{token}",
        "folder": f"/provision/{token}/",
        "too deep": f"/provision/{token}/x/{MAC}.xml",
        "multicast MAC": f"/provision/{token}/01005e000001.xml",
        "a head that the gate refuses": None,
    }


def test_all_kinds_of_miss_are_the_same_bytes(two_users):
    instance, token, urls = two_users
    assert instance.get_url(urls["alice"]).status == 200
    answers = {}
    for name, target in kinds(token).items():
        if target is None:
            answer = instance.raw(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        else:
            answer = instance.get(target)
        assert answer is not None, name
        answers[name] = answer
        assert answer.status == 404, name
    shapes = {answer.without_date() for answer in answers.values()}
    assert len(shapes) == 1, {name: a.without_date() for name, a in answers.items()}


def test_flat_from_outside_the_networks_is_the_same_miss(make_instance):
    instance = make_instance(custom_options='{"disable_auto_provision_security": true}',
                             extra="flat_networks = { 10.0.0.0/8 }\n")
    instance.init()
    instance.start()
    instance.add_user("alice")
    instance.add_account("alice", "1@pbx.test")
    instance.add_phone("alice", MAC)
    outside = instance.get(f"/provision/{MAC}.xml")
    unknown = instance.get(f"/provision/{'0' * 32}/{MAC}.xml")
    assert outside.status == 404
    assert outside.without_date() == unknown.without_date()


def test_no_miss_comes_before_its_due_time(two_users):
    instance, token, _ = two_users
    for name, target in kinds(token).items():
        with instance.connect() as tls:
            request = (f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode() if target else
                       b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
            begin = time.monotonic()
            tls.sendall(request)
            assert tls.recv(1) == b"H", name
            # A lower bound is no timed test: it holds on any machine.
            assert time.monotonic() - begin >= 0.049, name


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_a_wrong_method_is_the_same_405_on_every_path(two_users, method):
    instance, token, urls = two_users
    right = urls["alice"].split(f":{instance.port}", 1)[1]
    answers = [instance.get(path, method=method) for path in (right, "/", f"/provision/{MAC}.xml")]
    assert [answer.status for answer in answers] == [405] * 3
    assert answers[0].headers["allow"] == "GET, HEAD"
    assert len({answer.without_date() for answer in answers}) == 1


def test_the_body_of_a_wrong_method_is_dropped_and_the_connection_goes_on(two_users):
    instance, _, urls = two_users
    path = urls["alice"].split(f":{instance.port}", 1)[1]
    from instance import read_answer
    with instance.connect() as tls:
        tls.sendall(b"PUT /log HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)
        assert read_answer(tls).status == 405
        tls.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        assert read_answer(tls).status == 200


def test_every_users_token_with_every_other_users_mac_is_a_miss(instance):
    count = 6
    macs = [f"cc5ef60000{i:02x}" for i in range(count)]
    tokens = []
    for i, mac in enumerate(macs):
        instance.add_user(f"u{i}")
        instance.add_account(f"u{i}", f"{i}@pbx.test")
        tokens.append(token_of(instance.add_phone(f"u{i}", mac)))
    unknown = instance.get(f"/provision/{'0' * 32}/{macs[0]}.xml").without_date()
    hits = set()
    for i, j in itertools.product(range(count), repeat=2):
        answer = instance.get(f"/provision/{tokens[i]}/{macs[j]}.xml")
        assert answer.status == (200 if i == j else 404), (i, j)
        if i == j:
            hits.add(answer.body)
        else:
            assert answer.without_date() == unknown, (i, j)
    assert len(hits) == count, "each hit is its own phone's file"


def test_refusals_are_counted_by_reason(two_users):
    instance, token, _ = two_users
    for target in kinds(token).values():
        if target:
            instance.get(target)
    counts = instance.ctl("status", "--json", code=0).json()["requests"]
    for reason in ("unknown_pair", "bad_token", "unknown_file", "unknown_path", "flat_off",
                   "bad_request"):
        assert counts[reason] > 0, reason
