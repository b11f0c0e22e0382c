#!/usr/bin/python3
"""Figure 4: what a million phones cost beside a thousand: the processor time of a fetch, the time to a ready
daemon, and its memory.

    tests/bench/data_scale.py BUILD_FOLDER

PHONES (1000000), SECONDS of a slice (20) and ROUNDS (3) are taken from the environment. So is KEPT: a folder
where the big database is kept, so that a second run need not import it again. Both daemons run side by side, one
worker each, and take turns; what is fetched is drawn from all over the database."""

import os
import random
import statistics
import sys
import time
from pathlib import Path

import meters
import servers

SECONDS, ROUNDS = float(os.environ.get("SECONDS", 20)), int(os.environ.get("ROUNDS", 3))
PHONES, KEPT = int(os.environ.get("PHONES", 1_000_000)), os.environ.get("KEPT")
FEW, LOT, SAMPLE, THREADS, STARTS = 1000, 100_000, 50_000, 4, 5
STORM_MAX, KEEP_MORE_US, START_MAX_S = 1.1, 6, 1.0
# src/store/store.c: cache_size is 8 MiB for each connection to the database, and two of them serve phones here, the
# one worker's and the writer's. More than full they do not get, however many rows there are.
MEMORY_MAX = 2 * 8 * meters.MIB


def fill(server, phones):
    """Imports in lots, of which a sample is remembered. Seconds of all of them."""
    kept, took = [], 0
    for first in range(0, phones, LOT):
        count = min(LOT, phones - first)
        server.phones = []
        table, made = server.write_table(count, 1, first)
        begin = time.monotonic()
        server.tool("import", table)
        took += time.monotonic() - begin
        table.unlink()
        kept += random.sample(made, min(count, SAMPLE * count // phones))
        print(f"{first + count:,} phones after {took:.0f} s", file=sys.stderr)
    random.shuffle(kept)
    server.phones = kept
    return took


def big_one(where):
    """Stopped, and what its import says of itself."""
    if KEPT and (Path(KEPT) / str(PHONES) / "phones.json").exists():
        return servers.Autoprovd(where / "many", kept=Path(KEPT) / str(PHONES)), "kept from an earlier run"
    server = servers.Autoprovd(where / "many")
    server.start()
    try:
        took = fill(server, PHONES)
    finally:
        server.stop()
    if KEPT:
        (Path(KEPT) / str(PHONES)).mkdir(parents=True)
        server.keep(Path(KEPT) / str(PHONES))
    return server, f"imported in {took:.0f} s in lots of {LOT:,}"


def small_one(where):
    server = servers.Autoprovd(where / "few")
    server.start()
    try:
        server.import_phones(FEW)
    finally:
        server.stop()
    return server


def starts(server):
    seen = []
    for _ in range(STARTS):
        seen.append(server.start_timed())
        server.stop()
    return seen


def fetch(server, plan, least):
    """So many and no fewer on kept connections, and how many it were."""
    done = 0
    while done < least:
        seen = servers.load("keepalive", server.port, servers.TLS13, 5, THREADS, plan)
        assert seen.visits and not seen.failures, f"{seen.failures:.0f} failed"
        done += seen.visits
    return done


def compare_starts(table, servers_of):
    for when, before in (("", lambda: None), (", after sync", os.sync)):
        seen = {}
        for name, server in servers_of.items():
            before()
            seen[name] = starts(server)
        many = statistics.median(seen["many"])
        table.row(f"from exec to READY=1{when}", f"{many * 1000:.0f} ms ({meters.spread([s * 1000 for s in seen['many']])}"
                  f" ms; with {FEW:,} phones {meters.spread([s * 1000 for s in seen['few']])} ms)",
                  f"{START_MAX_S * 1000:.0f} ms", many <= START_MAX_S)


def compare_fetches(table, servers_of, plans):
    def slices(mode):
        return meters.in_turn(ROUNDS, {name: (lambda name=name, server=server: servers.cost(
            mode, server.port, servers.TLS13, SECONDS, THREADS, plans[name], [server.pid]))
            for name, server in servers_of.items()})

    # The first fetch of a phone adds a row, later ones change it: all have had their first.
    for name, server in servers_of.items():
        fetch(server, plans[name], SAMPLE)
    seen = slices("storm")
    ratio = meters.ratio(seen["many"], seen["few"])
    table.row(f"boot storm: CPU of a fetch, {PHONES:,} to {FEW:,}",
              f"{ratio:.3f} ({meters.spread(seen['many'])} µs to {meters.spread(seen['few'])} µs)",
              f"{STORM_MAX}", ratio <= STORM_MAX)
    seen = slices("keepalive")
    more = statistics.median(seen["many"]) - statistics.median(seen["few"])
    table.row("keep-alive: more CPU of a fetch",
              f"{more:.1f} µs ({meters.spread(seen['many'])} µs to {meters.spread(seen['few'])} µs)",
              f"{KEEP_MORE_US} µs", more <= KEEP_MORE_US)


def compare_memory(table, servers_of, plans):
    held = {}
    for name, server in servers_of.items():
        done = fetch(server, plans[name], 2 * SAMPLE)
        held[name] = meters.anonymous(server.pid)
        print(f"{name}: {done:.0f} fetches more before memory was read", file=sys.stderr)
    more = held["many"] - held["few"]
    table.row("memory that no file holds (RssAnon), after the same", f"{held['many'] / meters.MIB:.1f} MiB, "
              f"with {FEW:,} phones {held['few'] / meters.MIB:.1f} MiB", f"{MEMORY_MAX // meters.MIB} MiB more",
              more <= MEMORY_MAX)


def main():
    servers.build_folder(sys.argv[1])
    said = meters.conditions()
    with servers.folder() as where:
        many, how = big_one(where)
        servers_of = {"many": many, "few": small_one(where)}
        plans = {name: servers.visits_file(where, f"visits-{name}", server.phones)
                 for name, server in servers_of.items()}
        table = meters.Table(f"4. {PHONES:,} phones")
        try:
            compare_starts(table, servers_of)
            for server in servers_of.values():
                server.start()
            compare_fetches(table, servers_of, plans)
            compare_memory(table, servers_of, plans)
        finally:
            for server in servers_of.values():
                server.stop()
        database = many.instance.database.stat().st_size / meters.MIB
        return table.end(f"{said}. {PHONES:,} phones with a line each ({how}; {database:.0f} MiB), of which "
                         f"{len(many.phones):,} are fetched; {ROUNDS} rounds of slices of {SECONDS:.0f} s in turn, "
                         f"medians; ECDSA P-256, TLS 1.3; {STARTS} starts each.")


if __name__ == "__main__":
    sys.exit(main())
