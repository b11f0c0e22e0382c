#!/usr/bin/python3
"""Figure 2: what of a boot-storm fetch's instructions is autoprovd's own: all that its threads run in user
space, but for OpenSSL's handshake, read, write, new, free and shutdown.

    tests/bench/own_share.py BUILD_FOLDER

callgrind counts the program as it ships (only the sandbox is off, as valgrind cannot go through it). It hides
newer processors' instructions from OpenSSL, so the shares are those of an older one, and it counts each byte
that is wiped as an instruction. SECONDS (10) of fetches are counted after as many that warm up."""

import os
import re
import subprocess
import sys
import time

import meters
import servers

SECONDS = float(os.environ.get("SECONDS", 10))
PHONES, LINES, THREADS = 500, 6, 2
SHARE_MAX, OWN_MAX = 0.05, 80000
OPENSSL = ("SSL_do_handshake", "SSL_read_ex", "SSL_write_ex", "SSL_new", "SSL_free", "SSL_shutdown")
# Of the own instructions, largest first: what a maintainer would look at.
PARTS = (("store: look up token, phone, lines, settings, keys", "store_phone_by_pair"),
         ("render: values and template", "rendering_render"),
         ("digest for ETag and delivery", "vault_body_digest"),
         ("lines of a new file", "vault_line_digests"),
         ("writer: record of the fetch", "store_record_write"),
         ("writer: commits", "store_write_commit"),
         ("request gate", "gate_read"),
         ("head and body together", "http_run"))


def under_callgrind(where, program, out):
    """A program that starts the daemon under callgrind, which counts nothing yet."""
    script = where / "counted"
    script.write_text("#!/bin/sh\nexec valgrind --tool=callgrind --instr-atstart=no --separate-threads=yes "
                      f"--callgrind-out-file={out} {program} \"$@\"\n")
    script.chmod(0o755)
    return str(script)


def switch(pid, state):
    subprocess.run(["callgrind_control", "-i", state, str(pid)], check=True, capture_output=True, timeout=60)


def inclusive(file):
    """Function -> instructions, with what it called."""
    said = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", "--auto=no", file],
                          capture_output=True, text=True, check=True, timeout=600).stdout
    found = {}
    for number, name in re.findall(r"^ *([\d,]+) \([^)]*\) +(\S.*)$", said, re.M):
        key = "total" if name.startswith("PROGRAM TOTALS") else re.sub(r" \[.*$", "", name).rsplit(":", 1)[-1].strip()
        found[key] = max(found.get(key, 0), int(number.replace(",", "")))
    return found


def main():
    servers.need("valgrind", "callgrind_control", "callgrind_annotate")
    servers.build_folder(sys.argv[1])
    import instance
    with servers.folder() as where:
        out = where / "counts"
        server = servers.Autoprovd(where / "a", extra="sandbox = no\n")
        server.start()
        server.import_phones(PHONES, LINES)
        server.stop()
        instance.AUTOPROVD = under_callgrind(where, instance.AUTOPROVD, out)
        server.start()
        try:
            plan = servers.visits_file(where, "visits", server.phones)
            # Each phone once, so that what is counted are files that the phones have.
            servers.load("storm", server.port, servers.TLS13, 2 * SECONDS, THREADS, plan)
            switch(server.pid, "on")
            seen = servers.load("storm", server.port, servers.TLS13, SECONDS, THREADS, plan)
            time.sleep(1)  # the last records are written
            switch(server.pid, "off")
        finally:
            server.stop()
        assert seen.visits and not seen.failures
        sums = {}
        for file in sorted(where.glob("counts-*")):
            for name, number in inclusive(file).items():
                sums[name] = sums.get(name, 0) + number
    count = {name: number / seen.visits for name, number in sums.items()}
    own = count["total"] - sum(count.get(name, 0) for name in OPENSSL)
    table = meters.Table("2. Own share of a fetch")
    table.row("own instructions of a fetch", f"{own:,.0f}", f"{OWN_MAX:,}", own <= OWN_MAX)
    table.row("share of all", f"{own / count['total']:.1%} of {count['total']:,.0f}", f"{SHARE_MAX:.0%}",
              own <= SHARE_MAX * count["total"])
    for what, name in PARTS:
        table.row(f"of it, {what}", f"{count.get(name, 0):,.0f}", "", None)
    return table.end(f"{meters.conditions()}. {seen.visits:.0f} fetches counted, {PHONES} phones with {LINES} lines; "
                     "ECDSA P-256, TLS 1.3; all threads, the writer too.")


if __name__ == "__main__":
    sys.exit(main())
