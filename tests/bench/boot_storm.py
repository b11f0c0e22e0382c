#!/usr/bin/python3
"""Figure 1: the server's processor time for a phone after a power cut (connect, full handshake, one fetch of
a Yealink's file with six lines, close), autoprovd beside nginx that has the same file on disk.

    tests/bench/boot_storm.py BUILD_FOLDER

SECONDS of a slice (30) and ROUNDS (3) are taken from the environment. Both serve in turn, one worker each;
autoprovd's writer, which records every fetch, is in its figure, and nginx logs nothing."""

import os
import sys

import meters
import servers

SECONDS, ROUNDS = float(os.environ.get("SECONDS", 30)), int(os.environ.get("ROUNDS", 3))
PHONES, LINES, THREADS = 1000, 6, 4
BOUND, AIM = 1.00, 0.95
KINDS = (("RSA-2048, TLS 1.2", "rsa", servers.TLS12), ("ECDSA P-256, TLS 1.3", "ecdsa", servers.TLS13))


def main():
    servers.need("nginx")
    servers.build_folder(sys.argv[1])
    said = meters.conditions()
    with servers.folder() as where, servers.autoprovd(where / "a", PHONES, LINES) as ours:
        fetches = [phone.fetch() for phone in ours.phones]
        size = servers.mirror(ours, fetches, ours.instance.folder)
        plan = servers.visits_file(where, "visits", ours.phones)
        table = meters.Table("1. Boot storm")
        with servers.nginx(ours.instance.folder) as theirs:
            for name, certificate, kind in KINDS:
                seen = meters.in_turn(ROUNDS, {
                    "ours": lambda: servers.cost("storm", ours.port, kind, SECONDS, THREADS, plan, [ours.pid]),
                    "theirs": lambda: servers.cost("storm", theirs.ports[certificate], kind, SECONDS, THREADS,
                                                   plan, theirs.pids)})
                ratio = meters.ratio(seen["ours"], seen["theirs"])
                table.row(f"{name}: CPU of a fetch, autoprovd to nginx",
                          f"{ratio:.3f} ({meters.spread(seen['ours'])} µs to {meters.spread(seen['theirs'])} µs)",
                          f"{BOUND:.2f}, aim {AIM}", ratio <= BOUND)
        return table.end(f"{said}. {ROUNDS} rounds of slices of {SECONDS:.0f} s in turn, medians; {PHONES} phones, "
                         f"{size} bytes; AES-128-GCM, no tickets; one worker each, {THREADS} client threads.")


if __name__ == "__main__":
    sys.exit(main())
