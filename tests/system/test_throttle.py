"""Sources that guess: their misses come late, and whoever has a right pair does not notice."""

import re
import secrets
import threading
import time

import pytest

from instance import OK, wait_until
from test_import import HEAD, row, write
from test_metrics import figures

MAC = "cc5ef641b794"
# Of include/autoprov/limits.h.
FREE_GUESSES, LATE_S, DUE_S, HELD = 60, 2, 0.05, 8
WRONG = f"/provision/{'0' * 32}/{MAC}.xml"
PHONES = 60
SCANNER, ELSEWHERE = "127.0.0.7", "127.0.0.8"
TOP_S = 60  # every loop ends then


@pytest.fixture
def alice(make_instance):
    """An instance with one phone; its path."""
    instance = make_instance()
    instance.init()
    instance.start()
    instance.add_user("alice")
    instance.add_account("alice", "1@pbx.test")
    url = instance.add_phone("alice", MAC, "--vendor", "yealink")
    return instance, url.split(f":{instance.port}", 1)[1]


def timed(instance, path, source=SCANNER):
    """Answer (None: closed without one) and the seconds from the request to it."""
    with instance.connect(source=source) as tls:
        begin = time.monotonic()
        tls.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        try:
            first = tls.recv(65536)
        except OSError:
            first = b""
        return first, time.monotonic() - begin


def guess(instance, count, source=SCANNER):
    """So many wrong pairs on kept connections, as fast as their due times let them."""
    with instance.connect(source=source) as tls:
        for _ in range(count):
            tls.sendall(f"GET {WRONG} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            assert tls.recv(65536).startswith(b"HTTP/1.1 404"), "below the threshold"


def penalise(instance, source=SCANNER):
    """Guess until misses come late."""
    guess(instance, FREE_GUESSES, source)
    wait_until("throttled", lambda: timed(instance, WRONG, source)[1] >= LATE_S)


def test_guesses_come_late_by_and_by_and_the_log_has_one_line(alice):
    instance, path = alice
    assert timed(instance, WRONG)[1] < LATE_S
    penalise(instance)
    assert timed(instance, WRONG)[1] >= LATE_S
    assert timed(instance, WRONG, ELSEWHERE)[1] < LATE_S
    for other in ("/", path.rsplit("/", 1)[0] + "/nothing.bin", f"/provision/{MAC}.cfg"):
        assert timed(instance, other)[1] >= LATE_S, "every kind of miss is late"
    first, seconds = timed(instance, path)
    assert first.startswith(b"HTTP/1.1 200") and seconds < LATE_S
    # What the phone provokes at each start.
    for name in ("y000000000000.boot", f"{MAC}.boot"):
        first, seconds = timed(instance, path.rsplit("/", 1)[0] + "/" + name)
        assert first.startswith(b"HTTP/1.1 404") and seconds < LATE_S, name
    lines = re.findall(r"notice throttled source=(\S+);", instance.log())
    assert lines == [SCANNER]
    status = instance.ctl("status", "--json", code=OK).json()
    assert status["throttled_sources"] == 1
    assert "Throttled:" in instance.ctl("status", code=OK).out
    for source, late in ((SCANNER, True), (ELSEWHERE, False)):
        said = instance.ctl("explain", MAC, "--from", source, code=OK).out
        assert ("misses come late now" in said) == late, said
    values = figures(instance)
    assert values["autoprovd_throttled_sources"] == 1
    assert values["autoprovd_sources_throttled_total"] == 1
    assert values["autoprovd_misses_held_total"] >= 5
    assert values["autoprovd_held_misses"] == 0


def test_late_and_early_misses_are_the_same_bytes(alice):
    instance, _ = alice
    early = instance.get(WRONG, source=SCANNER).without_date()
    penalise(instance)
    assert instance.get(WRONG, source=SCANNER).without_date() == early
    assert instance.get("/", source=SCANNER).without_date() == early


def test_throttle_is_switched_off_by_a_reload(alice):
    instance, _ = alice
    penalise(instance)
    instance.extra = "throttle = no\n"
    instance.write_conf()
    instance.ctl("reload", code=OK)
    assert timed(instance, WRONG)[1] < LATE_S
    guess(instance, 2 * FREE_GUESSES, ELSEWHERE)
    assert timed(instance, WRONG, ELSEWHERE)[1] < LATE_S


def test_workers_share_the_penalties(make_instance):
    instance = make_instance(workers=4)
    instance.init()
    instance.start()
    begin = time.monotonic()
    # Each on a connection of its own: the kernel spreads them over the workers.
    for _ in range(FREE_GUESSES + 30):
        if timed(instance, WRONG)[1] >= LATE_S:
            break
    assert [timed(instance, WRONG)[1] >= LATE_S for _ in range(8)] == [True] * 8
    assert time.monotonic() - begin < TOP_S


def import_phones(instance, count):
    """So many users with a phone each; the paths of their files."""
    tokens = [secrets.token_hex(16) for _ in range(count)]
    instance.secrets += tokens
    text = HEAD + "\n" + "".join(
        row(user=f"u{n}", user_display_name=f"User {n}", token=token, sip_user=n,
            domain="pbx.example.com", password=instance.secret(), mac=f"02{n:010x}") + "\n"
        for n, token in enumerate(tokens))
    instance.ctl("import", write(instance, text), code=OK)
    return [f"/provision/{token}/02{n:010x}.xml" for n, token in enumerate(tokens)]


class Scanner:
    """Threads that guess from one address until they are told to stop."""

    def __init__(self, instance, threads):
        self.instance = instance
        self.over = threading.Event()
        self.end = time.monotonic() + 4 * TOP_S
        self.late = self.early = self.closed = 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.over.is_set() and time.monotonic() < self.end:
            first, seconds = timed(self.instance, WRONG)
            with self.lock:
                if not first:
                    self.closed += 1
                elif seconds >= LATE_S:
                    self.late += 1
                else:
                    self.early += 1
            self.over.wait(0.02 if first else 0.2)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def test_a_customer_behind_the_address_of_a_scanner_is_served_at_once(make_instance):
    instance = make_instance()
    instance.init()
    instance.start()
    paths = import_phones(instance, PHONES)
    scanner = Scanner(instance, HELD + 4)
    try:
        wait_until("throttled", lambda: scanner.closed > 0 and scanner.late >= HELD, TOP_S)
        slowest = 0
        for path in paths:
            first, seconds = timed(instance, path)
            assert first.startswith(b"HTTP/1.1 200"), path
            slowest = max(slowest, seconds)
        held = figures(instance)["autoprovd_held_misses"]
    finally:
        scanner.stop()
    print(f"{PHONES} phones served, the slowest in {slowest * 1000:.1f} ms; the scanner meanwhile: "
          f"{scanner.early} at due time, {scanner.late} late, {scanner.closed} closed; {held:.0f} held")
    assert slowest < LATE_S
    assert held <= HELD
    assert scanner.early <= FREE_GUESSES
    assert scanner.late > 0
