"""Which client certificate gets which file: a matrix of good and bad ones, end to end."""

import json
import os
import re
import ssl
import subprocess

import pytest

from instance import INVALID, OK, Instance, free_port, read_answer

TOOL = os.path.join(os.environ.get("AP_BINARY_DIR", ""), "tests", "certificate_tool")
MAC, OTHER = "cc5ef641b794", "cc5ef6000001"
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]

# Served where a certificate is required, and where it is optional.
PROVES, REFUSED, NOBODY = (200, 200), (404, 404), (404, 200)
MATRIX = {
    "right": PROVES,
    "right-without-eku": PROVES,
    "right-by-chain": PROVES,
    "chain-incomplete": NOBODY,
    "other-mac": REFUSED,
    "generic": NOBODY,
    "expired": NOBODY,
    "not-yet-valid": NOBODY,
    "sha1": NOBODY,
    "rsa1024": NOBODY,
    "wrong-ca": NOBODY,
    "impostor-ca": NOBODY,
    "self-signed": NOBODY,
    "self-signed-ca": NOBODY,
    "two-cns": NOBODY,
    "two-cns-reversed": NOBODY,
    "same-cn-twice": NOBODY,
    "nul-in-cn": NOBODY,
    "nul-behind-cn": NOBODY,
    "mac-in-san-only": NOBODY,
    "no-cn": NOBODY,
    "revoked": NOBODY,
    "lower-case": NOBODY,
    "mixed-case": NOBODY,
    "colons": NOBODY,
    "blank-behind": NOBODY,
    "more-behind": NOBODY,
    "long-cn": NOBODY,
    "not-ascii": NOBODY,
    "wide-characters": NOBODY,
    "server-auth-only": NOBODY,
    "ca-as-leaf": NOBODY,
    "bolt-right": REFUSED,
    "bolt-with-mac": REFUSED,
    None: NOBODY,
}
LEGACY = {**MATRIX, "sha1": PROVES, "rsa1024": PROVES}


def vendor(title):
    """Both have the same names of files and the same form in their certificates."""
    return json.dumps({
        "title": title, "mac_case": "upper", "content_type": "text/xml", "escape": "xml",
        "lines": 1, "keys": 0, "url": "{{provisioning_url}}", "certificate_cn": "{mac_upper}",
        "codes": {"transport": {}, "codec": {}, "key_type": {}, "srtp": {}}, "models": [],
        "files": [{"name": "{mac}.xml", "role": "config", "template": "generic.xml"},
                  {"name": f"{title.lower()}.xml", "role": "common", "template": "plain.xml"}]})


def listener(instance, name, port, keys):
    return f"""
listener {name} {{
    address = 127.0.0.1
    port = {port}
    public_url = 'https://localhost:{port}'
    {keys}
    certificate rsa {{
        certificate_file = '{instance.folder}/rsa.pem'
        key_file = '{instance.folder}/rsa.key'
    }}
}}
"""


def asking(folder, how):
    return f"""client_certificates = {how}
    client_ca_files = {{ acme:{folder}/acme-ca.pem, bolt:{folder}/bolt-ca.pem }}
    client_crl_file = '{folder}/acme.crl'"""


class Doors:
    """An instance with a door for each way to ask, one acme and one bolt phone of one user."""

    def __init__(self, folder):
        self.instance = instance = Instance(folder / "i0")
        self.files = instance.folder / "client"
        self.files.mkdir()
        (instance.folder / "vendors").mkdir()
        (instance.folder / "templates").mkdir()
        (instance.folder / "templates" / "plain.xml").write_text("<plain/>\n")
        for title in ("Acme", "Bolt"):
            (instance.folder / "vendors" / f"{title.lower()}.json").write_text(vendor(title))
        subprocess.run([TOOL, self.files], check=True, capture_output=True)
        self.ports = {name: free_port() for name in ("optional", "required", "legacy")}
        keys = {"optional": asking(self.files, "optional"),
                "required": asking(self.files, "required"),
                "legacy": "tls = legacy\n    networks = { 127.0.0.0/8 }\n    "
                          + asking(self.files, "required")}
        self.more = "".join(listener(instance, name, port, keys[name])
                            for name, port in self.ports.items())
        self.write()
        instance.init()
        instance.start()
        instance.add_user("alice")
        self.password = instance.add_account("alice", "1@pbx.test")
        self.path = self.path_of(instance.add_phone("alice", MAC, "--vendor", "acme"))
        self.other_path = self.path_of(instance.add_phone("alice", OTHER, "--vendor", "bolt"))

    def path_of(self, url):
        return url.split(f":{self.instance.port}", 1)[1]

    def write(self, change=lambda text: text):
        self.instance.conf.write_text(change(self.instance.conf_text() + self.more))

    def context(self, name, version=None):
        """A client that would show this certificate to anybody."""
        context = self.instance.tls()
        context.set_ciphers("ALL:@SECLEVEL=0")
        if version:
            context.minimum_version = context.maximum_version = version
        if name:
            context.load_cert_chain(self.files / f"{name}.pem", self.files / f"{name}.key")
        return context

    def get(self, door, name, path=None, version=None):
        instance = self.instance
        own, instance.port = instance.port, self.ports[door]
        try:
            return instance.get(path or self.path, context=self.context(name, version))
        finally:
            instance.port = own


@pytest.fixture(scope="module")
def doors(tmp_path_factory):
    made = Doors(tmp_path_factory.mktemp("certificates"))
    yield made
    made.instance.finish()


def test_the_matrix_has_all_that_the_tool_makes(doors):
    names = {path.stem for path in doors.files.glob("*.key")}
    assert names == {name for name in MATRIX if name} and len(names) >= 16


@pytest.mark.parametrize("name", MATRIX)
def test_each_certificate_gets_what_it_proves(doors, name):
    for version in VERSIONS:
        for door, status in zip(("required", "optional"), MATRIX[name]):
            answer = doors.get(door, name, version=version)
            assert answer.status == status, (door, version)
            assert (doors.password.encode() in answer.body) == (status == 200)


@pytest.mark.parametrize("name", LEGACY)
def test_weak_certificates_count_on_a_legacy_listener(doors, name):
    assert doors.get("legacy", name).status == LEGACY[name][0]


def test_every_refusal_is_the_uniform_miss(doors):
    miss = doors.instance.get("/provision/" + "0" * 32 + f"/{MAC}.xml").without_date()
    for name, expected in MATRIX.items():
        if expected[0] == 404:
            assert doors.get("required", name).without_date() == miss, name


def test_a_certificate_never_replaces_the_token(doors):
    token = doors.path.split("/")[2]
    wrong = doors.path.replace(token, "0" * len(token))
    assert doors.get("required", "right", wrong).status == 404
    assert doors.get("required", "right", f"/provision/{MAC}.xml").status == 404, "flat mode is off"
    assert doors.get("required", "right", doors.other_path).status == 404
    assert doors.get("required", "bolt-right", doors.other_path).status == 200
    assert doors.get("optional", "bolt-right", doors.other_path).status == 200


def test_common_files_want_a_certificate_of_their_vendor(doors):
    folder = doors.path.rsplit("/", 1)[0]
    for name, acme, bolt in (("right", 200, 404), ("other-mac", 200, 404), ("bolt-right", 404, 200),
                             ("generic", 404, 404), (None, 404, 404)):
        assert doors.get("required", name, f"{folder}/acme.xml").status == acme, name
        assert doors.get("required", name, f"{folder}/bolt.xml").status == bolt, name
    assert doors.get("optional", None, f"{folder}/acme.xml").status == 200
    assert doors.get("optional", "bolt-right", f"{folder}/acme.xml").status == 404


def test_a_kept_connection_keeps_its_certificate(doors):
    instance = doors.instance
    own, instance.port = instance.port, doors.ports["required"]
    try:
        with instance.connect(doors.context("right")) as tls:
            for path, status in ((doors.path, 200), (doors.other_path, 404), (doors.path, 200)):
                tls.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                assert read_answer(tls).status == status
    finally:
        instance.port = own


def test_record_metric_and_explain_name_the_reason(doors):
    instance = doors.instance
    assert doors.get("required", "other-mac").status == 404
    records = instance.ctl("refusal", "list", "--phone", MAC, "--reason", "certificate_mismatch",
                           "--json", code=OK).json()
    assert records and records[0]["reason"] == "certificate_mismatch"
    out = subprocess.run(["curl", "-sS", "--unix-socket", instance.control, "http://x/metrics"],
                         capture_output=True, text=True, check=True).stdout
    count = re.search(r'^autoprovd_refusals_total\{reason="certificate_mismatch"\} (\d+)$', out, re.M)
    assert count and int(count[1]) > 0
    for words, reason in (((), "certificate_mismatch"),
                          (("--certificate", MAC.upper()), "served"),
                          (("--certificate", MAC), "certificate_mismatch"),
                          (("--certificate", OTHER.upper()), "certificate_mismatch")):
        said = instance.ctl("explain", MAC, "--listener", "required", *words, "--json", code=OK)
        assert said.json()["reason"] == reason, words
    assert instance.ctl("explain", MAC, "--listener", "optional", "--json",
                        code=OK).json()["reason"] == "served"


def test_a_reload_takes_another_list_and_keeps_the_old_one_on_a_fault(doors):
    instance = doors.instance
    for change, said in (
            (("acme.crl", "acme-ended.crl"), "list 1 ended on"),
            (("acme.crl", "stranger.crl"), "is signed by no certificate of client_ca_files"),
            (("acme:", "none:"), "the catalogue has no vendor 'none'"),
            (("acme:", "grandstream:"), "does not say how certificates of 'grandstream' name"),
            (("acme-ca.pem", "right.pem"), "certificate 1 is not an authority's"),
            (("acme-ca.pem", "nothing.pem"), "nothing.pem"),
            ((f"client_crl_file = '{doors.files}/acme.crl'", "client_crl_file = acme.crl"),
             "must be an absolute path")):
        doors.write(lambda text: text.replace(*change, 1))
        result = instance.ctl("reload")
        assert result.code != OK and result.err.count("\n") == 1, (change, result)
        assert re.search(re.escape(str(instance.conf)) + r":\d+: ", result.err), result
        assert said in result.err, result
        assert doors.get("required", "right").status == 200
        assert doors.get("required", "revoked").status == 404
    doors.write(lambda text: text.replace(f"client_crl_file = '{doors.files}/acme.crl'", ""))
    instance.ctl("reload", code=OK)
    assert doors.get("required", "revoked").status == 200, "without the list it is good"
    doors.write()
    instance.ctl("reload", code=OK)
    assert doors.get("required", "revoked").status == 404
    instance.expected_log = ["reload result=failed"]


def test_keys_that_do_not_go_together_are_refused(doors):
    instance = doors.instance
    for change, key in ((("client_certificates = optional", "client_certificates = off"),
                         "client_ca_files: has no effect"),
                        (("client_ca_files", "#client_ca_files"), "client_certificates: needs"),
                        (("acme:/", "acme/"), "is no vendor of the catalogue"),
                        (("client_certificates = optional", "client_certificates = maybe"),
                         "client_certificates: must be off, optional or required")):
        doors.write(lambda text: text.replace(*change, 1))
        result = instance.ctl("--socket", instance.control, "reload")
        assert result.code == INVALID and key in result.err, (change, result)
    doors.write()
    instance.ctl("reload", code=OK)
    instance.expected_log = ["reload result=failed"]
