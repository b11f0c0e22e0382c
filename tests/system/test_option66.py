"""Option 66 for real: dnsmasq tells a client its URL, flat mode points it to its own, and closes. Server
and client stand in network namespaces that this test makes."""

import os
import re
import subprocess

import pytest

from instance import AUTOPROVCTL, OK, TOP, wait_until
from namespaces import HERE, SERVER, THERE, net_or_skip, serve_in
from namespaces import fetch as fetch_there

MAC, COLONS = "001565123456", "00:15:65:12:34:56"
PREFIX = f"https://{SERVER}/provision/"
ON = '{"disable_auto_provision_security": true}'
SCRIPT = """#!/bin/sh
# What dhclient-script(8) does, as far as this needs it.
case "$reason" in
BOUND) ip addr add "$new_ip_address/24" dev vc && echo "$new_tftp_server_name" >"{told}" ;;
esac
"""


@pytest.fixture
def net(tmp_path):
    net = net_or_skip(tmp_path, ("dnsmasq", "dhclient", "curl"), mac=COLONS)
    yield net
    net.end()


@pytest.fixture
def server(net, make_instance, monkeypatch):
    instance = serve_in(net, make_instance, monkeypatch, extra="flat = bootstrap\n", custom_options=ON)
    instance.start()
    return instance


def fetch(net, server, url):
    return fetch_there(net, server, url, f"Yealink SIP-T54W 96.86.0.100 {COLONS}")


def url_in(body):
    (url,) = re.findall(r"^static\.auto_provision\.server\.url = (\S+)$", body, re.M)
    return url


def test_a_phone_that_knows_option_66_alone_ends_on_its_own_url(net, server):
    server.add_user("alice")
    password = server.secret()
    server.add_account("alice", "1001@pbx.test", password)
    server.ctl("phone", "add", "alice", MAC, "--vendor", "yealink", code=OK)
    options = [line for line in server.ctl("dhcp", "snippet", "dnsmasq", code=OK).out.splitlines()
               if line.startswith("dhcp-option")]
    net.start(HERE, "dnsmasq", "--conf-file=/dev/null", "--no-daemon", "--port=0", "--interface=vs",
              "--bind-interfaces", "--user=root", "--pid-file=",
              "--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,1h",
              f"--dhcp-leasefile={net.folder}/leases", *(f"--{option}" for option in options))
    told = net.folder / "told"
    script, conf = net.folder / "script", net.folder / "dhclient.conf"
    script.write_text(SCRIPT.format(told=told))
    script.chmod(0o755)
    conf.write_text("request subnet-mask, routers, tftp-server-name;\n")
    net.start(THERE, "dhclient", "-4", "-1", "-d", "-q", "-cf", conf, "-sf", script, "-lf",
              net.folder / "leases.client", "-pf", net.folder / "pid", "vc")
    wait_until("the lease", lambda: told.exists() and told.read_text().strip())

    url = told.read_text().strip()
    assert url == PREFIX
    status, body = fetch(net, server, f"{url}{MAC}.cfg")
    assert status == 200 and password not in body and "1001" not in body
    bootstrap = url_in(body)
    assert bootstrap.startswith(PREFIX) and bootstrap != PREFIX
    rows = server.ctl("token", "status", "--json", code=OK).json()
    assert [row["why"] for row in rows] == ["bootstrap"]

    status, body = fetch(net, server, f"{bootstrap}{MAC}.cfg")
    assert status == 200 and password in body
    own = url_in(body)
    assert own.startswith(PREFIX) and own != bootstrap
    server.secrets += [own.split("/")[4]]

    assert fetch(net, server, f"{own}{MAC}.cfg")[0] == 200
    assert server.ctl("phone", "show", MAC, "--json", code=OK).json()["moved_at"] > 0
    assert server.ctl("token", "status", "--json", code=OK).json() == []
    for gone in (url, bootstrap):
        assert fetch(net, server, f"{gone}{MAC}.cfg")[0] == 404
    wait_until("the refusal", lambda: server.ctl(
        "refusal", "list", "--reason", "flat_moved", "--json", code=OK).json())
    assert fetch(net, server, f"{own}{MAC}.cfg")[0] == 200


@pytest.mark.parametrize("name, file", [("dnsmasq", "dnsmasq.conf"), ("kea", "kea-dhcp4.conf"),
                                        ("isc", "dhcpd.conf")])
def test_the_shipped_snippets_are_those_of_the_tool(tmp_path, name, file):
    conf = tmp_path / "autoprovd.conf"
    conf.write_text('listener "phones" { public_url = "https://pbx.example.com" certificate "a" '
                    '{ certificate_file = /a key_file = /b } }\n')
    said = subprocess.run([AUTOPROVCTL, "--config", str(conf), "dhcp", "snippet", name],
                          capture_output=True, text=True, timeout=60)
    with open(os.path.join(TOP, "conf", "dhcp", file), encoding="utf-8") as shipped:
        assert said.stdout == shipped.read()
