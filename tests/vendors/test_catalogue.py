"""The catalogue's data: schema, names that would clash, and which file name is what to whom, once by
regular expressions made of the data and once by the real matcher (fixture render_tool)."""
import glob
import json
import os
import re
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from vendor_files import MAC, TOP, VENDORS, catalogue  # noqa: E402

NAMES = sorted(os.path.basename(path)[:-5] for path in glob.glob(os.path.join(VENDORS, "*.json"))
               if not path.endswith("time_zones.json"))
TEMPLATES = os.path.join(TOP, "conf", "templates")
REQUIRED = {"title", "mac_case", "content_type", "escape", "lines", "keys", "url", "codes",
            "models", "files"}
OPTIONAL = {"about", "ouis", "charset", "line_ends", "forbid", "forbid_in_keys",
            "forbid_in_passwords", "comment", "reserved", "trims", "max_value_bytes",
            "user_agent", "resync_event", "reboot_event", "pnp_vendor", "pnp_url", "pnp_form", "certificate_cn",
            "flat_only"}
ROLES = {"config", "common", "directory", "probe", "firmware", "upload"}
# All zeros is no address but a name that all phones of a vendor ask for.
MAC_PATTERN = "(?!0{12})(?:[0-9a-f]{12}|[0-9a-f]{2}([:.-])[0-9a-f]{2}(?:\\1[0-9a-f]{2}){4})"
each_vendor = pytest.mark.parametrize("vendor", NAMES)


def patterns(data, row):
    """Regular expressions of a file's name: one, or one of each model or code."""
    name = row["name"]
    if "{model}" in name and "{mac}" not in name:
        words = [model["model"] for model in data["models"]]
        names = [name.replace("{model}", word) for word in words]
    elif "{code}" in name:
        names = [name.replace("{code}", model["code"]) for model in data["models"]
                 if "code" in model]
    else:
        names = [name]
    for each in names:
        pattern = re.escape(each).replace(re.escape("{mac}"), MAC_PATTERN)
        for hole, length in (("{model}", 32), ("{any}", 64)):
            pattern = pattern.replace(re.escape(hole), "[a-z0-9_.-]{1,%d}" % length)
        yield pattern


def role_of(vendor, name):
    """The role of the row that fits with the longest literals, or None."""
    best = None
    data = catalogue(vendor)
    for row in data["files"]:
        literals = len(re.sub(r"\{\w+\}", "", row["name"]))
        if any(re.fullmatch(pattern, name, re.IGNORECASE) for pattern in patterns(data, row)):
            if best is None or literals > best[0]:
                best = (literals, row["role"])
    return best and best[1]


@each_vendor
def test_members_are_known_and_complete(vendor):
    data = catalogue(vendor)
    assert REQUIRED <= set(data) <= REQUIRED | OPTIONAL
    assert re.fullmatch(r"[a-z0-9-]+", vendor)
    assert data["mac_case"] in ("lower", "upper")
    assert data["escape"] in ("xml", "text", "json", "url")
    assert all(re.fullmatch("[0-9A-F]{6}", oui) for oui in data.get("ouis", []))
    assert set(data["codes"]) <= {"transport", "codec", "key_type", "srtp", "language", "time_zone"}
    assert list(data["codes"]["transport"]) == ["udp", "tcp", "tls"]
    assert list(data["codes"]["srtp"]) == ["off", "optional", "mandatory"]
    assert list(data["codes"]["key_type"]) == ["none", "line", "speed_dial", "blf", "park", "dtmf"]
    names = [model["model"].lower() for model in data["models"]]
    assert len(names) == len(set(names))
    made = [model["code"] for model in data["models"] if "code" in model]
    assert len(made) == len(set(made))


@each_vendor
def test_files_name_templates_that_are_there(vendor):
    data = catalogue(vendor)
    assert data["files"][0]["role"] == "config" and "{mac}" in data["files"][0]["name"]
    for row in data["files"] + data["models"]:
        for member in ("template", "bootstrap"):
            if member in row:
                assert os.path.exists(os.path.join(TEMPLATES, row[member])), row
        assert "bootstrap" not in row or "template" in row, row
    for row in data["files"]:
        assert row["role"] in ROLES
        served = "template" in row
        assert served or row["role"] not in ("config", "common"), row
        assert not served or row["role"] in ("config", "common", "directory"), row
        assert "{any}" not in row["name"] or "{mac}" in row["name"] or not served, row
        assert len(re.findall(r"\{(model|code|any)\}", row["name"])) <= 1, row
    names = [row["name"] for row in data["files"]]
    assert len(names) == len(set(names))


@each_vendor
def test_the_url_knows_where_to_go(vendor):
    tags = re.findall(r"\{\{(\w+)\}\}", catalogue(vendor)["url"])
    assert tags and set(tags) <= {"provisioning_base_url", "provisioning_host_path",
                                  "provisioning_url"}


def test_no_two_vendors_serve_one_name_without_a_mac():
    owners = {}
    for vendor in NAMES:
        data = catalogue(vendor)
        for row in data["files"]:
            if "template" in row and "{mac}" not in row["name"]:
                for pattern in patterns(data, row):
                    assert owners.setdefault(pattern.lower(), vendor) == vendor, pattern


def test_no_served_name_hides_behind_a_probe_of_the_same_vendor():
    for vendor in NAMES:
        data = catalogue(vendor)
        for row in data["files"]:
            if "template" in row and "{model}" not in row["name"] and "{code}" not in row["name"]:
                for mac in (MAC, "f01653abcdef", "000000000001", "f0a1b2c3d4e5"):
                    name = row["name"].replace("{mac}", mac).replace("{any}", "x")
                    assert role_of(vendor, name) == row["role"], (vendor, name)


def test_every_known_name_has_its_roles():
    with open(os.path.join(os.path.dirname(__file__), "file_names.json"), encoding="utf-8") as file:
        table = json.load(file)
    for name, roles in table.items():
        found = {vendor: role_of(vendor, name) for vendor in NAMES if role_of(vendor, name)}
        assert found == roles, name
    claimed = {vendor for roles in table.values() for vendor in roles}
    assert claimed == set(NAMES)


def test_no_template_is_left_over():
    used = set()
    for path in glob.glob(os.path.join(TEMPLATES, "*")):
        with open(path, encoding="utf-8") as file:
            used |= set(re.findall(r"\{\{[>&<]\s*([\w.-]+)\s*\}\}", file.read()))
    for vendor in NAMES:
        data = catalogue(vendor)
        used |= {row[member] for row in data["files"] + data["models"]
                 for member in ("template", "bootstrap") if member in row}
    assert used == {os.path.basename(path) for path in glob.glob(os.path.join(TEMPLATES, "*"))}


# -- the real matcher ------------------------------------------------------------------------------

MACS = (MAC, MAC.upper(), "cc:5e:f6:41:b7:94", "CC-5E-F6-41-B7-94", "cc.5e.f6.41.b7.94")


def match(render_tool, name, vendor="", model=""):
    return render_tool.ask({"match": name, "vendor": vendor, "model": model})


def roles(answer):
    """Of each vendor's best claim."""
    found = {}
    for claim in answer["claims"]:
        found.setdefault(claim["vendor"], claim["role"])
    return found


def models_of(data, row):
    """Some of the vendor's models, and one that the catalogue has not."""
    names = row.get("models") or [model["model"] for model in data["models"]]
    return names[:2] + names[-1:] + ([] if row.get("models") else [""])


def samples(data, row):
    """(name, model that it tells or None) of a row, for a few of the vendor's models."""
    name = row["name"].replace("{any}", "v2.0_x-1")
    if "{code}" in name:
        return [(name.replace("{code}", model["code"]), model["model"])
                for model in data["models"] if "code" in model]
    if "{model}" in name:
        return [(name.replace("{model}", model["model"]), model["model"])
                for model in data["models"]]
    return [(name, None)]


def test_the_matcher_knows_every_known_name(render_tool):
    with open(os.path.join(os.path.dirname(__file__), "file_names.json"), encoding="utf-8") as file:
        table = json.load(file)
    for name, wanted in table.items():
        answer = match(render_tool, name)
        assert roles(answer) == wanted, name
        has_mac = MAC in name.lower().replace(":", "").replace("-", "")
        assert answer["mac"] == (MAC if has_mac else None), name


@each_vendor
def test_the_matcher_finds_every_row_of_every_model(render_tool, vendor):
    data = catalogue(vendor)
    for row in data["files"]:
        for sample, told in samples(data, row):
            for mac in MACS if "{mac}" in sample else ("",):
                name = sample.replace("{mac}", mac)
                answer = match(render_tool, name)
                claims = [claim for claim in answer["claims"] if claim["vendor"] == vendor]
                assert row["name"] in [claim["file"] for claim in claims], name
                assert claims[0]["role"] == role_of(vendor, name), name
                assert answer["mac"] == (MAC if mac else None), name
                if told:
                    assert told in [claim["model"] for claim in claims], name


@each_vendor
def test_a_row_is_a_phones_own_whatever_the_case(render_tool, vendor):
    data = catalogue(vendor)
    for row in data["files"]:
        name = samples(data, row)[0][0].replace("{mac}", MAC)
        for spelt in (name, name.upper(), name.lower()):
            for model in models_of(data, row):
                own = match(render_tool, spelt, vendor, model)["own"]
                assert own == role_of(vendor, name), (spelt, model)


def test_what_a_row_wants_is_not_cut_or_prolonged(render_tool):
    """Neither the name in a folder, nor with a letter more or less, nor a MAC of 11 or 13 digits."""
    for name in ("", "/", "x/" + MAC + ".cfg", MAC + ".cf", MAC + ".cfgx", MAC[1:] + ".cfg", MAC + "0.cfg",
                 "cc:5e-f6:41:b7:94.cfg", "cc:5e:f6:41:b794.cfg", MAC, MAC + ".", "000000000000.xml"):
        answer = match(render_tool, name)
        served = [claim for claim in answer["claims"] if claim["role"] in ("config", "common")]
        assert served == [], name


@pytest.mark.parametrize("vendor, model, name", [
    ("yealink", "T54W", f"cfg{MAC}.xml"), ("yealink", "T54W", f"{MAC}.xml"),
    ("yealink", "T54W", "000000000000.cfg"), ("mitel", "6930", "000000000000.cfg"),
    ("grandstream", "GXP2170", f"{MAC}.cfg"), ("snom", "D785", f"{MAC}.cfg"),
    ("cisco-enterprise", "7975G", f"{MAC}.xml"), ("generic", "", f"SEP{MAC}.cnf.xml"),
    ("gigaset-n510", "N510", f"83/2/{MAC}.xml"), ("gigaset", "N670", f"42/2/{MAC}.xml")])
def test_a_name_of_another_vendor_is_not_a_phones_own(render_tool, vendor, model, name):
    answer = match(render_tool, name, vendor, model)
    assert answer["claims"] and answer["own"] is None


def test_polys_common_name_is_no_address(render_tool):
    answer = match(render_tool, "000000000000.cfg")
    assert answer["mac"] is None and roles(answer) == {"poly": "common"}
