"""Two network namespaces with a cable between: a server's end and a phone's end. Made by the test that
uses them, which is skipped where that is not possible."""

import os
import re
import shutil
import subprocess

import pytest

import instance as instance_module
from instance import make_certificate

SERVER = "10.77.0.1"
HERE, THERE = 0, 1  # the server's end, the phones' end


class Net:
    """Programs that are started in it are ended with it."""

    def __init__(self, folder):
        self.names = [f"ap{os.getpid()}{end}" for end in "sc"]
        self.folder = folder
        self.processes = []

    def run(self, *command, timeout=60):
        return subprocess.run(list(map(str, command)), capture_output=True, text=True,
                              timeout=timeout)

    def within(self, end, *command, timeout=60):
        return self.run("ip", "netns", "exec", self.names[end], *command, timeout=timeout)

    def make(self, mac, addresses):
        """mac: of the phones' end; addresses: there, with their prefix length."""
        server, client = self.names
        commands = [f"ip netns add {server}", f"ip netns add {client}",
                    f"ip link add vs netns {server} type veth peer name vc netns {client}",
                    f"ip -n {server} addr add {SERVER}/24 dev vs", f"ip -n {server} link set lo up",
                    f"ip -n {server} link set vs up", f"ip -n {client} link set vc address {mac}",
                    f"ip -n {client} link set vc up"]
        commands += [f"ip -n {client} addr add {address} dev vc" for address in addresses]
        for command in commands:
            result = self.run(*command.split())
            if result.returncode != 0:
                return f"{command}: {result.stderr.strip()}"
        return None

    def start(self, end, *command, log=None):
        """The program's process; what it says goes to a file of its name."""
        with open(self.folder / f"{log or os.path.basename(command[0])}.log", "wb") as output:
            process = subprocess.Popen(["ip", "netns", "exec", self.names[end], *map(str, command)],
                                       stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def end(self):
        for process in self.processes:
            process.kill()
            process.wait()
        for name in self.names:
            self.run("ip", "netns", "del", name)


def net_or_skip(folder, tools, mac="02:00:00:00:00:01", addresses=()):
    """To be ended by who asked for it."""
    missing = [tool for tool in ("ip", *tools) if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    net = Net(folder)
    fault = net.make(mac, addresses)
    if fault:
        net.end()
        pytest.skip(f"no network namespaces here: {fault}")
    return net


def serve_in(net, make_instance, monkeypatch, **options):
    """A daemon in the server's end, on port 443; to be started by who asked for it."""
    wrapper = net.folder / "autoprovd"
    if not wrapper.exists():
        wrapper.write_text(f'#!/bin/sh\nexec ip netns exec {net.names[HERE]} '
                           f'"{instance_module.AUTOPROVD}" "$@"\n')
        wrapper.chmod(0o755)
        monkeypatch.setattr(instance_module, "AUTOPROVD", str(wrapper))
    instance = make_instance(**options)
    make_certificate(instance.folder, "ecdsa", "ecdsa", names=f"IP:{SERVER}")
    (instance.folder / "ca.pem").write_bytes((instance.folder / "ecdsa.pem").read_bytes())
    text = instance.conf.read_text()
    text = (text.replace("address = '127.0.0.1'", f"address = '{SERVER}'")
            .replace(f"port = {instance.port}", "port = 443")
            .replace(f"https://localhost:{instance.port}", f"https://{SERVER}"))
    instance.conf.write_text(re.sub(r'    certificate "rsa" {.*?}\n', "", text, flags=re.S))
    instance.init()
    return instance


def fetch(net, instance, url, agent):
    """What a phone's own GET brings, from its end: status and body."""
    result = net.within(THERE, "curl", "-s", "-m", "10", "--cacert", instance.folder / "ca.pem", "-A",
                        agent, "-o", "-", "-w", "\n%{http_code}", url)
    body, _, status = result.stdout.rpartition("\n")
    return int(status or 0), body
