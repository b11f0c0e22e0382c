#!/usr/bin/python3
"""Figure 9: autoprovd beside what users run today: nginx and PHP-FPM, where a script reads a device, its lines, keys
and settings from SQLite and fills a template (tests/bench/php/). The same certificate, and a file of the same size.

    tests/bench/php_fpm.py BUILD_FOLDER

FETCHES (10000, of each, with a full handshake) is taken from the environment. PHP-FPM has a child for each core and
opcache; its script keeps its connection to the database and records nothing, while autoprovd records each fetch. No
bound: it is a comparison."""

import os
import shutil
import sqlite3
import sys

import meters
import servers

FETCHES = int(os.environ.get("FETCHES", 10_000))
PHONES, LINES, KEYS, THREADS, SLICE_S = 1000, 6, 15, 4, 5
SCHEMA = """
CREATE TABLE device (id INTEGER PRIMARY KEY, mac TEXT NOT NULL UNIQUE, token TEXT NOT NULL, vendor TEXT NOT NULL,
                     template TEXT NOT NULL, label TEXT, enabled INTEGER NOT NULL);
CREATE TABLE line (device_id INTEGER NOT NULL, number INTEGER NOT NULL, label TEXT, display_name TEXT, user_name TEXT,
                   auth_name TEXT, password TEXT, server TEXT, port INTEGER, transport INTEGER, expires INTEGER,
                   outbound_proxy TEXT, outbound_proxy_port INTEGER, PRIMARY KEY (device_id, number)) WITHOUT ROWID;
CREATE TABLE key (device_id INTEGER NOT NULL, number INTEGER NOT NULL, type INTEGER, line INTEGER, value TEXT,
                  label TEXT, PRIMARY KEY (device_id, number)) WITHOUT ROWID;
CREATE TABLE default_setting (vendor TEXT NOT NULL, name TEXT NOT NULL, value TEXT,
                              PRIMARY KEY (vendor, name)) WITHOUT ROWID;
CREATE TABLE device_setting (device_id INTEGER NOT NULL, name TEXT NOT NULL, value TEXT,
                             PRIMARY KEY (device_id, name)) WITHOUT ROWID;
"""
DEFAULTS = {
    "outbound_proxy_enable": 0, "srtp": 0, "voice_mail": "", "g722_enable": 1, "g722_priority": 1, "pcma_enable": 1,
    "pcma_priority": 2, "pcmu_enable": 1, "pcmu_priority": 3, "g729_enable": 0, "g729_priority": 0, "opus_enable": 0,
    "opus_priority": 0, "ntp_server": "pool.ntp.org", "time_zone": "0", "time_zone_name": "", "summer_time": 0,
    "language_gui": "English", "language_wui": "English", "power_on": 1, "repeat_enable": 1, "repeat_minutes": 1440,
}


def fill(file, phones, url):
    """The devices that autoprovd has, with as much to each."""
    with sqlite3.connect(file) as rows:
        rows.executescript("PRAGMA journal_mode = WAL;" + SCHEMA)
        rows.executemany("INSERT INTO default_setting VALUES ('yealink', ?, ?)",
                         [*DEFAULTS.items(), ("provision_url", url)])
        for n, phone in enumerate(phones):
            rows.execute("INSERT INTO device VALUES (?, ?, ?, 'yealink', 'yealink.cfg', '', 1)",
                         (n, phone.mac, phone.token))
            rows.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, 'pbx.example.com', 5060, 0, 3600, '', '')", (
                (n, line, *[f"{n}-{line}"] * 4, f"{n * 64 + line:016x}") for line in range(1, LINES + 1)))
            rows.executemany("INSERT INTO key VALUES (?, ?, ?, ?, '', '')", (
                (n, key, *((15, key) if key <= LINES else (0, ""))) for key in range(1, KEYS + 1)))
            rows.execute("INSERT INTO device_setting VALUES (?, 'repeat_minutes', 720)", (n,))


def fastcgi(fpm, script, database):
    return f"""
        location /provision/ {{
            fastcgi_pass unix:{fpm.socket};
            fastcgi_param SCRIPT_FILENAME {script};
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param DATABASE {database};
        }}"""


class Subject:
    def __init__(self, port, pids, plan):
        self.port, self.pids, self.plan = port, pids, plan
        self.visits = self.cpu = self.seconds = 0

    def slice(self):
        cpu = meters.cpu_s(*self.pids)
        seen = servers.load("storm", self.port, servers.TLS13, SLICE_S, THREADS, self.plan)
        assert seen.visits and not seen.failures, f"{seen.failures:.0f} failed"
        self.visits += seen.visits
        self.cpu += meters.cpu_s(*self.pids) - cpu
        self.seconds += SLICE_S

    def cost(self):
        return self.cpu * 1e6 / self.visits, self.seconds * 1e6 / self.visits


def size_of(port, path):
    connection = servers.local_https(port)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, f"{path}: {answer.status}"
    return len(body)


def php_fpm():
    """The newest one that is installed."""
    found = [name for name in ("php-fpm8.4", "php-fpm8.3", "php-fpm8.2", "php-fpm") if shutil.which(name)]
    servers.need(*(found[:1] or ["php-fpm"]))
    return found[0]


def main():
    servers.need("nginx")
    program = php_fpm()
    servers.build_folder(sys.argv[1])
    said, cores = meters.conditions(), len(os.sched_getaffinity(0))
    with servers.folder() as where, servers.autoprovd(where / "a", PHONES, LINES, workers=cores) as ours, \
            servers.fpm(where, program, cores) as fpm:
        fill(where / "pbx.db", ours.phones, f"https://localhost:{ours.port}")
        script = servers.TOP / "tests" / "bench" / "php" / "provision.php"
        with servers.nginx(ours.instance.folder, workers=cores,
                           more_server=fastcgi(fpm, script, where / "pbx.db")) as nginx:
            plan = servers.visits_file(where, "visits", ours.phones)
            both = {"autoprovd": Subject(ours.port, [ours.pid], plan),
                    "PHP": Subject(nginx.ports["ecdsa"], [*nginx.pids, *fpm.pids], plan)}
            sizes = {name: size_of(one.port, ours.phones[0].file) for name, one in both.items()}
            while any(one.visits < FETCHES for one in both.values()):
                for one in both.values():
                    one.slice()
    table = meters.Table("9. PHP-FPM")
    (our_cpu, our_wall), (their_cpu, their_wall) = (one.cost() for one in both.values())
    table.row("CPU of a fetch, nginx and PHP-FPM to autoprovd",
              f"{their_cpu / our_cpu:.1f} ({their_cpu:.0f} µs to {our_cpu:.0f} µs)", "none", None)
    table.row(f"time of a fetch, {THREADS} at once, nginx and PHP-FPM to autoprovd",
              f"{their_wall / our_wall:.1f} ({their_wall:.0f} µs to {our_wall:.0f} µs)", "none", None)
    return table.end(f"{said}, PHP {meters.version_of(program, '-v')}. {both['autoprovd'].visits:,.0f} and "
                     f"{both['PHP'].visits:,.0f} fetches in slices of {SLICE_S} s in turn; ECDSA P-256, TLS 1.3, no tickets; "
                     f"{cores} workers of each server and {cores} FPM children; {PHONES} phones with {LINES} lines, files of "
                     f"{sizes['autoprovd']:,} and {sizes['PHP']:,} bytes.")


if __name__ == "__main__":
    sys.exit(main())
