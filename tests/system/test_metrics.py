"""/metrics, /healthz and /readyz of a running daemon."""

import http.client
import json
import shutil
import socket
import subprocess

import pytest

from instance import OK, token_of, wait_until

MAC = "cc5ef641b794"


class ControlConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def get(instance, path, method="GET"):
    connection = ControlConnection(instance.control)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.getheader("Content-Type"), body


def figures(instance):
    """Every sample: 'name{labels}' -> value."""
    status, content_type, body = get(instance, "/metrics")
    assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    lines = [line for line in body.splitlines() if not line.startswith("#")]
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


@pytest.fixture
def phone(instance):
    instance.add_user("alice")
    return instance, instance.add_phone("alice", MAC, "--vendor", "linphone")


def test_promtool_finds_nothing_to_complain_of(phone):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed (Debian package prometheus)")
    instance, url = phone
    instance.get_url(url)
    instance.get("/provision/nothing")
    _, _, body = get(instance, "/metrics")
    result = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True,
                            text=True, timeout=60)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_each_answer_is_counted_once_by_its_outcome(phone):
    instance, url = phone
    before = figures(instance)
    answer = instance.get_url(url)
    etag = answer.headers["etag"]
    assert instance.get_url(url, headers=f"If-None-Match: {etag}\r\n").status == 304
    for _ in range(3):
        assert instance.get(f"/provision/{'0' * 32}/{MAC}.xml").status == 404
    assert instance.get("/", method="POST", headers="Content-Length: 0\r\n").status == 405
    after = figures(instance)

    def grown(name):
        return after[name] - before[name]

    requests = 'autoprovd_http_requests_total{listener="phones",outcome="%s"}'
    assert grown(requests % "served") == 1
    assert grown(requests % "not_modified") == 1
    assert grown(requests % "missed") == 3
    assert grown(requests % "method") == 1
    assert grown(requests % "failed") == 0
    assert grown('autoprovd_refusals_total{reason="unknown_pair"}') == 3
    assert grown("autoprovd_renders_total") == 2
    assert grown("autoprovd_render_errors_total") == 0
    assert grown("autoprovd_http_request_duration_seconds_count") == 6
    assert grown('autoprovd_http_request_duration_seconds_bucket{le="+Inf"}') == 6
    # A miss is held back for 50 ms: that is no part of its time.
    assert grown("autoprovd_http_request_duration_seconds_sum") < 0.3
    wait_until("the workers' copies", lambda: figures(instance)["autoprovd_tls_handshakes_total"]
               - before["autoprovd_tls_handshakes_total"] == 6)
    wait_until("the record", lambda: figures(instance)['autoprovd_phones{state="fetched"}'] == 1)


def test_a_failed_handshake_is_counted(instance):
    with socket.create_connection(("127.0.0.1", instance.port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while plain.recv(4096):
            pass
    wait_until("counted",
               lambda: figures(instance)["autoprovd_tls_handshake_failures_total"] == 1)


def test_every_sample_is_there_from_the_start_and_names_nobody(phone):
    instance, url = phone
    start = figures(instance)
    instance.get_url(url)
    instance.get(f"/provision/{'0' * 32}/{MAC}.xml")
    later = figures(instance)
    assert set(start) == set(later)
    text = "\n".join(later)
    for word in (MAC, "cc:5e", token_of(url), "alice", "/provision"):
        assert word not in text


def test_the_process_and_the_certificate_are_described(instance):
    values = figures(instance)
    assert values["process_resident_memory_bytes"] > 1e6
    assert values["process_open_fds"] > 10
    assert values["process_cpu_seconds_total"] > 0
    assert values["process_start_time_seconds"] > 1.7e9
    assert values['autoprovd_tls_certificate_expiry_timestamp_seconds{listener="phones"}'] > 1.7e9
    assert values["autoprovd_config_last_reload_successful"] == 1


def test_a_failed_reload_shows_until_the_next_good_one(instance):
    instance.expected_log.append("reload result=failed")
    good = instance.conf.read_text()
    instance.conf.write_text("nonsense = 1\n")
    assert instance.ctl("--socket", instance.control, "reload").code != OK
    assert figures(instance)["autoprovd_config_last_reload_successful"] == 0
    instance.conf.write_text(good)
    instance.ctl("reload", code=OK)
    assert figures(instance)["autoprovd_config_last_reload_successful"] == 1


def test_the_daemon_is_alive_and_ready(instance):
    status, content_type, body = get(instance, "/healthz")
    assert (status, content_type) == (200, "application/health+json")
    assert json.loads(body) == {"status": "pass"}
    status, _, body = get(instance, "/readyz")
    assert (status, json.loads(body)["status"]) == (200, "pass")
    assert get(instance, "/readyz", method="DELETE")[0] == 405


def test_phone_listeners_have_none_of_them(instance):
    for path in ("/metrics", "/healthz", "/readyz"):
        assert instance.get(path).status == 404
