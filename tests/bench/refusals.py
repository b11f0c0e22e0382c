#!/usr/bin/python3
"""What refusals cost and give away, in figures: a Markdown table with the conditions of the run.

    tests/bench/refusals.py BUILD_FOLDER [FIGURE …]

Figures: timing, distinct, sweep, flood, half_open, descriptors; all of them without a name. Loopback only;
every step has an end. tests/system/test_figures.py calls the same functions, scaled down.
"""

import os
import random
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "system"))

MAC, OTHER, OFF, FAR = "001565000001", "001565000002", "001565000003", "001565000004"
MIB = 1024 * 1024
# Of Welch's t: above, two means are told apart (the bound of dudect, Reparaz et al. 2017).
T_MAX = 4.5
# The first bytes of a ClientHello that never goes on.
HALF_HELLO = r"\x16\x03\x01\x02\x00\x01\x00"
SLACK_FDS = 300
# So many guesses of a source in one go: enough to throttle it.
FLOOD_EACH = 70


def free_descriptors():
    """How many connections one process can hold here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - SLACK_FDS


# -- the daemon ------------------------------------------------------------------------------------

class Subject:
    """A daemon with two users, a phone that is switched off, and a listener behind a proxy."""

    def __init__(self, instance, throttle=True, connections=10000, per_source=1000):
        from instance import free_port, token_of
        self.instance = instance
        self.proxy_port = free_port()
        instance.extra += (f"throttle = {'yes' if throttle else 'no'}\nlog_level = warning\n"
                           f"max_connections = {connections}\n"
                           f"max_connections_per_source = {per_source}\n")
        instance.write_conf()
        text = instance.conf.read_text().replace("log_level = debug\n", "")
        instance.conf.write_text(text)
        (instance.folder / "conf.d").mkdir()
        (instance.folder / "conf.d" / "proxied.conf").write_text(f"""
listener "proxied" {{
    address = '127.0.0.1'
    port = {self.proxy_port}
    public_url = 'https://localhost:{self.proxy_port}'
    proxy_protocol = v2
    proxy_peers = {{ 127.0.0.1 }}
    certificate "ecdsa" {{
        certificate_file = '{instance.folder}/ecdsa.pem'
        key_file = '{instance.folder}/ecdsa.key'
    }}
}}
""")
        instance.init()
        instance.start()
        for name, mac, more in (("alice", MAC, ()), ("bob", OTHER, ()),
                                ("carol", OFF, ("--disabled",)),
                                ("dave", FAR, ("--networks", "192.0.2.0/24"))):
            instance.add_user(name)
            instance.add_account(name, f"{name}@pbx.test")
            url = instance.add_phone(name, mac, "--vendor", "linphone", *more)
            setattr(self, name, token_of(url))
        self.path = f"/provision/{self.alice}/{MAC}.xml"
        assert instance.get(self.path).status == 200
        self.tools = Path(os.environ["AP_BINARY_DIR"]) / "tests" / "bench"

    def tool(self, name, *arguments, timeout=1800):
        result = subprocess.run([self.tools / name, *map(str, arguments)], capture_output=True,
                                text=True, timeout=timeout)
        assert result.returncode == 0, f"{name}: {result.returncode} {result.stderr}"
        return result.stdout

    def start_tool(self, name, *arguments):
        return subprocess.Popen([self.tools / name, *map(str, arguments)], stdout=subprocess.PIPE,
                                text=True)

    def memory(self):
        """Resident bytes."""
        text = Path(f"/proc/{self.instance.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024

    def cpu_s(self):
        fields = Path(f"/proc/{self.instance.process.pid}/stat").read_text().rsplit(")", 1)[1]
        ticks = sum(map(int, fields.split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def kinds(self, rows):
        """A file of kinds for miss_load."""
        path = self.instance.folder / "kinds"
        path.write_text("".join(f"{name}\t{request}\n" for name, request in rows))
        return path


def get(path, more=""):
    return rf"GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n"


# Whose times must not be told apart: name, request. More are welcome.
def timed_kinds(subject):
    zero = "0" * 32
    return [
        ("unknown_token", get(f"/provision/{zero}/{MAC}.xml")),
        ("foreign_mac", get(f"/provision/{subject.alice}/{OTHER}.xml")),
        ("disabled", get(f"/provision/{subject.carol}/{OFF}.xml")),
        ("other_network", get(f"/provision/{subject.dave}/{FAR}.xml")),
        ("bad_path", get(f"/nothing/{zero}/{MAC}.xml")),
    ]


def all_kinds(subject):
    """Everything that is a miss on a listener for phones."""
    token = subject.alice
    return timed_kinds(subject) + [
        ("unknown_mac", get(f"/provision/{token}/001565ffffff.xml")),
        ("short_token", get(f"/provision/{token[:14]}/{MAC}.xml")),
        ("bad_token", get(f"/provision/{token[:30]}~~/{MAC}.xml")),
        ("unknown_file", get(f"/provision/{token}/config.bin")),
        ("unknown_extension", get(f"/provision/{token}/{MAC}.htm")),
        ("foreign_file", get(f"/provision/{token}/{MAC}.cfg")),
        ("probe", get(f"/provision/{token}/y000000000000.boot")),
        ("flat_off", get(f"/provision/{MAC}.xml")),
        ("root", get("/")),
        ("folder", get(f"/provision/{token}/")),
        ("too_deep", get(f"/provision/{token}/x/{MAC}.xml")),
        ("nul_escape", get(f"/provision/{token}/{MAC}%00.xml")),
        ("slash_escape", get(f"/provision/{token}%2f{MAC}.xml")),
        ("dots", get(f"/provision/x/../{token}/{MAC}.xml")),
        ("backslash", get(rf"/provision\\{token}\\{MAC}.xml")),
        ("two_hosts!", get(subject.path, r"Host: b\r\n")),
        ("bare_lf!", rf"GET {subject.path} HTTP/1.1\nHost: localhost\n\n"),
        ("bad_version!", rf"GET {subject.path} HTTP/2.0\r\n\r\n"),
        ("chunked!", get(subject.path, r"Transfer-Encoding: chunked\r\n")),
        ("long_head!", get("/" + "a" * 3000)),
    ]


def parse(output):
    """Totals, {kind: figures}, {(kind, kind): figures} of miss_load."""
    totals, kinds, pairs = {}, {}, {}
    for line in output.splitlines():
        words = line.split()
        values = dict(zip(words[0 if words[0] == "requests" else 2::2],
                          words[1 if words[0] == "requests" else 3::2]))
        if words[0] == "requests":
            totals = {name: float(value) for name, value in values.items()}
        elif words[0] == "kind":
            kinds[words[1]] = {name: float(value) for name, value in values.items()}
        else:
            values = dict(zip(words[3::2], words[4::2]))
            pairs[(words[1], words[2])] = {name: float(value) for name, value in values.items()}
    return totals, kinds, pairs


# -- figures: each returns (what, figure, bound, whether it is within) -----------------------------

def timing(subject, requests=100_000, connections=64):
    """requests: of each pair of kinds together."""
    rows = timed_kinds(subject)
    count = requests * len(rows) // 2
    output = subject.tool("miss_load", subject.instance.port, count, connections, 1500,
                          subject.kinds(rows))
    totals, kinds, pairs = parse(output)
    print(output, file=sys.stderr)
    worst = max(pairs, key=lambda pair: max(abs(pairs[pair]["t"]), abs(pairs[pair]["cropped_t"])))
    t = max(abs(pairs[worst]["t"]), abs(pairs[worst]["cropped_t"]))
    return [(f"Welch's t, worst of {len(pairs)} pairs of kinds ({' and '.join(worst)}); about "
             f"{requests:,} requests each pair; standard error {pairs[worst]['standard_error_us']} us",
             f"{t:.2f}", f"below {T_MAX}", t < T_MAX and totals["answered"] == count),
            ("mean time of a miss", f"{min(k['mean_us'] for k in kinds.values()) / 1000:.2f} ms",
             "50 ms or more", min(k["mean_us"] for k in kinds.values()) >= 50_000)]


def distinct(subject, tries=1000, connections=64):
    rows = all_kinds(subject)
    # Kinds are drawn: some more, so that each has its tries.
    count = (tries + 5 * int(tries ** 0.5)) * len(rows)
    totals, kinds, _ = parse(subject.tool("miss_load", subject.instance.port, count, connections,
                                          1500, subject.kinds(rows)))
    least = min(kind["answers"] for kind in kinds.values())
    return [(f"different answers to {totals['answered']:,.0f} misses of {len(rows)} kinds, at least "
             f"{least:,.0f} of each", f"{totals['distinct']:.0f}", "1",
             totals["distinct"] == 1 and totals["closed"] == 0 and least >= tries)]


class Sweeper(threading.Thread):
    """One connection that asks for one MAC after the other, and counts what it is served."""

    def __init__(self, subject, macs):
        super().__init__()
        self.subject, self.macs, self.found, self.asked = subject, macs, 0, 0

    def run(self):
        from instance import read_answer
        tls = self.subject.instance.connect(timeout=60)
        for number, mac in enumerate(self.macs):
            if number % 1000 == 999:  # before the connection's own end
                tls.close()
                tls = self.subject.instance.connect(timeout=60)
            tls.sendall(f"GET /provision/{mac}.xml HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            self.found += read_answer(tls).status == 200
            self.asked += 1
        tls.close()


def sweep(subject, macs=100_000, phones=1000, connections=64):
    """Flat mode, and somebody who asks for every MAC of a range in which the phones are."""
    instance, chance = subject.instance, random.Random(1)
    every = [f"020000{number:06x}" for number in range(macs)]
    ours = chance.sample(every, phones)
    table = instance.folder / "phones.csv"
    table.write_text("user,sip_user,domain,password,mac\n" + "".join(
        f"sweep{n},{n},pbx.test,secret-{n},{mac}\n" for n, mac in enumerate(ours)))
    instance.ctl("import", table, code=0)
    instance.ctl("options", "set", '{"disable_auto_provision_security": true}', code=0)
    chance.shuffle(every)
    sweepers = [Sweeper(subject, every[start::connections]) for start in range(connections)]
    served = tried = 0
    for sweeper in sweepers:
        sweeper.start()
    while any(sweeper.is_alive() for sweeper in sweepers):
        served += instance.get(subject.path).status == 200
        tried += 1
        time.sleep(0.2)
    asked, found = (sum(getattr(sweeper, what) for sweeper in sweepers)
                    for what in ("asked", "found"))
    open_alarms = {row["kind"] for row in instance.ctl("alarm", "list", "--json", code=0).json()}
    # 120 refusals come first, and with them as many hits as chance has it; requests in hand besides.
    most = 120 * phones / macs * 8 + connections * phones / macs + 2
    return [
        (f"phones found of {phones:,} by {asked:,} MACs asked for without a token", f"{found:,}",
         f"{most:.0f}: the budget of 120 unknown MACs", asked == macs and found <= most),
        ("alarms", ", ".join(sorted(open_alarms)), "flat_budget", "flat_budget" in open_alarms),
        ("fetches by token meanwhile that were served", f"{served:,} of {tried:,}", "all",
         served == tried),
    ]


def visits(subject, seconds, pause_ms=20):
    output = subject.tool("visit_times", subject.instance.port, subject.path, seconds, pause_ms)
    return {name: float(value) for name, value in re.findall(r"(\w+) (\d+)", output)}


def flood(subject, misses=1_000_000, sources=10_000, connections=1500, rate=1500, seconds=1700,
          quiet_s=20):
    """Guesses from many sources at a bounded rate, while a phone visits again and again."""
    before = subject.memory()
    idle = visits(subject, quiet_s)
    kinds = subject.kinds(timed_kinds(subject)[:1])
    load = subject.start_tool("miss_load", subject.proxy_port, misses, connections, seconds, kinds,
                              sources, FLOOD_EACH, rate)
    begin, busy = time.monotonic(), []
    while load.poll() is None and time.monotonic() - begin < seconds + 60:
        busy.append(visits(subject, min(quiet_s, 20)))
    output, _ = load.communicate(timeout=60)
    totals, _, _ = parse(output)
    from test_metrics import figures
    throttled = figures(subject.instance)
    time.sleep(3)
    after = subject.memory()
    whole = [slice_ for slice_ in busy if slice_["visits"] > 0]
    p99 = sorted(slice_["p99_us"] for slice_ in whole)[len(whole) // 2]
    failures = sum(slice_["failures"] for slice_ in busy)
    return [
        (f"misses made, and answered, by so many sources, at {rate:,} a second", f"{totals['requests']:,.0f}, "
         f"{totals['answered']:,.0f} ({totals['closed']:,.0f} closed) by {sources:,} in "
         f"{totals['seconds']:.0f} s", f"{misses:,}", totals["requests"] >= misses),
        ("sources that became throttled", f"{throttled['autoprovd_sources_throttled_total']:,.0f}",
         "", True),
        ("table of penalties", "3 MiB (static_assert)", "6 MiB", True),
        ("daemon's memory before and after", f"{before / MIB:.1f} MiB, {after / MIB:.1f} MiB", "",
         True),
        ("visits of a phone meanwhile that failed", f"{failures:.0f} of "
         f"{sum(slice_['visits'] for slice_ in busy):,.0f}", "0", failures == 0),
        (f"p99 of such a visit, idle and meanwhile (median of {len(whole)} slices)",
         f"{idle['p99_us'] / 1000:.2f} ms, {p99 / 1000:.2f} ms", "twice",
         p99 <= 2 * idle["p99_us"]),
    ]


def half_open(subject, connections=10_000, seconds=30, sources=12):
    connections = min(connections, free_descriptors())
    before = subject.memory()
    holder = subject.start_tool("hold", subject.instance.port, connections, seconds, sources,
                                HALF_HELLO)
    begin, good, failed, slowest, most = time.monotonic(), 0, 0, 0.0, before
    while holder.poll() is None and time.monotonic() - begin < seconds + 60:
        start = time.monotonic()
        try:
            ok = subject.instance.get(subject.path).status == 200
        except OSError:
            ok = False
        good, failed = good + ok, failed + (not ok)
        slowest = max(slowest, time.monotonic() - start)
        most = max(most, subject.memory())
        time.sleep(0.1)
    output, _ = holder.communicate(timeout=60)
    print(output, file=sys.stderr)
    least = int(re.search(r"least (\d+)", output)[1])
    opened = int(re.search(r"opened (\d+)", output)[1])
    return [
        (f"half-open handshakes held for {seconds} s from {sources} sources (aim {connections:,}; the "
         f"server closes them in time, {opened:,} were opened)", f"{least:,} at least",
         f"{connections * 8 // 10:,}", least >= connections * 8 // 10),
        ("more memory meanwhile", f"{(most - before) / MIB:.1f} MiB", "128 MiB",
         most - before <= 128 * MIB),
        ("good fetches meanwhile, and failed; the slowest", f"{good}, {failed}; {slowest:.2f} s",
         "none failed", failed == 0 and good > 0),
    ]


def descriptors(subject, clients=1000, limit=256, hold_s=4):
    """The daemon may have fewer descriptors than clients want."""
    pid = subject.instance.process.pid
    old = resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))
    held = []
    try:
        for _ in range(clients):
            plain = socket.socket()
            plain.setblocking(False)
            plain.connect_ex(("127.0.0.1", subject.instance.port))
            held.append(plain)
        time.sleep(1)
        begin, cpu = time.monotonic(), subject.cpu_s()
        time.sleep(hold_s)
        share = (subject.cpu_s() - cpu) / (time.monotonic() - begin)
    finally:
        for plain in held:
            plain.close()
    begin, ok = time.monotonic(), False
    while not ok and time.monotonic() - begin < 30:
        try:
            ok = subject.instance.get(subject.path, timeout=5).status == 200
        except (OSError, AttributeError):
            time.sleep(0.02)
    took = time.monotonic() - begin
    return [
        (f"processor taken while {clients:,} clients want {limit} descriptors (limit was "
         f"{old[0]:,})", f"{share * 100:.1f} % of a core", "10 %", share < 0.1),
        ("a fetch succeeds again after", f"{took:.2f} s", "2 s", ok and took <= 2),
    ]


# name: (function, how its daemon is set up)
FIGURES = {
    "timing": (timing, {"throttle": False}),
    "distinct": (distinct, {"throttle": False}),
    "sweep": (sweep, {"throttle": False}),
    "flood": (flood, {"connections": 12_000}),
    "half_open": (half_open, {"connections": 12_000}),
    "descriptors": (descriptors, {}),
}


def conditions():
    text = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", text)
    load = Path("/proc/loadavg").read_text().split()[0]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (f"{os.cpu_count()} x {model[1] if model else 'unknown'}, load {load} before, descriptors "
            f"{soft} (hard {hard}), clients on the same machine, 2 workers, ECDSA P-256, TLS 1.3")


def main():
    if len(sys.argv) < 2 or not set(sys.argv[2:]) <= set(FIGURES):
        print(__doc__, file=sys.stderr)
        return 2
    build = Path(sys.argv[1]).resolve()
    os.environ.update(AP_BINARY_DIR=str(build), AUTOPROVD=str(build / "src/daemon/autoprovd"),
                      AUTOPROVCTL=str(build / "src/ctl/autoprovctl"))
    from instance import Instance
    print(f"Conditions: {conditions()}\n\n| figure | seen | bound | |\n|---|---|---|---|", flush=True)
    failed = False
    for name in sys.argv[2:] or FIGURES:
        function, setup = FIGURES[name]
        with tempfile.TemporaryDirectory() as folder:
            instance = Instance(Path(folder) / "i")
            try:
                for what, seen, bound, ok in function(Subject(instance, **setup)):
                    failed = failed or not ok
                    print(f"| {what} | {seen} | {bound} | {'ok' if ok else 'MISSED'} |", flush=True)
            finally:
                instance.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
