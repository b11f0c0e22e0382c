"""Flat mode: off, on, off again, and how far it opens."""

import json
import sqlite3

import pytest

from instance import EXISTS, INVALID, EXIT_CONFIG

MAC = "cc5ef641b794"
ON = '{"disable_auto_provision_security" : true}'
OFF = '{"disable_auto_provision_security": false}'


@pytest.fixture
def phone(instance):
    instance.add_user("alice")
    instance.add_account("alice", "1@pbx.test")
    return instance, instance.add_phone("alice", MAC)


def flat(instance, **options):
    return instance.get(f"/provision/{MAC}.xml", **options).status


def test_flat_mode_off_on_off_without_a_restart(phone):
    instance, url = phone
    process = instance.process.pid
    assert flat(instance) == 404
    for _ in range(3):
        instance.ctl("options", "set", ON, code=0)
        assert [flat(instance) for _ in range(4)] == [200] * 4
        assert instance.get_url(url).status == 200
        instance.ctl("options", "set", OFF, code=0)
        assert [flat(instance) for _ in range(4)] == [404] * 4
        instance.ctl("options", "set", ON, code=0)
        instance.ctl("options", "unset", code=0)
        assert flat(instance) == 404
    assert instance.process.pid == process


def test_flat_requests_while_off_are_counted_in_one_row(phone):
    """The MAC of a known phone proves nothing: whoever asks is a stranger."""
    instance, _ = phone
    for _ in range(50):
        assert flat(instance) == 404
    instance.stop()
    with sqlite3.connect(instance.database) as database:
        rows = database.execute("SELECT count, phone_id FROM refusal WHERE reason = 'flat_off'")
        counts = rows.fetchall()
    database.close()
    assert 1 <= len(counts) <= 2, counts  # one a minute
    assert sum(count for count, _ in counts) == 50
    assert all(phone_id is None for _, phone_id in counts)


def test_a_kept_connection_survives_the_switch(phone):
    from instance import read_answer
    instance, _ = phone
    request = f"GET /provision/{MAC}.xml HTTP/1.1\r\nHost: h\r\n\r\n".encode()
    with instance.connect() as tls:
        tls.sendall(request)
        assert read_answer(tls).status == 404
        instance.ctl("options", "set", ON, code=0)
        tls.sendall(request)
        assert read_answer(tls).status == 200


def test_flat_mode_by_the_conf_file_and_reload(phone):
    instance, _ = phone
    instance.custom_options = ON
    instance.write_conf()
    instance.ctl("reload", code=0)
    assert flat(instance) == 200
    shown = json.loads(instance.ctl("options", "show", "--json", code=0).out)
    assert shown["source"] == "config" and shown["custom_options"] == ON
    instance.custom_options = OFF
    instance.write_conf()
    instance.ctl("reload", code=0)
    assert flat(instance) == 404


def test_the_conf_file_wins_over_the_stored_value(phone):
    instance, _ = phone
    instance.ctl("options", "set", ON, code=0)
    instance.custom_options = OFF
    instance.write_conf()
    instance.ctl("reload", code=0)
    assert flat(instance) == 404
    refused = instance.ctl("options", "set", ON, code=EXISTS)
    assert str(instance.conf) in refused.err
    instance.custom_options = None
    instance.write_conf()
    instance.ctl("reload", code=0)
    assert flat(instance) == 200


def test_stored_options_survive_a_restart(phone):
    instance, _ = phone
    instance.ctl("options", "set", ON, code=0)
    instance.stop()
    instance.start()
    assert flat(instance) == 200


@pytest.mark.parametrize("text, line, column", [
    ('{"disable_auto_provision_security": tru}', 1, None),
    ('{\n "disable_auto_provision_security": true,\n "disable_auto_provision_security": true}', 3,
     None),
    ('{"disable_auto_provision_security": "true"}', 1, None),
    ('{"disable_auto_provision": true}', 1, None),
    ("[]", 1, None),
    ('{"disable_auto_provision_security": true} x', 1, None),
])
def test_broken_options_are_refused_with_line_and_column(phone, text, line, column):
    instance, _ = phone
    instance.ctl("options", "set", ON, code=0)
    refused = instance.ctl("options", "set", text, code=INVALID)
    assert f"line {line}, column " in refused.err, refused.err
    assert refused.err.count("\n") == 1
    assert flat(instance) == 200, "the old value stays"


@pytest.mark.parametrize("header", ["X-Forwarded-For: 10.0.0.1", "Forwarded: for=10.0.0.1",
                                    "X-Real-IP: 10.0.0.1", "Via: 1.1 proxy"])
def test_behind_a_proxy_nobody_is_in_the_flat_networks(phone, header):
    instance, url = phone
    instance.ctl("options", "set", ON, code=0)
    assert flat(instance, headers=header + "\r\n") == 404
    assert instance.get_url(url, headers=header + "\r\n").status == 200


@pytest.mark.parametrize("networks", ["0.0.0.0/0", "::/0", "0.0.0.0/1, 128.0.0.0/1"])
def test_networks_that_cover_everything_are_refused_at_start_and_reload(phone, networks):
    instance, url = phone
    instance.extra = f"flat_networks = {{ {networks} }}\n"
    instance.write_conf()
    refused = instance.ctl("reload", code=INVALID)
    assert "flat_networks" in refused.err and str(instance.conf) in refused.err
    assert instance.get_url(url).status == 200
    instance.expected_log = ["reload result=failed"]
    instance.stop()
    code, said = instance.start_fails()
    assert code == EXIT_CONFIG and "flat_networks" in said


def test_the_log_warns_when_flat_mode_is_on_at_start(phone):
    instance, _ = phone
    instance.ctl("options", "set", ON, code=0)
    instance.stop()
    instance.start()
    assert "flat_mode state=on" in instance.log()
