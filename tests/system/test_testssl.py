"""What testssl.sh finds in the default profile: nothing of MEDIUM or above."""

import json
import shutil
import subprocess

import pytest

from instance import free_port, make_certificate

# Of certificates that are signed by themselves, as the test's are.
OWN_CERTIFICATES = ("cert_chain_of_trust", "cert_revocation")
# Some of what a whole run tells: that it has come so far.
LOOKED_AT = {"SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3", "cipherlist_NULL",
             "cipherlist_aNULL", "cipher_order", "PFS", "TLS_session_ticket", "sessionresumption_ID",
             "cert_signatureAlgorithm", "heartbleed", "ROBOT", "secure_renego",
             "secure_client_renego", "CRIME_TLS", "BREACH", "SWEET32", "BEAST", "LUCKY13",
             "fallback_SCSV"}
SERIOUS = ("MEDIUM", "HIGH", "CRITICAL", "FATAL")


def findings(folder, port, *options):
    """All that testssl.sh says, as a list of objects."""
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    if not program:
        pytest.skip("testssl.sh is not installed")
    out = folder / "testssl.json"
    ran = subprocess.run([program, "--quiet", "--color", "0", "--warnings", "off", "--jsonfile", out,
                          *options, f"localhost:{port}"], capture_output=True, timeout=500,
                         cwd=folder)
    assert out.exists(), ran
    return json.loads(out.read_text())


def serious(found):
    return [item for item in found if item["severity"] in SERIOUS
            and not item["id"].split(" ")[0] in OWN_CERTIFICATES]


def test_the_modern_profile_has_nothing_serious(make_instance):
    instance = make_instance()
    for kind in ("rsa", "ecdsa"):
        make_certificate(instance.folder, kind, kind, days=200)  # it minds those that end soon
    instance.init()
    instance.start()
    found = findings(instance.folder, instance.port)
    seen = {item["id"].split(" ")[0] for item in found}
    assert LOOKED_AT <= seen, f"it has not looked at {LOOKED_AT - seen}"
    assert not serious(found), serious(found)


def test_what_is_serious_would_be_seen(tmp_path):
    """The same look at a server that takes ciphers without any certificate."""
    certificate, key = make_certificate(tmp_path, "rsa", "rsa")
    port = free_port()
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(["openssl", "s_server", "-accept", str(port), "-cert", certificate,
                                   "-key", key, "-cipher", "ALL:@SECLEVEL=0", "-www"], stdout=log,
                                  stderr=log, stdin=subprocess.DEVNULL)
    try:
        assert "cipherlist_aNULL" in {item["id"] for item in
                                      serious(findings(tmp_path, port, "-s"))}
    finally:
        server.kill()
        server.wait()
