"""Reloads under load, certificate changes, and stops that lose nothing."""

import os
import signal
import socket
import ssl
import threading
import time

import pytest

from instance import INVALID, make_certificate, read_answer, wait_until

MAC = "cc5ef641b794"


@pytest.fixture
def phone(instance):
    instance.add_user("alice")
    instance.add_account("alice", "1@pbx.test")
    return instance, instance.add_phone("alice", MAC)


class Load:
    """Threads that fetch until told to stop; every failure is kept."""

    def __init__(self, instance, url, threads=3, context=None):
        self.instance, self.url = instance, url
        self.context = context
        self.failures, self.count = [], 0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]

    def run(self):
        end = time.monotonic() + 60
        while not self.stopping.is_set() and time.monotonic() < end:
            try:
                answer = self.instance.get_url(self.url, context=self.context)
                status = answer.status if answer else "closed"
            except OSError as error:
                status = repr(error)
            with self.lock:
                self.count += 1
                if status != 200:
                    self.failures.append(status)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def test_reloads_under_load_fail_no_request(phone):
    instance, url = phone
    with Load(instance, url) as load:
        for i in range(20):
            if i % 2:
                instance.process.send_signal(signal.SIGHUP)
            else:
                instance.ctl("reload", code=0)
        wait_until("some fetches", lambda: load.count >= 20)
    assert load.failures == [] and load.count >= 20


def served_certificate(instance, ciphers):
    with instance.connect(unchecked(ciphers)) as tls:
        return tls.getpeercert(binary_form=True)


def unchecked(ciphers="ECDHE-RSA-AES128-GCM-SHA256"):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    return context


@pytest.mark.parametrize("how", ["reload", "SIGHUP"])
def test_a_new_certificate_is_served_after_a_reload(phone, how):
    instance, url = phone
    before = served_certificate(instance, "ECDHE-RSA-AES128-GCM-SHA256")
    make_certificate(instance.folder, "rsa", "rsa")
    with instance.connect(unchecked()) as kept:
        if how == "reload":
            instance.ctl("reload", code=0)
        else:
            instance.process.send_signal(signal.SIGHUP)
        wait_until("new certificate", lambda: served_certificate(
            instance, "ECDHE-RSA-AES128-GCM-SHA256") != before)
        kept.sendall(f"GET {url.split(str(instance.port), 1)[1]} HTTP/1.1\r\nHost: h\r\n\r\n"
                     .encode())
        assert read_answer(kept).status == 200, "an old connection goes on"


def swap_key(folder):
    make_certificate(folder, "other", "rsa")
    (folder / "rsa.key").write_bytes((folder / "other.key").read_bytes())


def remove_certificate(folder):
    (folder / "rsa.pem").unlink()


def damage_certificate(folder):
    (folder / "rsa.pem").write_text("-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n")


def half_written(folder):
    text = (folder / "rsa.pem").read_text()
    (folder / "rsa.pem").write_text(text[:len(text) // 2])


@pytest.mark.parametrize("harm", [swap_key, remove_certificate, damage_certificate, half_written])
def test_a_bad_pair_keeps_the_old_one_and_says_why(phone, harm):
    instance, url = phone
    before = served_certificate(instance, "ECDHE-RSA-AES128-GCM-SHA256")
    harm(instance.folder)
    refused = instance.ctl("reload", code=INVALID)
    assert "/rsa." in refused.err and refused.err.count("\n") == 1
    assert served_certificate(instance, "ECDHE-RSA-AES128-GCM-SHA256") == before
    instance.expected_log = ["reload result=failed"]
    with instance.connect(unchecked()) as tls:
        tls.sendall(f"GET {url.split(str(instance.port), 1)[1]} HTTP/1.1\r\nHost: h\r\n\r\n"
                    .encode())
        assert read_answer(tls).status == 200


def test_a_restart_key_is_refused_by_name(phone):
    instance, _ = phone
    instance.workers = 3
    instance.write_conf()
    refused = instance.ctl("reload", code=INVALID)
    assert "workers" in refused.err and "restart" in refused.err
    instance.expected_log = ["reload result=failed"]


def test_a_template_override_is_taken_by_reload_and_a_bad_one_is_not(phone):
    instance, url = phone
    folder = instance.folder / "templates"
    folder.mkdir()
    (folder / "generic.xml").write_text("<mine>{{mac}}</mine>\n")
    instance.ctl("reload", code=0)
    assert instance.get_url(url).body == b"<mine>cc5ef641b794</mine>\n"
    (folder / "generic.xml").write_text("<mine>\n{{#lines}}</mine>\n")
    refused = instance.ctl("reload", code=INVALID)
    assert "templates/generic.xml:2:1:" in refused.err
    assert instance.get_url(url).body == b"<mine>cc5ef641b794</mine>\n"
    instance.expected_log = ["reload result=failed"]


def test_sigterm_finishes_the_answers_in_hand(phone):
    instance, _ = phone
    with instance.connect() as tls, instance.connect() as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert read_answer(idle).status == 404
        tls.sendall(b"GET /provision/x HTTP/1.1\r\nHost: h\r\n\r\n")
        time.sleep(0.01)  # on its way: a miss waits for 50 ms
        instance.process.send_signal(signal.SIGTERM)
        assert read_answer(tls).status == 404
        assert tls.recv(1) == b""
        assert idle.recv(1) == b""
    assert instance.process.wait(timeout=20) == 0
    instance.process = None


def test_a_second_sigterm_stops_at_once(instance):
    with instance.connect() as tls:
        begun = time.monotonic()
        tls.sendall(b"GET /half HTTP/1.1\r\n")  # a request in hand that never ends
        instance.get("/")
        instance.process.send_signal(signal.SIGTERM)
        wait_until("draining", lambda: "finishing answers" in instance.log())
        time.sleep(0.3)
        assert instance.process.poll() is None, "the first one waits for the request"
        instance.process.send_signal(signal.SIGTERM)
        second = time.monotonic()
        assert instance.process.wait(timeout=20) == 0
        ended = time.monotonic()
        try:
            assert tls.recv(1) == b""
        except (ConnectionResetError, ssl.SSLEOFError):
            pass
    # By itself the drain ends with the head's deadline, 5 s after its first byte.
    assert ended - second < 3 and ended - begun < 4.5
    assert "cut off" not in instance.log()
    instance.process = None


def test_an_answer_that_nobody_takes_delays_a_stop_by_ten_seconds_only(phone):
    """An answer may take 30 s; requests in advance fill the socket's buffers."""
    instance, url = phone
    folder = instance.folder / "templates"
    folder.mkdir()
    (folder / "generic.xml").write_text("<big>{{mac}}" + "x" * 60000 + "</big>\n")
    instance.ctl("reload", code=0)
    path = url.split(f":{instance.port}", 1)[1]
    request = f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", instance.port))
    with instance.tls().wrap_socket(raw, server_hostname="localhost") as tls:
        tls.sendall(request * 200)
        served = None
        while served != (served := instance.ctl("status", "--json").json()["requests"]["served"]):
            time.sleep(0.5)
        assert 0 < served < 200, "it waits for the client"
        begin = time.monotonic()
        instance.process.send_signal(signal.SIGTERM)
        assert instance.process.wait(timeout=25) == 0
        assert 9.9 <= time.monotonic() - begin < 20
    assert "answers in hand are cut off after 10000 ms" in instance.log()
    instance.expected_log = ["stop answers in hand are cut off"]
    instance.process = None


def test_a_stop_among_reloads_ends_well(make_instance):
    instance = make_instance()
    instance.init()
    # A reload that the stop finds waiting is given up.
    instance.expected_log = ["reload result=failed"]
    for _ in range(5):
        instance.start()
        for _ in range(6):
            instance.process.send_signal(signal.SIGHUP)
            time.sleep(0.001)  # pending signals of one kind are one signal
        instance.process.send_signal(signal.SIGTERM)
        instance.stop()


def test_no_descriptor_is_lost_over_requests_and_reloads(phone):
    instance, url = phone
    folder = f"/proc/{instance.process.pid}/fd"

    def descriptors():
        return len(os.listdir(folder))

    for _ in range(3):
        instance.get_url(url)
        instance.ctl("reload", code=0)
    before = descriptors()
    for _ in range(30):
        instance.get_url(url)
        instance.get("/")
    for _ in range(5):
        instance.ctl("reload", code=0)
    wait_until("descriptors given back", lambda: descriptors() <= before + 2)
