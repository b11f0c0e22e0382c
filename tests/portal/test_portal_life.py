"""What an admin does with a phone, and two of them at once."""

import sqlite3
import time

from instance import OK, wait_until
from test_portal_tour import MAC, OTHER, furnish


def test_a_phone_from_its_entry_to_its_end(portal, flow):
    portal.set_up()
    furnish(portal)
    portal.instance.secrets.append("a password of 2001")
    flow("phone_life")


def test_two_admins_lose_nothing_and_an_ended_session_is_over(portal, flow):
    portal.set_up()
    furnish(portal)
    fred, vera = portal.add_admin("fred", "admin"), portal.add_admin("vera", "viewer")
    portal.instance.ctl("phone", "set", MAC, "--label", "Desk", code=OK)
    flow("two_admins", mac=MAC, fred=fred, vera=vera)


def test_a_user_enters_an_own_phone_by_a_link(portal, flow):
    portal.set_up()
    furnish(portal)
    flow("activation", mac=MAC, sip_password="secret-of-1001")


def test_the_servers_own_pages(portal, flow):
    portal.set_up()
    furnish(portal)
    portal.instance.expected_log += ["flat_mode state=on"]
    flow("server")


def test_what_is_easily_lost_done_twice_or_said_wrongly(portal, flow):
    portal.set_up()
    furnish(portal)
    rows = ["user,sip_user,domain,password,mac,vendor,model"]
    rows += [f"bob,1003,pbx.example.com,secret-of-1003,00156520{number:04x},yealink,T54W" for number in range(120)]
    path = portal.instance.folder / "bob.csv"
    path.write_text("\n".join(rows))
    path.chmod(0o600)
    portal.instance.ctl("import", str(path), code=OK)
    flow("mends", mac=MAC)


def test_what_changes_much_at_once(portal, flow):
    portal.set_up()
    furnish(portal)
    instance = portal.instance
    rows = ["user,sip_user,domain,password,mac,vendor,model"]
    rows += [f"bob,1003,pbx.example.com,secret-of-1003,00156520000{number},yealink,T54W" for number in range(9)]
    path = instance.folder / "bob.csv"
    path.write_text("\n".join(rows))
    path.chmod(0o600)
    instance.ctl("import", str(path), code=OK)
    instance.expected_log.append("alarm alarm=[0-9]+ kind=new_network ")
    instance.get_url(instance.url(OTHER), source="127.77.0.1")  # where it was not before
    wait_until("the alarm", lambda: instance.ctl("alarm", "list", "--json", code=OK).json())
    # As if they had asked by multicast, of which there is none on loopback.
    with sqlite3.connect(instance.database) as database:
        database.executemany(
            "INSERT INTO pnp (mac, vendor, source, first_at, last_at, count) VALUES (?, 'Yealink', '192.0.2.9', ?, ?, 1)",
            [(mac, int(time.time()), int(time.time())) for mac in ("001565990001", "001565990002")])
    database.close()
    flow("acts", linphone=OTHER)
