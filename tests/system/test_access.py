"""Who gets in beyond the pair: networks, windows and guard rails, as phones and admins meet them. All
of 127.0.0.0/8 is this machine, so its /24s are different networks."""

import time

import pytest

from instance import INVALID, NOT_FOUND, OK, USAGE, read_answer, wait_until

MAC, OTHER = "cc5ef641b794", "cc5ef641b795"
COLONS = "cc:5e:f6:41:b7:94"
ON = '{"disable_auto_provision_security": true}'
HOME, AWAY = "127.0.0.1", "127.0.1.1"


@pytest.fixture
def phone(instance):
    instance.add_user("alice")
    instance.password = instance.secret()
    instance.add_account("alice", "1001@pbx.test", instance.password)
    instance.expected_log.append("alarm alarm=[0-9]+ kind=new_network ")
    return instance, instance.add_phone("alice", MAC)


def path_of(url):
    return "/" + url.split("/", 3)[3]


def by_token(instance, url, source=HOME, **options):
    return instance.get(path_of(url), source=source, **options)


def flat(instance, mac=MAC, source=HOME, **options):
    return instance.get(f"/provision/{mac}.xml", source=source, **options)


def restart_with(instance, extra):
    instance.stop()
    instance.extra = extra
    instance.write_conf()
    instance.start()


def reason(instance, *options):
    return instance.ctl("explain", MAC, *options, "--json", code=OK).json()["reason"]


def test_networks_of_phone_and_user_are_where_it_may_come_from(phone):
    instance, url = phone
    instance.ctl("phone", "set", MAC, "--networks", "127.0.0.0/24", code=OK)
    assert by_token(instance, url).status == 200
    assert by_token(instance, url, AWAY).status == 404
    assert reason(instance, "--from", AWAY) == "address_not_allowed"
    instance.ctl("user", "set", "alice", "--networks", "127.0.1.0/24,10.0.0.0/8", code=OK)
    assert by_token(instance, url).status == 404
    assert by_token(instance, url, AWAY).status == 404
    instance.ctl("phone", "set", MAC, "--networks", "", code=OK)
    assert by_token(instance, url, AWAY).status == 200
    shown = instance.ctl("user", "show", "alice", "--json", code=OK).json()
    assert shown["networks"] == ["127.0.1.0/24", "10.0.0.0/8"]
    bad = instance.ctl("phone", "set", MAC, "--networks", "127.0.0.1/24")
    assert bad.code == INVALID and "as in 192.0.2.7, 10.0.0.0/8" in bad.err


def test_secrets_once_are_served_once_and_again_in_a_window(phone):
    instance, url = phone
    instance.ctl("phone", "set", MAC, "--secrets", "once", code=OK)
    with instance.connect() as tls:
        tls.sendall(f"HEAD {path_of(url)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert read_answer(tls, "HEAD").status == 200  # and uses nothing up
    assert instance.ctl("phone", "show", MAC, "--json", code=OK).json()["first_fetch_at"] == 0
    first = by_token(instance, url)
    assert instance.password.encode() in first.body
    again = by_token(instance, url)  # within the minute: the same fetch
    assert again.body == first.body
    assert by_token(instance, url, headers=f"If-None-Match: {first.headers['etag']}\r\n").status == 304
    elsewhere = by_token(instance, url, AWAY)
    assert elsewhere.status == 200 and instance.password.encode() not in elsewhere.body
    assert b"1001" in elsewhere.body  # the rest of the file is there
    shown = instance.ctl("phone", "show", MAC, "--json", code=OK).json()
    assert shown["first_fetch_network"] == "127.0.0.0/24" and shown["first_fetch_at"] > 0
    said = instance.ctl("phone", "enrol", MAC, "--for", "5m", code=OK).out
    assert "1 phone may enrol now" in said
    assert instance.password.encode() in by_token(instance, url, AWAY).body
    assert instance.password.encode() not in by_token(instance, url).body
    shown = instance.ctl("phone", "show", MAC, "--json", code=OK).json()
    assert shown["first_fetch_network"] == "127.0.1.0/24"
    assert shown["enrol_until"] <= time.time() + 60  # the fetch that it was opened for has come


def test_secrets_of_the_first_network_stay_there(phone):
    instance, url = phone
    restart_with(instance, "secrets = first_network\n")
    assert instance.password.encode() in by_token(instance, url).body
    for _ in range(2):
        assert instance.password.encode() not in by_token(instance, url, AWAY).body
        assert instance.password.encode() in by_token(instance, url).body


def test_flat_mode_with_windows_serves_whom_an_admin_lets_in(phone):
    instance, _ = phone
    restart_with(instance, f"flat_enrolment = window\ncustom_options = '{ON}'\n")
    assert flat(instance).status == 404
    wait_until("the refusal", lambda: instance.ctl(
        "refusal", "list", "--reason", "window_closed", "--json", code=OK).json())
    instance.ctl("phone", "enrol", "--user", "alice", "--for", "10m", code=OK)
    assert flat(instance).status == 200
    assert flat(instance, source=AWAY).status == 404  # the window was used up here
    assert flat(instance).status == 200
    instance.ctl("phone", "enrol", MAC, "--close", code=OK)
    assert flat(instance).status == 200  # in the network of its first fetch
    assert flat(instance, source=AWAY).status == 404


def test_flat_per_phone(phone):
    instance, url = phone
    instance.ctl("options", "set", ON, code=OK)
    instance.ctl("phone", "set", MAC, "--flat", "off", code=OK)
    assert flat(instance).status == 404
    assert by_token(instance, url).status == 200
    result = instance.ctl("explain", "-", "--json", stdin=f"https://h/provision/{MAC}.xml").json()
    assert result["reason"] == "flat_closed" and "--flat full" in result["next"]
    instance.ctl("phone", "set", MAC, "--flat", "", code=OK)
    assert flat(instance).status == 200
    bad = instance.ctl("phone", "set", MAC, "--flat", "half")
    assert bad.code == INVALID and "full, bootstrap, off" in bad.err


def test_a_sweep_in_flat_mode_is_paused_and_tokens_go_on(phone):
    instance, url = phone
    instance.expected_log += ["flat_paused subject=", "alarm alarm=[0-9]+ kind=flat_budget "]
    restart_with(instance, f"flat_budget = 20\nflat_budget_per_oui = 10\ncustom_options = '{ON}'\n")
    assert flat(instance).status == 200
    for number in range(10):
        assert flat(instance, f"0200000000{number:02x}").status == 404
    assert flat(instance).status == 200  # the budget is spent, not exceeded
    assert flat(instance, "0200000000ff").status == 404
    assert flat(instance).status == 404
    assert by_token(instance, url).status == 200
    (alarm,) = wait_until("the alarm", lambda: instance.ctl("alarm", "list", "--json", code=OK).json())
    assert (alarm["kind"], alarm["subject"]) == ("flat_budget", "020000")
    wait_until("the refusal", lambda: instance.ctl(
        "refusal", "list", "--reason", "flat_paused", "--json", code=OK).json())


def test_an_agent_that_contradicts_raises_an_alarm_or_is_refused(phone):
    instance, _ = phone
    instance.expected_log.append("alarm alarm=[0-9]+ kind=agent_contradicts ")
    url = instance.add_phone("alice", OTHER, "--vendor", "yealink")
    mine = "User-Agent: Yealink SIP-T54W 96.86.0.100 cc:5e:f6:41:b7:95\r\n"
    others = "User-Agent: Yealink SIP-T54W 96.86.0.100 cc:5e:f6:41:b7:00\r\n"
    brand = "User-Agent: Grandstream Model HW GXP2170 SW 1.0 DevId cc5ef641b795\r\n"
    assert by_token(instance, url, headers=mine).status == 200
    assert instance.ctl("alarm", "list", "--json", code=OK).json() == []
    assert by_token(instance, url, headers=others).status == 200
    (alarm,) = wait_until("the alarm", lambda: instance.ctl("alarm", "list", "--json", code=OK).json())
    assert (alarm["kind"], alarm["subject"]) == ("agent_contradicts", OTHER)
    assert "names another MAC" in alarm["detail"]
    restart_with(instance, "agent_check = refuse\n")
    assert by_token(instance, url, headers=mine).status == 200
    assert by_token(instance, url, headers=others).status == 404
    assert by_token(instance, url, headers=brand).status == 404
    assert by_token(instance, url, headers="User-Agent: curl/7.88\r\n").status == 200


def test_a_fetch_from_another_network_raises_an_alarm(phone):
    instance, url = phone
    assert by_token(instance, url).status == 200
    wait_until("the fetch", lambda: instance.ctl("fetch", "list", "--json", code=OK).json())
    assert by_token(instance, url, AWAY).status == 200
    (alarm,) = wait_until("the alarm", lambda: instance.ctl("alarm", "list", "--json", code=OK).json())
    assert (alarm["kind"], alarm["subject"]) == ("new_network", MAC)


def test_enrol_takes_a_file_all_or_nothing(phone, tmp_path):
    instance, _ = phone
    instance.add_phone("alice", OTHER)
    table = tmp_path / "phones.csv"
    table.write_text(f"user,mac,label\r\nalice,{MAC},Desk\r\nbob,,\r\nalice,{COLONS[:-1]}5,\r\n")
    assert "2 phones may enrol now" in instance.ctl("phone", "enrol", "--file", table, code=OK).out
    rows = instance.ctl("audit", "list", "--json", code=OK).json()
    assert sum(row["action"] == "phone.enrol" for row in rows) == 2
    table.write_text(f"{MAC}\n0200000000aa\n")
    unknown = instance.ctl("phone", "enrol", "--file", table, "--close")
    assert unknown.code == NOT_FOUND and "nothing was opened" in unknown.err
    assert instance.ctl("phone", "show", MAC, "--json", code=OK).json()["enrol_until"] > 0
    table.write_text(f"{MAC}\nno mac\n")
    bad = instance.ctl("phone", "enrol", "--file", table)
    assert bad.code == INVALID and f"{table}:2: this is no MAC" in bad.err
    assert instance.ctl("phone", "enrol").code == USAGE
    assert instance.ctl("phone", "enrol", MAC, "--for", "3d").code == INVALID


def test_token_status_lists_who_has_not_moved(phone):
    instance, url = phone
    assert "every phone is on its user's own token" in instance.ctl("token", "status", code=OK).out
    instance.ctl("token", "rotate", "alice", code=OK)
    (row,) = instance.ctl("token", "status", "alice", "--json", code=OK).json()
    assert str(row["since"]) not in instance.ctl("token", "status", code=OK).out  # a date
    assert (row["mac"], row["why"]) == (COLONS, "previous_token")
    assert by_token(instance, url).status == 200  # the old one, in its grace time
    assert instance.ctl("token", "status", "--json", code=OK).json()
    assert by_token(instance, instance.url(MAC)).status == 200
    assert instance.ctl("token", "status", "--json", code=OK).json() == []
