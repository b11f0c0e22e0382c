"""Phones that ask by multicast: who listens where, what the tool shows of who asked, and what it makes
of them."""

import sqlite3
import socket
import time

import pytest

from instance import EXIT_CONFIG, FAILED, INVALID, NOT_FOUND, OK, USAGE

GROUP = "224.0.1.75"
YEALINK, STRANGER = "805ec0aabbcc", "020000000001"


def group_sockets(port):
    """How many sockets are bound to the group and that port (proc(5): addresses in host order)."""
    with open("/proc/net/udp", encoding="ascii") as file:
        bound = [line.split()[1] for line in file.readlines()[1:]]
    return bound.count(f"{int.from_bytes(socket.inet_aton(GROUP), 'little'):08X}:{port:04X}")


def settings(port, mode="discover", interfaces="127.0.0.1"):
    return f"pnp = {mode}\npnp_interfaces = {{ {interfaces} }}\npnp_port = {port}\n"


@pytest.fixture
def udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


@pytest.fixture
def listening(make_instance, udp_port):
    instance = make_instance(extra=settings(udp_port, mode="provision"))
    instance.init()
    instance.start()
    return instance


def put_questions(instance):
    """As if these phones had asked."""
    now = int(time.time())
    with sqlite3.connect(instance.database, timeout=10) as database:
        for mac, vendor, model in ((YEALINK, "Yealink", "SIP-T53W"), (STRANGER, "OEM", "OEM")):
            database.execute(
                "INSERT INTO pnp (mac, vendor, model, firmware, source, interface, first_at, last_at, count) "
                "VALUES (?, ?, ?, '95.86.0.30', '127.0.0.1', 'lo', ?, ?, 3)",
                (mac, vendor, model, now, now))
    database.close()


def test_it_listens_to_the_group_on_the_named_interface(listening, udp_port):
    assert group_sockets(udp_port) == 1
    assert f"listening pnp=provision group={GROUP} port={udp_port} interfaces=127.0.0.1" in listening.log()
    assert listening.ctl("status", "--json", code=OK).json()["pnp"] == "provision"
    listening.stop()
    assert group_sockets(udp_port) == 0


def test_nobody_listens_unless_told_to(make_instance, udp_port):
    instance = make_instance(extra=f"pnp_interfaces = {{ 127.0.0.1 }}\npnp_port = {udp_port}\n")
    instance.init()
    instance.start()
    assert group_sockets(udp_port) == 0
    assert "pnp=" not in instance.log()
    assert "PnP:            off" in instance.ctl("status", code=OK).out
    said = instance.ctl("explain", YEALINK, "--pnp", code=OK).out
    assert "pnp_off" in said and "nobody listens" in said


def test_another_program_that_shares_the_group_is_no_hindrance(make_instance, udp_port):
    instance = make_instance(extra=settings(udp_port))
    instance.init()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((GROUP, udp_port))
        instance.start()
        assert group_sockets(udp_port) == 2


def test_a_start_that_cannot_listen_says_why(make_instance, udp_port):
    instance = make_instance(extra=settings(udp_port, interfaces="203.0.113.77"))
    instance.init()
    code, said = instance.start_fails()
    assert code == FAILED and "pnp_interfaces: no interface has the address 203.0.113.77" in said
    instance.extra = settings(udp_port)
    instance.write_conf()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", udp_port))
        code, said = instance.start_fails()
    assert code == FAILED and "pnp_port" in said and "a PBX that is bound to 0.0.0.0 is in the way" in said
    instance.extra = f"pnp = discover\npnp_port = {udp_port}\n"
    instance.write_conf()
    code, said = instance.start_fails()
    assert code == EXIT_CONFIG and f"{instance.conf}:" in said and "pnp_interfaces: pnp needs" in said


def test_a_reload_refuses_another_mode(listening, udp_port):
    listening.extra = settings(udp_port)
    listening.write_conf()
    refused = listening.ctl("reload", code=INVALID)
    assert "pnp" in refused.err and "restart" in refused.err
    assert listening.ctl("status", "--json", code=OK).json()["pnp"] == "provision"
    listening.expected_log.append("reload .*pnp")


def test_a_phone_that_asked_becomes_a_users_phone(listening):
    put_questions(listening)
    listening.add_user("alice")
    assert {row["mac"] for row in listening.ctl("pnp", "list", "--json", code=OK).json()} == {
        "80:5e:c0:aa:bb:cc", "02:00:00:00:00:01"}
    assert "95.86.0.30" in listening.ctl("pnp", "show", YEALINK, code=OK).out
    assert "pnp_unknown" in listening.ctl("explain", YEALINK, "--pnp", code=OK).out
    listening.ctl("pnp", "adopt", YEALINK, code=USAGE)
    listening.ctl("pnp", "adopt", "020000000099", "--user", "alice", code=NOT_FOUND)
    said = listening.ctl("pnp", "adopt", YEALINK, "--user", "alice", "--for", "5m", code=OK).out
    assert f"phone {YEALINK} added as yealink T53W" in said
    phone = listening.ctl("phone", "show", YEALINK, "--json", code=OK).json()
    assert (phone["vendor"], phone["model"], phone["user"]) == ("yealink", "T53W", "alice")
    assert time.time() < phone["enrol_until"] <= time.time() + 300
    explained = listening.ctl("explain", YEALINK, "--pnp", "--json", code=OK).json()
    assert explained["served"], explained
    unknown = listening.ctl("pnp", "list", "--unknown", "--json", code=OK).json()
    assert [row["mac"] for row in unknown] == ["02:00:00:00:00:01"]
    listening.ctl("pnp", "forget", STRANGER, code=OK)
    listening.ctl("pnp", "forget", STRANGER, code=NOT_FOUND)
    words = listening.ctl("completion", "words", "--", "pnp", "show", "", code=OK).out
    assert words.split() == [YEALINK]
