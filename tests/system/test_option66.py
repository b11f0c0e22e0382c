"""Option 66 for real: dnsmasq tells a client its URL, flat mode points it to its own, and closes. Server
and client stand in network namespaces that this test makes."""

import os
import re
import shutil
import subprocess

import pytest

import instance as instance_module
from instance import AUTOPROVCTL, OK, TOP, make_certificate, wait_until

MAC, COLONS = "001565123456", "00:15:65:12:34:56"
SERVER, PREFIX = "10.77.0.1", "https://10.77.0.1/provision/"
ON = '{"disable_auto_provision_security": true}'
SCRIPT = """#!/bin/sh
# What dhclient-script(8) does, as far as this needs it.
case "$reason" in
BOUND) ip addr add "$new_ip_address/24" dev vc && echo "$new_tftp_server_name" >"{told}" ;;
esac
"""


class Net:
    """Two namespaces with a cable between; programs run in them are ended with it."""

    def __init__(self, folder):
        self.names = [f"ap{os.getpid()}{end}" for end in "sc"]
        self.folder = folder
        self.processes = []

    def run(self, *command):
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def make(self):
        server, client = self.names
        for command in ((f"ip netns add {server}"), f"ip netns add {client}",
                        f"ip link add vs netns {server} type veth peer name vc netns {client}",
                        f"ip -n {server} addr add {SERVER}/24 dev vs", f"ip -n {server} link set lo up",
                        f"ip -n {server} link set vs up", f"ip -n {client} link set vc address {COLONS}",
                        f"ip -n {client} link set vc up"):
            result = self.run(*command.split())
            if result.returncode != 0:
                return f"{command}: {result.stderr.strip()}"
        return None

    def start(self, end, *command):
        with open(self.folder / f"{os.path.basename(command[0])}.log", "wb") as log:
            process = subprocess.Popen(["ip", "netns", "exec", self.names[end], *map(str, command)],
                                       stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def end(self):
        for process in self.processes:
            process.kill()
            process.wait()
        for name in self.names:
            self.run("ip", "netns", "del", name)


@pytest.fixture
def net(tmp_path):
    missing = [tool for tool in ("ip", "dnsmasq", "dhclient", "curl") if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    net = Net(tmp_path)
    fault = net.make()
    if fault:
        net.end()
        pytest.skip(f"no network namespaces here: {fault}")
    yield net
    net.end()


@pytest.fixture
def server(net, make_instance, monkeypatch):
    """The daemon in the server's namespace, on port 443."""
    wrapper = net.folder / "autoprovd"
    wrapper.write_text(f'#!/bin/sh\nexec ip netns exec {net.names[0]} '
                       f'"{instance_module.AUTOPROVD}" "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setattr(instance_module, "AUTOPROVD", str(wrapper))
    instance = make_instance(extra="flat = bootstrap\n", custom_options=ON)
    make_certificate(instance.folder, "ecdsa", "ecdsa", names=f"IP:{SERVER}")
    (instance.folder / "ca.pem").write_bytes((instance.folder / "ecdsa.pem").read_bytes())
    text = instance.conf.read_text()
    text = (text.replace("address = '127.0.0.1'", f"address = '{SERVER}'")
            .replace(f"port = {instance.port}", "port = 443")
            .replace(f"https://localhost:{instance.port}", f"https://{SERVER}"))
    instance.conf.write_text(re.sub(r'    certificate "rsa" {.*?}\n', "", text, flags=re.S))
    instance.init()
    instance.start()
    return instance


def fetch(net, server, url):
    """What the phone's own GET brings, from its namespace."""
    result = net.run("ip", "netns", "exec", net.names[1], "curl", "-s", "-m", "10", "--cacert",
                     str(server.folder / "ca.pem"), "-A", f"Yealink SIP-T54W 96.86.0.100 {COLONS}",
                     "-o", "-", "-w", "\n%{http_code}", url)
    body, _, status = result.stdout.rpartition("\n")
    return int(status or 0), body


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
    net.start(0, "dnsmasq", "--conf-file=/dev/null", "--no-daemon", "--port=0", "--interface=vs",
              "--bind-interfaces", "--user=root", "--pid-file=",
              "--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,1h",
              f"--dhcp-leasefile={net.folder}/leases", *(f"--{option}" for option in options))
    told = net.folder / "told"
    script, conf = net.folder / "script", net.folder / "dhclient.conf"
    script.write_text(SCRIPT.format(told=told))
    script.chmod(0o755)
    conf.write_text("request subnet-mask, routers, tftp-server-name;\n")
    net.start(1, "dhclient", "-4", "-1", "-d", "-q", "-cf", conf, "-sf", script, "-lf",
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
