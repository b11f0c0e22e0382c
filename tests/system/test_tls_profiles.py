"""What each profile lets pass, as openssl s_client and gnutls-cli see it, and a listener's networks."""

import shutil
import subprocess

import pytest

from instance import EXIT_CONFIG, INVALID, OK, free_port

MAC = "cc5ef641b794"

MODERN = {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"}
COMPATIBLE = {"ECDHE-RSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES256-SHA",
              "AES128-GCM-SHA256", "AES128-SHA256"}
LEGACY = {"ECDHE-RSA-AES128-SHA", "AES128-SHA", "AES256-SHA"}
NEVER = {"DHE-RSA-AES128-GCM-SHA256", "ADH-AES128-SHA", "AECDH-AES128-SHA", "NULL-SHA",
         "ECDHE-RSA-NULL-SHA", "CAMELLIA128-SHA", "AES128-CCM"}
PROFILES = {"modern": MODERN, "compatible": MODERN | COMPATIBLE | LEGACY, "legacy": LEGACY}
VERSIONS = {"tls1": {"legacy"}, "tls1_1": {"legacy"}, "tls1_2": set(PROFILES), "tls1_3": set(PROFILES)}
GNUTLS = {"VERS-TLS1.0": "tls1", "VERS-TLS1.1": "tls1_1", "VERS-TLS1.2": "tls1_2", "VERS-TLS1.3": "tls1_3"}


def listener(instance, profile, port, networks="127.0.0.0/8"):
    """One of its own, with the certificates that the profile takes."""
    pairs = ["rsa"] if profile == "legacy" else ["rsa", "ecdsa"]
    certificates = "".join(f"""
    certificate {pair} {{
        certificate_file = '{instance.folder}/{pair}.pem'
        key_file = '{instance.folder}/{pair}.key'
    }}""" for pair in pairs)
    return f"""
listener {profile} {{
    address = 127.0.0.1
    port = {port}
    public_url = 'https://localhost:{port}'
    tls = {profile}
    networks = {{ {networks} }}{certificates}
}}
"""


@pytest.fixture(scope="module")
def doors(tmp_path_factory):
    """(instance, {profile: port}), running."""
    from instance import Instance
    instance = Instance(tmp_path_factory.mktemp("profiles") / "i0")
    ports = {profile: free_port() for profile in PROFILES}
    instance.extra = "".join(listener(instance, profile, port) for profile, port in ports.items())
    # The shared listener's section goes first: it is the one whose URL is told.
    instance.conf.write_text(instance.conf_text().replace(instance.extra, "") + instance.extra)
    instance.init()
    instance.start()
    yield instance, ports
    instance.finish()


def s_client(port, *options):
    """True: a handshake was made."""
    out = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options],
                         input=b"", capture_output=True, timeout=30)
    return out.returncode == 0 and b"Cipher is (NONE)" not in out.stdout


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("version", VERSIONS)
def test_s_client_gets_through_with_the_profiles_versions_alone(doors, profile, version):
    _, ports = doors
    assert s_client(ports[profile], f"-{version}", "-cipher",
                    "ALL:@SECLEVEL=0") == (profile in VERSIONS[version])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("cipher", sorted(MODERN | COMPATIBLE | LEGACY | NEVER))
def test_s_client_gets_through_with_the_profiles_ciphers_alone(doors, profile, cipher):
    _, ports = doors
    assert s_client(ports[profile], "-tls1_2", "-cipher",
                    f"{cipher}:@SECLEVEL=0") == (cipher in PROFILES[profile])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("version", GNUTLS)
def test_gnutls_cli_gets_through_with_the_profiles_versions_alone(doors, profile, version):
    instance, ports = doors
    if not shutil.which("gnutls-cli"):
        pytest.skip("gnutls-cli is not installed")
    priority = f"NORMAL:-VERS-ALL:+{version}:%VERIFY_ALLOW_SIGN_WITH_SHA1"
    if version in ("VERS-TLS1.0", "VERS-TLS1.1"):
        priority = f"LEGACY:-VERS-ALL:+{version}:+SIGN-ALL:%VERIFY_ALLOW_SIGN_WITH_SHA1"
    out = subprocess.run(["gnutls-cli", "--priority", priority, "--x509cafile",
                          instance.folder / "ca.pem", "--port", str(ports[profile]), "localhost"],
                         input=b"", capture_output=True, timeout=30)
    done = b"Handshake was completed" in out.stdout
    assert done == (profile in VERSIONS[GNUTLS[version]]), out


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_serves_the_phones_file(doors, profile):
    instance, ports = doors
    name = f"user-{profile}"
    instance.add_user(name)
    number = 1 + list(PROFILES).index(profile)
    password = instance.add_account(name, f"{number}@pbx.test")
    mac = f"0015650000{number:02x}"
    path = instance.add_phone(name, mac).split(f":{instance.port}", 1)[1]
    out = subprocess.run(["curl", "-sS", "-f", "--cacert", instance.folder / "ca.pem",
                          f"https://localhost:{ports[profile]}{path}"], capture_output=True)
    assert out.returncode == 0 and password.encode() in out.stdout, out.stderr


def test_a_legacy_listener_without_networks_is_refused_at_start(make_instance):
    instance = make_instance()
    instance.init()
    text = instance.conf_text() + listener(instance, "legacy", free_port())
    instance.conf.write_text(text.replace("networks = { 127.0.0.0/8 }", ""))
    line = text.splitlines().index("    tls = legacy") + 1
    code, said = instance.start_fails()
    assert code == EXIT_CONFIG
    assert said.count("\n") == 1 and f"{instance.conf}:{line}: tls: legacy and off need" in said, said


def test_a_reload_changes_profile_and_networks_and_refuses_what_is_weak(make_instance):
    instance = make_instance()
    instance.init()
    instance.start()
    instance.add_user("alice")
    url = instance.add_phone("alice", MAC)
    assert not s_client(instance.port, "-tls1_2", "-cipher", "AES128-SHA")
    good = instance.conf_text()

    def with_keys(keys):
        instance.conf.write_text(good.replace("    public_url", f"    {keys}\n    public_url"))
        return instance.ctl("reload")

    assert with_keys("tls = compatible").code == OK
    assert s_client(instance.port, "-tls1_2", "-cipher", "AES128-SHA")
    for keys in ("tls = legacy", "tls = off networks = { ::1 }", "networks = { ::/0 }",
                 "tls = legacy networks = { 127.0.0.0/8 }"):  # an EC certificate
        result = with_keys(keys)
        assert result.code == INVALID and result.err.count("\n") == 1, (keys, result)
        assert str(instance.conf) in result.err
        assert s_client(instance.port, "-tls1_2", "-cipher", "AES128-SHA"), "the old one stays"
        assert instance.get_url(url).status == 200
    assert with_keys("networks = { 10.0.0.0/8 }").code == OK
    assert instance.get_url(url).status == 404
    instance.expected_log = ["reload result=failed"]


def test_from_outside_the_networks_everything_is_the_uniform_miss(make_instance):
    instance = make_instance(custom_options='{"disable_auto_provision_security": true}')
    instance.conf.write_text(instance.conf_text().replace(
        "    public_url", "    networks = { 127.0.0.2, 10.0.0.0/8 }\n    public_url"))
    instance.init()
    instance.start()
    instance.add_user("alice")
    instance.add_account("alice", "1@pbx.test")
    url = instance.add_phone("alice", MAC, "--vendor", "generic")
    flat = f"/provision/{MAC}.xml"
    miss = instance.get("/provision/" + "0" * 32 + f"/{MAC}.xml", source="127.0.0.2")
    assert miss.status == 404
    assert instance.get_url(url, source="127.0.0.2").status == 200
    assert instance.get(flat, source="127.0.0.2").status == 200
    for answer in (instance.get_url(url), instance.get(flat),
                   instance.get_url(url, source="127.0.0.2", headers="Via: 1.1 proxy\r\n")):
        assert answer.without_date() == miss.without_date()
    explained = instance.ctl("explain", MAC, "--from", "192.0.2.7", "--json", code=OK).json()
    assert explained["reason"] == "address_not_allowed"
    explained = instance.ctl("explain", MAC, "--from", "10.0.0.7", "--json", code=OK).json()
    assert explained["reason"] == "served"
    instance.stop()
    assert "reason=address_not_allowed count=3" in instance.log() \
        or instance.log().count("reason=address_not_allowed") >= 2, instance.log()
