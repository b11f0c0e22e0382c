"""What the benchmarks measure with: the processor time and memory of processes, the conditions of a run,
and a table of figures with their bounds."""

import os
import platform
import re
import resource
import statistics
import subprocess
from pathlib import Path

HZ = os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024


def cpu_s(*pids):
    """User and system seconds of these processes, all their threads."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / HZ


def status_bytes(pid, name):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", text)[1]) * 1024


def resident(pid):
    """Resident bytes, shared pages of files in them."""
    return status_bytes(pid, "VmRSS")


def anonymous(pid):
    """Resident bytes that no file holds."""
    return status_bytes(pid, "RssAnon")


def slab():
    """Bytes of the kernel's small objects, sockets and their buffers' heads among them, of the whole machine."""
    return int(re.search(r"Slab:\s+(\d+) kB", Path("/proc/meminfo").read_text())[1]) * 1024


def descriptors():
    """How many a process may have here; raised for this one and its children."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def load_of_others():
    return os.getloadavg()[0]


def model_name():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def version_of(*command):
    """The first number of what a program says of itself; "none": it is not there."""
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except FileNotFoundError:
        return "none"
    found = re.search(r"\d+\.\d+[.\d]*", said.stdout + said.stderr)
    return found[0] if found else "unknown"


def conditions():
    return (f"{os.cpu_count()} processors ({model_name()}), Linux {platform.release()}, OpenSSL "
            f"{version_of('openssl', 'version')}, nginx {version_of('nginx', '-v')}, load of the machine at the "
            f"start {load_of_others():.1f}; clients on the same machine")


def spread(values):
    values = list(values)
    return f"{min(values):.1f} to {max(values):.1f}"


class Table:
    """Rows of what was seen beside the bound; the end says whether all of them hold."""

    def __init__(self, title):
        self.failed = 0
        print(f"## {title}\n")
        print("| figure | seen | bound | verdict |\n|---|---|---|---|", flush=True)

    def row(self, what, seen, bound, holds):
        """holds: None where there is no bound to hold."""
        verdict = {True: "pass", False: "FAIL", None: "–"}[holds]
        self.failed += holds is False
        print(f"| {what} | {seen} | {bound} | {verdict} |", flush=True)

    def end(self, note=""):
        print(f"\n{note}\n" if note else "", flush=True)
        return 1 if self.failed else 0


def in_turn(rounds, slices):
    """slices: name -> what measures once and returns a number. The numbers of each, taken in turn."""
    seen = {name: [] for name in slices}
    for _ in range(rounds):
        for name, measure in slices.items():
            seen[name].append(measure())
    return seen


def ratio(ours, theirs):
    """Of the medians."""
    return statistics.median(ours) / statistics.median(theirs)
