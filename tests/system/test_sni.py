"""Which certificate a client gets by the name that it asks for, from a running daemon."""

import socket
import ssl
import subprocess

from instance import OK, make_certificate

MAC = "cc5ef641b794"


def make(folder, name, kind, names):
    key = {"rsa": ["-newkey", "rsa:2048"],
           "ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]}[kind]
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=x", "-addext",
                    f"subjectAltName={names}", *key, "-keyout", folder / f"{name}.key", "-out",
                    folder / f"{name}.pem"], check=True, capture_output=True)


def with_more(instance, *names):
    sections = "".join(f"""
    certificate {name} {{
        certificate_file = '{instance.folder}/{name}.pem'
        key_file = '{instance.folder}/{name}.key'
    }}""" for name in names)
    instance.conf.write_text(instance.conf_text().rstrip().removesuffix("}") + sections + "\n}\n")


def shown(instance, name, ciphers=None):
    """The file of the certificate that the server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if ciphers:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
    with socket.create_connection(("127.0.0.1", instance.port), timeout=10) as raw, \
            context.wrap_socket(raw, server_hostname=name) as tls:
        got = tls.getpeercert(binary_form=True)
    for path in instance.folder.glob("*.pem"):
        text = path.read_text()
        if text.count("BEGIN") == 1 and ssl.PEM_cert_to_DER_cert(text) == got:
            return path.stem
    raise AssertionError("an unknown certificate")


def test_names_choose_and_all_others_get_the_first(make_instance):
    instance = make_instance()
    make(instance.folder, "branch", "rsa", "DNS:branch.test,DNS:*.branch.test")
    make(instance.folder, "branch-ec", "ecdsa", "DNS:branch.test")
    with_more(instance, "branch", "branch-ec")
    instance.init()
    instance.start()
    instance.add_user("alice")
    url = instance.add_phone("alice", MAC)
    rsa = "ECDHE-RSA-AES128-GCM-SHA256"
    for name, any_type, rsa_alone in (("localhost", "ecdsa", "rsa"), (None, "ecdsa", "rsa"),
                                      ("unknown.test", "ecdsa", "rsa"),
                                      ("branch.test", "branch-ec", "branch"),
                                      ("BRANCH.test", "branch-ec", "branch"),
                                      ("one.branch.test", "branch", "branch")):
        assert shown(instance, name) == any_type, name
        assert shown(instance, name, rsa) == rsa_alone, name
    out = subprocess.run(["curl", "-sS", "-f", "--cacert", instance.folder / "branch-ec.pem",
                          "--resolve", f"branch.test:{instance.port}:127.0.0.1",
                          url.replace("localhost", "branch.test")], capture_output=True)
    assert out.returncode == 0, out.stderr


def test_a_reload_changes_the_names_and_refuses_a_useless_certificate(make_instance):
    instance = make_instance()
    make(instance.folder, "branch", "rsa", "DNS:branch.test")
    make_certificate(instance.folder, "again", "rsa")
    instance.init()
    instance.start()
    assert shown(instance, "branch.test") == "ecdsa"
    with_more(instance, "branch")
    instance.ctl("reload", code=OK)
    assert shown(instance, "branch.test") == "branch"
    with_more(instance, "again")
    result = instance.ctl("reload")
    assert result.code != OK and "again.pem: clients get another certificate" in result.err, result
    assert shown(instance, "branch.test") == "branch"
    instance.expected_log = ["reload result=failed"]
