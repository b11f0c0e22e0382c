#!/usr/bin/python3
"""What a page of a search over 100,000 phones costs, in figures: a Markdown table with the conditions of
the run. The daemon is asked over its control socket; what curl itself takes is in it.

    tests/bench/search.py BUILD_FOLDER [PHONES]
"""

import http.client
import json
import os
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "system"))

ROUNDS = 15
MODELS = (("yealink", "T46U"), ("yealink", "T48U"), ("snom", "D785"), ("polycom", "VVX411"), ("generic", ""))
NAMES = ("Ada", "Bela", "Chloë", "Dora", "Emil", "Fatma", "Gül", "Hans", "Ida", "Jan")
QUESTIONS = (
    ("first page, no search", "?limit=100"),
    ("order user", "?sort=user&limit=100"),
    ("order model, descending", "?sort=model&order=desc&limit=100"),
    ("order last fetch", "?sort=last_fetch&order=desc&limit=100"),
    ("text of few", "?q=Room+4711&limit=100"),
    ("text of a tenth, by user", "?q=emil&sort=user&limit=100"),
    ("text of none", "?q=nothing+like+this&limit=100"),
    ("piece of a MAC", "?q=00:ab:c&limit=100"),
    ("state", "?state=never_fetched&limit=100"),
    ("state by last fetch", "?state=fetched&sort=last_fetch&limit=100"),
)
COUNTS = (("count of all", ""), ("count of a text", "?q=emil"))


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def fill(database, phones):
    """Four phones to a user; a third never fetched. Behind the store's back, which would take minutes."""
    with sqlite3.connect(database) as rows:
        rows.executemany(
            "INSERT INTO user (id, name, display_name, created_at) VALUES (?, ?, ?, 1700000000)",
            ((f"{n:08x}-0000-7000-8000-{n:012x}", f"u{n:06}", f"{NAMES[n % 10]} Number {n}")
             for n in range(phones // 4)))
        rows.executemany(
            "INSERT INTO phone (id, mac, user_id, vendor, model, label, enabled, created_at, last_fetch_at) "
            "VALUES (?, ?, ?, ?, ?, ?, 1, 1700000000, ?)",
            ((f"{n:08x}-0000-7000-9000-{n:012x}", f"020000{n * 7919 % phones:06x}",
              f"{n // 4:08x}-0000-7000-8000-{n // 4:012x}", *MODELS[n % 5], f"Room {n}",
              0 if n % 3 == 0 else 1700000000 + n * 31 % 86400) for n in range(phones)))


def ask(connection, path):
    begin = time.perf_counter()
    connection.request("GET", "/api/v1" + path)
    answer = connection.getresponse()
    text = answer.read()
    took = (time.perf_counter() - begin) * 1000
    assert answer.status == 200, text
    return took, json.loads(text)


def second_page(connection, path):
    """Deep in the list: after the fifth page."""
    after = None
    for _ in range(5):
        _, page = ask(connection, path + (f"&after={after}" if after else ""))
        if not page["next"]:
            return path
        after = page["next"].replace("/", "%2F")
    return f"{path}&after={after}"


def times(connection, path):
    took = sorted(ask(connection, path)[0] for _ in range(ROUNDS))
    return f"{statistics.median(took):.1f} | {took[-1]:.1f}"


def main():
    build = Path(sys.argv[1]).resolve()
    phones = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    os.environ.update(AUTOPROVD=str(build / "src/daemon/autoprovd"), AUTOPROVCTL=str(build / "src/ctl/autoprovctl"),
                      AP_BINARY_DIR=str(build))
    from instance import Instance
    with tempfile.TemporaryDirectory() as folder:
        instance = Instance(Path(folder) / "daemon", extra="log_level = warning\n")
        instance.conf.write_text(instance.conf.read_text().replace("log_level = debug\n", ""))
        instance.init()
        fill(instance.database, phones)
        instance.start()
        connection = Connection(instance.control)
        print(f"{phones} phones, {os.cpu_count()} cores, {ROUNDS} rounds\n")
        print("| question | median ms | slowest ms | sixth page, median ms | slowest ms |\n|---|---|---|---|---|")
        for name, query in QUESTIONS:
            path = "/phones" + query
            print(f"| {name} | {times(connection, path)} | {times(connection, second_page(connection, path))} |")
        for name, query in COUNTS:
            print(f"| {name} | {times(connection, '/phones/count' + query)} | | |")
        instance.stop()


if __name__ == "__main__":
    main()
