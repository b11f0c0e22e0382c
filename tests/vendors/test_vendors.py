"""Every vendor's file as its phone reads it, through the real rendering.

Needs two fixtures from conftest.py:
    render(vendor, model, accounts, keys, settings, file=None) -> bytes
        accounts, keys: position -> vendor_files.Account, .Key; settings: ntp_server, time_zone, language,
        admin_password, resync_interval, voicemail_number, codecs, srtp, raw ([(name, value), …]).
        file: the row's name in the catalogue ("{mac}-registration.cfg"); None: the canonical one.
        A value that the dialect cannot carry makes it raise.
    base_url    "https://HOST/provision/TOKEN/" of the phone that render makes
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import vendor_files as files  # noqa: E402
from vendor_files import Account, Inputs, Key  # noqa: E402

# One model of each way to write a file, with room for two lines where the vendor has such.
MODELS = [("yealink", "T54W"), ("yealink", "W60B"), ("flyingvoice", "P23G"),
          ("grandstream", "GXP2170"), ("grandstream", "GXP1630"), ("grandstream", "GRP2614"),
          ("grandstream", "HT801"), ("snom", "D785"), ("snom-dect", "M700"), ("poly", "VVX450"),
          ("cisco-spa", "SPA504G"), ("cisco-mpp", "8841"), ("cisco-enterprise", "7975G"),
          ("panasonic", "KX-HDV230"), ("fanvil", "X4U"), ("mitel", "6930"), ("mitel", "6865i"),
          ("mitel", "6739i"), ("htek", "UC903"), ("gigaset", "N670"), ("gigaset", "Maxwell4"),
          ("gigaset-n510", "N510"), ("ale", "M5"), ("akuvox", "SPR50P"), ("linphone", ""),
          ("generic", "")]
IDS = [f"{vendor}-{model or 'any'}" for vendor, model in MODELS]
TEXT = ("yealink", "flyingvoice", "panasonic", "mitel", "akuvox")
FULL = {"ntp_server": "ntp.example.net", "voicemail_number": "*97", "admin_password": "Web-pass1",
        "codecs": ["G722", "PCMA", "PCMU"], "srtp": "optional", "resync_interval": 7200,
        "time_zone": "Europe/Berlin"}
each_model = pytest.mark.parametrize("vendor, model", MODELS, ids=IDS)


def file_of(vendor):
    return getattr(files.TABLES[vendor], "file", None)


@pytest.fixture
def read(render, base_url):
    """Render, read, compare; returns (what was read, the bytes)."""
    def run(vendor, model, accounts, keys=None, **settings):
        body = render(vendor, model, accounts, keys or {}, settings, file_of(vendor))
        inputs = Inputs(model, accounts, keys or {}, settings, base_url)
        return files.check(vendor, body, inputs), body
    return run


def room(vendor, model):
    lines, keys = files.slots(vendor, model)
    return lines or 3, keys


@each_model
def test_one_account_and_nothing_else(read, vendor, model):
    read(vendor, model, {1: Account("alice")})


@each_model
def test_no_account_switches_every_line_off(read, vendor, model):
    read(vendor, model, {})


@each_model
def test_all_settings_of_two_accounts(read, vendor, model):
    accounts = {1: Account("alice", auth_user="alice-auth", display_name="Alice Adams",
                           registrar_host="reg.example.net", registrar_port=5070,
                           outbound_proxy="edge.example.net:5090", expires=600)}
    if room(vendor, model)[0] > 1:
        accounts[2] = Account("200", domain="b.example.net", outbound_proxy="edge.example.net",
                              transport="tcp", expires=90)
    read(vendor, model, accounts, **FULL)


@each_model
def test_every_line_of_the_model(read, vendor, model):
    count = room(vendor, model)[0]
    read(vendor, model, {n: Account(f"30{n}", password=f"pw-{n}") for n in range(1, count + 1)})


@each_model
def test_a_gap_between_lines_is_switched_off(read, vendor, model):
    if room(vendor, model)[0] < 3:
        pytest.skip("no room for a gap")
    found, _ = read(vendor, model, {1: Account("alice"), 3: Account("carol")})
    if not vendor == "generic":
        assert "Secret-123" in found.values()


@each_model
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_transports(read, vendor, model, transport):
    read(vendor, model, {1: Account("alice", transport=transport)})


@each_model
@pytest.mark.parametrize("srtp", ["off", "optional", "mandatory"])
def test_srtp(read, vendor, model, srtp):
    read(vendor, model, {1: Account("alice")}, srtp=srtp)


@each_model
@pytest.mark.parametrize("codecs", [["PCMA"], ["PCMU", "PCMA"], ["G722", "PCMU", "PCMA", "G729"]],
                         ids=len)
def test_codecs_in_their_order(read, vendor, model, codecs):
    read(vendor, model, {1: Account("alice")}, codecs=codecs)


@each_model
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Etc/UTC",
                                  "Asia/Riyadh", "Australia/Lord_Howe"])
def test_time_zones(read, vendor, model, zone):
    read(vendor, model, {1: Account("alice")}, time_zone=zone)


@each_model
def test_keys_of_every_type(read, vendor, model):
    lines, count = room(vendor, model)
    if count < 3:
        pytest.skip("the model has no keys")
    keys = [Key("line", line=1), Key("blf", "201", "Bob"), Key("speed_dial", "+4930123", "Berlin"),
            Key("park", "*68", "Park"), Key("dtmf", "1234", "Door")]
    if vendor == "cisco-enterprise":  # a button is a line or a key
        keys = [None, None] + keys[1:4]
    read(vendor, model, {1: Account("alice"), 2: Account("bob")} if lines > 1 else
         {1: Account("alice")}, {n: key for n, key in enumerate(keys[:count], 1) if key})


@each_model
def test_a_key_of_the_second_line(read, vendor, model):
    lines, count = room(vendor, model)
    if count < 3 or lines < 2:
        pytest.skip("no second line or no third key")
    read(vendor, model, {1: Account("alice"), 2: Account("bob", domain="b.example.net")},
         {3: Key("blf", "201", "Bob", line=2)})


@each_model
def test_the_last_key_of_the_model(read, vendor, model):
    lines, count = room(vendor, model)
    if count < 3 or (vendor == "cisco-enterprise" and count <= lines):
        pytest.skip("the model has no such key")
    read(vendor, model, {1: Account("alice")}, {count: Key("blf", "201", "Bob")})


@each_model
@pytest.mark.parametrize("name", ["Jörg Müller-Lüdenscheidt", "A & B <c> 'd'", "x; y | z, (w) = v",
                                  "100% %MAC $MA {mac} [PHONE_MAC_ADDRESS]", "a]]>b", "\\ end\\"])
def test_odd_names_come_through(read, vendor, model, name):
    read(vendor, model, {1: Account("alice", display_name=name)})


@each_model
def test_double_quotes_come_through_or_are_refused(read, render, vendor, model):
    accounts = {1: Account("alice", display_name='Al "the" Pal')}
    if vendor in ("panasonic", "mitel", "gigaset-n510"):
        with pytest.raises(Exception):
            render(vendor, model, accounts, {}, {}, file_of(vendor))
    else:
        read(vendor, model, accounts)


@each_model
@pytest.mark.parametrize("value", ["x\ny", "x\r\naccount.1.enable = 0", "x\x00", "x\x1b[0m"])
def test_control_characters_are_refused_or_dropped(render, base_url, vendor, model, value):
    """No second setting can be smuggled in: the strict readers would see it."""
    accounts = {1: Account("alice", display_name=value)}
    try:
        body = render(vendor, model, accounts, {}, {}, file_of(vendor))
    except Exception:  # pylint: disable=broad-except
        return
    assert vendor not in TEXT
    files.table(vendor, model).read(body)


@each_model
def test_free_settings_are_passed_through(read, vendor, model):
    name = "generic_setting" if vendor not in ("mitel",) else "generic setting"
    found, _ = read(vendor, model, {1: Account("alice")}, raw=[(name, "a < b & c")])
    if vendor == "generic":
        assert found[f"setting[{name}]"] == "a < b & c"
    elif vendor not in ("linphone", "cisco-enterprise"):
        assert found[name] == "a < b & c"


@each_model
def test_the_same_twice(render, vendor, model):
    """Phones compare hashes: what did not change must not change."""
    accounts = {1: Account("alice", display_name="Alice Adams")}
    first = render(vendor, model, accounts, {}, FULL, file_of(vendor))
    assert first == render(vendor, model, accounts, {}, FULL, file_of(vendor))
    assert len(first) < 64 * 1024


def test_masters_of_poly_name_the_phones_own_file(render):
    for file in ("{mac}.cfg", "000000000000.cfg"):
        body = render("poly", "VVX450", {1: Account("alice")}, {}, {}, file)
        assert files.read_master(body)["CONFIG_FILES"] == "[PHONE_MAC_ADDRESS]-registration.cfg"
        assert b"Secret" not in body


def test_polys_directory_holds_speed_dials_by_their_place(render):
    keys = {2: Key("speed_dial", "+4930123", "Ber & lin"), 3: Key("blf", "201", "Bob"),
            5: Key("speed_dial", "300")}
    body = render("poly", "VVX450", {1: Account("alice")}, keys, {}, "{mac}-directory.xml")
    tree = files.parse(body, "directory")
    assert [tuple(item.findtext(name) for name in ("fn", "ct", "sd"))
            for item in tree.iter("item")] == [("Ber & lin", "+4930123", "2"), ("300", "300", "5")]


@pytest.mark.parametrize("vendor, model, file, macro", [
    ("cisco-spa", "SPA508G", "spa{code}.cfg", "$MA.xml"),
    ("cisco-spa", "PAP2T", "init.cfg", "$MA.xml"),
    ("cisco-mpp", "8841", "{model}-3PCC.xml", "$MA.xml"),
    ("panasonic", "KX-HDV230", "{model}.cfg", "{mac}.cfg")])
def test_files_for_first_contact_hold_the_way_and_no_secret(render, vendor, model, file, macro):
    body = render(vendor, model, {1: Account("alice")}, {}, FULL, file)
    found = files.TABLES[vendor].read(body)
    place = {"panasonic": "CFG_STANDARD_FILE_PATH"}.get(vendor, "Profile_Rule")
    assert found[place].startswith("https://") and found[place].endswith("/" + macro)
    assert b"Secret" not in body and b"Web-pass1" not in body and b"alice" not in body
