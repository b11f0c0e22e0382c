"""Sessions that come back: never by default, by any worker when wanted, not across a reload."""

import socket
import ssl

import pytest

from instance import OK, read_answer

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def with_tickets(instance):
    instance.conf.write_text(instance.conf_text().replace(
        "    public_url", "    tls_resumption = yes\n    public_url"))


def visit(instance, context, session=None):
    """Ask for something: (resumed, the session to bring next time)."""
    with socket.create_connection(("127.0.0.1", instance.port), timeout=10) as raw, \
            context.wrap_socket(raw, server_hostname="localhost", session=session) as tls:
        tls.sendall(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_answer(tls).status == 404
        return tls.session_reused, tls.session


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_resumed_by_default(instance, version):
    context = instance.tls(version)
    _, session = visit(instance, context)
    assert not session.has_ticket
    for _ in range(3):
        assert not visit(instance, context, session)[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_worker_takes_a_ticket_of_any_other_until_a_reload(make_instance, version):
    instance = make_instance(workers=4)
    with_tickets(instance)
    instance.init()
    instance.start()
    context = instance.tls(version)
    resumed, session = visit(instance, context)
    assert not resumed and session.has_ticket
    for _ in range(40):
        assert visit(instance, context, session)[0]
    instance.ctl("reload", code=OK)
    resumed, session = visit(instance, context, session)
    assert not resumed, "a reload may have changed whom to trust"
    assert visit(instance, context, session)[0]
    instance.write_conf()
    instance.ctl("reload", code=OK)
    assert not visit(instance, context, session)[0]
