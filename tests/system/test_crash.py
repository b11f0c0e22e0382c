"""kill -9 in the middle of writes: no acknowledged write is lost."""

import sqlite3
import subprocess
import threading

from instance import OK, wait_until

ROUNDS = 50


def test_kill_in_the_middle_of_writes_loses_nothing_acknowledged(make_instance):
    instance = make_instance(workers=1)
    instance.init()
    acknowledged, attempted = set(), 0
    for round_number in range(ROUNDS):
        instance.start()
        lock, stop = threading.Lock(), threading.Event()

        def write(worker):
            nonlocal attempted
            for i in range(500):
                if stop.is_set():
                    return
                name = f"u{round_number}-{worker}-{i}"
                with lock:
                    attempted += 1
                if instance.ctl("user", "add", name).code == OK:
                    with lock:
                        acknowledged.add(name)

        already = len(acknowledged)
        threads = [threading.Thread(target=write, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        wait_until("some writes", lambda: len(acknowledged) >= already + 2 + round_number % 3)
        instance.kill()
        stop.set()
        for thread in threads:
            thread.join()
    instance.start()
    listed = {user["name"] for user in instance.ctl("user", "list", "--json", code=OK).json()}
    assert acknowledged <= listed
    assert len(acknowledged) >= 2 * ROUNDS and attempted >= len(listed)
    instance.stop()
    instance.ctl("db", "check", code=OK)
    with sqlite3.connect(instance.database) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert subprocess.run(["pgrep", "-f", str(instance.conf)], capture_output=True).stdout == b""


def test_stop_in_the_middle_of_writes_answers_or_refuses_each(make_instance):
    instance = make_instance(workers=1)
    instance.init()
    acknowledged = set()
    for round_number in range(10):
        instance.start()
        stop = threading.Event()

        def write(worker):
            for i in range(200):
                name = f"s{round_number}-{worker}-{i}"
                if stop.is_set() or instance.ctl("user", "add", name).code != OK:
                    return
                acknowledged.add(name)

        already = len(acknowledged)
        threads = [threading.Thread(target=write, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        wait_until("some writes", lambda: len(acknowledged) > already + 1)
        instance.stop()
        stop.set()
        for thread in threads:
            thread.join()
    instance.start()
    listed = {user["name"] for user in instance.ctl("user", "list", "--json", code=OK).json()}
    assert acknowledged <= listed
