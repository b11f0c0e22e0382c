#!/usr/bin/python3
"""Tell a phone that is registered at Kamailio to fetch: for autoprovctl notifier (docs/operations.md).

    autoprovctl notifier --exec '/usr/share/autoprovd/notifier/kamailio.py'

Asks Kamailio for a NOTIFY by its JSON-RPC (modules jsonrpcs with its datagram socket, and tm), sent to Kamailio itself
so that request_route finds the phone's contact, and waits for the phone's answer. Ends with 0 when that was a 2xx, else with 1.
Takes all it needs from the environment: AUTOPROV_SIP_USER, AUTOPROV_DOMAIN, AUTOPROV_EVENT, AUTOPROV_KIND, and AUTOPROV_URL.
"""
import json
import os
import socket
import sys
import tempfile

RPC_SOCKET = os.environ.get("KAMAILIO_RPC_SOCKET", "/run/kamailio/kamailio_rpc.sock")
KAMAILIO = os.environ.get("KAMAILIO_SIP", "sip:127.0.0.1:5060")
ANSWER_S = 28  # the notifier gives a command 30


def notify(uri, headers, body):
    """One call; its result or its error, as a dictionary."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tm.t_uac_wait_block",
            "params": ["NOTIFY", uri, KAMAILIO, ".", headers, body]}
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as rpc:
        own = os.path.join(folder, "answer")  # Kamailio answers to a name
        rpc.bind(own)
        os.chmod(folder, 0o711)
        os.chmod(own, 0o622)
        rpc.settimeout(ANSWER_S)
        rpc.sendto(json.dumps(call).encode(), RPC_SOCKET)
        return json.loads(rpc.recv(65536))


def main():
    user, domain = os.environ.get("AUTOPROV_SIP_USER"), os.environ.get("AUTOPROV_DOMAIN")
    if not user or not domain:
        sys.exit("the phone has no line, so Kamailio knows no contact of it")
    uri = f"sip:{user}@{domain}"
    headers = (f"From: <{uri}>\r\nTo: <{uri}>\r\nContact: <{KAMAILIO}>\r\n"
               f"Event: {os.environ['AUTOPROV_EVENT']}\r\nSubscription-State: terminated;reason=timeout\r\n")
    url = os.environ.get("AUTOPROV_URL", "") if os.environ.get("AUTOPROV_KIND") == "url" else ""
    if url:
        headers += "Content-Type: application/url\r\n"
    try:
        answer = notify(uri, headers, url)
    except OSError as error:
        sys.exit(f"{RPC_SOCKET}: {error}; is jsonrpcs loaded, and may this user write to its socket?")
    code = int((answer.get("result") or {}).get("code", 0))
    if not 200 <= code < 300:
        sys.exit(f"Kamailio says: {json.dumps(answer.get('error') or answer.get('result'))}")


if __name__ == "__main__":
    main()
