"""What an admin does with a phone, and two of them at once."""

from instance import OK
from test_portal_tour import MAC, furnish


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
