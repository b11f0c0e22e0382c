#!/usr/bin/python3
"""Figure 6: what the daemon's memory grows by for a connection on which nothing happens: an established TLS
connection after one fetch, and a TCP connection whose client says nothing.

    tests/bench/idle_memory.py BUILD_FOLDER

CONNECTIONS (10000, of the first kind) is taken from the environment; of the second kind there are as many as the
limit of descriptors lets one process have. Each kind has a daemon of its own, since memory that was freed would
hide what the next kind takes. One worker. The kernel's slab is the whole machine's, so that both ends of a
connection are in it, and whatever else runs."""

import os
import sys
import time

import meters
import servers

CONNECTIONS = int(os.environ.get("CONNECTIONS", 10_000))
SOURCES = 20
TLS_MAX, SILENT_MAX = 18 * 1024, 1024
# Of the daemon's descriptors those that are no connections: the 512 that it leaves itself, and room.
OTHERS = 600
# The daemon closes silent ones after 10 s, and idle ones after 15, of which the client uses most where it is slow.
HELD_S, SILENT_S = 1, 8


class Growth:
    """Bytes for each of so many connections."""

    def __init__(self, server):
        self.pid = server.pid
        self.before = self.now()

    def now(self):
        return meters.resident(self.pid), meters.anonymous(self.pid), meters.slab()

    def each(self, count):
        return [(after - before) / count for before, after in zip(self.before, self.now())]


def daemon(where, connections):
    return servers.autoprovd(where, 1000, 6, extra=f"max_connections = {max(connections, 10_000)}\n")


def warm_up(server, where):
    """Caches and pools that do not depend on the number of connections."""
    plan = servers.visits_file(where, "visits", server.phones)
    servers.load("storm", server.port, servers.TLS13, 3, 4, plan)
    time.sleep(3)  # its records are written, and memory is given back


def established(where, count):
    with daemon(where / "tls", count + 100) as server:
        warm_up(server, where)
        growth = Growth(server)
        holder = servers.start_tool("hold_tls", server.port, *servers.TLS13, count, HELD_S, SOURCES,
                                    server.phones[0].file)
        try:
            assert holder.stdout.readline() == f"open {count}\n", "not all connections could be opened"
            seen = growth.each(count)
            left = holder.stdout.readline()
            assert left == f"left {count}\n", f"the daemon closed some of {count}: {left}"
        finally:
            servers.stop_tool(holder)
    return seen


def silent(where, count):
    with daemon(where / "silent", count + 100) as server:
        warm_up(server, where)
        growth = Growth(server)
        holder = servers.start_tool("hold", server.port, count, SILENT_S, SOURCES, "")
        try:
            for line in holder.stdout:
                if line.startswith(f"open {count} "):
                    return growth.each(count)
        finally:
            servers.stop_tool(holder)
    raise AssertionError("not all connections could be opened")


def row(table, what, seen, most):
    resident, anonymous, kernel = (each / 1024 for each in seen)
    table.row(what, f"{resident:.2f} KiB resident ({anonymous:.2f} KiB of it no file's); kernel slab, both ends: "
              f"{kernel:.1f} KiB", f"{most / 1024:.0f} KiB resident", seen[0] <= most)


def main():
    servers.build_folder(sys.argv[1])
    said, limit = meters.conditions(), meters.descriptors()
    most = min(limit, 65535) - OTHERS
    count = min(CONNECTIONS, most)
    table = meters.Table("6. Memory of idle connections")
    with servers.folder() as where:
        row(table, f"each of {count:,} established, after a handshake and a fetch", established(where, count), TLS_MAX)
        row(table, f"each of {most:,} silent ones", silent(where, most), SILENT_MAX)
    return table.end(f"{said}. One worker, ECDSA P-256, TLS 1.3; limit of descriptors {limit:,} for each process, "
                     f"{CONNECTIONS:,} established connections wanted; from {SOURCES} addresses.")


if __name__ == "__main__":
    sys.exit(main())
