"""Who may what, who knows what, and who did what: secrets, conflicts, roles, and what the server remembers of all that."""

import sqlite3
import time

from instance import OK, wait_until
from test_portal_tour import MAC, OTHER, furnish


def test_what_is_copied_is_what_is_shown_and_what_is_taken_back_is_over(portal, flow):
    portal.set_up()
    furnish(portal)
    flow("secrets", mac=MAC, sip_password=next(one for one in portal.instance.secrets if one.startswith("pw-")))


def test_of_two_admins_at_the_same_object_the_second_decides(portal, flow):
    portal.set_up()
    furnish(portal)
    portal.instance.ctl("user", "add", "bob", code=OK)
    portal.instance.add_account("bob", "1003@pbx.example.com")
    portal.instance.ctl("key", "add", MAC, "blf", "1001", "--label", "Ann", "--position", "4", code=OK)
    flow("conflicts", mac=MAC, linphone=OTHER, fred=portal.add_admin("fred", "admin"))


def discovered(portal, *macs):
    """As if they had asked by multicast, of which there is none on loopback."""
    with sqlite3.connect(portal.instance.database) as database:
        database.executemany(
            "INSERT INTO pnp (mac, vendor, source, first_at, last_at, count) VALUES (?, 'Yealink', '192.0.2.9', ?, ?, 1)",
            [(mac, int(time.time()), int(time.time())) for mac in macs])
    database.close()


def test_a_page_offers_what_the_role_may_do(portal, flow):
    portal.set_up()
    furnish(portal)
    instance = portal.instance
    instance.expected_log.append("alarm alarm=[0-9]+ kind=new_network ")
    instance.get_url(instance.url(OTHER), source="127.77.0.1")  # where it was not before
    wait_until("the alarm", lambda: instance.ctl("alarm", "list", "--json", code=OK).json())
    discovered(portal, "001565990001")
    flow("roles", mac=MAC, vera=portal.add_admin("vera", "viewer"), otto=portal.add_admin("otto", "operator"))


def test_what_the_server_remembers_and_whom_it_forgets(portal, flow):
    portal.set_up()
    furnish(portal)
    fresh = "another long password of eva"
    portal.instance.secrets.append(fresh)
    flow("evidence", mac=MAC, fresh=fresh, fred=portal.add_admin("fred", "admin"))
