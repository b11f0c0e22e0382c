#!/usr/bin/python3
"""Figure 3: what a phone costs that asks for more than its file: a whole visit (one handshake, two probes
that miss, a file that phones share, its own file, close), and fetches and revalidations on connections that
stay, autoprovd beside nginx with the same bytes.

    tests/bench/visit.py BUILD_FOLDER

SECONDS of a slice (20) and ROUNDS (3) are taken from the environment. A miss of autoprovd's is held for 50 ms,
which costs no processor time: many threads make up for it."""

import os
import sys

import meters
import servers

SECONDS, ROUNDS = float(os.environ.get("SECONDS", 20)), int(os.environ.get("ROUNDS", 3))
PHONES, LINES = 1000, 6
VISIT_MAX, KEEP_MIN, KEEP_AIM = 1.05, 0.7, 1.0


def main():
    servers.need("nginx")
    servers.build_folder(sys.argv[1])
    said = meters.conditions()
    with servers.folder() as where, servers.autoprovd(where / "a", PHONES, LINES, vendor="poly") as ours:
        visits = [phone.visit() for phone in ours.phones]
        fetches = [phone.fetch() for phone in ours.phones]
        size = servers.mirror(ours, visits, ours.instance.folder)
        plans = {
            "visit": servers.visits_file(where, "visits", ours.phones, visits),
            "fetch": servers.visits_file(where, "fetches", ours.phones),
            "again": servers.visits_file(where, "again", ours.phones,
                                         [[(304, path) for _, path in one] for one in fetches]),
        }
        table = meters.Table("3. A phone's visit, and kept connections")
        with servers.nginx(ours.instance.folder) as theirs:
            def compare(mode, plan, threads):
                seen = meters.in_turn(ROUNDS, {
                    "ours": lambda: servers.cost(mode, ours.port, servers.TLS13, SECONDS, threads, plans[plan],
                                                 [ours.pid]),
                    "theirs": lambda: servers.cost(mode, theirs.ports["ecdsa"], servers.TLS13, SECONDS, threads,
                                                   plans[plan], theirs.pids)})
                return meters.ratio(seen["ours"], seen["theirs"]), (
                    f"({meters.spread(seen['ours'])} µs to {meters.spread(seen['theirs'])} µs)")

            ratio, spread = compare("storm", "visit", 96)
            table.row("visit: CPU, autoprovd to nginx", f"{ratio:.3f} {spread}", f"{VISIT_MAX}", ratio <= VISIT_MAX)
            for name, plan in (("fetches", "fetch"), ("304 answers", "again")):
                ratio, spread = compare("keepalive", plan, 4)
                table.row(f"keep-alive: {name} in a CPU second, autoprovd to nginx", f"{1 / ratio:.2f} {spread}",
                          f"{KEEP_MIN}, aim {KEEP_AIM}", 1 / ratio >= KEEP_MIN)
        return table.end(f"{said}. {ROUNDS} rounds of slices of {SECONDS:.0f} s in turn, medians; ECDSA P-256, TLS 1.3; "
                         f"{PHONES} Poly phones with {LINES} lines, own file {size} bytes.")


if __name__ == "__main__":
    sys.exit(main())
