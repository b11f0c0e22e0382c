"""Many who write at once: nothing that was acknowledged is lost, and of one version one change wins."""

import http.client
import json
import socket
import threading

from instance import OK

THREADS = 40
WRITES = 25


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def ask(connection, method, path, body=None, headers=None):
    """(status, headers, parsed body)"""
    headers = dict(headers or {})
    if body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(body)
    connection.request(method, "/api/v1" + path, body=body, headers=headers)
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, answer.headers, json.loads(text) if text else None


def together(count, work):
    """work(nth) in as many threads at once; their results in order."""
    results = [None] * count
    begin = threading.Barrier(count)

    def run(nth):
        begin.wait()
        results[nth] = work(nth)

    threads = [threading.Thread(target=run, args=(nth,)) for nth in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_thousand_writes_at_once_are_all_there(instance):
    def add_users(nth):
        connection = UnixConnection(instance.control)
        added = []
        for i in range(WRITES):
            name = f"user-{nth}-{i}"
            status, _, user = ask(connection, "POST", "/users", {"name": name})
            if status == 201 and user["name"] == name:
                added.append(name)
        connection.close()
        return added

    added = sum(together(THREADS, add_users), [])
    assert len(added) == THREADS * WRITES
    # What was acknowledged survives a process that is killed.
    instance.kill()
    instance.start()
    listed = [row["name"] for row in instance.ctl("user", "list", "--json", code=OK).json()]
    assert sorted(listed) == sorted(added)
    verified = instance.ctl("audit", "verify", "--json", code=OK).json()
    assert verified["unbroken"] and verified["rows"] >= THREADS * WRITES


def test_of_many_changes_of_one_version_one_wins(instance):
    instance.add_user("alice")

    def change(nth):
        connection = UnixConnection(instance.control)
        status, _, user = ask(connection, "PATCH", "/users/alice",
                              {"display_name": f"by {nth}"}, {"If-Match": tag})
        connection.close()
        return status, user

    for _ in range(5):
        connection = UnixConnection(instance.control)
        _, headers, _ = ask(connection, "GET", "/users/alice")
        tag = headers["ETag"]
        results = together(THREADS, change)
        assert sorted(status for status, _ in results) == [200] + [412] * (THREADS - 1)
        winner = next(user for status, user in results if status == 200)
        _, _, shown = ask(connection, "GET", "/users/alice")
        connection.close()
        assert shown["display_name"] == winner["display_name"]
