"""What flat mode gives in place of a phone's file: a bootstrap file, or the file without its secrets."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import vendor_files as files  # noqa: E402
from test_vendors import FULL, MODELS, file_of  # noqa: E402
from vendor_files import MAC, Account, Key, catalogue  # noqa: E402
from vendor_readers import parse, read_attributes  # noqa: E402

HOST_PATH = "pbx.example.net/provision/0123456789abcdef0123456789abcdef"
BASE = f"https://{HOST_PATH}/"
ACCOUNTS = {1: Account("alice", auth_user="alice-auth", display_name="Alice Adams",
                       outbound_proxy="edge.example.net:5090")}
KEYS = {2: Key("blf", "201", "Bobby")}
PHONE = {"label": "Reception", "display_name": "Alice in Person"}
PRIVATE = (b"Secret-123", b"Web-pass1", b"alice", b"Alice", b"example.net:5090", b"Bobby", b"201",
           b"Reception", b"*97")

# All that is in the file; None: there is none.
GRANDSTREAM = {"P212": "2", "P237": HOST_PATH, "P194": "1", "P193": "60"}
YEALINK = {"static.auto_provision.power_on": "1", "static.auto_provision.server.url": BASE,
           "static.auto_provision.repeat.enable": "1",
           "static.auto_provision.repeat.minutes": "5"}
CISCO = {"Provision_Enable": "Yes", "Profile_Rule": BASE + "$MA.xml", "Resync_On_Reset": "Yes",
         "Resync_Periodic": "60", "Resync_From_SIP": "Yes"}
MITEL = {"download protocol": "HTTPS", "https server": "pbx.example.net",
         "https path": HOST_PATH.partition("/")[2], "auto resync mode": "1",
         "auto resync time": "02:00", "auto resync max delay": "120"}
EXPECTED = {
    "yealink": YEALINK, "flyingvoice": YEALINK, "grandstream": GRANDSTREAM,
    "grandstream-GRP2614": {"provisioning.config.protocol": "HTTPS",
                            "provisioning.config.serverPath": HOST_PATH,
                            "provisioning.auto.mode": "YesUpgradeMin",
                            "provisioning.auto.minute": "60"},
    "snom": {"file": BASE + MAC.upper() + ".xml"},
    "snom-dect": {"setting_server": BASE + "{mac}.xml", "settings_refresh_timer": "300"},
    "poly": {"device.set": "1", "device.prov.serverType.set": "1",
             "device.prov.serverType": "HTTPS", "device.prov.serverName.set": "1",
             "device.prov.serverName": HOST_PATH, "prov.polling.enabled": "1",
             "prov.polling.mode": "rel", "prov.polling.period": "3601"},
    "cisco-spa": CISCO, "cisco-mpp": CISCO, "cisco-enterprise": None,
    "panasonic": {"CFG_STANDARD_FILE_PATH": BASE + "{mac}.cfg", "CFG_CYCLIC": "Y",
                  "CFG_CYCLIC_INTVL": "60"},
    "fanvil": {"Version": "2.0001", "ap/DownloadCommonConf": "0", "ap/DownloadDeviceConf": "1",
               "ap/FlashServerIP": BASE.rstrip("/"), "ap/FlashFileName": "$mac.cfg",
               "ap/FlashProtocol": "5", "ap/FlashMode": "2", "ap/FlashInterval": "1"},
    "mitel": MITEL,
    "htek": {"P212": "3", "P237": HOST_PATH, "P194": "1", "P193": "60"},
    "gigaset": {"Provisioning.global.ProvisioningServer": BASE},
    "gigaset-Maxwell4": {"System.Provision.ProvisioningServer": BASE + "%MACD.xml",
                         "System.Provision.Period": "300"},
    "gigaset-n510": {"MAC_ADDRESS": MAC.upper(), "BS_IP_Data1.aucS_DATA_SERVER[0]": BASE,
                     "BS_IP_Data.ucB_AUTO_UPDATE_PROFILE": "0x1"},
    "ale": {"DeviceProvisionServerUrl": BASE.rstrip("/")},
    "akuvox": {"Config.Autoprovision.GENERAL.Url": BASE, "Config.Autoprovision.MODE.Mode": "3",
               "Config.Autoprovision.SCHEDULE.HourOfDay": "2",
               "Config.Autoprovision.SCHEDULE.MinuteOfHour": "0"},
    "linphone": {"misc/config-uri": BASE + MAC + ".xml"},
    "generic": None}


def read_container(body):
    """Snom's list of further files."""
    tree = parse(body, "setting-files")
    assert [node.tag for node in tree] == ["file"]
    return {"file": tree[0].get("url")}


def read(vendor, model, body):
    return read_container(body) if vendor == "snom" else files.table(vendor, model).read(body)


@pytest.mark.parametrize("vendor, model", MODELS)
def test_bootstrap_file_says_where_to_go_and_nothing_else(render, vendor, model):
    expected = EXPECTED.get(f"{vendor}-{model}", EXPECTED[vendor])
    if expected is None:
        assert not any("bootstrap" in row for row in catalogue(vendor)["files"])
        return
    body = render(vendor, model, ACCOUNTS, KEYS, FULL, file_of(vendor), variant="bootstrap", **PHONE)
    assert read(vendor, model, body) == expected
    assert not [word for word in PRIVATE if word in body]


@pytest.mark.parametrize("vendor", sorted(EXPECTED))
def test_all_config_rows_of_a_vendor_have_one_or_none(vendor):
    if "-" in vendor and vendor not in files.TABLES:
        return
    rows = [row for row in catalogue(vendor)["files"] if row["role"] == "config"]
    assert {"bootstrap" in row for row in rows} == {EXPECTED[vendor] is not None}
    assert len({row["template"] for row in rows}) == \
        len({(row["template"], row.get("bootstrap")) for row in rows})


def test_polys_master_leads_to_the_bootstrap_file(render):
    body = render("poly", "VVX450", ACCOUNTS, KEYS, FULL, "{mac}.cfg", variant="bootstrap")
    name = files.read_master(body)["CONFIG_FILES"].replace("[PHONE_MAC_ADDRESS]", "{mac}")
    body = render("poly", "VVX450", ACCOUNTS, KEYS, FULL, name, variant="bootstrap")
    assert files.table("poly", "VVX450").read(body) == EXPECTED["poly"]


def test_fanvils_bootstrap_counts_as_older_than_the_file(render):
    """Firmware that compares versions takes only what is higher."""
    versions = [files.TABLES["fanvil"].read(render("fanvil", "X4U", ACCOUNTS, KEYS, FULL,
                                                   variant=variant))["Version"]
                for variant in ("bootstrap", "whole")]
    assert float(versions[0]) < float(versions[1])


# Not secret, but on a line with what is: without it the two have no sense.
BESIDE = {("poly", "device.auth.localAdminPassword.set")}


@pytest.mark.parametrize("vendor, model", MODELS)
def test_file_without_secrets_lacks_them_and_nothing_else(render, vendor, model):
    table = files.table(vendor, model)
    whole, without = (table.read(render(vendor, model, ACCOUNTS, KEYS, FULL, file_of(vendor),
                                        variant=variant, **PHONE))
                      for variant in ("whole", "without_secrets"))
    gone = {name: value for name, value in whole.items() if name not in without}
    for name, value in gone.items():
        assert "Secret-123" in value or "Web-pass1" in value or (vendor, name) in BESIDE, name
    assert gone and all(whole[name] == value for name, value in without.items())
    assert not [value for value in without.values() if "Secret" in value or "Web-pass" in value]


def test_gigasets_bootstrap_deletes_no_handset(render):
    body = render("gigaset", "N670", ACCOUNTS, KEYS, FULL, variant="bootstrap")
    assert read_attributes("provisioning", "oper", "name", "value")(body) == {}
