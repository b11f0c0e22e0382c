"""conf/notifier/kamailio.py against a real Kamailio, where one is installed; it is never installed for this."""

import os
import pathlib
import shutil
import socket
import subprocess
import threading

import pytest

from instance import free_port, wait_until

KAMAILIO = shutil.which("kamailio") or "/usr/sbin/kamailio"
SCRIPT = pathlib.Path(__file__).parents[2] / "conf" / "notifier" / "kamailio.py"

CONF = """
debug=1
log_stderror=yes
fork=yes
children=1
auto_aliases=no
dns=off
alias="pbx.example.com"
listen=udp:127.0.0.1:{port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "jsonrpcs.so"
loadmodule "kex.so"
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", "{folder}/rpc")
modparam("usrloc", "db_mode", 0)
request_route {{
    if (is_method("REGISTER")) {{ save("location"); exit; }}
    if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
    t_relay();
}}
"""

pytestmark = pytest.mark.skipif(not os.access(KAMAILIO, os.X_OK), reason="kamailio is not installed")


class Phone:
    """Registered at Kamailio; answers what it is told to."""

    def __init__(self, proxy, user):
        self.told, self.status = [], "200 OK"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        own = "127.0.0.1:%d" % self.socket.getsockname()[1]
        aor = f"sip:{user}@pbx.example.com"
        self.register = (
            f"REGISTER sip:pbx.example.com SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{user}\r\nFrom: <{aor}>;tag=1\r\n"
            f"To: <{aor}>\r\nCall-ID: {user}\r\nCSeq: 1 REGISTER\r\nContact: <sip:{user}@{own}>\r\nMax-Forwards: 70\r\n"
            "Expires: 600\r\nContent-Length: 0\r\n\r\n").encode()
        self.proxy, self.registered, self.ends = proxy, False, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ends:
            if not self.registered:
                self.socket.sendto(self.register, self.proxy)
            try:
                text, source = self.socket.recvfrom(9000)
            except socket.timeout:
                continue
            head, body = text.decode().split("\r\n\r\n", 1)
            if head.startswith("SIP/2.0 200"):
                self.registered = True
            elif head.startswith("NOTIFY"):
                self.told.append((head, body))
                kept = [line for line in head.split("\r\n") if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
                self.socket.sendto("\r\n".join([f"SIP/2.0 {self.status}", *kept, "Content-Length: 0", "", ""]).encode(), source)

    def close(self):
        self.ends = True
        self.thread.join()
        self.socket.close()


@pytest.fixture
def kamailio(tmp_path):
    port = free_port()
    conf = tmp_path / "kamailio.cfg"
    conf.write_text(CONF.format(port=port, folder=tmp_path))
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([KAMAILIO, "-f", str(conf), "-DD", "-E", "-P", str(tmp_path / "pid")], stdout=log, stderr=log)
    wait_until("Kamailio's socket", (tmp_path / "rpc").exists)
    phone = Phone(("127.0.0.1", port), "1001")
    wait_until("the registration", lambda: phone.registered)

    def notify(user, kind="resync", event="check-sync;reboot=false"):
        return subprocess.run(
            [str(SCRIPT)], capture_output=True, text=True, timeout=60, check=False,
            env={"PATH": "/usr/bin:/bin", "AUTOPROV_SIP_USER": user, "AUTOPROV_DOMAIN": "pbx.example.com", "AUTOPROV_EVENT": event,
                 "AUTOPROV_KIND": kind, "AUTOPROV_URL": "https://pbx.example.com/provision/x/",
                 "KAMAILIO_RPC_SOCKET": str(tmp_path / "rpc"), "KAMAILIO_SIP": f"sip:127.0.0.1:{port}"})

    notify.phone = phone
    yield notify
    phone.close()
    process.terminate()
    process.wait()


def test_a_registered_phone_is_told_its_event_and_its_url(kamailio):
    assert kamailio("1001").returncode == 0
    head, body = kamailio.phone.told[-1]
    assert "Event: check-sync;reboot=false" in head and body == ""
    assert kamailio("1001", "url", "ua-profile").returncode == 0
    head, body = kamailio.phone.told[-1]
    assert "Event: ua-profile" in head and "Content-Type: application/url" in head
    assert body == "https://pbx.example.com/provision/x/"


def test_a_phone_that_refuses_or_is_not_there_is_not_accepted(kamailio):
    kamailio.phone.status = "489 Bad Event"
    refused = kamailio("1001")
    assert refused.returncode == 1 and "489" in refused.stderr
    unknown = kamailio("1009")
    assert unknown.returncode == 1 and "404" in unknown.stderr
