"""What test_openapi.py calls of the portal, as a browser does."""

from instance import token_of
from portal import PASSWORD

BODIES = {
    "setUp": {"token": "0" * 64, "name": "eva", "password": PASSWORD},
    "signIn": {"name": "eva", "password": PASSWORD},
    "changePassword": {"current": PASSWORD, "password": PASSWORD},
    "activate": {"token": "0" * 64},
    "addAdmin": {"name": "reader", "role": "viewer", "password": PASSWORD},
    "addInvitation": {"for": 60},
    "addMyPhone": {"mac": "02:00:00:00:00:03", "vendor": "linphone"},
}


def walk_portal(walk):
    assert walk.call("showPortal", 200) == {"setup_needed": True}
    walk.instance.expected_log.append("admin_refused ")
    walk.call("setUp", 401, BODIES["setUp"])
    walk.let_in()
    walk.call("setUp", 409, BODIES["setUp"])
    walk.call("signIn", 401, {**BODIES["signIn"], "name": "nobody"})
    session = walk.call("showSession", 200)
    assert session["role"] == "admin"
    walk.call("changePassword", 422, {**BODIES["changePassword"], "current": "wrong"})
    walk.call("changePassword", 200, BODIES["changePassword"])
    walk.call("activate", 401, BODIES["activate"])
    rows = walk.call("listSessions", 200)["items"]
    assert {row["kind"] for row in rows} == {"admin", "user"}
    walk.call("addAdmin", 201, BODIES["addAdmin"])
    walk.call("addAdmin", 409, BODIES["addAdmin"])
    walk.call("listAdmins", 200, query={"limit": 1})
    admin = walk.call("showAdmin", 200)
    tag = f'"{admin["id"][-12:]}-{admin["version"]}"'
    walk.call("setAdmin", 200, {"role": "operator"}, fields=f"If-Match: {tag}\r\n")
    walk.call("setAdmin", 412, {"enabled": False}, fields=f"If-Match: {tag}\r\n")
    walk.call("setAdmin", 409, {"enabled": False}, name="eva")
    walk.call("deleteAdmin", 200)
    walk.call("deleteAdmin", 409, name="eva")
    made = walk.call("addInvitation", 201, {})
    walk.instance.secrets.append(made["url"].rsplit("/", 1)[1])
    assert len(walk.call("listInvitations", 200)["items"]) == 2
    walk.call("deleteInvitation", 200, id=made["id"])
    assert walk.call("listMyPhones", 200)["items"][0]["mac"]
    walk.call("listMyModels", 200)
    told = walk.call("addMyPhone", 201, BODIES["addMyPhone"])
    walk.instance.secrets.append(token_of(told["url"]))
    walk.call("addMyPhone", 409, BODIES["addMyPhone"])
    walk.call("showMyPhoneUrl", 200, {}, mac="020000000003")
    walk.call("deletePhone", 200, mac="020000000003")
    walk.call("endSession", 200, id=next(row["id"] for row in rows if row["kind"] == "user"))
    walk.call("listMyPhones", 401)
    cookie = walk.cookies["session"]
    walk.call("signOut", 200)
    walk.call("showSession", 401)
    assert walk.cookies["session"] == cookie
