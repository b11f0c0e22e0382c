"""A listener without TLS: flat mode alone, bootstrap by default, secrets by its own key with an alarm."""

import http.client

import pytest

from instance import OK, free_port, wait_until

MAC, BARE = "001565123456", "cc5ef641b794"
ON = '{"disable_auto_provision_security": true}'


@pytest.fixture
def door(make_instance):
    """Phones of Yealink and one of no vendor; port is that of the plain listener."""
    instance = make_instance(custom_options=ON)
    instance.plain_port = free_port()
    instance.write_plain = lambda more="": set_plain(instance, more)
    instance.write_plain()
    instance.init()
    instance.start()
    instance.add_user("alice")
    instance.password = instance.secret()
    instance.add_account("alice", "1001@pbx.test", instance.password)
    instance.add_phone("alice", MAC, "--vendor", "yealink")
    instance.add_phone("alice", BARE, "--vendor", "generic")
    return instance


def set_plain(instance, more):
    instance.extra = f"""
listener "plain" {{
    address = 127.0.0.1
    port = {instance.plain_port}
    tls = off
    public_url = "http://127.0.0.1:{instance.plain_port}"
    networks = {{ 127.0.0.0/24 }}
    {more}
}}
"""
    instance.write_conf()


def get(instance, path, source="127.0.0.1"):
    connection = http.client.HTTPConnection("127.0.0.1", instance.plain_port, timeout=10,
                                            source_address=(source, 0))
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_by_a_token_there_is_nothing_without_tls(door):
    path = "/" + door.url(MAC).split("/", 3)[3]
    assert get(door, path)[0] == 404
    assert door.get(path).status == 200  # with TLS
    wait_until("the refusal", lambda: door.ctl(
        "refusal", "list", "--reason", "plain_http", "--json", code=OK).json())


def test_a_phone_without_a_bootstrap_file_is_refused_unless_secrets_may_go_plain(door):
    assert get(door, f"/provision/{BARE}.xml")[0] == 404
    wait_until("the refusal", lambda: door.ctl(
        "refusal", "list", "--reason", "no_bootstrap", "--json", code=OK).json())
    door.write_plain("plain_secrets = yes")
    door.ctl("reload", code=OK)
    door.expected_log.append("alarm alarm=[0-9]+ kind=plain_secrets subject=plain ")
    status, body = get(door, f"/provision/{BARE}.xml")
    assert status == 200 and door.password.encode() in body
    token = door.url(BARE).split("/")[4]
    assert token.encode() not in body  # it would be read on its way
    (alarm,) = wait_until("the alarm", lambda: door.ctl("alarm", "list", "--json", code=OK).json())
    assert (alarm["kind"], alarm["subject"]) == ("plain_secrets", "plain")


def test_outside_its_networks_it_is_the_miss(door):
    assert get(door, f"/provision/{MAC}.cfg", source="127.0.1.1")[0] == 404
    wait_until("the refusal", lambda: door.ctl(
        "refusal", "list", "--reason", "address_not_allowed", "--json", code=OK).json())


@pytest.mark.parametrize("more, said", [
    ("networks = { }", "networks"), ("plain_secrets = maybe", "plain_secrets"),
])
def test_a_wrong_setting_is_an_error_with_its_line(door, more, said):
    door.write_plain("")
    text = door.conf.read_text()
    text = (text.replace("networks = { 127.0.0.0/24 }", "") if said == "networks"
            else text.replace("tls = off", f"tls = off\n    {more}"))
    door.conf.write_text(text)
    result = door.ctl("config", "check")
    assert result.code != OK and said in result.err and f"{door.conf}:" in result.err, result


def test_status_and_health_know_a_listener_without_a_certificate(door):
    rows = door.ctl("status", "--json", code=OK).json()["listeners"]
    ends = {row["name"]: row["certificate_expires_at"] for row in rows}
    assert ends["plain"] is None and ends["phones"] > 0
    assert door.ctl("status", code=OK).out.count("plain") >= 1
