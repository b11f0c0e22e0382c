"""docs/openapi.yaml is the API: its paths are those of the source, and what a running daemon says to
every operation, and what autoprovctl prints, is what it promises."""

import json
import os
import re
import shutil
import sqlite3
import subprocess

import pytest

from contract import BROWSERS, Contract, members_of_source, routes_of_source, words_of_source
from instance import FAILED, OK, TOP, token_of, wait_until
from portal import COOKIE, OURS, PASSWORD
from portal_walk import BODIES as PORTAL_BODIES, walk_portal
from template_walk import BODIES as TEMPLATE_BODIES, walk_templates
from test_admin_listener import Door

MAC, OTHER_MAC, STRANGER = "cc5ef641b794", "cc5ef641b795", "020000000077"
PBX = "pbx.example.com"
ACCOUNT = f"1001@{PBX}"
IMPORT = "0" * 36
SAFE = '{"disable_auto_provision_security": false}'

# What is there once the instance is filled, and what is nowhere.
THERE = {"user": "alice", "site": "hq", "account": ACCOUNT, "mac": MAC, "position": 20,
         "name": "reader", "vendor": "yealink", "model": "T54W", "external_id": "x-new",
         "id": IMPORT, "number": 0, "alarm": 1, "notification": 1, "template": "linphone.xml"}
NOWHERE = {"user": "nobody", "site": "nowhere", "account": f"9@{PBX}", "mac": "020000000099",
           "position": 21, "name": "no-key", "vendor": "nobody", "model": "none", "id": IMPORT,
           "number": 0, "alarm": 999, "notification": 999, "template": "none"}

# A body that each operation takes, with what is there.
BODIES = {
    "addUser": {"name": "carol"},
    "addUserKey": {"type": "blf", "value": "1002", "label": "Bob", "line": 1, "position": 30},
    "setUserKey": {"type": "speed_dial", "value": "1002"},
    "putUser": {"name": "dave", "display_name": "Dave"},
    "addSite": {"name": "branch"},
    "setSite": {"name": "hq"},
    "addAccount": {"user": "alice", "sip_user": "1009", "domain": PBX, "password": "p"},
    "putAccount": {"user": "alice", "sip_user": "1010", "domain": PBX, "password": "p"},
    "addPhone": {"user": "alice", "mac": "020000000001"},
    "addPhoneKey": {"type": "dtmf", "value": "*8"},
    "setPhoneKey": {"type": "park", "value": "70", "label": "Park"},
    "putPhone": {"user": "alice", "mac": "02:00:00:00:00:02", "vendor": "linphone"},
    "setSetting": {"scope": "global", "name": "language", "value": "de"},
    "setOptions": {"custom_options": SAFE},
    "addApiKey": {"name": "reader", "role": "viewer", "networks": ["127.0.0.0/8"]},
    "enrolPhones": {"macs": [MAC], "for": 600},
    "addResync": {"macs": [MAC]},
    "takeNotifications": {"limit": 1},
    "reportNotification": {"outcome": "accepted", "status": 0},
    "explain": {"mac": MAC, "from": "127.0.0.1", "agent": "curl"},
    **PORTAL_BODIES,
    "movePhone": {"user": "bob", "lines": [ACCOUNT]},
    "setPhoneKeys": {"keys": [{"position": 20, "type": "park", "value": "70", "label": "Park", "line": 1}]},
    **TEMPLATE_BODIES,
    "adoptPnp": {"user": "alice", "label": "Lobby", "for": 60},
}


@pytest.fixture
def contract():
    return Contract()


class Walk:
    """An instance with a listener for the portal, and a client that checks every answer."""

    def __init__(self, make_instance, contract):
        self.contract = contract
        self.door = Door(make_instance, certificate_days=7, serves="portal")  # so that there is an alarm
        self.instance = self.door.instance
        self.instance.expected_log.append("alarm alarm=1 kind=certificate_end subject=api ")
        self.admin = self.door.key("admin", "--role", "admin")
        self.cookies = {}  # of sessions, by the role that an operation asks for
        self.called = set()

    def as_whom(self, operation, key):
        """What a caller sends to be one for the operation."""
        if operation.role not in BROWSERS:
            return f"Authorization: Bearer {key}\r\n" if key else ""
        # A browser that begins a session ends the one it had: those are other browsers.
        cookie = self.cookies.get(operation.role, self.cookies.get("session")) if operation.role != "browser" else None
        return OURS + (f"Cookie: {COOKIE}={cookie}\r\n" if cookie else "")

    def keep(self, answer, *roles):
        cookie = re.match(f"{COOKIE}=([0-9a-f]*);", answer.headers["set-cookie"])[1]
        self.instance.secrets.append(cookie)
        self.cookies.update({role: cookie for role in roles})

    def let_in(self):
        """An admin and a user with a session each."""
        if self.cookies:
            return
        token = self.instance.ctl("admin", "setup-token", "--json", code=OK).json()["token"]
        self.instance.secrets += [token, PASSWORD]
        operations = self.contract.operations
        answer = self.send(operations["setUp"], "/api/v1/setup", {**BODIES["setUp"], "token": token})
        assert answer.status == 201, answer.body
        self.contract.check(operations["setUp"], answer)
        self.keep(answer, "session", "admin-session")
        self.called |= {"setUp", "makeSetupToken"}
        made = self.call("addInvitation", 201, BODIES["addInvitation"])
        token = made["url"].rsplit("/", 1)[1]
        self.instance.secrets.append(token)
        answer = self.send(operations["activate"], "/api/v1/activation", {"token": token})
        self.contract.check(operations["activate"], answer)
        self.keep(answer, "user-session")
        self.called.add("activate")

    def send(self, operation, path, body=None, key=None, fields=""):
        is_text = isinstance(body, str)
        data = b"" if body is None else (body if is_text else json.dumps(body)).encode()
        fields += self.as_whom(operation, key)
        if body is not None:
            kind = "text/csv" if is_text else "application/json"
            fields += f"Content-Type: {kind}\r\nContent-Length: {len(data)}\r\n"
        elif operation.body_type:
            fields += "Content-Length: 0\r\n"
        head = f"{operation.method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"
        port, self.instance.port = self.instance.port, self.door.port
        try:
            return self.instance.raw(head.encode() + data)
        finally:
            self.instance.port = port

    def call(self, operation_id, status, body=None, query=None, fields="", **values):
        """Call with valid input; the body of the answer, checked."""
        operation = self.contract.operations[operation_id]
        if body is not None:
            faults = self.contract.faults(operation.body_schema, body)
            assert not faults, f"{operation_id}: {faults}"
        path = operation.fill({**THERE, **values}, query)
        answer = self.send(operation, path, body, self.admin, fields)
        assert answer.status == status, f"{operation_id}: {answer.status} {answer.body}"
        value = self.contract.check(operation, answer)
        self.called.add(operation_id)
        return value

    def problem(self, operation_id, body=None, query=None, **values):
        """Call with input that is none: the problem, checked."""
        operation = self.contract.operations[operation_id]
        path = operation.fill({**THERE, **values}, query)
        answer = self.send(operation, path, body, self.admin)
        assert answer.status >= 400, f"{operation_id}: {answer.status} {answer.body}"
        return self.contract.check(operation, answer)

    def fill(self):
        """Everything that THERE names, but an import."""
        self.call("addSite", 201, {"name": "hq", "external_id": "s-1"})
        self.call("addUser", 201, {"name": "alice", "display_name": "Alice", "site": "hq",
                                   "external_id": "x-1", "token": "brought-along-token"})
        self.call("addUser", 201, {"name": "bob"})
        self.call("addAccount", 201, {
            "user": "alice", "sip_user": "1001", "domain": PBX, "password": self.instance.secret(),
            "auth_user": "a1001", "display_name": "Alice", "registrar_host": "[2001:db8::1]",
            "registrar_port": 5060, "transport": "tcp", "outbound_proxy": f"{PBX}:5061",
            "expires": 600, "external_id": "x-2"})
        self.call("addPhone", 201, {
            "user": "alice", "mac": MAC, "vendor": "yealink", "model": "T54W", "label": "Desk",
            "enabled": True, "external_id": "x-3", "lines": [ACCOUNT]})
        self.call("addPhone", 201, {"user": "bob", "mac": OTHER_MAC, "vendor": "linphone"})
        self.call("setUserKey", 200, BODIES["setUserKey"], position=20)
        self.call("setPhoneKey", 200, BODIES["setPhoneKey"], position=20)
        self.call("setSetting", 200, BODIES["setSetting"])
        made = self.call("addApiKey", 201, {**BODIES["addApiKey"], "site": "hq"})
        self.instance.secrets += [made["key"], "brought-along-token"]
        # As if these phones had asked by multicast; the daemon listens to nobody here.
        with sqlite3.connect(self.instance.database, timeout=10) as database:
            database.executemany("INSERT INTO pnp (mac, source, first_at, last_at, count) "
                                 "VALUES (?, '192.0.2.7', 1700000000, 1700000000, 1)",
                                 [(MAC,), (STRANGER,)])
        database.close()


@pytest.fixture
def walk(contract, make_instance):
    return Walk(make_instance, contract)


# -- the file and the source -----------------------------------------------------------------------

def test_paths_roles_and_parameters_are_those_of_the_source(contract):
    promised = {(operation.method.lower(), re.sub(r"{\w+}", "*", operation.path)):
                (operation.role, sorted(operation.names("query")))
                for operation in contract.operations.values()}
    real = {key: (role, sorted(query)) for key, (role, query) in routes_of_source().items()}
    assert len(real) > 60
    assert promised == real


def test_members_of_bodies_are_those_of_the_source(contract):
    promised = set()
    for operation in contract.operations.values():
        if operation.body_type == "application/json":
            promised |= set(contract.members(operation.body_schema))
    assert promised == members_of_source()


@pytest.mark.parametrize("schema, path, table", [
    ("SessionRole", "src/app/api_admit.c", "ROLES"),
    ("Transport", "src/app/api_account.c", "TRANSPORTS"),
    ("KeyType", "src/app/api_key.c", "TYPES"),
    ("Scope", "src/store/store_setting.c", "scope_names"),
    ("FileRole", "src/app/catalogue_words.c", "CATALOGUE_WORDS_ROLES"),
    ("Reason", "src/app/policy.c", "REASON_NAMES"),
    ("AlarmKind", "src/store/store_alarm.c", "KIND_NAMES"),
    ("ExportColumn", "src/app/import_csv.c", "names"),
    ("ResyncKind", "src/store/store_resync.c", "KIND_NAMES"),
    ("ResyncOutcome", "src/store/store_resync.c", "OUTCOME_NAMES"),
])
def test_words_are_those_of_the_source(contract, schema, path, table):
    promised = contract.document["components"]["schemas"][schema]["enum"]
    assert set(promised) == set(words_of_source(path, table)) - {"served"}


def test_every_path_parameter_is_described(contract):
    for operation in contract.operations.values():
        assert operation.names("path") == re.findall(r"{(\w+)}", operation.path), operation.id


def test_every_object_is_closed(contract):
    """A member that nobody promised has to be a fault."""
    def look(where, schema):
        if isinstance(schema, list):
            for row in schema:
                look(where, row)
        if not isinstance(schema, dict):
            return
        if schema.get("type") == "object" and not where.endswith("Members"):
            assert "additionalProperties" in schema, where
        if "allOf" in schema:
            assert schema.get("unevaluatedProperties") is False, where
        for name, content in schema.items():
            look(f"{where}/{name}", content)

    for name, schema in contract.document["components"]["schemas"].items():
        look(name, schema)


def test_it_is_sound_openapi():
    tool = [shutil.which("spectral")]
    if not tool[0]:
        tool = [shutil.which("npx"), "--yes", "--offline", "@stoplight/spectral-cli@6"]
    if not tool[0] or subprocess.run([*tool, "--version"], capture_output=True, timeout=120,
                                     stdin=subprocess.DEVNULL).returncode != 0:
        pytest.skip("spectral is not installed (npm install -g @stoplight/spectral-cli@6)")
    result = subprocess.run(
        [*tool, "lint", "--fail-severity=hint", "-r", os.path.join(TOP, "tests/support/spectral.yaml"),
         os.path.join(TOP, "docs/openapi.yaml")], capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stdout + result.stderr


# -- the daemon ------------------------------------------------------------------------------------

def walk_users(walk):
    walk.call("listUsers", 200, query={"limit": 1})
    user = walk.call("showUser", 200)
    tag = f'"{user["id"][-12:]}-{user["version"]}"'
    walk.call("setUser", 412, {"display_name": "A"}, fields='If-Match: "0-0"\r\n')
    walk.call("setUser", 200, {"display_name": "Alice A", "external_id": "x-1", "site": "hq"},
              fields=f"If-Match: {tag}\r\n")
    walk.call("setUser", 412, {"display_name": "B"}, fields=f"If-Match: {tag}\r\n")
    assert walk.call("setUser", 200, {"external_id": None})["external_id"] is None
    walk.call("setUser", 200, {"external_id": "x-1"})
    walk.call("addUser", 409, {"name": "alice"})
    walk.call("addUser", 404, {"name": "carol", "site": "nowhere"})
    walk.call("rotateToken", 200, {"grace": 60})
    url = walk.call("revealToken", 200, {})["provisioning_base_url"]
    walk.instance.secrets.append(url.rstrip("/").rsplit("/", 1)[1])
    walk.call("addUserKey", 201, BODIES["addUserKey"])
    walk.call("addUserKey", 409, BODIES["addUserKey"])
    walk.call("listUserKeys", 200)
    walk.call("deleteUserKey", 200, position=30)
    walk.call("putUser", 201, BODIES["putUser"])
    walk.call("putUser", 200, {**BODIES["putUser"], "display_name": "D"})
    walk.call("putUser", 409, {"name": "other"})
    walk.call("deleteUser", 200, user="dave")
    walk.call("deleteSite", 409)
    walk.call("listSites", 200)
    site = walk.call("showSite", 200)
    tag = f'"{site["id"][-12:]}-{site["version"]}"'
    walk.call("setSite", 200, {"name": "hq", "external_id": "s-1"}, fields=f"If-Match: {tag}\r\n")
    walk.call("setSite", 412, BODIES["setSite"], fields=f"If-Match: {tag}\r\n")
    assert walk.call("setSite", 200, {"external_id": None})["external_id"] is None
    walk.call("addSite", 201, BODIES["addSite"])
    walk.call("setSite", 409, {"name": "hq"}, site="branch")
    walk.call("deleteSite", 200, site="branch")


def walk_accounts(walk):
    walk.call("listAccounts", 200, query={"user": "alice"})
    walk.call("listAccounts", 404, query={"user": "nobody"})
    walk.call("showAccount", 200)
    walk.call("setAccount", 200, {"transport": "tls", "expires": 120})
    walk.call("deleteAccount", 409)
    walk.call("putAccount", 201, BODIES["putAccount"])
    walk.call("putAccount", 200, BODIES["putAccount"])
    walk.call("deleteAccount", 200, account=f"1010@{PBX}")


def walk_phones(walk):
    walk.call("listPhones", 200)
    walk.call("listPhones", 200, query={"vendor": "yealink", "model": "T54W",
                                        "never_fetched": "true"})
    found = walk.call("listPhones", 200, query={"q": "alice a", "sort": "last_fetch", "order": "desc",
                                                "state": "any", "site": "hq", "limit": 1})
    assert [row["user"] for row in found["items"]] == ["alice"]
    walk.call("listPhones", 404, query={"site": "nowhere"})
    assert walk.call("countPhones", 200, query={"state": "never_fetched"})["count"] == 2
    walk.call("countPhones", 404, query={"user": "nobody"})
    assert walk.call("showPhoneStates", 200)["never_fetched"] == 2
    assert len(walk.call("showActivity", 200, query={"hours": 3})["fetches"]) == 3
    url = walk.call("revealPhoneUrl", 200, {})["url"]
    walk.instance.secrets.append(token_of(url))
    walk.call("revealPhoneSecrets", 200, {}, query={"file": f"{MAC}.cfg"})
    walk.call("setPhoneKeys", 412, BODIES["setPhoneKeys"], fields='If-Match: "0-0"\r\n')
    walk.call("setPhoneKeys", 200, BODIES["setPhoneKeys"])
    walk.call("setPhone", 200, {"flat": "bootstrap", "secrets": "once", "networks": ["127.0.0.0/8"]})
    assert walk.call("enrolPhones", 200, BODIES["enrolPhones"])["macs"] == ["cc:5e:f6:41:b7:94"]
    walk.call("enrolPhones", 200, {"user": "alice", "for": 0})
    walk.call("enrolPhones", 404, {"user": "nobody"})
    walk.call("enrolPhones", 404, {"macs": [NOWHERE["mac"]]})
    walk.call("enrolPhones", 422, {})
    walk.call("setPhone", 200, {"flat": "", "secrets": "", "networks": []})
    assert walk.call("listUnmovedPhones", 200, query={"user": "alice"})["items"][0]["why"]
    walk.call("listUnmovedPhones", 404, query={"user": "nobody"})
    walk.call("movePhone", 200, BODIES["movePhone"])
    walk.call("movePhone", 409, BODIES["movePhone"])
    walk.call("movePhone", 412, {"user": "alice"}, fields='If-Match: "0-0"\r\n')
    walk.call("movePhone", 404, {"user": "nobody"})
    walk.call("movePhone", 200, {"user": "alice"})
    walk.call("setPhone", 200, {"label": "Door", "enabled": True, "lines": [ACCOUNT]})
    walk.call("putPhone", 201, BODIES["putPhone"])
    walk.call("putPhone", 200, BODIES["putPhone"])
    walk.call("putPhone", 409, {"mac": "020000000003"})
    walk.call("deletePhone", 200, mac="020000000002")
    walk.call("listPhoneSettings", 200)
    walk.call("previewPhone", 200)
    walk.call("previewPhone", 404, query={"file": "nothing.cfg"})
    assert walk.call("comparePhone", 200)["lines"]
    walk.call("comparePhone", 404, query={"file": "nothing.cfg"})
    walk.call("previewPhoneSecrets", 200, query={"file": f"{MAC}.cfg"})
    walk.call("addPhoneKey", 201, BODIES["addPhoneKey"])
    assert {key["of"] for key in walk.call("listPhoneKeys", 200)["items"]} == {"phone"}
    walk.call("deletePhoneKey", 200, position=20)
    assert "user" in {key["of"] for key in walk.call("listPhoneKeys", 200)["items"]}


def walk_pnp(walk):
    assert [row["known"] for row in walk.call("listPnp", 200)["items"]] == [False, True]
    walk.call("listPnp", 200, query={"known": "no", "limit": 1})
    assert walk.call("showPnp", 200, mac=STRANGER)["vendor"] == ""
    walk.call("adoptPnp", 409, BODIES["adoptPnp"])
    walk.call("adoptPnp", 404, {"user": "nobody"}, mac=STRANGER)
    assert walk.call("adoptPnp", 201, BODIES["adoptPnp"], mac=STRANGER)["label"] == "Lobby"
    assert walk.call("explain", 200, {"mac": STRANGER, "pnp": True})["reason"] == "pnp_off"
    walk.call("forgetPnp", 200, mac=STRANGER)
    walk.call("deletePhone", 200, mac=STRANGER)


def walk_resyncs(walk):
    """Of a phone that never fetched nobody knows where it listens."""
    walk.call("setPhone", 200, {"sip_contact": "sip:1001@192.0.2.7:5060"})
    walk.call("setPhone", 200, {"sip_contact": ""})
    assert walk.call("addResync", 202, BODIES["addResync"])["phones"] == 1
    wait_until("its end", lambda: walk.call(
        "listResyncs", 200, query={"mac": MAC, "outcome": "no_target", "user": "alice"})["items"])
    walk.call("listResyncs", 404, query={"mac": NOWHERE["mac"]})
    walk.call("addResync", 202, {"user": "alice", "kind": "reboot", "rate": 500})
    walk.call("addResync", 404, {"user": "nobody"})
    walk.call("addResync", 422, {})
    walk.call("addResync", 202, {"stale": True})
    walk.call("cancelResyncs", 200)
    assert {row["of"] for row in walk.call("showResyncs", 200)["items"]} >= {"phones", "user"}
    assert walk.call("takeNotifications", 200, {"limit": 4, "wait": 0}) == {"items": [],
                                                                           "enabled": False}
    walk.call("reportNotification", 404, BODIES["reportNotification"])


def walk_fetches(walk):
    """A phone fetches, a stranger is refused, and what the phone has grows old."""
    instance = walk.instance
    url = walk.call("showPhoneUrl", 200)["url"]
    instance.secrets.append(token_of(url))
    assert instance.get_url(url, headers="User-Agent: Yealink\r\n").status == 200
    assert instance.get_url(url.replace(MAC, OTHER_MAC)).status == 404
    wait_until("a fetch", lambda: walk.call("listFetches", 200)["items"])
    wait_until("a refusal", lambda: walk.call("listRefusals", 200)["items"])
    now = {"from": "127.0.0.0/8", "since": 1}
    assert walk.call("listFetches", 200, query={"phone": MAC, **now})["items"]
    assert walk.call("listRefusals", 200, query={"reason": "unknown_pair", **now})["items"]
    walk.call("listFetches", 404, query={"phone": NOWHERE["mac"]})
    assert walk.call("showPhone", 200)["fetches"] == 1
    walk.call("setAccount", 200, {"display_name": "Somebody Else"})
    assert walk.call("listStalePhones", 200)["items"][0]["files"]
    assert "stale" in {row["state"] for row in walk.call("listPhoneFiles", 200)["items"]}
    burn = walk.call("burnUser", 200, {"passwords": {ACCOUNT: instance.secret()}})
    assert burn["phones"] == [MAC]
    made = walk.call("burnUser", 200, {"hard": True})["passwords"]
    assert list(made) == [ACCOUNT]
    instance.secrets.append(made[ACCOUNT])


def walk_settings(walk):
    walk.call("setSetting", 200, {"scope": "phone", "id": MAC, "name": "admin_password",
                                  "value": walk.instance.secret()})
    rows = walk.call("listSettings", 200)["items"]
    assert {row["secret"] for row in rows} == {False, True}
    walk.call("listSettings", 200, query={"scope": "phone", "id": MAC, "limit": 1})
    walk.call("unsetSetting", 200, query={"scope": "global", "name": "language"})
    walk.call("unsetSetting", 404, query={"scope": "global", "name": "language"})
    walk.call("showOptions", 200)
    walk.call("setOptions", 200, BODIES["setOptions"])
    walk.call("showOptions", 200)
    walk.call("unsetOptions", 200)
    made = walk.call("addApiKey", 201, {"name": "reloader", "role": "operator"})
    walk.instance.secrets.append(made["key"])
    walk.call("listApiKeys", 200)
    walk.call("showApiKey", 200)
    walk.call("deleteApiKey", 200)


def walk_imports(walk):
    walk.instance.expected_log.append("admin_failed action=read .*busy")
    for text, rows in (("user,display\nzoe,Zoe\n", 1), ("user,mac\nzoe,zz\n", 1),
                       ("user\nzoe\n", 0),
                       (f"user,sip_user,domain,password,mac,label,line\nalice,1001,{PBX},other,{MAC},Hall,19\n", 0)):
        id = walk.call("addImport", 201, {})["id"]
        walk.call("addImport", 503, {})
        walk.call("putImportChunk", 409, text, id=id, number=1)
        walk.call("putImportChunk", 200, text, id=id)
        walk.call("applyImport", 202, {"update": True, "dry_run": True}, id=id)
        wait_until("the import's end", lambda: walk.call(
            "showImport", 200, id=id)["state"] in ("done", "failed"))
        walk.call("applyImport", 409, {}, id=id)
        assert len(walk.call("listImportProblems", 200, id=id)["items"]) == rows
        assert bool(walk.call("listImportChanges", 200, id=id)["items"]) == (rows == 0)
        walk.call("deleteImport", 200, id=id)
    for name in ("exportUsers", "exportSecrets"):
        page = walk.call(name, 200)
        assert ("password" in page["columns"]) == (name == "exportSecrets")
        walk.call(name, 200, query={"after": page["next"]})


def walk_rest(walk):
    for name in ("showHealth", "showReadiness", "showMetrics", "showStatus", "verifyAudit",
                 "listVendors", "showModel"):
        walk.call(name, 200)
    walk.call("listModels", 200, query={"vendor": "yealink"})
    walk.call("explain", 200, BODIES["explain"])
    walk.call("explain", 200, {"url": f"/provision/{'0' * 32}/{MAC}.cfg"})
    walk.call("reload", 200, {})
    walk.call("listAudit", 200, query={"limit": 3})


def walk_alarms(walk):
    assert walk.call("showStatus", 200)["alarms"]["certificate_end"] == 1
    assert [row["subject"] for row in walk.call("listAlarms", 200)["items"]] == ["api"]
    walk.call("listAlarms", 200, query={"open": "true", "limit": 1})
    assert walk.call("showAlarm", 200)["closed_at"] == 0
    assert walk.call("ackAlarm", 200, {})["closed_at"] > 0
    walk.call("ackAlarm", 409, {})
    assert walk.call("listAlarms", 200, query={"open": "true"})["items"] == []


def test_every_operation_answers_as_it_promises(walk):
    walk.fill()
    for part in (walk_users, walk_accounts, walk_phones, walk_pnp, walk_resyncs, walk_portal, walk_fetches, walk_settings,
                 walk_templates, walk_imports, walk_rest, walk_alarms):
        part(walk)
    walk.call("deletePhone", 200)
    walk.call("deleteAccount", 200)
    assert walk.called == set(walk.contract.operations)


def test_what_is_not_there_is_a_problem_of_404(walk):
    walk.fill()
    walk.let_in()
    count = 0
    for operation in walk.contract.operations.values():
        if operation.names("path") and operation.names("path") != ["external_id"]:
            problem = walk.problem(operation.id, "user\n" if operation.body_type == "text/csv"
                                   else BODIES.get(operation.id), **NOWHERE)
            assert problem["type"] == "urn:autoprovd:problem:not_found", f"{operation.id}: {problem}"
            count += 1
    assert count > 30


def test_a_member_at_fault_is_pointed_to(walk):
    walk.fill()
    walk.let_in()
    contract = walk.contract
    count = 0
    for operation in contract.operations.values():
        if operation.body_type != "application/json" or operation.role == "socket":
            continue
        body = {**BODIES.get(operation.id, {}), "surprise": 1}
        assert contract.faults(operation.body_schema, body), operation.id
        problem = walk.problem(operation.id, body)
        assert problem["pointer"] == "/surprise", f"{operation.id}: {problem}"
        schema = operation.body_schema
        for name, member in contract.members(schema).items():
            for value in contract.bad_values(member):
                what = f"{operation.id}: {name} = {value}"
                problem = walk.problem(operation.id, {**BODIES.get(operation.id, {}), name: value})
                assert problem["pointer"] == f"/{name}", f"{what}: {problem}"
                # It is known: its value is at fault.
                assert "unknown member" not in problem["detail"], f"{what}: {problem}"
                count += 1
        for name in schema.get("required", []):
            body = {key: value for key, value in BODIES[operation.id].items() if key != name}
            problem = walk.problem(operation.id, body)
            assert problem["detail"] == f"{name} is missing", f"{operation.id}: {problem}"
            # What is not there has no place (RFC 6901, 4).
            assert "pointer" not in problem, f"{operation.id}: {problem}"
    assert count > 150


def test_a_smaller_role_is_a_problem_of_403(walk):
    viewer, operator = (walk.door.key(role, "--role", role) for role in ("viewer", "operator"))
    for operation in walk.contract.operations.values():
        path = operation.fill(THERE)
        if operation.role in BROWSERS + ("socket",):
            continue
        answer = walk.send(operation, path)
        assert answer.status == (200 if operation.role == "none" else 401), operation.id
        walk.contract.check(operation, answer)
        smaller = {"operator": viewer, "admin": operator}.get(operation.role)
        if smaller:
            answer = walk.send(operation, path, key=smaller)
            assert answer.status == 403, f"{operation.id}: {answer.body}"
            walk.contract.check(operation, answer)


def test_what_is_for_browsers_or_the_socket_is_for_no_key(walk):
    for operation in walk.contract.operations.values():
        if operation.role in BROWSERS[1:] + ("socket",):
            path = operation.fill(THERE)
            body = {} if operation.body_type else None
            whole, walk.as_whom = walk.as_whom, lambda _, key: f"Authorization: Bearer {key}\r\n"
            answer = walk.send(operation, path, body, walk.admin)
            walk.as_whom = whole
            assert answer.status == 403, f"{operation.id}: {answer.body}"
            walk.contract.check(operation, answer)


def test_a_wrong_method_or_parameter_is_a_problem(walk):
    walk.fill()
    walk.instance.expected_log.append("admin_failed ")
    operations = walk.contract.operations
    answer = walk.send(operations["addUser"], "/api/v1/status", {}, walk.admin)
    assert answer.status == 405 and answer.headers["allow"] == "GET"
    walk.contract.check(operations["showStatus"], answer)
    for operation in operations.values():
        if operation.role not in ("none", "socket"):
            walk.let_in()
            answer = walk.send(operation, operation.fill(THERE, {"surprise": 1}), key=walk.admin)
            assert answer.status == 422, f"{operation.id}: {answer.status} {answer.body}"
            assert "'surprise'" in walk.contract.check(operation, answer)["detail"]


# -- autoprovctl -----------------------------------------------------------------------------------

def test_what_autoprovctl_prints_as_json_is_what_the_api_promises(walk):
    walk.fill()
    instance = walk.instance
    assert instance.ctl("phone", "resync", MAC).code == FAILED  # where to is not known yet
    assert instance.get_url(instance.url(MAC)).status == 200
    wait_until("a fetch", lambda: instance.ctl("fetch", "list", "--json", code=OK).json())
    assert instance.get(f"/provision/{'0' * 32}/{MAC}.cfg").status == 404
    wait_until("a refusal", lambda: instance.ctl("refusal", "list", "--json", code=OK).json())
    instance.ctl("account", "set", ACCOUNT, "--display-name", "Somebody Else", code=OK)
    for words, schema in (
            ("user list", "User"), ("site list", "Site"), ("account list", "Account"),
            ("phone list", "Phone"), ("phone list --stale", "StalePhone"), ("token status", "UnmovedPhone"), ("fetch list", "Fetch"),
            ("refusal list", "Refusal"), ("setting list", "Setting"), ("apikey list", "ApiKey"),
            ("resync status --user alice", "Resync"), ("alarm list", "Alarm"), ("vendor list", "Vendor"), ("model list", "Model"), ("audit list", "AuditRow"),
            (f"key list {MAC}", "Key"), ("key list alice --user", "Key"),
            (f"phone show {MAC} --effective", "HeldSetting"), (f"phone diff {MAC}", "PhoneFile")):
        rows = instance.ctl(*words.split(), "--json", code=OK).json()
        assert rows, words
        for row in rows:
            assert not walk.contract.named_faults(schema, row), f"{words}: {row}"
    for words, schema in (
            ("status", "Status"), ("alarm show 1", "Alarm"), ("user show alice", "User"),
            ("site show hq", "Site"), (f"account show {ACCOUNT}", "Account"),
            ("apikey show reader", "ApiKey"), (f"phone show {MAC}", "PhoneShown"),
            (f"account set {ACCOUNT} --port 5070", "Account"),
            ("model show yealink/T54W", "ModelShown"), ("options show", "Options"), (f"phone enrol {MAC}", "Enrolled"),
            (f"phone preview {MAC}", "Preview"), (f"explain {MAC}", "Explanation"),
            ("audit verify", "AuditProof"), (f"phone set {MAC} --label Desk", "PhoneSaved"),
            (f"key add {MAC} dtmf *9 --position 9", "Key"), (f"key set {MAC} 9 blf 1002 --label Bob", "Key"),
            (f"key show {MAC} 9", "Key"), ("setting set language fr --scope user:bob", "Setting"),
            ("site set hq --external-id s-2", "Site"), ("user add carol", "User"), ("user set carol --site hq", "User")):
        value = instance.ctl(*words.split(), "--json", code=OK).json()
        assert not walk.contract.named_faults(schema, value), f"{words}: {value}"
