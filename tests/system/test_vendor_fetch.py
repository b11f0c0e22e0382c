"""What phones of real vendors ask for, on the wire: their own files, common ones, probes, uploads."""

import glob
import json
import os
import sqlite3
import subprocess

import pytest

from instance import AUTOPROVCTL, FAILED, INVALID, TOP, token_of, wait_until

MAC, OTHER = "cc5ef641b794", "001565aabbcc"
ON = '{"disable_auto_provision_security": true}'
OFF = '{"disable_auto_provision_security": false}'


def catalogue(vendor):
    with open(os.path.join(TOP, "conf", "vendors", vendor + ".json"), encoding="utf-8") as file:
        return json.load(file)


VENDORS = sorted(name for name in (os.path.basename(path)[:-5] for path in glob.glob(
    os.path.join(TOP, "conf", "vendors", "*.json"))) if name != "time_zones")


def own_name(vendor, mac=MAC):
    """The first row of a vendor's files is the phone's own."""
    data = catalogue(vendor)
    return data["files"][0]["name"].replace("{mac}",
                                            mac.upper() if data["mac_case"] == "upper" else mac)


class User:
    """A user with an account and phones; knows the folder of the token."""

    def __init__(self, instance, name, display_name="Ann Other"):
        self.instance, self.name = instance, name
        instance.add_user(name)
        self.password = instance.add_account(name, f"{name}@pbx.test", None, "--display-name",
                                             display_name)
        self.folder = self.token = None

    def add(self, mac, vendor, model=""):
        """A phone; of cisco-enterprise there is no URL."""
        options = ["--vendor", vendor] + (["--model", model] if model else [])
        self.instance.ctl("phone", "add", self.name, mac, *options, code=0)
        if self.folder is None and not catalogue(vendor).get("flat_only"):
            url = self.instance.ctl("phone", "url", mac, code=0).out.split()[0]
            self.token = url.split("/provision/", 1)[1].split("/", 1)[0]
            self.instance.secrets.append(self.token)
            self.folder = f"/provision/{self.token}"
        return self

    def get(self, name, **options):
        return self.instance.get(f"{self.folder}/{name}", **options)


@pytest.fixture
def two(instance):
    """(instance, Alice with a Cisco SPA, Bob with a Yealink, the uniform miss)"""
    alice = User(instance, "alice").add(MAC, "cisco-spa", "SPA504G")
    bob = User(instance, "bob").add(OTHER, "yealink", "T54W")
    miss = instance.get(f"/provision/{'0' * 32}/{MAC}.xml")
    assert miss.status == 404
    return instance, alice, bob, miss.without_date()


def requests(instance):
    return instance.ctl("status", "--json", code=0).json()["requests"]


def rows(instance, statement):
    """Of the database of a stopped daemon."""
    instance.stop()
    database = sqlite3.connect(f"file:{instance.database}?mode=ro", uri=True)
    found = database.execute(statement).fetchall()
    database.close()
    return found


# -- common files ----------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["spa504G.cfg", "SPA504g.CFG", "init.cfg"])
def test_a_common_file_is_served_to_a_user_with_such_a_phone_and_to_no_other(two, name):
    instance, alice, bob, miss = two
    answer = alice.get(name)
    assert answer.status == 200
    assert f"/provision/{alice.token}/$MA.xml".encode() in answer.body
    for secret in (alice.password, bob.password, bob.token, MAC):
        assert secret.encode() not in answer.body
    assert bob.get(name).without_date() == miss
    assert instance.get(f"/provision/{'0' * 32}/{name}").without_date() == miss
    assert instance.get(f"/provision/{name}").without_date() == miss, "flat mode is off"


def test_a_common_file_holds_settings_of_all_phones_but_no_secret(two):
    instance, alice, _, _ = two
    before = alice.get("spa504G.cfg").body
    web = instance.secret()
    instance.ctl("setting", "set", "admin_password", "--value-file", "-", "--scope", "global",
                 stdin=web + "\n", code=0)
    instance.ctl("setting", "set", "resync_interval", "7200", "--scope", "vendor:cisco-spa", code=0)
    after = alice.get("spa504G.cfg").body
    assert web.encode() not in after and after != before and b"7200" in after
    assert web.encode() in alice.get(own_name("cisco-spa")).body


def test_a_common_file_on_the_previous_token_names_the_current_one(two):
    instance, alice, _, _ = two
    instance.ctl("token", "rotate", "alice", code=0)
    current = token_of(instance.ctl("phone", "url", MAC, code=0).out.strip())
    body = alice.get("spa504G.cfg").body
    assert current != alice.token
    assert f"/provision/{current}/$MA.xml".encode() in body and alice.token.encode() not in body


def test_flat_mode_serves_common_files_in_its_networks_while_it_is_on(make_instance):
    instance = make_instance(extra="flat_networks = { 127.0.0.1/32 }\n")
    instance.init()
    instance.start()
    alice = User(instance, "alice").add(MAC, "cisco-spa", "SPA504G")
    names = ("spa504G.cfg", "init.cfg", "8841-3PCC.xml", "KX-HDV230.cfg", "000000000000.cfg")
    miss = instance.get("/provision/nothing.cfg").without_date()
    for option, served in ((OFF, False), (ON, True), (OFF, False)):
        instance.ctl("options", "set", option, code=0)
        for name in names:
            answer = instance.get(f"/provision/{name}")
            assert (answer.status == 200) == served, name
            assert served or answer.without_date() == miss
            for secret in (alice.token, alice.password):
                assert secret.encode() not in answer.body
            outside = instance.get(f"/provision/{name}", source="127.0.0.2")
            assert outside.without_date() == miss, name
    instance.ctl("options", "set", ON, code=0)
    for name in ("y000000000096.cfg", "config.xml", "features.cfg", "unheard-of.cfg"):
        assert instance.get(f"/provision/{name}").without_date() == miss


# -- probes, uploads -------------------------------------------------------------------------------

def test_probes_are_quiet_misses(two):
    instance, _, bob, miss = two
    probes = ["y000000000096.cfg", "y000000000000.boot", f"{OTHER}.boot", f"{OTHER}-local.cfg",
              "favorite_setting.xml"]
    before = requests(instance)
    for name in probes:
        assert bob.get(name).without_date() == miss, name
    after = requests(instance)
    assert {reason: after[reason] - before[reason] for reason in after
            if after[reason] != before[reason]} == {"probe": len(probes)}
    # The miss of the fixture is the only refusal that was ever written.
    assert rows(instance, "SELECT reason, sum(count) FROM refusal GROUP BY reason") == [
        ("unknown_pair", 1)]
    assert [line for line in instance.log().splitlines()
            if " refused " in line and "unknown_pair" not in line] == []


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_uploads_get_the_405_of_every_path(instance, method):
    alice = User(instance, "alice").add(MAC, "poly", "VVX450")
    paths = [f"{alice.folder}/{name}" for name in (f"{MAC}-app.log", f"{MAC}-boot.log",
                                                   f"{MAC}-calls.xml", "nothing.xml")]
    answers = [instance.raw(f"{method} {path} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nlog"
                            .encode()) for path in [*paths, "/"]]
    assert {answer.status for answer in answers} == {405}
    assert len({answer.without_date() for answer in answers}) == 1
    # What it reads back is not there.
    miss = instance.get("/nothing").without_date()
    assert alice.get(f"{MAC}-web.cfg").without_date() == miss


# -- names -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("vendor, model, names", [
    ("gigaset-n510", "N510", ["42/2/{}.xml", "70/v1.2/{}.xml", "{}.xml"]),
    ("gigaset", "N670", ["83/2/{}.xml", "{}.xml"]),
    ("cisco-spa", "PAP2T", ["cfg/init_{}.xml", "spa{}.xml", "{}.xml"]),
    ("cisco-mpp", "8841", ["Cisco/CP-8841-3PCC/{}.cfg", "{}.xml"]),
    ("poly", "VVX450", ["{}.cfg"]), ("snom", "D785", ["snomD785-{}.htm", "snom-{}.xml", "-{}"])])
def test_every_name_in_every_spelling_is_the_same_file(instance, vendor, model, names):
    alice = User(instance, "alice").add(MAC, vendor, model)
    wanted = alice.get(own_name(vendor))
    assert wanted.status == 200
    for name in names:
        for mac in (MAC, MAC.upper(), "cc:5e:f6:41:b7:94", "CC-5E-F6-41-B7-94", "cc.5e.f6.41.b7.94"):
            for spelt in (name.format(mac), name.format(mac).upper()):
                answer = alice.get(spelt)
                assert answer.status == 200 and answer.body == wanted.body, spelt
    for name in ("x/{}.xml", "42/{}.xml", "42/2/3/{}.xml", "../{}.xml"):
        assert alice.get(name.format(MAC)).status == 404, name
    instance.ctl("options", "set", ON, code=0)
    assert instance.get("/provision/" + names[0].format(MAC)).body == wanted.body
    instance.ctl("options", "set", OFF, code=0)
    assert instance.get("/provision/" + names[0].format(MAC)).status == 404


@pytest.mark.parametrize("name", ["cfg{}.xml", "{}.xml", "SEP{}.cnf.xml", "-{}", "config.{}.xml"])
def test_the_name_of_another_vendor_is_a_miss(two, name):
    _, _, bob, miss = two
    assert bob.get(own_name("yealink", OTHER)).status == 200
    assert bob.get(name.format(OTHER)).without_date() == miss


def test_cisco_enterprise_is_served_in_flat_mode_only(instance):
    alice = User(instance, "alice").add(OTHER, "yealink").add(MAC, "cisco-enterprise", "7975G")
    name = own_name("cisco-enterprise")
    miss = instance.get("/nothing").without_date()
    assert alice.get(name).without_date() == miss
    assert instance.get(f"/provision/{name}").without_date() == miss
    instance.ctl("phone", "url", MAC, code=INVALID)
    instance.ctl("options", "set", ON, code=0)
    assert alice.get(name).without_date() == miss, "by a token it cannot come"
    answer = instance.get(f"/provision/{name}")
    assert answer.status == 200 and alice.password.encode() in answer.body
    assert alice.token.encode() not in answer.body
    assert requests(instance)["flat_only"] == 2


# -- bytes -----------------------------------------------------------------------------------------

def test_every_vendors_file_keeps_its_bytes_its_type_and_its_tag(instance):
    alice = User(instance, "alice", "Jörg M. & Co")
    for number, vendor in enumerate(VENDORS):
        mac = f"cc5ef641{number:04x}"
        alice.add(mac, vendor, next((row["model"] for row in catalogue(vendor)["models"]), ""))
    instance.ctl("options", "set", ON, code=0)
    for number, vendor in enumerate(VENDORS):
        name = own_name(vendor, f"cc5ef641{number:04x}")
        path = f"/provision/{name}" if catalogue(vendor).get("flat_only") else f"{alice.folder}/{name}"
        first, second = instance.get(path), instance.get(path)
        assert first.status == 200, vendor
        assert first.without_date() == second.without_date(), vendor
        assert first.headers["content-type"] == catalogue(vendor)["content_type"], vendor
        tag = first.headers["etag"]
        same = instance.get(path, headers=f"If-None-Match: {tag}\r\n")
        assert same.status == 304 and same.headers["etag"] == tag and same.body == b"", vendor
        other = instance.get(path, headers='If-None-Match: "0"\r\n')
        assert other.status == 200 and other.body == first.body, vendor
        charset = "latin-1" if vendor == "gigaset-n510" else "utf-8"
        if vendor != "poly":  # its own file names the others
            assert "Jörg" in first.body.decode(charset), vendor
        if vendor == "panasonic":
            assert first.body.count(b"\r\n") == first.body.count(b"\n") == first.body.count(b"\r")
        else:
            assert b"\r" not in first.body, vendor
    head = alice.get(own_name("yealink", f"cc5ef641{VENDORS.index('yealink'):04x}"), method="HEAD",
                     headers="Connection: close\r\n")
    assert head.status == 200 and head.body == b"" and int(head.headers["content-length"]) > 1000


# -- stale files -----------------------------------------------------------------------------------

def states(instance, mac):
    """{file: state} that phone diff shows."""
    found = instance.ctl("phone", "diff", mac, "--json", code=0).json()
    items = found["items"] if isinstance(found, dict) else found
    return {item["file"]: item["state"] for item in items}


def stale(instance):
    found = instance.ctl("phone", "list", "--stale", "--json", code=0).json()
    items = found["items"] if isinstance(found, dict) else found
    return {item["mac"].replace(":", "") for item in items}


def fetch_and_wait(instance, user, name, mac):
    """The record of a fetch is written a little later than the file is sent."""
    assert user.get(name).status == 200
    wait_until("the delivery is recorded", lambda: states(instance, mac)[name] == "current")
    assert mac not in stale(instance)


def test_a_changed_file_is_stale_until_it_is_fetched(two):
    instance, alice, bob, _ = two
    name = own_name("yealink", OTHER)
    assert states(instance, OTHER)[name] == "never_fetched" and stale(instance) == set()
    fetch_and_wait(instance, bob, name, OTHER)
    fetch_and_wait(instance, alice, own_name("cisco-spa"), MAC)
    changes = [("setting", "set", "ntp_server", "ntp.example.net", "--scope", "vendor:yealink"),
               ("key", "add", OTHER, "blf", "201", "--label", "Bob", "--position", "3"),
               ("setting", "set", "raw.phone_setting.backlight_time", "30", "--scope",
                f"phone:{OTHER}"),
               ("account", "set", "bob@pbx.test", "--display-name", "Robert")]
    for change in changes:
        instance.ctl(*change, code=0)
        assert states(instance, OTHER)[name] == "stale" and stale(instance) == {OTHER}, change
        fetch_and_wait(instance, bob, name, OTHER)
    instance.ctl("setting", "unset", "ntp_server", "--scope", "vendor:yealink", code=0)
    assert stale(instance) == {OTHER}
    instance.ctl("setting", "set", "ntp_server", "ntp.example.net", "--scope", "user:bob", code=0)
    assert stale(instance) == set(), "the same bytes again"


def test_a_changed_template_makes_its_phones_stale_and_gone_again_is_as_before(two):
    instance, alice, bob, _ = two
    name = own_name("yealink", OTHER)
    fetch_and_wait(instance, bob, name, OTHER)
    fetch_and_wait(instance, alice, own_name("cisco-spa"), MAC)
    before = bob.get(name).body
    folder = instance.folder / "templates"
    folder.mkdir()
    shipped = instance.ctl("template", "show", "yealink.cfg", code=0).out
    (folder / "yealink.cfg").write_text(shipped + "features.pickup = 1\n")
    assert stale(instance) == set(), "a reload takes it"
    instance.ctl("reload", code=0)
    assert stale(instance) == {OTHER}
    assert bob.get(name).body == before + b"features.pickup = 1\n"
    (folder / "yealink.cfg").unlink()
    instance.ctl("reload", code=0)
    assert bob.get(name).body == before
    wait_until("the last delivery is recorded", lambda: stale(instance) == set())


def test_a_template_shown_into_its_own_place_is_the_shipped_one(two):
    """As docs/templates.md says it: the shell has emptied the file before the tool is there."""
    instance, _, bob, _ = two
    name = own_name("yealink", OTHER)
    before = bob.get(name).body
    target = instance.folder / "templates" / "yealink.cfg"
    target.parent.mkdir()
    with open(target, "wb") as out:
        subprocess.run([AUTOPROVCTL, "--config", str(instance.conf), "template", "show", "yealink.cfg"],
                       stdout=out, check=True, timeout=60)
    with open(os.path.join(TOP, "conf", "templates", "yealink.cfg"), "rb") as shipped:
        assert target.read_bytes() == shipped.read()
    instance.ctl("reload", code=0)
    assert bob.get(name).body == before
    instance.expected_log = ["reload result=failed"]
    target.write_bytes(b"")
    assert "yealink.cfg: empty" in instance.ctl("reload", code=5).err
    assert bob.get(name).body == before


def test_explain_goes_the_way_of_the_server(two):
    instance, _, bob, _ = two
    for name in (f"{OTHER}.cfg", f"{OTHER}%2Ecfg", f"/{OTHER}.cfg", f"{OTHER}.boot", f"cfg{OTHER}.xml"):
        url = f"https://localhost:{instance.port}/provision/{bob.token}/{name}"
        answer = instance.ctl("explain", "-", "--json", stdin=url + "\n", code=0).json()
        assert answer["served"] == (bob.get(name).status == 200), name
        assert bob.token not in str(answer)


def test_a_model_is_completed_where_one_is_meant(two):
    instance, _, _, _ = two
    add = ["phone", "add", "alice"]
    assert "yealink T54W" in instance.ctl(*add, "001565aabb01", "--model", "t54w", code=0).out
    assert "yealink T57W" in instance.ctl(*add, "001565aabb02", "--model", "T57", code=0).out
    which = instance.ctl(*add, "001565aabb03", "--model", "T54", code=5).err
    assert "yealink/T54W" in which and "yealink/T54S" in which


def test_lines_that_a_model_has_no_place_for_are_told(two):
    instance, _, _, _ = two
    for number in range(3):
        instance.add_account("alice", f"20{number}@pbx.test")
    result = instance.ctl("phone", "add", "alice", "001565aabb04", "--model", "T19E2", code=0)
    assert "no place for 3 of its lines" in result.err


# -- the admin's own files -------------------------------------------------------------------------

ACME = {"title": "Acme", "mac_case": "lower", "content_type": "application/x-acme",
        "escape": "text", "comment": "#", "lines": 2, "keys": 0,
        "url": "{{provisioning_base_url}}acme-$MAC.conf",
        "codes": {"transport": {"udp": "U", "tcp": "T", "tls": "S"}, "codec": {},
                  "key_type": {}, "srtp": {}},
        "models": [{"model": "One", "code": "1", "lines": 1, "keys": 0}],
        "files": [{"name": "acme-{mac}.conf", "role": "config", "template": "acme.conf"},
                  {"name": "acme{code}.conf", "role": "common", "template": "acme-first.conf",
                   "flat": True},
                  {"name": "acme.boot", "role": "probe"}]}


def add_acme(instance, **changes):
    for folder in ("vendors", "templates"):
        (instance.folder / folder).mkdir(exist_ok=True)
    (instance.folder / "vendors" / "acme.json").write_text(json.dumps({**ACME, **changes}))
    (instance.folder / "templates" / "acme-first.conf").write_text("next={{phone_url}}\n")
    (instance.folder / "templates" / "acme.conf").write_text(
        "{{#lines}}\n{{#is_set}}\n{{position}}={{sip_user}}/{{password}}/{{transport_code}}\n"
        "{{/is_set}}\n{{/lines}}\n")


def test_a_new_vendor_is_two_files_and_a_reload(two):
    instance, alice, bob, miss = two
    new = "00a0b0c0d0e0"
    refused = instance.ctl("phone", "add", "alice", new, "--vendor", "acme", code=INVALID)
    assert "acme" in refused.err
    assert alice.get(f"acme-{new}.conf").without_date() == miss
    add_acme(instance)
    instance.ctl("reload", code=0)
    instance.ctl("phone", "add", "alice", new, "--vendor", "acme", "--model", "one", code=0)
    answer = alice.get(f"ACME-{new.upper()}.conf")
    assert answer.status == 200 and answer.headers["content-type"] == "application/x-acme"
    assert answer.body == f"1=alice/{alice.password}/U\n".encode()
    assert alice.get("acme1.conf").body.decode() == (
        f"next=https://localhost:{instance.port}{alice.folder}/acme-$MAC.conf\n")
    assert bob.get("acme1.conf").without_date() == miss
    assert alice.get("acme.boot").without_date() == miss and requests(instance)["probe"] == 1
    refused = instance.ctl("account", "set", "alice@pbx.test", "--display-name", "a #b", code=INVALID)
    assert "Acme" in refused.err and "#" in refused.err
    # Its file is taken away: the phone is refused as any other, the daemon goes on.
    (instance.folder / "vendors" / "acme.json").unlink()
    instance.ctl("reload", code=0)
    assert alice.get(f"acme-{new}.conf").without_date() == miss
    assert alice.get(own_name("cisco-spa")).status == 200


@pytest.mark.parametrize("change, what", [
    ({"files": [{**ACME["files"][0], "template": "gone.conf"}]}, "gone.conf"),
    ({"lines": -1}, "lines"), ({"colour": "red"}, "colour"),
    ({"files": ACME["files"] + [{"name": "init.cfg", "role": "common", "template": "acme.conf"}]},
     "init.cfg")])
def test_a_broken_vendor_file_is_refused_and_the_old_catalogue_stays(two, change, what):
    instance, alice, _, _ = two
    add_acme(instance, **change)
    refused = instance.ctl("reload")
    assert refused.code in (FAILED, INVALID) and what in refused.err, refused
    assert "acme" in refused.err
    instance.expected_log = ["reload result=failed"]
    assert alice.get(own_name("cisco-spa")).status == 200
    assert alice.get("spa504G.cfg").status == 200


def test_a_vendor_file_of_the_admins_takes_the_place_of_the_shipped_one(two):
    instance, _, bob, miss = two
    name = own_name("yealink", OTHER)
    data = catalogue("yealink")
    data["content_type"] = "text/x-yealink"
    data["files"] = [{"name": "phones/{mac}.txt", "role": "config", "template": "yealink.cfg"}]
    before = bob.get(name).body
    (instance.folder / "vendors").mkdir()
    (instance.folder / "vendors" / "yealink.json").write_text(json.dumps(data))
    instance.ctl("reload", code=0)
    answer = bob.get(f"phones/{OTHER}.txt")
    assert answer.headers["content-type"] == "text/x-yealink"
    assert answer.body == before
    assert bob.get(name).without_date() == miss
    (instance.folder / "vendors" / "yealink.json").unlink()
    instance.ctl("reload", code=0)
    assert bob.get(name).body == before
