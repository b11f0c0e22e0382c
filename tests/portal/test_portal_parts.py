"""What an admin does with the parts of a phone, with the list of all phones, and with phones that are told to fetch."""

import sqlite3
import time

from instance import OK
from test_portal_tour import MAC, furnish
from test_resync import phones, response  # noqa: F401


def test_keys_lines_and_settings_of_a_phone(portal, flow):
    portal.set_up()
    furnish(portal)
    portal.instance.ctl("user", "add", "bob", code=OK)
    portal.instance.add_account("bob", "1003@pbx.example.com")
    portal.instance.ctl("setting", "set", "ntp_server", "time.of-all.example", "--scope", "global", code=OK)
    flow("parts", mac=MAC)


# MAC, user, vendor, model, state, seconds since its last fetch; of each head another order.
LIST = (("001565000001", "cleo", "yealink", "T54W", "fetched", 9000),
        ("001565000002", "anna", "yealink", "T31P", "never_fetched", 0),
        ("000413000003", "bert", "snom", "D785", "never_fetched", 0),
        ("cc5ef6000004", "cleo", "linphone", "", "fetched", 100),
        ("001565000005", "bert", "yealink", "T46U", "disabled", 0),
        ("000b82000006", "anna", "grandstream", "GXP2170", "fetched", 500000))
SITES = {"cleo": "berlin", "anna": "vienna", "bert": ""}


def by(key, rows=LIST):
    """MACs in that order, then in their own."""
    return [row[0] for row in sorted(rows, key=lambda row: (key(row), row[0]))]


def chosen(key):
    """The values of key, but none, each with the MACs that have it."""
    return {value: by(lambda row: "", [row for row in LIST if key(row) == value]) for value in sorted({key(row) for row in LIST}) if value}


def test_the_list_of_phones_is_sorted_and_filtered(portal, flow):
    ctl = portal.instance.ctl
    portal.set_up()
    for site in filter(None, SITES.values()):
        ctl("site", "add", site, code=OK)
    for user, site in SITES.items():
        ctl("user", "add", user, *(("--site", site) if site else ()), code=OK)
    now = int(time.time())
    for mac, user, vendor, model, state, _ in LIST:
        ctl("phone", "add", user, mac, "--vendor", vendor, *(("--model", model) if model else ()), code=OK)
        if state == "disabled":
            ctl("phone", "set", mac, "--disable", code=OK)
    with sqlite3.connect(portal.instance.database) as database:
        database.executemany("UPDATE phone SET last_fetch_at = ? WHERE mac = ?",
                             [(now - row[5], row[0]) for row in LIST if row[5]])
    database.close()
    flow("list", vendors=chosen(lambda row: row[2]), states=chosen(lambda row: row[4]), sites=chosen(lambda row: SITES[row[1]]), orders={
        "MAC": by(lambda row: ""), "User": by(lambda row: row[1]), "Model": by(lambda row: row[2:4]),
        "Last fetch": by(lambda row: now - row[5] if row[5] else 0)})


def test_phones_that_are_told_fetch(portal, flow, phones):  # noqa: F811
    instance = portal.instance
    portal.set_up()
    instance.add_user("alice")
    instance.add_account("alice", "1001@pbx.example.com")
    urls, refuses = {}, "00156500ffff"
    for number in range(4):
        mac = f"00156500000{number}"
        urls[mac] = instance.add_phone("alice", mac, "--model", "T54W")
        instance.ctl("phone", "set", mac, "--sip-contact", phones().contact, code=OK)
    instance.add_phone("alice", refuses, "--model", "T54W")
    contact = phones(lambda number, request: [response(request, "489 Bad Event")]).contact
    instance.ctl("phone", "set", refuses, "--sip-contact", contact, code=OK)
    flow("resync", phones=urls, refuses=refuses)
