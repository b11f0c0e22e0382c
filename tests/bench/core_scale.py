#!/usr/bin/python3
"""Figure 5: what a second worker is worth: boot-storm fetches in a second with two workers beside one.

    tests/bench/core_scale.py BUILD_FOLDER

SECONDS of a slice (20) and ROUNDS (3) are taken from the environment. With four cores or more the daemons have two
of them, the client the others, and what is compared is fetches in a second. With fewer the client takes what the
second worker would need; then what is compared is processor time: twice the time of a fetch with one worker
through that with two is how much two cores would do if nothing but processor time held them up. Waiting for locks
does not show in it, only what workers cost each other, and what a client on the same cores costs them: nginx beside
it, which has nothing that workers share, shows how much that is."""

import os
import statistics
import sys
from contextlib import ExitStack

import meters
import servers

SECONDS, ROUNDS = float(os.environ.get("SECONDS", 20)), int(os.environ.get("ROUNDS", 3))
PHONES, LINES, THREADS = 1000, 6, 8
LEAST = 1.85


def rate(server, plan, client_cores):
    with servers.on_cores(client_cores):
        seen = servers.load("storm", server.port, servers.TLS13, SECONDS, THREADS, plan)
    assert seen.visits and not seen.failures, f"{seen.failures:.0f} failed"
    return seen.visits / SECONDS


def compare_rates(table, plans, client_cores):
    seen = meters.in_turn(ROUNDS, {workers: lambda one=one: rate(*one, client_cores) for workers, one in plans.items()})
    scaling = meters.ratio(seen[2], seen[1])
    table.row("fetches in a second, two workers to one",
              f"{scaling:.2f} ({meters.spread(seen[2])} to {meters.spread(seen[1])})", LEAST, scaling >= LEAST)


def compare_times(table, plans):
    servers.need("nginx")

    def slices(name, workers, port, plan, pids):
        return {(name, workers): lambda: servers.cost("storm", port, servers.TLS13, SECONDS, THREADS, plan, pids)}

    with ExitStack() as stack:
        turns = {}
        for workers, (server, plan) in plans.items():
            turns |= slices("autoprovd", workers, server.port, plan, [server.pid])
            servers.mirror(server, [phone.fetch() for phone in server.phones], server.instance.folder)
            other = stack.enter_context(servers.nginx(server.instance.folder, workers=workers))
            turns |= slices("nginx", workers, other.ports["ecdsa"], plan, other.pids)
        seen = meters.in_turn(ROUNDS, turns)
    for name, what, least in (("autoprovd", "twice the CPU of a fetch with one worker, to that with two", LEAST),
                              ("nginx", "the same for nginx, whose workers are processes", None)):
        one, two = seen[name, 1], seen[name, 2]
        scaling = 2 * statistics.median(one) / statistics.median(two)
        table.row(what, f"{scaling:.2f} (one worker {meters.spread(one)} µs, two {meters.spread(two)} µs)",
                  least or "none", scaling >= least if least else None)


def main():
    servers.build_folder(sys.argv[1])
    said = meters.conditions()
    server_cores, client_cores = servers.cores(2)
    with servers.folder() as where, servers.on_cores(server_cores), \
            servers.autoprovd(where / "one", PHONES, LINES, workers=1) as one, \
            servers.autoprovd(where / "two", PHONES, LINES, workers=2) as two:
        plans = {workers: (server, servers.visits_file(where, f"visits-{workers}", server.phones))
                 for workers, server in ((1, one), (2, two))}
        table = meters.Table("5. Two workers")
        if server_cores:
            compare_rates(table, plans, client_cores)
            how = f"server on cores {servers.name_of(server_cores)}, client on {servers.name_of(client_cores)}"
        else:
            compare_times(table, plans)
            how = "too few cores for two workers and their client: processor time is compared, not throughput"
        return table.end(f"{said}. {how}; {ROUNDS} rounds of slices of {SECONDS:.0f} s in turn, medians; "
                         f"ECDSA P-256, TLS 1.3; {PHONES} phones with {LINES} lines, {THREADS} client threads.")


if __name__ == "__main__":
    sys.exit(main())
