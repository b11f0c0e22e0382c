#!/usr/bin/python3
"""Figure 8: what phones notice of an import, of a reload every second and of a new certificate with each: none of
their fetches fails, and the slowest take at most twice as long as without.

    tests/bench/writes_beside.py BUILD_FOLDER

PHONES of the import (100000), SECONDS of a slice (10) and ROUNDS (3) are taken from the environment. The storm is
one client thread, which makes one fetch after the other: more of them would saturate two cores by themselves, and
then the slowest fetches would tell how long the queue is, not who holds it up. Slices without anything beside are
taken before and after."""

import os
import shutil
import ssl
import statistics
import sys
import threading
import time

import meters
import servers

PHONES, SECONDS, ROUNDS = (int(os.environ.get("PHONES", 100_000)), float(os.environ.get("SECONDS", 10)),
                           int(os.environ.get("ROUNDS", 3)))
FEW, LINES, THREADS = 1000, 6, 1
TIMES_MAX, EVERY_S = 2.0, 1.0
CERTIFICATES = 4


class Beside(threading.Thread):
    """One that goes on until it is told to end, or has nothing left to do."""

    def __init__(self, work):
        super().__init__()
        self.work, self.ended, self.error = work, threading.Event(), None

    def run(self):
        try:
            self.work(self.ended)
        except Exception as error:  # noqa: BLE001: told by end()
            self.error = error

    def end(self):
        self.ended.set()
        self.join()
        if self.error:
            raise self.error


class Reloads:
    """A new ECDSA certificate each second, and a reload."""

    def __init__(self, server):
        from instance import make_certificate
        self.server, self.count = server, 0
        self.made = [make_certificate(server.instance.folder, f"next-{n}", "ecdsa") for n in range(CERTIFICATES)]

    def swap(self, number):
        """Each file at once, as certbot's hook does it; the daemon looks at them when it reloads."""
        folder = self.server.instance.folder
        for made, name in zip(self.made[number % CERTIFICATES], ("ecdsa.pem", "ecdsa.key")):
            shutil.copy2(made, folder / f"{name}.new")
        for name in ("ecdsa.key", "ecdsa.pem"):
            os.replace(folder / f"{name}.new", folder / name)

    def work(self, ended):
        due = time.monotonic()
        while not ended.is_set():
            self.swap(self.count)
            self.server.tool("reload")
            self.count += 1
            due = max(due + EVERY_S, time.monotonic())
            ended.wait(due - time.monotonic())

    def is_served(self):
        """The last of them."""
        seen = ssl.get_server_certificate(("127.0.0.1", self.server.port)).strip()
        return seen == self.made[(self.count - 1) % CERTIFICATES][0].read_text().strip()


class Storm:
    def __init__(self, server, plan):
        self.server, self.plan = server, plan
        self.quiet, self.busy = [], []

    def slice(self, seen):
        seen.append(servers.load("storm", self.server.port, servers.TLS13, SECONDS, THREADS, self.plan))

    def beside(self, table):
        """As many slices as the import takes, ROUNDS at least. Seconds of it, and the reloads."""
        reloads = Reloads(self.server)
        begin, took = time.monotonic(), []

        def imports(_):
            self.server.tool("import", table)
            took.append(time.monotonic() - begin)

        both = [Beside(imports), Beside(reloads.work)]
        for one in both:
            one.start()
        try:
            while both[0].is_alive() or len(self.busy) < ROUNDS:
                self.slice(self.busy)
        finally:
            for one in both:
                one.end()
        return took[0], reloads


def sums(loads):
    return sum(one.visits for one in loads), sum(one.failures for one in loads)


def p99(loads):
    return [one.p99_ms for one in loads]


def main():
    servers.build_folder(sys.argv[1])
    said = meters.conditions()
    with servers.folder() as where, servers.autoprovd(where / "a", FEW, LINES) as ours:
        storm = Storm(ours, servers.visits_file(where, "visits", ours.phones))
        table, _ = ours.write_table(PHONES, 1, FEW)
        for _ in range(ROUNDS):
            storm.slice(storm.quiet)
        took, reloads = storm.beside(table)
        is_served = reloads.is_served()
        for _ in range(ROUNDS):
            storm.slice(storm.quiet)
    fetches, failed = sums(storm.busy)
    quiet_fetches, quiet_failed = sums(storm.quiet)
    times = meters.ratio(p99(storm.busy), p99(storm.quiet))
    table = meters.Table("8. Writes beside a storm")
    table.row("fetches that failed meanwhile (and without)", f"{failed:.0f} of {fetches:,.0f} ({quiet_failed:.0f} of "
              f"{quiet_fetches:,.0f})", "0", failed == 0 and fetches > 0)
    table.row("p99 of a fetch meanwhile, to that without", f"{times:.2f} ({meters.spread(p99(storm.busy))} ms to "
              f"{meters.spread(p99(storm.quiet))} ms)", TIMES_MAX, times <= TIMES_MAX)
    table.row("reloads with a new certificate; the last one is served", f"{reloads.count}; {'yes' if is_served else 'no'}",
              "yes", is_served)
    slowest = max(one.max_ms for one in storm.busy)
    table.row("slowest fetch meanwhile, and without", f"{slowest:.0f} ms, {max(one.max_ms for one in storm.quiet):.0f} ms",
              "none", None)
    table.row(f"import of {PHONES:,} phones", f"{took:.1f} s", "none", None)
    median = statistics.median(one.visits / SECONDS for one in storm.quiet)
    return table.end(f"{said}. One worker, ECDSA P-256, TLS 1.3; {FEW:,} phones with {LINES} lines, {THREADS} client thread, "
                     f"{median:.0f} fetches a second when nothing is beside; {len(storm.busy)} slices of {SECONDS:.0f} s "
                     f"beside writes, {len(storm.quiet)} without, medians.")


if __name__ == "__main__":
    sys.exit(main())
