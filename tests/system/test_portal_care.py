"""What must not happen at the portal's door: changes of who is gone, links that outlive a burn, guesses
that nobody sees, one source that fills it."""

import threading

import pytest

from instance import OK
from portal import PASSWORD, Portal

MAC = "cc5ef641b794"
PBX = "pbx.example.com"


@pytest.fixture
def portal(make_instance):
    return Portal(make_instance)


def test_writes_that_wait_when_their_admin_is_deleted_change_nothing(portal):
    portal.set_up()
    mallory = portal.sign_in("mallory", portal.add_admin("mallory", "admin"))
    answers = []

    def add(number):
        copy = portal.browser()
        copy.cookie = mallory.cookie
        body = {"name": f"sleeper{number}", "role": "admin", "password": PASSWORD}
        answers.append(copy.ask("POST", "/admins", body).status)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    assert portal.control("DELETE", "/admins/mallory")[0] == 200
    for thread in threads:
        thread.join()
    rows = [(row["action"], row["actor"]) for row in portal.control("GET", "/audit?limit=1000")[1]["items"]]
    gone = next(index for index, row in enumerate(rows) if row[0] == "admin.del")
    assert not [row for row in rows[:gone] if row[1] == "admin=mallory"], rows[:gone]
    assert set(answers) <= {201, 401, 503}


def test_a_burn_ends_links_and_those_who_came_by_one(portal):
    portal.set_up()
    portal.instance.add_user("alice")
    portal.instance.add_account("alice", f"1001@{PBX}")
    used, _ = portal.invite("alice")
    guest = portal.browser()
    assert guest.ask("POST", "/activation", {"token": used}).status == 201
    unused, _ = portal.invite("alice")
    status, burnt = portal.control("POST", "/users/alice/burn")
    assert status == 200
    portal.instance.secrets += burnt["passwords"].values()
    assert guest.ask("GET", "/my/phones").status == 401
    assert portal.browser().ask("POST", "/activation", {"token": unused}).status == 401


def test_a_new_password_lets_a_locked_out_admin_in(portal):
    portal.set_up()
    portal.add_admin("olga", "viewer")
    for _ in range(7):
        last = portal.browser(source="127.0.0.7").sign_in("olga", "wrong and long enough")
    assert last.status == 429
    fresh = "another long password"
    portal.instance.secrets.append(fresh)
    assert portal.control("PATCH", "/admins/olga", {"password": fresh})[0] == 200
    assert portal.browser(source="127.0.0.8").sign_in("olga", fresh).status == 201


def test_guesses_at_ones_own_password_are_told_as_others_are(portal):
    browser = portal.set_up()
    body = {"current": "not the password", "password": "a new and long password"}
    assert browser.ask("POST", "/session/password", body).status == 422
    assert "admin_refused source=127.0.0.1 reason=wrong_password" in portal.instance.log()
    for _ in range(6):
        answer = browser.ask("POST", "/session/password", body)
    assert answer.status == 429
    rows = portal.control("GET", "/audit")[1]["items"]
    assert any(row["action"] == "session.refused" for row in rows)


def test_a_link_does_not_tell_which_macs_there_are(portal):
    portal.set_up()
    portal.instance.add_user("alice")
    portal.instance.add_user("bob")
    portal.instance.ctl("phone", "add", "bob", MAC, "--vendor", "linphone", code=OK)
    token, _ = portal.invite("alice")
    guest = portal.browser()
    assert guest.ask("POST", "/activation", {"token": token}).status == 201
    told = [guest.ask("POST", "/my/phones", {"mac": MAC}).status for _ in range(8)]
    assert told[:5] == [409] * 5 and told[-1] == 429


def test_secrets_are_not_for_a_browsers_get(portal):
    browser = portal.set_up()
    portal.instance.add_user("alice")
    portal.instance.ctl("phone", "add", "alice", MAC, "--vendor", "linphone", code=OK)
    for path in (f"/phones/{MAC}/url", f"/phones/{MAC}/preview/secrets", "/export/secrets"):
        assert browser.ask("GET", path).status == 403, path
    answer = browser.ask("POST", f"/phones/{MAC}/url")
    assert answer.status == 200
    portal.instance.secrets.append(answer.json["url"].split("/")[4])


def test_an_open_route_looks_at_no_key(portal):
    portal.set_up()
    answer = portal.browser().ask("POST", "/session", {"name": "eva", "password": PASSWORD},
                                  fields="Sec-Fetch-Site: cross-site\r\nAuthorization: Bearer x\r\n")
    assert answer.status == 403


def test_one_source_does_not_fill_the_listener(portal):
    portal.set_up()
    port, portal.instance.port = portal.instance.port, portal.port
    held = [portal.instance.connect(None, 10, "127.0.0.66") for _ in range(64)]
    portal.instance.port = port
    with pytest.raises(OSError):
        portal.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", source="127.0.0.66")
    assert portal.get("/").status == 200
    for connection in held:
        connection.close()
