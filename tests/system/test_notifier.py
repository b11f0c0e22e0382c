"""notifier = external: a program of the admin's takes orders and tells phones through a PBX."""

import signal
import subprocess
import time

import pytest

from instance import AUTOPROVCTL, FAILED, INVALID, NOT_FOUND, OK, USAGE, token_of, wait_until

PBX = "pbx.example.com"
MAC, OTHER, THIRD = "001565000001", "001565000002", "001565000003"

# What a PBX's command would be: keeps its arguments and what stands in the environment.
COMMAND = """#!/bin/sh
{{
    for word; do printf 'word=%s\\n' "$word"; done
    env | grep ^AUTOPROV_ | sort
    echo end
}} >> {folder}/told
case "$AUTOPROV_MAC" in
*:02) exit 3 ;;
*:03) sleep 60 ;;
esac
"""


@pytest.fixture
def house(make_instance):
    """A daemon with three phones; a program that stands for the PBX's."""
    instance = make_instance(extra="notifier = external\nresync_rate = 100\n")
    instance.init()
    instance.start()
    instance.add_user("alice")
    instance.add_account("alice", f"1001@{PBX}")
    for mac in (MAC, OTHER, THIRD):
        instance.ctl("phone", "add", "alice", mac, "--vendor", "yealink", code=OK)
    command = instance.folder / "tell phone.sh"
    command.write_text(COMMAND.format(folder=instance.folder))
    command.chmod(0o700)
    instance.command = command
    instance.notifiers = []
    yield instance
    for process in instance.notifiers:
        process.kill()
        process.wait()


def notifier(house, line):
    log = open(house.folder / "notifier.log", "ab")
    with log:
        process = subprocess.Popen(
            [AUTOPROVCTL, "--config", str(house.conf), "notifier", "--exec", line],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    house.notifiers.append(process)
    return process


def told(house, count=1):
    path = house.folder / "told"

    def blocks():
        found = path.read_text().split("end\n")[:-1] if path.exists() else []
        return found if len(found) >= count else None

    return [block.splitlines() for block in wait_until(f"{count} told", blocks)]


def rows(house, *options):
    return {row["mac"].replace(":", ""): row
            for row in house.ctl("resync", "status", "--user", "alice", *options, "--json",
                                 code=OK).json()}


def test_a_phone_is_told_by_the_command_with_its_values_as_words(house):
    process = notifier(house, f"'{house.command}' -rx 'notify {{event}} to {{sip_user}}@{{domain}}' "
                              "{mac} {contact} \"\"")
    answer = house.ctl("phone", "resync", MAC, code=OK)
    assert "at the PBX has accepted" in answer.out
    block = told(house)[0]
    words = [line[5:] for line in block if line.startswith("word=")]
    assert words == ["-rx", f"notify check-sync;reboot=false to 1001@{PBX}", "00:15:65:00:00:01", "",
                     ""]
    assert "AUTOPROV_EVENT=check-sync;reboot=false" in block
    assert "AUTOPROV_URL=" in block
    row = rows(house)[MAC]
    assert row["outcome"] == "accepted" and row["via"] == "external" and row["fetched_at"] == 0
    # The fetch is the proof.
    assert house.get_url(house.url(MAC)).status == 200
    wait_until("the fetch", lambda: rows(house)[MAC]["fetched_at"] > 0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) == 0


def test_what_the_command_refuses_is_refused_with_its_status(house):
    notifier(house, f'"{house.command}" {{kind}}')
    result = house.ctl("phone", "resync", OTHER, "--reboot", code=FAILED)
    assert "refused with 3" in result.err
    assert "word=reboot" in told(house)[0]
    row = rows(house, "--outcome", "refused")[OTHER]
    assert row["status"] == 3 and row["kind"] == "reboot"


def test_a_url_stands_in_the_environment_alone(house):
    secret = token_of(house.url(MAC))
    notifier(house, f"'{house.command}' {{kind}}")
    house.ctl("phone", "resync", MAC, "--url", code=OK)
    block = told(house)[0]
    assert any(line.startswith("AUTOPROV_URL=https://") and secret in line for line in block)
    assert [line for line in block if line.startswith("word=")] == ["word=url"]
    assert secret not in (house.folder / "notifier.log").read_text()
    result = house.ctl("notifier", "--exec", f"'{house.command}' {{url}}", code=USAGE)
    assert "in the environment alone" in result.err


def test_orders_of_many_and_their_progress(house):
    notifier(house, f"'{house.command}'")
    house.ctl("phone", "del", THIRD, "--yes", code=OK)
    result = house.ctl("resync", "--all", "--wait", code=FAILED)
    assert "2 phones told: 1 accepted, 1 refused, 0 unreachable, 0 failed" in result.out
    status = house.ctl("resync", "status", "--json", code=OK).json()
    assert status["orders"][0]["of"] == "all" and status["orders"][0]["ended_at"] > 0
    assert len(status["phones"]) == 2
    assert "ORDER" in house.ctl("resync", "status", code=OK).out
    result = house.ctl("user", "resync", "alice", "--wait", "--json", code=FAILED)
    assert result.json()["outcomes"]["accepted"] == 1
    # Without a terminal nobody waits unasked.
    assert "is at work" in house.ctl("user", "resync", "alice", code=OK).out
    told(house, 6)


def test_orders_wait_for_a_program_and_can_be_stopped(house):
    house.ctl("resync", "--all", code=OK)
    house.expected_log.append("action=resync.add")
    result = house.ctl("resync", "--stale", code=FAILED)
    assert "autoprovctl resync stop" in result.err
    wait_until("all queued", lambda: len(rows(house, "--outcome", "waiting")) == 3)
    assert "1 order stopped" in house.ctl("resync", "stop", code=OK).out
    wait_until("all cancelled", lambda: len(rows(house, "--outcome", "cancelled")) == 3)
    notifier(house, f"'{house.command}'")
    house.ctl("phone", "resync", MAC, code=OK)
    assert len(told(house)) == 1


def test_a_burn_tells_the_phones(house):
    house.ctl("phone", "del", THIRD, "--yes", code=OK)
    notifier(house, f"'{house.command}'")
    burnt = house.ctl("user", "burn", "alice", "--yes", "--json", code=OK).json()
    house.secrets += burnt["passwords"].values()
    assert burnt["resync"] == 2
    assert len(told(house, 2)) == 2


def test_a_new_program_takes_over_and_a_new_daemon_forgets(house):
    house.ctl("resync", "--all", code=OK)
    wait_until("all queued", lambda: len(rows(house, "--outcome", "waiting")) == 3)
    house.stop()
    house.start()
    wait_until("all cancelled", lambda: len(rows(house, "--outcome", "cancelled")) == 3)
    first = notifier(house, f"'{house.command}'")
    house.stop()
    assert first.wait(timeout=30) != 0  # its unit starts it again
    house.start()
    notifier(house, f"'{house.command}'")
    house.ctl("phone", "resync", MAC, code=OK)


def test_a_daemon_that_stops_waits_for_no_program(house):
    notifier(house, f"'{house.command}'")
    house.ctl("phone", "resync", MAC, code=OK)  # it waits for the next one now
    began = time.monotonic()
    house.stop()
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("line, code, said", [
    ("", USAGE, "no command"),
    ("'/bin/true", USAGE, "a quote"),
    ("true", USAGE, "absolute path"),
    ("/bin/true {password}", USAGE, "no placeholder"),
    ("/bin/true {mac", USAGE, "no placeholder"),
    ("/nowhere/true {mac}", NOT_FOUND, "No such file"),
])
def test_a_command_that_cannot_be_is_refused_at_once(house, line, code, said):
    assert said in house.ctl("notifier", "--exec", line, code=code).err


def test_a_phone_shows_its_contact_and_a_wrong_one_is_refused(house):
    house.ctl("phone", "set", MAC, "--sip-contact", "sip:1001@192.0.2.7:5062", code=OK)
    assert "sip:1001@192.0.2.7:5062" in house.ctl("phone", "show", MAC, code=OK).out
    notifier(house, f"'{house.command}' {{contact}}")
    house.ctl("phone", "resync", MAC, code=OK)
    assert "word=sip:1001@192.0.2.7:5062" in told(house)[0]
    house.ctl("phone", "set", MAC, "--sip-contact", "1001@192.0.2.7", code=INVALID)
    house.ctl("phone", "set", MAC, "--sip-contact", "", code=OK)


def test_the_order_has_an_audit_row_and_the_log_a_line(house):
    notifier(house, f"'{house.command}'")
    house.ctl("phone", "resync", MAC, code=OK)
    audit = house.ctl("audit", "list", "--json", code=OK).json()
    assert any(row["action"] == "resync.add" and row["object"] == f"mac={MAC}" for row in audit)
    log = house.log()
    assert f"resync mac={MAC} order=1 kind=resync via=external outcome=accepted" in log
    assert "resync_order order=1 of=phones phones=1" in log
