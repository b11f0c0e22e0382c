"""Every page with a house full of phones and of texts that try to be more than texts."""

from instance import OK

HOSTILE = '<img src=x onerror=owned()><b class="owned">"\'&{{7*7}}</b>'
MAC, OTHER = "001565112233", "cc5ef641b794"


def furnish(portal):
    """Users, accounts, phones, settings, and what the log tells of them."""
    ctl = portal.instance.ctl
    ctl("user", "add", "alice", "--display-name", HOSTILE, code=OK)
    portal.instance.add_account("alice", "1001@pbx.example.com")
    portal.instance.add_account("alice", "1002@pbx.example.com")
    ctl("phone", "add", "alice", MAC, "--model", "T54W", "--label", HOSTILE, code=OK)
    ctl("key", "add", "alice", "blf", "1002", "--label", HOSTILE, "--user", code=OK)
    url = portal.instance.add_phone("alice", OTHER, "--vendor", "linphone")
    ctl("setting", "set", "time_zone", "Europe/Berlin", "--scope", "global", code=OK)
    portal.instance.get_url(url, headers=f"User-Agent: {HOSTILE}\r\n")
    for number in range(3):
        portal.instance.get(f"/provision/{'0' * 32}/00156500000{number}.cfg", headers=f"User-Agent: {HOSTILE}\r\n")


def test_every_page_is_whole_and_a_text_stays_one(portal, flow):
    portal.set_up()
    furnish(portal)
    flow("tour", mac=MAC, user="alice")
