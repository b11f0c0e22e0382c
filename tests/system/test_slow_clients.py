"""Clients that say little, slowly: closed on time while good ones are served."""

import select
import socket
import ssl
import time

MAC = "cc5ef641b794"
SLOW = 200
HEAD_DEADLINE_S = 5
SLACK_S = 10


def test_200_connections_that_send_a_byte_a_second_are_closed_on_time(make_instance):
    instance = make_instance()
    instance.init()
    instance.start()
    instance.add_user("alice")
    instance.add_account("alice", "1@pbx.test")
    url = instance.add_phone("alice", MAC)

    slow = [instance.connect() for _ in range(SLOW)]
    begin, lasted = {}, {}  # seconds, of each connection's first byte and until its end
    request = b"GET /provision/" + b"a" * 200 + b" HTTP/1.1\r\n"
    for tls in slow:
        tls.setblocking(False)
    at, last, good, open_ones = 0, 0.0, 0, set(slow)
    end = time.monotonic() + 60

    def closed(tls):
        open_ones.discard(tls)
        lasted[tls] = time.monotonic() - begin[tls]

    while open_ones and time.monotonic() < end:
        if time.monotonic() - last >= 1:
            last = time.monotonic()
            for tls in list(open_ones):
                begin.setdefault(tls, time.monotonic())
                try:
                    tls.send(request[at:at + 1])
                except OSError:
                    closed(tls)
            at += 1
        answer = instance.get_url(url)
        assert answer.status == 200
        good += 1
        for tls in select.select(list(open_ones), [], [], 0)[0]:
            try:
                if tls.recv(4096) == b"":
                    closed(tls)
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
            except OSError:
                closed(tls)
        time.sleep(0.02)
    for tls in slow:
        tls.close()
    assert not open_ones, f"{len(open_ones)} of {SLOW} still open"
    assert min(lasted.values()) >= HEAD_DEADLINE_S - 0.1, "closed for another reason"
    assert max(lasted.values()) <= HEAD_DEADLINE_S + SLACK_S
    assert good > 20


def test_silent_connections_are_closed_and_cost_no_tls(make_instance):
    instance = make_instance()
    instance.init()
    instance.start()
    silent = [socket.create_connection(("127.0.0.1", instance.port)) for _ in range(50)]
    deadline = time.monotonic() + 40
    for plain in silent:
        plain.settimeout(max(1, deadline - time.monotonic()))
        assert plain.recv(1) == b""
        plain.close()
    status = instance.ctl("status", "--json", code=0).json()
    assert status["connections"] == 0 and status["handshakes"] == 0


def test_connections_above_the_limit_of_a_source_are_refused_and_others_served(make_instance):
    instance = make_instance(extra="max_connections_per_source = 10\n")
    instance.init()
    instance.start()
    held = [instance.connect() for _ in range(10)]
    more = socket.create_connection(("127.0.0.1", instance.port), timeout=10)
    try:
        assert more.recv(1) == b""
    except ConnectionResetError:
        pass
    assert instance.get("/", source="127.0.0.2").status == 404
    for tls in held:
        tls.close()
    more.close()
