"""Phones without a configuration that ask by multicast, in network namespaces: sipp and plain sockets as
phones."""

import re
import socket
import time

import pytest

from instance import OK, TOP, wait_until
from namespaces import HERE, SERVER, THERE, fetch, net_or_skip, serve_in

GROUP, PORT = "224.0.1.75", 5060
PHONE, FORGER = "10.77.0.2", "10.77.0.3"
MAC, COLONS, UNKNOWN = "001565123456", "00:15:65:12:34:56", "0015651234ff"
AGENT = f"Yealink SIP-T54W 96.86.0.100 {COLONS}"
PROVISION = f"pnp = provision\npnp_interfaces = {{ {SERVER} }}\n"
# A phone of plain sockets, in its namespace: asks from argv[1], port argv[2], with the message of
# standard input, so many times, and prints what comes within argv[4] seconds, a line each, in hex.
ASKER = """
import select, socket, sys, time
address, port, times, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
phone.bind((address, port))
phone.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
message = sys.stdin.buffer.read()
for number in range(times):
    phone.sendto(message.replace(b"NUMBER", b"%d" % number), ("224.0.1.75", 5060))
end = time.monotonic() + seconds
while True:
    left = end - time.monotonic()
    if left <= 0 or not select.select([phone], [], [], left)[0]:
        break
    data, source = phone.recvfrom(65536)
    print(source[0], source[1], data.hex(), flush=True)
    if data.startswith(b"NOTIFY") and "silent" not in sys.argv:
        kept = [line for line in data.split(b"\\r\\n") if line.split(b":")[0] in
                (b"Via", b"From", b"To", b"Call-ID", b"CSeq")]
        phone.sendto(b"\\r\\n".join([b"SIP/2.0 200 OK", *kept, b"Content-Length: 0", b"", b""]), source)
        break
"""


def subscribe(mac, user=None, vendor="Yealink", model="T54W", port=PORT, address=PHONE, agent=AGENT,
              call_id=None, end="\r\n", more=()):
    user = f"MAC%3a{mac}" if user is None else user
    lines = [f"SUBSCRIBE sip:{user}@{GROUP} SIP/2.0",
             f"Via: SIP/2.0/UDP {address}:{port};branch=z9hG4bKNUMBER{mac}", f"From: <sip:{user}@{GROUP}>;tag=1",
             f"To: <sip:{user}@{GROUP}>", f"Call-ID: {call_id or f'NUMBER-{time.monotonic_ns()}'}", "CSeq: 1 SUBSCRIBE",
             f"Contact: <sip:{user}@{address}:{port}>", "Max-Forwards: 70", f"User-Agent: {agent}",
             f'Event: ua-profile;profile-type="device";vendor="{vendor}";model="{model}";version="1"',
             "Expires: 0", "Accept: application/url", *more, "Content-Length: 0", "", ""]
    return end.join(lines).encode()


@pytest.fixture
def net(tmp_path):
    net = net_or_skip(tmp_path, ("sipp", "curl"), mac=COLONS,
                      addresses=(f"{PHONE}/24", f"{FORGER}/24"))
    net.within(THERE, "ip", "route", "add", "224.0.0.0/4", "dev", "vc", "src", PHONE)
    (tmp_path / "asker.py").write_text(ASKER)
    yield net
    net.end()


@pytest.fixture
def server(net, make_instance, monkeypatch):
    instance = serve_in(net, make_instance, monkeypatch, extra=PROVISION)
    instance.start()
    instance.add_user("alice")
    instance.add_account("alice", "1001@pbx.test")
    instance.ctl("phone", "add", "alice", MAC, "--vendor", "yealink", code=OK)
    return instance


SILENCE_S = 1.5  # so long nobody may have said anything


def ask(net, message, address=PHONE, port=PORT, times=1, seconds=15, silent=False):
    """What came back: (source port, text) each; a NOTIFY is the end of it."""
    path = net.folder / f"message-{time.monotonic_ns()}"
    path.write_bytes(message)
    result = net.within(THERE, "sh", "-c", f'exec python3 -B "{net.folder}/asker.py" "$@" < "{path}"',
                        "sh", address, port, times, seconds, *(["silent"] if silent else []))
    assert result.returncode == 0, result.stderr
    return [(int(words[1]), bytes.fromhex(words[2]).decode())
            for words in map(str.split, result.stdout.splitlines())]


def url_of(answers):
    (notify,) = [text for _, text in answers if text.startswith("NOTIFY ")]
    return notify.split("\r\n\r\n", 1)[1]


def refusals(instance, reason):
    return wait_until(reason, lambda: [row for row in instance.ctl(
        "refusal", "list", "--json", code=OK).json() if row["reason"] == reason])


def listed(instance, mac=MAC):
    def row():
        rows = [row for row in instance.ctl("pnp", "list", "--json", code=OK).json()
                if row["mac"].replace(":", "") == mac]
        return rows[0] if rows else None
    return wait_until("listed", row)


def test_sipp_asks_is_told_fetches_and_ends_on_its_own_url(net, server):
    server.ctl("phone", "enrol", MAC, "--for", "10m", code=OK)
    scenario = f"{TOP}/tests/system/sipp/subscribe.xml"
    told = net.folder / "told"
    done = net.within(THERE, "sipp", "-sf", scenario, "-i", PHONE, "-p", PORT, "-m", 1, "-nostdin",
                      "-key", "mac", MAC, "-key", "vendor", "Yealink", "-key", "model", "T54W",
                      "-trace_logs", "-log_file", told, "-timeout", "20", f"{GROUP}:{PORT}")
    assert done.returncode == 0, done.stdout + done.stderr
    url = re.search(r"url=(\S+)", told.read_text())[1]
    assert url.startswith(f"https://{SERVER}/provision/") and url.endswith("/")
    status, body = fetch(net, server, f"{url}{MAC}.cfg", AGENT)
    assert status == 200 and "1001" in body
    (own,) = re.findall(r"^static\.auto_provision\.server\.url = (\S+)$", body, re.M)
    assert own != url
    server.secrets.append(own.split("/")[4])
    assert fetch(net, server, f"{own}{MAC}.cfg", AGENT)[0] == 200
    # The URL was for one use, and the window is over with it.
    time.sleep(0.1)
    assert ask(net, subscribe(MAC), seconds=SILENCE_S) == []
    row = listed(server)
    assert wait_until("told", lambda: listed(server)["outcome"]) == "accepted"
    assert row["vendor"] == "yealink" and row["source"] == PHONE and row["known"]
    shown = server.ctl("phone", "show", MAC, "--json", code=OK).json()
    assert shown["last_fetch_address"] == PHONE


FORMS = {
    "escaped": {"user": f"MAC%3a{MAC}"}, "escaped_upper": {"user": f"MAC%3A{MAC.upper()}"},
    "equals": {"user": f"MAC={MAC}"}, "colon": {"user": f"MAC:{MAC}"}, "bare": {"user": f"MAC{MAC}"},
    "line_feeds": {"end": "\n"}, "odd_port": {"port": 1053}, "grandstream_port": {"port": 5080},
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_answered_where_it_came_from(net, server, form):
    options = FORMS[form]
    server.ctl("phone", "enrol", MAC, "--for", "10m", code=OK)
    answers = ask(net, subscribe(MAC, **options), port=options.get("port", PORT))
    assert [text.split("\r\n")[0] for _, text in answers] == [
        "SIP/2.0 200 OK", answers[1][1].split("\r\n")[0]]
    assert all(port != PORT for port, _ in answers)  # a socket of its own, not the group's
    notify = answers[1][1]
    assert notify.startswith("NOTIFY sip:") and "\r\nContent-Type: application/url\r\n" in notify
    assert "\r\nSubscription-State: terminated;reason=timeout\r\n" in notify
    assert not url_of(answers).endswith("\n")
    server.secrets.append(url_of(answers).split("/")[4])


def test_repeats_are_answered_from_the_cache(net, server):
    server.ctl("phone", "enrol", MAC, "--for", "10m", code=OK)
    same = subscribe(MAC, call_id="same").replace(b"NUMBER", b"0")
    answers = ask(net, same, times=4, seconds=6, silent=True)
    oks = {text for _, text in answers if text.startswith("SIP/2.0 200")}
    notifies = {text for _, text in answers if text.startswith("NOTIFY")}
    assert len(oks) == 1 and len(notifies) == 1
    assert sum(text.startswith("NOTIFY") for _, text in answers) >= 2  # until somebody says 200


def test_who_is_not_served_hears_nothing(net, server):
    outside = ask(net, subscribe(MAC), seconds=SILENCE_S)
    unknown = ask(net, subscribe(UNKNOWN, agent="Yealink"), seconds=SILENCE_S)
    assert outside == [] and unknown == []
    assert refusals(server, "window_closed")[0]["mac"]
    assert refusals(server, "pnp_unknown")
    assert not listed(server, UNKNOWN)["known"]
    server.ctl("phone", "enrol", MAC, "--for", "10m", code=OK)
    server.ctl("phone", "set", MAC, "--networks", "10.78.0.0/16", code=OK)
    assert ask(net, subscribe(MAC, address=FORGER), address=FORGER, seconds=SILENCE_S) == []
    assert refusals(server, "pnp_address")
    said = server.ctl("explain", MAC, "--pnp", "--from", FORGER, "--json", code=OK).json()
    assert not said["served"] and said["reason"] == "pnp_address"


def test_discover_lists_and_adopt_enters(net, make_instance, monkeypatch):
    server = serve_in(net, make_instance, monkeypatch,
                      extra=PROVISION.replace("provision", "discover", 1))
    server.start()
    server.add_user("alice")
    server.add_account("alice", "1001@pbx.test")
    assert ask(net, subscribe(MAC), seconds=SILENCE_S) == []
    row = listed(server)
    assert (row["vendor"], row["known"]) == ("yealink", False)
    assert MAC in server.ctl("pnp", "list", code=OK).out.replace(":", "")
    server.ctl("pnp", "adopt", MAC, "--user", "alice", code=OK)
    assert listed(server)["known"]
    assert server.ctl("phone", "show", MAC, "--json", code=OK).json()["enrol_until"] > time.time()
    assert ask(net, subscribe(MAC), seconds=SILENCE_S) == []  # it is found out only


def test_two_servers_on_a_segment_and_a_pbx_at_the_port(net, make_instance, monkeypatch, server):
    """The other one knows nobody, and says nothing; a PBX that has the port on its address hears its own."""
    other = serve_in(net, make_instance, monkeypatch, extra=PROVISION)
    other.conf.write_text(other.conf.read_text().replace("port = 443", "port = 444")
                          .replace(f"https://{SERVER}", f"https://{SERVER}:444"))
    other.start()
    pbx = net.start(HERE, "python3", "-c", "import socket,time\ns=socket.socket(socket.AF_INET,"
                    f"socket.SOCK_DGRAM)\ns.bind(('{SERVER}', {PORT}))\ntime.sleep(60)")
    server.ctl("phone", "enrol", MAC, "--for", "10m", code=OK)
    answers = ask(net, subscribe(MAC))
    assert len(answers) == 2 and f"https://{SERVER}/" in url_of(answers)
    server.secrets.append(url_of(answers).split("/")[4])
    assert not listed(other)["known"]
    assert pbx.poll() is None


def test_a_flood_is_answered_ten_times_a_second_and_fetches_go_on(net, server):
    server.ctl("phone", "enrol", MAC, "--for", "10m", code=OK)
    flood = net.folder / "flood.py"
    flood.write_text(f"""
import socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("{FORGER}", 0))
sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("{FORGER}"))
sock.setblocking(False)
message = sys.stdin.buffer.read()
answers, begin = 0, time.monotonic()
for number in range(3000):
    sock.sendto(message.replace(b"NUMBER", b"%d" % number), ("{GROUP}", {PORT}))
    while time.monotonic() - begin < number / 1000:
        try:
            answers += sock.recv(65536).startswith(b"SIP/2.0 200")
        except BlockingIOError:
            time.sleep(0.0005)
print(answers, time.monotonic() - begin)
""")
    message = net.folder / "flood.txt"
    message.write_bytes(subscribe(MAC, address=FORGER, port=5062))
    url = server.url(MAC)
    before = server.log().count("served")
    with open(net.folder / "flood.out", "w+", encoding="utf-8") as output:
        flooder = net.start(THERE, "sh", "-c", f'exec python3 -B "{flood}" < "{message}"', log="flood")
        fetched = 0
        while flooder.poll() is None:
            assert fetch(net, server, url, AGENT)[0] == 200
            fetched += 1
        assert flooder.wait() == 0, output.read()
    answers, seconds = map(float, (net.folder / "flood.log").read_text().split())
    assert fetched > 0 and before >= 0
    assert answers <= 10 * (seconds + 1) + 1
    assert "stuck" not in server.log()


def test_an_interface_that_goes_and_comes_back_is_heard_again(net, server):
    server.expected_log.append("pnp_interface interface=vs")
    server.ctl("phone", "enrol", MAC, code=OK)
    ours = net.names[HERE]
    for command in (f"ip -n {ours} link del vs",
                    f"ip link add vs netns {ours} type veth peer name vc netns {net.names[THERE]}",
                    f"ip -n {ours} addr add {SERVER}/24 dev vs", f"ip -n {ours} link set vs up",
                    f"ip -n {net.names[THERE]} link set vc address {COLONS}",
                    f"ip -n {net.names[THERE]} link set vc up",
                    f"ip -n {net.names[THERE]} addr add {PHONE}/24 dev vc",
                    f"ip -n {net.names[THERE]} route add 224.0.0.0/4 dev vc src {PHONE}"):
        result = net.run(*command.split())
        assert result.returncode == 0, f"{command}: {result.stderr}"
    wait_until("the membership", lambda: "pnp_interface interface=vs" in server.log())
    assert ask(net, subscribe(MAC))
