"""The daemon's log: JSON lines, and the journal's fields."""

import json
import os
import re
import socket

import pytest

from instance import OK, token_of, wait_until

MAC = "cc5ef641b794"
JOURNAL = "/run/systemd/journal/socket"


def add_phone(instance):
    instance.add_user("alice")
    return instance.add_phone("alice", MAC, "--vendor", "linphone")


def json_lines(instance):
    return [json.loads(line) for line in instance.log().splitlines()]


def events(lines, name):
    return [line for line in lines if line["event"] == name]


def test_json_has_an_object_for_each_line_and_a_member_for_each_pair(make_instance):
    instance = make_instance(extra="log_format = json\n")
    instance.init()
    instance.start()
    url = add_phone(instance)
    agent = 'Lin"phone\\ reason=x'
    assert instance.get_url(url, headers=f"User-Agent: {agent}\r\n").status == 200
    assert instance.get(f"/provision/{'0' * 32}/{MAC}.xml", source="127.0.0.2").status == 404
    instance.ctl("phone", "set", MAC, "--disable", code=OK)
    assert instance.get_url(url).status == 404
    instance.stop()  # counted refusals are told at once
    lines = json_lines(instance)
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["ts"]), line
        assert line["level"] in ("error", "warning", "notice", "info", "debug")
        assert all(isinstance(value, str) for value in line.values())
    (fetch,) = events(lines, "fetch")
    assert (fetch["mac"], fetch["user"], fetch["status"]) == (MAC, "alice", "200")
    assert fetch["agent"] == "Lin\\x22phone\\x5c reason=x"
    assert "reason" not in fetch and "message" not in fetch
    guess, known = sorted(events(lines, "refused"), key=lambda line: "mac" in line)
    assert (guess["source"], guess["reason"], guess["count"]) == ("127.0.0.2", "unknown_pair", "1")
    assert (known["mac"], known["reason"]) == (MAC, "disabled")
    assert token_of(url) not in instance.log()


def test_the_form_changes_with_a_reload(make_instance):
    instance = make_instance()
    instance.init()
    instance.start()
    instance.extra = "log_format = json\n"
    instance.write_conf()
    instance.ctl("reload", code=OK)
    last = instance.log().splitlines()[-1]
    assert json.loads(last)["event"] == "admin" or json.loads(last)["event"] == "reload"
    assert re.match(r"\d{4}-\S+Z notice ready ", next(
        line for line in instance.log().splitlines() if " ready " in line))


@pytest.fixture
def journal():
    """What stands where journald listens: only where there is no journald, and as root."""
    if os.path.exists(JOURNAL):
        pytest.skip("journald runs here: its socket is taken")
    try:
        os.makedirs(os.path.dirname(JOURNAL), exist_ok=True)
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        receiver.bind(JOURNAL)
    except OSError as error:
        pytest.skip(f"{JOURNAL} cannot be made: {error}")
    receiver.settimeout(10)
    yield receiver
    receiver.close()
    os.unlink(JOURNAL)


def read_entries(receiver, until):
    """Entries up to the one of the event until, each as field -> value (text values only)."""
    entries = []
    while not entries or entries[-1].get("AP_EVENT") != until:
        fields = {}
        for line in receiver.recv(65536).decode().split("\n"):
            name, _, value = line.partition("=")
            if name:
                assert name not in fields, f"{name} twice"
                fields[name] = value
        entries.append(fields)
    return entries


def test_the_journal_gets_each_pair_as_a_field_of_its_own(make_instance, journal):
    instance = make_instance(extra="log_target = journal\n")
    instance.init()
    instance.start()
    url = add_phone(instance)
    read_entries(journal, "admin")
    assert instance.get_url(url, headers='User-Agent: Lin"phone PRIORITY=0\r\n').status == 200
    fetch = read_entries(journal, "fetch")[-1]
    assert fetch["PRIORITY"] == "6" and fetch["SYSLOG_IDENTIFIER"] == "autoprovd"
    assert (fetch["AP_MAC"], fetch["AP_USER"], fetch["AP_STATUS"]) == (MAC, "alice", "200")
    assert fetch["AP_AGENT"] == "Lin\\x22phone PRIORITY=0"
    assert fetch["MESSAGE"].startswith("fetch source=127.0.0.1 mac=" + MAC)
    assert token_of(url) not in repr(fetch)
    assert instance.log() == "", "standard error has what the journal got"


def test_without_a_journal_lines_go_to_standard_error(make_instance):
    if os.path.exists(JOURNAL):
        pytest.skip("journald runs here")
    instance = make_instance(extra="log_target = journal\n")
    instance.expected_log.append("log target=journal; no journal runs here")
    instance.init()
    instance.start()
    wait_until("told", lambda: " ready " in instance.log())
