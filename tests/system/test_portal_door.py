"""The portal's door: who gets in, how sessions begin and end, what a browser is told and a stranger is
not. The pages behind it have tests of their own (tests/portal)."""

import json
import sqlite3
import threading

import pytest

from instance import EXISTS, INVALID, NOT_FOUND, OK, wait_until
from portal import API, COOKIE, OURS, PASSWORD, Portal

MAC, OTHER_MAC = "cc5ef641b794", "cc5ef641b795"
PBX = "pbx.example.com"


@pytest.fixture
def portal(make_instance):
    return Portal(make_instance)


# -- the first admin -------------------------------------------------------------------------------

def test_the_first_admin_is_made_once_with_the_token_of_this_machine(portal):
    browser = portal.browser()
    assert browser.get("/portal") == {"setup_needed": True}
    body = {"token": "0" * 64, "name": "eva", "password": PASSWORD}
    assert browser.ask("POST", "/setup", body).status == 401
    status, old = portal.control("POST", "/admins/setup-token")
    assert status == 201
    status, made = portal.control("POST", "/admins/setup-token")
    assert status == 201 and made["ends_at"] >= old["ends_at"]
    assert browser.ask("POST", "/setup", {**body, "token": old["token"]}).status == 401
    answer = browser.ask("POST", "/setup", {**body, "token": made["token"], "password": "short"})
    assert answer.status == 422 and answer.json["pointer"] == "/password"
    answer = browser.ask("POST", "/setup", {**body, "token": made["token"]})
    assert answer.status == 201, answer.body
    assert answer.json["kind"] == "admin" and answer.json["role"] == "admin"
    assert answer.json["name"] == "eva"
    assert browser.get("/session")["id"] == answer.json["id"]
    assert browser.get("/portal") == {"setup_needed": False}
    # For good: neither the token nor another one, nor who has the socket.
    other = portal.browser()
    assert other.ask("POST", "/setup", {**body, "token": made["token"]}).status == 409
    assert portal.control("POST", "/admins/setup-token")[0] == 409
    portal.instance.secrets += [old["token"], made["token"], PASSWORD]
    assert "admin_signed_in admin=eva source=127.0.0.1" in portal.instance.log()


def test_the_setup_token_is_for_the_socket_alone(portal):
    browser = portal.set_up()
    assert browser.ask("POST", "/admins/setup-token").status == 403


# -- in and out ------------------------------------------------------------------------------------

def test_sign_in_and_out(portal):
    portal.set_up()
    browser = portal.browser()
    assert browser.ask("GET", "/session").status == 401
    answer = browser.sign_in("EVA", PASSWORD)
    assert answer.status == 201 and answer.json["name"] == "eva"
    assert answer.json["ends_at"] - answer.json["created_at"] == 12 * 3600
    assert answer.json["idle_ends_at"] - answer.json["created_at"] == 1800
    cookie = browser.cookie
    assert browser.get("/users") == {"items": [], "next": None}
    assert browser.ask("DELETE", "/session").status == 200
    assert browser.cookie is None
    browser.cookie = cookie
    assert browser.ask("GET", "/session").status == 401


def test_wrong_names_and_passwords_are_told_alike(portal):
    portal.set_up()
    portal.add_admin("off", "viewer", "password of off")
    assert portal.control("PATCH", "/admins/off", {"enabled": False})[0] == 200
    told = set()
    for name, password in (("eva", "wrong"), ("nobody", PASSWORD), ("off", "password of off"),
                           ("eva ", PASSWORD), ("ev\u00e4", PASSWORD)):
        answer = portal.browser().sign_in(name, password)
        assert answer.status == 401 and "set-cookie" not in answer.headers
        told.add(answer.body)
    assert len(told) == 1


def test_too_many_wrong_tries_of_an_account_refuse_the_right_one_too(portal):
    portal.set_up()
    for number in range(6):
        browser = portal.browser(source=f"127.0.0.{number + 2}")
        assert browser.sign_in("eva", "wrong password").status == 401
    browser = portal.browser(source="127.0.0.99")
    answer = browser.sign_in("Eva", PASSWORD)
    assert answer.status == 429 and 1 <= int(answer.headers["retry-after"]) <= 2
    assert answer.json["type"] == "urn:autoprovd:problem:throttled"
    assert "set-cookie" not in answer.headers
    wait_until("she may again", lambda: browser.sign_in("eva", PASSWORD).status == 201)
    rows = portal.instance.ctl("audit", "list", "--json", code=OK).json()
    refused = [row for row in rows if row["action"] == "session.refused"]
    assert len(refused) == 1 and refused[0]["object"] == "admin=eva"
    assert refused[0]["detail"] == "tries=6"


def test_too_many_wrong_tries_from_one_source_refuse_it_whatever_the_name(portal):
    portal.set_up()
    for number in range(6):
        assert portal.browser("127.0.0.7").sign_in(f"name{number}", "wrong").status == 401
    assert portal.browser("127.0.0.7").sign_in("eva", PASSWORD).status == 429
    assert portal.browser("127.0.0.8").sign_in("eva", PASSWORD).status == 201


def test_another_password_ends_the_others_but_not_this_session(portal):
    browser = portal.set_up()
    other = portal.sign_in("eva", PASSWORD)
    new = "another horse battery"
    portal.instance.secrets.append(new)
    body = {"current": "wrong", "password": new}
    assert browser.ask("POST", "/session/password", body).json["pointer"] == "/current"
    answer = browser.ask("POST", "/session/password", {"current": PASSWORD, "password": "eva"})
    assert answer.status == 422 and answer.json["pointer"] == "/password"
    assert browser.ask("POST", "/session/password", {**body, "current": PASSWORD}).status == 200
    assert browser.ask("GET", "/session").status == 200
    assert other.ask("GET", "/session").status == 401
    assert portal.browser().sign_in("eva", PASSWORD).status == 401
    portal.sign_in("eva", new)


# -- sessions --------------------------------------------------------------------------------------

def test_a_stolen_session_is_seen_and_ended_by_another_admin(portal):
    browser = portal.set_up()
    password = portal.add_admin("olaf", "operator")
    thief = portal.sign_in("olaf", password)
    rows = browser.get("/sessions")["items"]
    assert {(row["name"], row["current"]) for row in rows} == {("eva", True), ("olaf", False)}
    stolen = next(row for row in rows if row["name"] == "olaf")
    assert stolen["address"] == "127.0.0.1" and stolen["kind"] == "admin"
    assert thief.ask("GET", "/users").status == 200
    assert browser.ask("DELETE", f"/sessions/{stolen['id']}").status == 200
    assert thief.ask("GET", "/users").status == 401
    assert browser.ask("DELETE", f"/sessions/{stolen['id']}").status == 404


def test_who_is_no_admin_sees_and_ends_own_sessions_alone(portal):
    browser = portal.set_up()
    password = portal.add_admin("olaf", "viewer")
    olaf, elsewhere = (portal.sign_in("olaf", password) for _ in range(2))
    rows = olaf.get("/sessions")["items"]
    assert len(rows) == 2 and {row["name"] for row in rows} == {"olaf"}
    eva = browser.get("/session")["id"]
    assert olaf.ask("DELETE", f"/sessions/{eva}").status == 404
    mine = next(row["id"] for row in rows if not row["current"])
    assert olaf.ask("DELETE", f"/sessions/{mine}").status == 200
    assert elsewhere.ask("GET", "/session").status == 401
    assert browser.ask("GET", "/session").status == 200


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"enabled": False},
                                    {"password": "yet another password"}, None])
def test_a_changed_or_deleted_admin_has_no_session_left(portal, change):
    browser = portal.set_up()
    olaf = portal.sign_in("olaf", portal.add_admin("olaf", "operator"))
    if change is None:
        assert browser.ask("DELETE", "/admins/olaf").status == 200
    else:
        assert browser.ask("PATCH", "/admins/olaf", change).status == 200
    assert olaf.ask("GET", "/session").status == 401


def test_the_database_has_neither_cookie_nor_password(portal):
    portal.set_up()
    database = sqlite3.connect(f"file:{portal.instance.database}?mode=ro", uri=True)
    assert database.execute("SELECT length(digest) FROM session").fetchone()[0] == 32
    assert database.execute("SELECT hash FROM admin").fetchone()[0].startswith(
        "$argon2id$v=19$m=19456,t=2,p=1$")
    database.close()
    # finish() of the instance looks for both in all columns, files and logs.


# -- roles -----------------------------------------------------------------------------------------

def test_roles_are_those_of_the_api(portal):
    portal.set_up()
    viewer = portal.sign_in("vera", portal.add_admin("vera", "viewer"))
    operator = portal.sign_in("olaf", portal.add_admin("olaf", "operator"))
    assert viewer.ask("GET", "/users").status == 200
    assert viewer.ask("POST", "/reload").status == 403
    assert operator.ask("POST", "/reload").status == 200
    for browser in (viewer, operator):
        assert browser.ask("GET", "/admins").status == 403
        assert browser.ask("POST", "/admins", {"name": "x", "role": "admin",
                                               "password": PASSWORD}).status == 403
        assert browser.ask("GET", "/my/phones").status == 403
    rows = portal.control("GET", "/audit")[1]["items"]
    assert {"admin=olaf", "admin=vera", "admin=eva"} <= {row["actor"] for row in rows}


def test_admins_are_changed_as_they_were_seen_and_the_last_one_stays(portal):
    browser = portal.set_up()
    portal.add_admin("olaf", "operator")
    shown = browser.ask("GET", "/admins/olaf")
    assert "password" not in shown.json and "hash" not in shown.json
    tag = shown.headers["etag"]
    fields = OURS + f"If-Match: {tag}\r\n"
    assert browser.ask("PATCH", "/admins/olaf", {"role": "viewer"}, fields).status == 200
    assert browser.ask("PATCH", "/admins/olaf", {"role": "admin"}, fields).status == 412
    assert browser.ask("PATCH", "/admins/eva", {"role": "operator"}).status == 409
    assert browser.ask("PATCH", "/admins/eva", {"enabled": False}).status == 409
    assert browser.ask("DELETE", "/admins/eva").status == 409
    assert browser.ask("PATCH", "/admins/olaf", {"role": "admin"}).status == 200
    assert browser.ask("POST", "/admins", {"name": "OLAF", "role": "viewer",
                                           "password": PASSWORD}).status == 409
    answer = browser.ask("POST", "/admins", {"name": "twelve-letters", "role": "viewer",
                                             "password": "Twelve-Letters"})
    assert answer.status == 422 and answer.json["pointer"] == "/password"
    assert browser.ask("DELETE", "/admins/eva").status == 200
    assert browser.ask("GET", "/session").status == 401


# -- whose request it is ---------------------------------------------------------------------------

@pytest.mark.parametrize("fields, is_ours", [
    ("Sec-Fetch-Site: same-origin\r\n", True),
    ("Sec-Fetch-Site: same-origin\r\nOrigin: https://evil.example\r\n", True),
    ("Sec-Fetch-Site: same-site\r\n", False),
    ("Sec-Fetch-Site: cross-site\r\n", False),
    ("Sec-Fetch-Site: none\r\n", False),
    ("Sec-Fetch-Site: cross-site\r\nOrigin: https://localhost\r\n", False),
    ("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Site: same-origin\r\n", False),
    ("Origin: https://localhost\r\n", True),
    ("Origin: https://LOCALHOST\r\n", True),
    ("Origin: http://localhost\r\n", False),
    ("Origin: https://localhost:1\r\n", False),
    ("Origin: https://evil.example\r\n", False),
    ("Origin: null\r\n", False),
    ("Origin: https://localhost\r\nOrigin: https://localhost\r\n", False),
    ("", False),
])
def test_only_pages_of_ours_use_a_session_or_sign_in(portal, fields, is_ours):
    browser = portal.set_up()
    for method, path, body in (("GET", "/users", None), ("POST", "/users", {"name": "alice"}),
                               ("DELETE", "/users/alice", None)):
        answer = browser.ask(method, path, body, fields)
        assert answer.status in ((200, 201) if is_ours else (403,)), (method, answer.body)
    stranger = portal.browser()
    body = {"name": "eva", "password": PASSWORD}
    assert stranger.ask("POST", "/session", body, fields).status == (201 if is_ours else 403)
    for path, body in (("/setup", {"token": "0", "name": "x", "password": PASSWORD}),
                       ("/activation", {"token": "0"})):
        status = portal.browser().ask("POST", path, body, fields).status
        assert (status == 403) == (not is_ours), path


def test_a_body_that_a_form_could_send_is_none(portal):
    browser = portal.set_up()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        text = json.dumps({"name": "alice"})
        fields = (f"{OURS}Cookie: {COOKIE}={browser.cookie}\r\nContent-Type: {kind}\r\n"
                  f"Content-Length: {len(text)}\r\n")
        answer = portal.raw(f"POST {API}/users HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{text}"
                            .encode())
        assert answer.status == 422


@pytest.mark.parametrize("host, is_ours", [
    ("localhost", True), ("LocalHost:{port}", True), ("127.0.0.1:{port}", True),
    ("[::1]:{port}", True), ("localhost:1", False), ("evil.example", False),
    ("evil.example:{port}", False), ("localhost.evil.example", False), ("127.0.0.2", False),
    ("localhost.", False), ("", False),
])
def test_a_name_that_is_none_of_ours_gets_nothing(portal, host, is_ours):
    host = host.format(port=portal.port)
    key = portal.instance.ctl("apikey", "add", "k", "--json", code=OK).json()["key"]
    portal.instance.secrets.append(key)
    for path, fields in (("/", ""), ("/healthz", ""), (f"{API}/portal", ""), ("/nothing", ""),
                         (f"{API}/users", f"Authorization: Bearer {key}\r\n")):
        answer = portal.get(path, fields, host=host)
        if is_ours:
            assert answer.status == (404 if path == "/nothing" else 200), path
        else:
            assert answer.status == 421, path
            assert b"autoprovd" not in answer.body.replace(b"urn:autoprovd", b"")
    if not is_ours:
        answer = portal.raw(b"GET / HTTP/1.1\r\n\r\n")
        assert answer.status == 421


def test_names_of_the_configuration_are_the_only_ones(make_instance):
    portal = Portal(make_instance, "hosts = { pbx.example.com }")
    assert portal.get("/", host="pbx.example.com").status == 200
    assert portal.get("/", host=f"PBX.example.com:{portal.port}").status == 200
    assert portal.get("/", host="localhost").status == 421


def test_who_comes_from_elsewhere_is_closed_before_tls(make_instance):
    portal = Portal(make_instance, "networks = { 127.0.0.1 }")
    assert portal.get("/").status == 200
    with pytest.raises(OSError):
        portal.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", source="127.0.0.2")
    wait_until("told", lambda: "portal_refused connections=1 last=127.0.0.2" in portal.instance.log())


def test_who_signs_in_again_has_one_session_for_one_browser(portal):
    browser = portal.set_up()
    old = browser.cookie
    assert browser.sign_in("eva", PASSWORD).status == 201
    assert [row["current"] for row in browser.get("/sessions")["items"]] == [True]
    browser.cookie = old
    assert browser.ask("GET", "/session").status == 401


def test_programs_with_keys_need_no_browser(portal):
    key = portal.instance.ctl("apikey", "add", "pbx", "--role", "admin", "--json",
                              code=OK).json()["key"]
    portal.instance.secrets.append(key)
    program = portal.browser()
    fields = f"Authorization: Bearer {key}\r\n"
    assert program.ask("POST", "/users", {"name": "alice"}, fields).status == 201
    assert program.ask("GET", "/session", None, fields).status == 403
    assert program.ask("GET", "/my/phones", None, fields).status == 403
    assert program.ask("GET", "/sessions", None, fields).status == 200
    assert program.ask("GET", "/users", None, "Authorization: Bearer x\r\n").status == 401


# -- files -----------------------------------------------------------------------------------------

def test_files_are_found_by_exact_path_and_asked_about(portal):
    page = portal.get("/")
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    tag = page.headers["etag"]
    again = portal.get("/index.html", f"If-None-Match: W/\"x\", {tag}\r\n")
    assert again.status == 304 and again.body == b"" and again.headers["etag"] == tag
    assert portal.get("/", "If-None-Match: \"other\"\r\n").status == 200
    head = portal.raw(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert head.status == 200 and head.body == b""
    assert head.headers["content-length"] == str(len(page.body))
    for path in ("/none.js", "/index", "/portal.c", "/api", "/provision/x", "/..%2findex.html"):
        assert portal.get(path).status in (400, 404), path
    answer = portal.get("/", "Content-Length: 0\r\n", method="POST")
    assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD"
    assert portal.get("/", method="BREW").status == 405


def test_every_answer_forbids_what_it_does_not_need(portal):
    browser = portal.set_up()  # Portal.raw() looks at the headers of each answer
    for method, path in (("GET", "/session"), ("GET", "/nothing"), ("PUT", "/users"),
                         ("POST", "/users")):
        browser.ask(method, path)
    for path in ("/", "/nothing", "/healthz", "/readyz", "/metrics", "/../x"):
        portal.get(path)
    assert portal.raw(b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").status == 413


# -- users -----------------------------------------------------------------------------------------

def activate(portal, token, source="127.0.0.1"):
    browser = portal.browser(source)
    return browser, browser.ask("POST", "/activation", {"token": token})


def test_a_link_opens_once_for_an_hour_to_own_phones_alone(portal):
    portal.instance.add_user("alice")
    portal.instance.add_account("alice", f"1001@{PBX}")
    portal.instance.add_user("bob")
    portal.instance.add_phone("bob", OTHER_MAC, "--vendor", "linphone")
    token, made = portal.invite("alice")
    browser, answer = activate(portal, token)
    assert answer.status == 201, answer.body
    assert answer.json["kind"] == "user" and answer.json["role"] == "user"
    assert answer.json["name"] == "alice"
    assert answer.json["ends_at"] - answer.json["created_at"] == 3600
    assert activate(portal, token)[1].status == 401
    assert browser.get("/my/phones")["items"] == []
    assert {"vendor": "yealink", "model": "T54W"} in browser.get("/my/models")["items"]
    answer = browser.ask("POST", "/my/phones", {"mac": "CC-5E-F6-41-B7-94", "vendor": "linphone"})
    assert answer.status == 201, answer.body
    phone = answer.json
    portal.instance.secrets.append(phone["url"].rsplit("/", 2)[1])
    assert phone["mac"] == "cc:5e:f6:41:b7:94" and phone["vendor"] == "linphone"
    assert len(phone["qr"]) == len(phone["qr"][0])
    assert phone["url"].startswith(phone["provisioning_base_url"])
    assert portal.instance.get_url(phone["url"]).status == 200
    again = browser.ask("POST", f"/my/phones/{MAC}/url")
    assert again.status == 200 and again.json == phone
    assert [row["mac"] for row in browser.get("/my/phones")["items"]] == [phone["mac"]]
    taken = [browser.ask("POST", "/my/phones", {"mac": mac}) for mac in (MAC, OTHER_MAC)]
    assert [answer.status for answer in taken] == [409, 409] and taken[0].body == taken[1].body
    assert browser.ask("POST", f"/my/phones/{OTHER_MAC}/url").status == 404
    _, rows = portal.control("GET", "/users/alice/invitations")
    assert rows["items"][0]["id"] == made["id"] and rows["items"][0]["used_at"] > 0
    lines = portal.control("GET", f"/phones/{MAC}")[1]["lines"]
    assert [line["account"] for line in lines] == [f"1001@{PBX}"]


def test_a_user_calls_nothing_but_their_own(portal):
    portal.instance.add_user("alice")
    browser, _ = activate(portal, portal.invite("alice")[0])
    from contract import routes_of_source
    for method, path in routes_of_source():
        own = path.startswith(("/api/v1/my/", "/api/v1/session")) and "password" not in path
        if own and path != "/api/v1/sessions" and not path.startswith("/api/v1/sessions/"):
            continue
        if path in ("/api/v1/portal", "/api/v1/setup", "/api/v1/activation", "/healthz", "/readyz"):
            continue
        if not path.startswith(API):
            assert portal.get(path, f"{OURS}Cookie: {COOKIE}={browser.cookie}\r\n").status == 403
            continue
        answer = browser.ask(method.upper(), path.removeprefix(API).replace("*", "x"))
        assert answer.status == 403, f"{method} {path}: {answer.status}"
    assert browser.ask("GET", "/session").status == 200


def test_of_two_who_follow_a_link_at_once_one_gets_in(portal):
    portal.instance.add_user("alice")
    for _ in range(5):
        token, _ = portal.invite("alice")
        gate, found = threading.Barrier(2), []

        def follow():
            browser = portal.browser()
            body = json.dumps({"token": token})
            gate.wait()
            port = portal.port
            request = (f"POST {API}/activation HTTP/1.1\r\nHost: localhost\r\n{OURS}"
                       f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")
            import socket
            raw = socket.create_connection(("127.0.0.1", port), timeout=10)
            with portal.instance.tls().wrap_socket(raw, server_hostname="localhost") as tls:
                tls.sendall(request.encode())
                from instance import read_answer
                answer = read_answer(tls)
            browser.keep(answer.headers.get("set-cookie"))
            found.append(answer.status)

        threads = [threading.Thread(target=follow) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [201, 401]


def test_an_invitation_that_was_taken_back_ends_its_session(portal):
    portal.instance.add_user("alice")
    token, made = portal.invite("alice")
    browser, _ = activate(portal, token)
    assert portal.control("DELETE", f"/invitations/{made['id']}")[0] == 200
    assert browser.ask("GET", "/session").status == 401
    token, made = portal.invite("alice", 60)
    assert portal.control("DELETE", f"/invitations/{made['id']}")[0] == 200
    assert activate(portal, token)[1].status == 401
    assert portal.control("DELETE", f"/invitations/{made['id']}")[0] == 404


def test_guessed_links_are_throttled(portal):
    portal.instance.add_user("alice")
    token, _ = portal.invite("alice")
    for number in range(6):
        assert activate(portal, f"{number:064x}", "127.0.0.9")[1].status == 401
    assert activate(portal, token, "127.0.0.9")[1].status == 429
    assert activate(portal, token, "127.0.0.10")[1].status == 201


def test_an_invitation_needs_a_portal(instance):
    instance.add_user("alice")
    import http.client
    import socket
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(instance.control))
    connection.request("POST", f"{API}/users/alice/invitations", "{}",
                       {"Content-Type": "application/json"})
    assert connection.getresponse().status == 409
    connection.close()


def test_ten_phones_are_what_an_invitation_is_for(portal):
    portal.instance.add_user("alice")
    portal.instance.add_account("alice", f"1001@{PBX}")
    browser, _ = activate(portal, portal.invite("alice")[0])
    for number in range(10):
        answer = browser.ask("POST", "/my/phones", {"mac": f"0200000000{number:02x}"})
        assert answer.status == 201, answer.body
    portal.instance.secrets.append(answer.json["url"].rsplit("/", 2)[1])
    answer = browser.ask("POST", "/my/phones", {"mac": "0200000000ff"})
    assert answer.status == 409 and "10 phones" in answer.json["detail"]


# -- the rest --------------------------------------------------------------------------------------

def test_more_passwords_at_once_than_can_be_looked_at_are_turned_away(portal):
    portal.set_up()
    statuses = []

    def tell(number):
        import socket
        from instance import read_answer
        body = json.dumps({"name": f"n{number}", "password": "wrong"})
        request = (f"POST {API}/session HTTP/1.1\r\nHost: localhost\r\n{OURS}"
                   f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        raw = socket.create_connection(("127.0.0.1", portal.port), timeout=30,
                                       source_address=(f"127.0.1.{number + 1}", 0))
        with portal.instance.tls().wrap_socket(raw, server_hostname="localhost") as tls:
            tls.sendall(request.encode())
            statuses.append(read_answer(tls).status)

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 30 and set(statuses) <= {401, 503}
    assert portal.sign_in("eva", PASSWORD)


def test_figures_count_sign_ins_failures_and_sessions(portal):
    browser = portal.set_up()
    portal.browser().sign_in("eva", "wrong password")
    portal.sign_in("eva", PASSWORD)
    text = browser.portal.get("/metrics", f"{OURS}Cookie: {COOKIE}={browser.cookie}\r\n").body.decode()
    for line in ("autoprovd_sign_ins_total 2", "autoprovd_sign_in_failures_total 1",
                 "autoprovd_sessions 2"):
        assert line in text.splitlines(), text


# -- autoprovctl -----------------------------------------------------------------------------------

def test_the_control_tool_makes_admins_ends_sessions_and_invites(portal):
    ctl = portal.instance.ctl
    token = ctl("admin", "setup-token", code=OK).out.strip()
    password = "from the tool's file"
    portal.instance.secrets += [token, password]
    browser = portal.browser()
    assert browser.ask("POST", "/setup", {"token": token, "name": "eva",
                                          "password": PASSWORD}).status == 201
    assert ctl("admin", "setup-token").code == EXISTS
    ctl("admin", "add", "olaf", "--role", "operator", "--password-file", "-",
        stdin=password + "\n", code=OK)
    assert ctl("admin", "add", "olaf", "--password-file", "-", stdin=password + "\n").code == EXISTS
    assert ctl("admin", "add", "vera", "--password-file", "-", stdin="short\n").code == INVALID
    rows = ctl("admin", "list", "--json", code=OK).json()
    assert {row["name"]: row["role"] for row in rows} == {"eva": "admin", "olaf": "operator"}
    olaf = portal.sign_in("olaf", password)
    rows = ctl("session", "list", "--json", code=OK).json()
    mine = next(row["id"] for row in rows if row["name"] == "olaf")
    ctl("session", "end", mine, code=OK)
    assert olaf.ask("GET", "/session").status == 401
    assert ctl("session", "end", mine).code == NOT_FOUND
    ctl("admin", "set", "olaf", "--enabled", "no", code=OK)
    assert portal.browser().sign_in("olaf", password).status == 401
    assert ctl("admin", "set", "eva", "--role", "viewer").code != OK
    assert ctl("admin", "set", "nobody", "--role", "viewer").code == NOT_FOUND
    ctl("admin", "del", "olaf", "--yes", code=OK)
    portal.instance.add_user("alice")
    url = ctl("user", "invite", "alice", "--for", "1h", code=OK).out.strip()
    token = url.rsplit("/", 1)[1]
    portal.instance.secrets.append(token)
    assert activate(portal, token)[1].status == 201
    assert ctl("user", "invite", "alice", "--for", "8d").code == INVALID
    assert ctl("user", "invite", "nobody").code == NOT_FOUND


def test_sessions_outlive_a_restart_and_names_change_with_a_reload(portal):
    browser = portal.set_up()
    portal.instance.stop()
    portal.instance.start()
    assert browser.ask("GET", "/session").status == 200
    portal.instance.extra = portal.instance.extra.replace(
        "serves = portal", "serves = portal\n    hosts = { pbx.example.com }")
    portal.instance.write_conf()
    portal.instance.ctl("reload", code=OK)
    assert portal.get("/").status == 421
    assert browser.ask("GET", "/session", host="pbx.example.com").status == 200
