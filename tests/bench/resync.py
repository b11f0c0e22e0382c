#!/usr/bin/python3
"""What it costs to tell 10,000 phones to fetch at 500 a second, in figures: a Markdown table with the
conditions of the run. sipp is all the phones; loopback only.

    tests/bench/resync.py BUILD_FOLDER [PHONES [RATE]]
"""

import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "system"))
sys.path.insert(0, str(TOP / "tests" / "bench"))

CORE_SHARE, MEMORY_MIB = 0.20, 32
MIB = 1024 * 1024


def memory(pid):
    """Resident bytes that no file holds."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", text)[1]) * 1024


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
    return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")


def newest_order(instance):
    said = subprocess.run(["curl", "-s", "--unix-socket", instance.control,
                           "http://localhost/api/v1/resyncs/status"], capture_output=True, check=True,
                          timeout=60)
    return json.loads(said.stdout)["items"][0]


def start(instance, phones, port):
    table = instance.folder / "phones.csv"
    table.write_text("user,sip_user,domain,password,mac,vendor\n" + "".join(
        f"u{n},{n},pbx.test,secret-{n},020000{n:06x},yealink\n" for n in range(phones)))
    instance.extra += f"log_level = warning\nsip_port = {port}\n"
    instance.write_conf()
    instance.conf.write_text(instance.conf.read_text().replace("log_level = debug\n", ""))
    instance.init()
    instance.start()
    instance.ctl("import", table, code=0)
    instance.stop()


def measure(instance, phones, rate, phone_port):
    with sqlite3.connect(instance.database) as database:
        database.execute(f"UPDATE phone SET sip_contact = 'sip:x@127.0.0.1:{phone_port}'")
    database.close()
    instance.start()
    pid = instance.process.pid
    time.sleep(2)
    first_memory, first_cpu, most = memory(pid), cpu_s(pid), 0
    begin = time.monotonic()
    instance.ctl("resync", "--all", "--rate", rate, code=0)
    while True:
        most = max(most, memory(pid))
        order = newest_order(instance)
        if order["ended_at"]:
            break
        assert time.monotonic() - begin < 10 * phones / rate + 120, order
        time.sleep(1)
    seconds = time.monotonic() - begin
    share = (cpu_s(pid) - first_cpu) / seconds
    accepted = order["outcomes"]["accepted"]
    grown = (most - first_memory) / MIB
    return [
        (f"phones of {phones:,} that were told at {rate} a second and accepted; it took {seconds:.1f} s",
         f"{accepted:,}", "all", accepted == phones),
        ("processor time of the daemon, part of one core; somebody who asks for the progress each second is in it",
         f"{share:.1%}", f"{CORE_SHARE:.0%} at most", share <= CORE_SHARE),
        ("memory more than before, at the most", f"{grown:.1f} MiB", f"{MEMORY_MIB} MiB at most",
         grown <= MEMORY_MIB),
    ]


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    build = Path(sys.argv[1]).resolve()
    phones = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    rate = int(sys.argv[3]) if len(sys.argv) > 3 else 500
    os.environ.update(AP_BINARY_DIR=str(build), AUTOPROVD=str(build / "src/daemon/autoprovd"),
                      AUTOPROVCTL=str(build / "src/ctl/autoprovctl"))
    from instance import Instance, free_port
    from refusals import conditions
    print(f"Conditions: {conditions()}\n\n| figure | seen | bound | |\n|---|---|---|---|", flush=True)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        instance = Instance(Path(folder) / "i")
        port = free_port()
        sipp = subprocess.Popen(
            ["sipp", "-sf", f"{TOP}/tests/system/sipp/notified.xml", "-i", "127.0.0.1", "-p", str(port),
             "-nostdin", "-buff_size", "4194304"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=folder)
        try:
            start(instance, phones, 0)
            for what, seen, bound, ok in measure(instance, phones, rate, port):
                failed = failed or not ok
                print(f"| {what} | {seen} | {bound} | {'ok' if ok else 'MISSED'} |", flush=True)
        finally:
            sipp.kill()
            sipp.wait()
            instance.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    sys.exit(main())
