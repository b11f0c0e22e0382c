"""The admin listener: API keys, their roles, networks and sites; what the two kinds of doors share."""

import json

from instance import NOT_FOUND, OK, free_port, make_certificate, wait_until

MAC = "cc5ef641b794"
OTHER_MAC = "cc5ef641b795"
PBX = "pbx.example.com"


class Door:
    """An instance with an admin listener, and a client of it."""

    def __init__(self, make_instance, certificate_days=None, serves="admin"):
        self.port = free_port()
        self.instance = make_instance()
        folder = self.instance.folder
        certificate = "rsa"
        if certificate_days:
            certificate = "api"
            path, _ = make_certificate(folder, certificate, "rsa", certificate_days)
            with open(folder / "ca.pem", "ab") as trusted:
                trusted.write(path.read_bytes())
        self.instance.extra = f"""
listener "api" {{
    serves = {serves}
    port = {self.port}
    certificate "rsa" {{
        certificate_file = '{folder}/{certificate}.pem'
        key_file = '{folder}/{certificate}.key'
    }}
}}
"""
        self.instance.write_conf()
        self.instance.init()
        self.instance.start()
        # Without a key nothing is told, so a log line of it is no surprise.
        self.instance.expected_log.append("admin_refused ")

    def key(self, name, *options):
        text = self.instance.ctl("apikey", "add", name, *options, "--json", code=OK).json()["key"]
        self.instance.secrets.append(text)
        return text

    def ask(self, method, path, key=None, body=None, fields=""):
        text = json.dumps(body) if body is not None else ""
        if key:
            fields += f"Authorization: Bearer {key}\r\n"
        if text:
            fields += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n"
        request = f"{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{text}"
        port, self.instance.port = self.instance.port, self.port
        try:
            answer = self.instance.raw(request.encode())
        finally:
            self.instance.port = port
        answer.json = json.loads(answer.body) if answer.body else None
        return answer


def test_it_listens_on_loopback_and_lets_nobody_in_without_a_key(make_instance):
    door = Door(make_instance)
    assert f"listener=api address=127.0.0.1 port={door.port} serves=admin" in door.instance.log()
    for key in (None, "apk_" + "0" * 64, "x"):
        for path in ("/users", "/nonsense"):
            answer = door.ask("GET", path, key)
            assert answer.status == 401, answer.body
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json["type"] == "urn:autoprovd:problem:unauthenticated"
    answer = door.ask("GET", "/users", fields="Authorization: Basic YTpi\r\n")
    assert answer.status == 401
    listeners = door.instance.ctl("status", "--json", code=OK).json()["listeners"]
    assert [row["serves"] for row in listeners] == ["admin", "phones"]


def test_a_role_may_do_what_it_is_for(make_instance):
    door = Door(make_instance)
    viewer, operator, admin = (door.key(role, "--role", role)
                               for role in ("viewer", "operator", "admin"))
    assert door.ask("POST", "/users", admin, {"name": "alice"}).status == 201
    door.instance.add_account("alice", f"1001@{PBX}")
    url = door.instance.add_phone("alice", MAC, "--vendor", "linphone")
    for key in (viewer, operator, admin):
        assert door.ask("GET", "/users", key).json["items"][0]["name"] == "alice"
    assert door.ask("POST", "/users", operator, {"name": "bob"}).status == 403
    assert door.ask("GET", f"/phones/{MAC}/preview", viewer).status == 403
    preview = door.ask("GET", f"/phones/{MAC}/preview", operator)
    assert preview.status == 200 and "********" in preview.json["body"]
    assert door.ask("GET", f"/phones/{MAC}/difference", viewer).status == 403
    difference = door.ask("GET", f"/phones/{MAC}/difference", operator)
    assert difference.status == 200
    assert "\n".join(line["text"] for line in difference.json["lines"]) + "\n" == \
        preview.json["body"].replace("\r", "")
    assert door.ask("GET", f"/phones/{MAC}/url", operator).status == 403
    told = door.ask("POST", "/resyncs", operator, {"macs": [MAC], "kind": "url"})
    assert told.status == 403 and "needs the role admin" in told.json["detail"]
    assert door.ask("GET", f"/phones/{MAC}/url", admin).json["url"] == url
    assert door.ask("POST", "/reload", viewer, {}).status == 403
    assert door.ask("POST", "/reload", operator, {}).status == 200
    assert door.ask("GET", "/api-keys", operator).status == 403
    text = door.instance.log()
    assert "admin action=user.add actor=key=admin" in text
    assert "url=" not in text.split("admin action=phone.url")[1].split("\n")[0]


def test_a_key_is_shown_once_and_ends_when_it_is_deleted(make_instance):
    door = Door(make_instance)
    key = door.key("pbx", "--role", "admin")
    shown = door.ask("GET", "/api-keys", key).json["items"]
    assert [row["name"] for row in shown] == ["pbx"] and "key" not in shown[0]
    assert "key" not in door.ask("GET", "/api-keys/pbx", key).json
    door.instance.ctl("apikey", "del", "pbx", "--yes", code=OK)
    assert door.ask("GET", "/users", key).status == 401
    door.instance.ctl("apikey", "del", "pbx", "--yes", code=NOT_FOUND)


def test_a_key_of_other_networks_is_of_no_use(make_instance):
    door = Door(make_instance)
    near = door.key("near", "--networks", "10.0.0.0/8,127.0.0.0/8")
    far = door.key("far", "--networks", "10.0.0.0/8,::1")
    assert door.ask("GET", "/users", near).status == 200
    answer = door.ask("GET", "/users", far)
    assert answer.status == 403 and "127.0.0.1" in answer.json["detail"]
    assert "admin_refused source=127.0.0.1 reason=key_network key=far" in door.instance.log()


class Sites(Door):
    """alice of hq, bob of lab, each with an account and a phone, and a key of hq."""

    def __init__(self, make_instance):
        super().__init__(make_instance)
        for site, user, mac in (("hq", "alice", MAC), ("lab", "bob", OTHER_MAC)):
            self.instance.ctl("site", "add", site, code=OK)
            self.instance.ctl("user", "add", user, "--site", site, "--external-id", f"u-{user}",
                              code=OK)
            self.instance.add_account(user, f"{user}@{PBX}", None, "--external-id", f"a-{user}")
            self.instance.add_phone(user, mac, "--vendor", "linphone", "--external-id", f"p-{user}")
        self.admin = self.key("admin", "--role", "admin")
        self.hq = self.key("hq", "--role", "admin", "--site", "hq")

    def set(self, key, scope, id, name="language", value="de"):
        return self.ask("PUT", "/settings", key,
                        {"scope": scope, "id": id, "name": name, "value": value})

    def lab(self):
        """All that lab has, secrets too."""
        def rows(path, member, *names):
            return [row for row in self.ask("GET", path, self.admin).json["items"]
                    if row[member] in names]

        export = [row for row in self.ask("GET", "/export/secrets", self.admin).json["items"]
                  if "bob" in row.values()]
        assert export
        return [rows("/sites", "name", "lab"), rows("/users", "site", "lab"),
                rows("/accounts", "user", "bob"), rows("/phones", "user", "bob"),
                self.ask("GET", f"/phones/{OTHER_MAC}/keys", self.admin).json,
                rows("/settings", "id", "lab", "bob", OTHER_MAC, "", "linphone"),
                export]

    def is_missing(self, method, path, body, foreign, missing):
        """What lab has is answered as what nobody has."""
        answers = []
        for name in (foreign, missing):
            text = json.dumps(body).replace("NAME", name)
            answer = self.ask(method, path.replace("NAME", name), self.hq, json.loads(text))
            assert answer.status == 404, (method, path, name, answer.body)
            answers.append({**answer.json, "detail": answer.json["detail"].replace(name, "NAME")})
        assert answers[0] == answers[1]


def test_a_key_of_a_site_knows_no_other(make_instance):
    door = Sites(make_instance)
    key = door.hq
    for path, member, mine in (("/users", "name", "alice"), ("/accounts", "user", "alice"),
                               ("/phones", "user", "alice")):
        assert [row[member] for row in door.ask("GET", path, key).json["items"]] == [mine]
    for path in ("/users/bob", f"/accounts/bob@{PBX}", f"/phones/{OTHER_MAC}",
                 f"/phones/{OTHER_MAC}/url", f"/phones/{OTHER_MAC}/keys", "/users/bob/keys",
                 "/users/nobody"):
        assert door.ask("GET", path, key).status == 404, path
    for path, foreign, missing in (
            ("/users/NAME", "bob", "nobody"), ("/users/NAME/keys", "bob", "nobody"),
            ("/accounts/NAME", f"bob@{PBX}", f"nobody@{PBX}"),
            ("/phones/NAME", OTHER_MAC, "020000000099"),
            ("/phones/NAME/files", OTHER_MAC, "020000000099"),
            ("/phones?user=NAME", "bob", "nobody"), ("/accounts?user=NAME", "bob", "nobody")):
        door.is_missing("GET", path, None, foreign, missing)
    assert door.ask("DELETE", "/users/bob", key).status == 404
    assert door.ask("POST", "/users/bob/burn", key, {}).status == 404
    assert door.ask("POST", "/users/alice/token/rotate", key, {}).status == 200
    assert door.ask("PATCH", f"/phones/{OTHER_MAC}", key, {"label": "x"}).status == 404
    assert door.ask("GET", f"/phones/{MAC}", key).status == 200
    assert door.ask("PATCH", f"/phones/{MAC}", key, {"label": "x"}).status == 200
    # Its own may enrol, one by one and a user's; of another's it is told as of what is not there.
    for body, status in (({"macs": [MAC]}, 200), ({"user": "alice"}, 200),
                         ({"macs": [MAC, OTHER_MAC]}, 404), ({"user": "bob"}, 404)):
        assert door.ask("POST", "/enrolments", key, body).status == status, body
    for mac, is_open in ((MAC, True), (OTHER_MAC, False)):
        shown = door.ask("GET", f"/phones/{mac}", door.admin).json
        assert (shown["enrol_until"] > 0) == is_open
    # Neither out of the site, nor something of another one into it.
    answer = door.ask("PATCH", "/users/alice", key, {"site": "lab"})
    assert answer.status == 403 and answer.json["pointer"] == "/site"
    answer = door.ask("PATCH", f"/phones/{MAC}", key, {"lines": [f"bob@{PBX}"]})
    assert answer.status == 404 and answer.json["pointer"] == "/lines"
    assert door.ask("POST", "/phones", key, {"user": "bob", "mac": "001565000009",
                                              "vendor": "linphone"}).status == 404
    assert door.ask("POST", "/users", key, {"name": "carol"}).json["site"] == "hq"
    assert door.ask("POST", "/users", key, {"name": "dave", "site": "lab"}).status == 403
    for method, path, body in (("GET", "/sites", None), ("PATCH", "/sites/hq", {"name": "x"}),
                               ("POST", "/imports", {}), ("GET", "/export", None),
                               ("GET", "/status", None), ("GET", "/api-keys", None),
                               ("POST", "/api-keys", {"name": "x", "role": "admin"}),
                               ("POST", "/reload", {}), ("GET", "/options", None),
                               ("POST", "/explain", {"mac": MAC})):
        answer = door.ask(method, path, key, body)
        assert answer.status == 403 and "site 'hq'" in answer.json["detail"], (path, answer.body)
    assert door.ask("GET", "/vendors", key).status == 200


def test_a_key_of_a_site_tells_its_own_phones_alone_to_fetch(make_instance):
    door = Sites(make_instance)
    instance, key = door.instance, door.hq
    third = "020000000003"
    for mac in (MAC, OTHER_MAC):
        instance.ctl("phone", "set", mac, "--vendor", "yealink", code=OK)
    # Of another site, with a line of alice.
    instance.ctl("phone", "add", "bob", third, "--vendor", "yealink", "--lines", f"alice@{PBX}",
                 code=OK)
    assert door.ask("POST", "/resyncs", key, {"macs": [MAC]}).status == 202
    assert door.ask("POST", "/resyncs", key, {"user": "alice"}).json["phones"] == 1
    for path, body, foreign, missing in (
            ("/resyncs", {"macs": ["NAME"]}, OTHER_MAC, "020000000099"),
            ("/resyncs", {"user": "NAME"}, "bob", "nobody")):
        door.is_missing("POST", path, body, foreign, missing)
    for path, foreign, missing in (("/resyncs?mac=NAME", OTHER_MAC, "020000000099"),
                                   ("/resyncs?user=NAME", "bob", "nobody")):
        door.is_missing("GET", path, None, foreign, missing)
    for body in ({"stale": True}, {"all": True}):
        answer = door.ask("POST", "/resyncs", key, body)
        assert answer.status == 403 and "site 'hq'" in answer.json["detail"]
    assert door.ask("POST", "/notifications/take", key, {}).status == 403
    assert door.ask("POST", "/resyncs", door.admin, {"macs": [OTHER_MAC]}).status == 202
    wait_until("all told", lambda: len(
        door.ask("GET", "/resyncs?outcome=no_target", door.admin).json["items"]) == 2)
    assert [row["user"] for row in door.ask("GET", "/resyncs", key).json["items"]] == ["alice"]
    assert len(door.ask("GET", "/resyncs/status", key).json["items"]) == 2
    assert len(door.ask("GET", "/resyncs/status", door.admin).json["items"]) == 3
    assert door.ask("DELETE", "/resyncs", key).json == {"stopped": 0}


def test_pages_of_a_key_of_a_site_tell_nothing_of_another(make_instance):
    """Rows of lab stand before, between and behind those of hq."""
    door = Sites(make_instance)
    for number, (user, site) in enumerate((("aaron", "lab"), ("amy", "hq"), ("zoe", "lab"))):
        door.instance.ctl("user", "add", user, "--site", site, code=OK)
        door.instance.add_account(user, f"{user}@{PBX}")
        door.instance.add_phone(user, f"0015650000{number}0", "--vendor", "linphone")
    for path, member in (("/users", "name"), ("/accounts", "user"), ("/phones", "user"),
                         ("/phones?vendor=linphone", "user"),
                         ("/phones?never_fetched=true", "user")):
        seen, after = [], ""
        while after is not None:
            sign = "&" if "?" in path else "?"
            page = door.ask("GET", f"{path}{sign}limit=1{after and '&after=' + after}",
                            door.hq).json
            seen += [row[member] for row in page["items"]]
            after = page["next"]
            assert len(page["items"]) == 1 or after is None, path
        assert sorted(seen) == ["alice", "amy"], path


def test_a_key_of_a_site_puts_what_is_the_sites(make_instance):
    door = Sites(make_instance)
    before = door.lab()
    for status in (201, 200):
        answer = door.ask("PUT", "/users/by-external/u-1", door.hq,
                          {"name": "carol", "display_name": str(status)})
        assert answer.status == status and answer.json["site"] == "hq"
        assert answer.json["display_name"] == str(status)
        body = {"user": "carol", "sip_user": "7", "domain": PBX, "password": "p"}
        assert door.ask("PUT", "/accounts/by-external/a-1", door.hq, body).status == status
        body = {"user": "carol", "mac": "001565000009", "vendor": "linphone", "label": str(status)}
        answer = door.ask("PUT", "/phones/by-external/p-1", door.hq, body)
        assert answer.status == status and answer.json["label"] == str(status)
        assert [line["account"] for line in answer.json["lines"]] == [f"7@{PBX}"]
    answer = door.ask("PUT", "/users/by-external/u-2", door.hq, {"name": "dave", "site": "hq"})
    assert answer.status == 201 and answer.json["site"] == "hq"
    # Whoever asks without a site has none given.
    answer = door.ask("PUT", "/users/by-external/u-3", door.admin, {"name": "erin"})
    assert answer.status == 201 and answer.json["site"] is None
    # One that is of no site is as one of another.
    assert door.ask("PUT", "/users/by-external/u-3", door.hq, {"name": "erin"}).status == 409
    assert door.ask("GET", "/users/erin", door.admin).json["site"] is None
    # The key is the site's whatever that is called, and what is called so now is another.
    door.instance.ctl("site", "set", "hq", "--name", "home", code=OK)
    door.instance.ctl("site", "add", "hq", code=OK)
    answer = door.ask("PUT", "/users/by-external/u-4", door.hq, {"name": "fred"})
    assert answer.status == 201 and answer.json["site"] == "home"
    answer = door.ask("PUT", "/users/by-external/u-4", door.hq, {"site": "hq"})
    assert answer.status == 403 and answer.json["pointer"] == "/site"
    assert door.ask("PUT", "/users/by-external/u-4", door.hq, {"site": "home"}).status == 200
    assert door.lab() == before


def test_a_key_of_a_site_puts_nothing_of_another(make_instance):
    door = Sites(make_instance)
    before = door.lab()
    account = {"sip_user": "7", "domain": PBX, "password": "p"}
    phone = {"mac": "001565000009", "vendor": "linphone"}
    # An external id of lab is one that is taken, as it is for the POST.
    for noun, own, body in (("users", "u-bob", {"name": "carol", "display_name": "x"}),
                            ("accounts", "a-bob", {"user": "alice", **account}),
                            ("phones", "p-bob", {"user": "alice", **phone})):
        answer = door.ask("PUT", f"/{noun}/by-external/{own}", door.hq, body)
        assert answer.status == 409, answer.body
        posted = door.ask("POST", f"/{noun}", door.hq, {**body, "external_id": own})
        assert answer.json == posted.json
        for faulty in ({}, {**body, "surprise": 1}):
            answer = door.ask("PUT", f"/{noun}/by-external/{own}", door.hq, faulty)
            assert answer.status == 422
            assert answer.json == door.ask("PUT", f"/{noun}/by-external/x-none", door.hq,
                                           faulty).json
    # So are a name, an address and a MAC.
    for path, body in (("/users/by-external/u-9", {"name": "bob"}),
                       ("/accounts/by-external/a-9",
                        {"user": "alice", **account, "sip_user": "bob"}),
                       ("/phones/by-external/p-9", {"user": "alice", **phone, "mac": OTHER_MAC}),
                       ("/accounts/by-external/a-alice", {"sip_user": "bob"})):
        answer = door.ask("PUT", path, door.hq, body)
        assert answer.status == 409 and "lab" not in str(answer.json), answer.body
    # Neither for a user of lab, nor to one, by name or id, nor out of the site.
    bob = door.ask("GET", "/users/bob", door.admin).json["id"]
    for foreign, missing in (("bob", "nobody"), (bob, bob[:-4] + "0000")):
        for path, body in (("/accounts/by-external/a-9", account),
                           ("/accounts/by-external/a-bob", account),
                           ("/accounts/by-external/a-alice", {"display_name": "x"}),
                           ("/phones/by-external/p-9", phone), ("/phones/by-external/p-bob", phone),
                           ("/phones/by-external/p-alice", {"label": "x"})):
            door.is_missing("PUT", path, {**body, "user": "NAME"}, foreign, missing)
    for path in ("/phones/by-external/p-9", "/phones/by-external/p-alice"):
        door.is_missing("PUT", path, {"user": "alice", **phone, "lines": ["NAME"]}, f"bob@{PBX}",
                        f"nobody@{PBX}")
    for site in ("lab", "nowhere", "", None):
        for id in ("u-9", "u-alice", "u-bob"):
            answer = door.ask("PUT", f"/users/by-external/{id}", door.hq,
                              {"name": "carol", "site": site})
            assert answer.status == 403 and answer.json["pointer"] == "/site", answer.body
    viewer = door.key("viewer", "--role", "viewer", "--site", "hq")
    assert door.ask("PUT", "/users/by-external/u-alice", viewer, {"name": "alice"}).status == 403
    assert door.lab() == before
    assert [row["name"] for row in door.ask("GET", "/users", door.admin).json["items"]] == \
        ["alice", "bob"]


def test_a_key_of_a_site_has_the_settings_of_its_scopes(make_instance):
    door = Sites(make_instance)
    for scope, id in (("global", ""), ("vendor", "linphone"), ("site", "lab"), ("user", "bob"),
                      ("phone", OTHER_MAC)):
        assert door.set(door.admin, scope, id).status == 200
    before = door.lab()
    assert door.ask("GET", "/settings", door.hq).json == {"items": [], "next": None}
    own = [("site", "hq"), ("user", "alice"), ("phone", MAC)]
    for scope, id in own:
        answer = door.set(door.hq, scope, id)
        assert answer.status == 200 and answer.json["id"] == id
        rows = door.ask("GET", f"/settings?scope={scope}&id={id}", door.hq).json["items"]
        assert [(row["scope"], row["id"]) for row in rows] == [(scope, id)]
        rows = door.ask("GET", f"/settings?scope={scope}", door.hq).json["items"]
        assert [(row["scope"], row["id"]) for row in rows] == [(scope, id)]
    # Page by page, without a gap where others have theirs.
    seen, after = [], ""
    while after is not None:
        page = door.ask("GET", f"/settings?limit=1{after and '&after=' + after}", door.hq).json
        seen += [(row["scope"], row["id"]) for row in page["items"]]
        after = page["next"]
        assert len(page["items"]) == 1 or after is None
    assert seen == own
    viewer = door.key("viewer", "--role", "viewer", "--site", "hq")
    assert len(door.ask("GET", "/settings", viewer).json["items"]) == 3
    assert door.set(viewer, "user", "alice").status == 403
    held = {row["name"]: row for row in
            door.ask("GET", f"/phones/{MAC}/settings", door.hq).json["items"]}
    assert held["language"]["from"] == "phone"
    for scope, id in own:
        path = f"/settings?scope={scope}&id={id}&name=language"
        assert door.ask("DELETE", path, door.hq).status == 200
        assert door.ask("DELETE", path, door.hq).status == 404
    assert door.ask("GET", "/settings", door.hq).json["items"] == []
    assert door.lab() == before


def test_a_key_of_a_site_has_no_other_settings(make_instance):
    door = Sites(make_instance)
    scopes = (("global", ""), ("vendor", "linphone"), ("model", "linphone/Desktop"),
              ("vendor", "nobody"), ("model", "x"), ("vendor", ""))
    for scope, id in (("global", ""), ("vendor", "linphone"), ("site", "lab"), ("user", "bob"),
                      ("phone", OTHER_MAC)):
        assert door.set(door.admin, scope, id).status == 200
    before = door.lab()
    for scope, id in scopes:
        for answer in (door.set(door.hq, scope, id),
                       door.ask("GET", f"/settings?scope={scope}", door.hq),
                       door.ask("GET", f"/settings?scope={scope}&id={id}", door.hq),
                       door.ask("DELETE", f"/settings?scope={scope}&id={id}&name=language",
                                door.hq)):
            assert answer.status == 403 and "site 'hq'" in answer.json["detail"], answer.body
    user, site = (door.ask("GET", path, door.admin).json["id"] for path in
                  ("/users/bob", "/sites/lab"))
    for scope, foreign, missing in (
            ("site", "lab", "nowhere"), ("site", site, site[:-4] + "0000"),
            ("user", "bob", "nobody"), ("user", user, user[:-4] + "0000"),
            ("phone", OTHER_MAC, "020000000099")):
        body = {"scope": scope, "id": "NAME", "name": "language", "value": "fr"}
        door.is_missing("PUT", "/settings", body, foreign, missing)
        door.is_missing("GET", f"/settings?scope={scope}&id=NAME", None, foreign, missing)
        door.is_missing("DELETE", f"/settings?scope={scope}&id=NAME&name=language", None, foreign,
                        missing)
        for value in ("raw.a", "no_setting", "x" * 65):
            door.is_missing("PUT", "/settings", {**body, "name": value}, foreign, missing)
    # A cursor of lab's rows goes on behind them, with what is hq's.
    rows = door.ask("GET", "/settings?limit=3", door.admin).json
    assert door.ask("GET", f"/settings?after={rows['next']}", door.hq).json["items"] == []
    for id in ("", "?", "lab/x", "hq "):
        assert door.set(door.hq, "site", id).status in (404, 422)
    for body in ({"scope": "site", "id": None, "name": "language", "value": "fr"},
                 {"scope": ["global"], "id": "", "name": "language", "value": "fr"},
                 {"scope": "GLOBAL", "id": "", "name": "language", "value": "fr"},
                 {"name": "language", "value": "fr"}):
        assert door.ask("PUT", "/settings", door.hq, body).status == 422
    assert door.ask("GET", "/settings?scope=site&scope=global&id=hq", door.hq).json["items"] == []
    assert door.lab() == before


def test_metrics_want_a_key_and_health_does_not(make_instance):
    door = Door(make_instance)
    viewer = door.key("prometheus")
    port, door.instance.port = door.instance.port, door.port
    try:
        assert door.instance.get("/healthz").status == 200
        assert door.instance.get("/readyz").status == 200
        assert door.instance.get("/metrics").status == 401
        answer = door.instance.get("/metrics", headers=f"Authorization: Bearer {viewer}\r\n")
        assert answer.status == 200 and b"\nautoprovd_build_info{" in answer.body
    finally:
        door.instance.port = port


def test_a_key_of_a_site_finds_and_moves_its_phones_alone(make_instance):
    door = Door(make_instance)
    for site, users in (("hq", ("alice", "bob")), ("branch", ("eve",))):
        door.instance.ctl("site", "add", site, code=OK)
        for user in users:
            door.instance.add_user(user)
            door.instance.ctl("user", "set", user, "--site", site, code=OK)
    door.instance.add_phone("alice", MAC, "--vendor", "linphone")
    door.instance.add_phone("eve", "cc5ef641b799", "--vendor", "linphone")
    key = door.key("hq", "--role", "admin", "--site", "hq")
    for query, count in (("", 1), ("?q=cc5e", 1), ("?q=eve", 0), ("?sort=user&site=hq", 1)):
        assert len(door.ask("GET", f"/phones{query}", key).json["items"]) == count
        assert door.ask("GET", f"/phones/count{query}", key).json["count"] == count
    assert door.ask("GET", "/phones?site=branch", key).status == 404
    for path in ("/activity", "/phone-states", "/templates", "/templates/linphone.xml"):
        assert door.ask("GET", path, key).status == 403
    assert door.ask("POST", f"/phones/{MAC}/move", key, {"user": "eve"}).status == 404
    assert door.ask("POST", "/phones/cc5ef641b799/move", key, {"user": "bob"}).status == 404
    assert door.ask("PUT", "/phones/cc5ef641b799/keys", key, {"keys": []}).status == 404
    assert door.ask("POST", "/users/eve/token", key, {}).status == 404
    assert door.ask("POST", "/phones/cc5ef641b799/url", key, {}).status == 404
    assert door.ask("POST", f"/phones/{MAC}/move", key, {"user": "bob"}).json["user"] == "bob"
    assert door.ask("PUT", f"/phones/{MAC}/keys", key, {"keys": []}).status == 200


def test_one_object_is_shown(make_instance):
    door = Door(make_instance)
    door.instance.ctl("site", "add", "hq", "--external-id", "7", code=OK)
    door.key("pbx", "--role", "operator", "--site", "hq", "--networks", "10.0.0.0/8")
    door.instance.add_user("alice")
    password = door.instance.add_account("alice", f"1001@{PBX}")
    assert "Site:           hq" in door.instance.ctl("site", "show", "hq", code=OK).out
    shown = door.instance.ctl("apikey", "show", "pbx", code=OK).out
    assert "operator" in shown and "hq" in shown and "10.0.0.0/8" in shown
    shown = door.instance.ctl("account", "show", f"1001@{PBX}", code=OK).out
    assert "alice" in shown and PBX in shown and password not in shown
    for noun, name in (("site", "x"), ("apikey", "x"), ("account", "x@y.example")):
        door.instance.ctl(noun, "show", name, code=NOT_FOUND)


def test_the_doors_are_apart(make_instance):
    """No phone's path on the admin's listener, no API on the phones'."""
    door = Door(make_instance)
    key = door.key("pbx", "--role", "admin")
    door.instance.add_user("alice")
    door.instance.add_account("alice", f"1001@{PBX}")
    url = door.instance.add_phone("alice", MAC, "--vendor", "linphone")
    path = url.split(f":{door.instance.port}", 1)[1]
    port, door.instance.port = door.instance.port, door.port
    answer = door.instance.get(path, headers=f"Authorization: Bearer {key}\r\n")
    assert answer.status == 404 and b"problem:not_found" in answer.body
    door.instance.port = port
    answer = door.instance.get("/api/v1/users", headers=f"Authorization: Bearer {key}\r\n")
    assert answer.status == 404 and answer.body == b"Not Found\n"


def test_it_has_no_url_that_a_file_could_have_come_from(make_instance):
    """What a phone has is compared with what each listener would give; this one gives nothing."""
    door = Door(make_instance)
    key = door.key("viewer", "--role", "viewer")
    door.instance.add_user("alice")
    door.instance.add_account("alice", f"1001@{PBX}")
    url = door.instance.add_phone("alice", MAC, "--vendor", "linphone")
    assert door.instance.get_url(url).status == 200
    wait_until("the fetch", lambda: door.ask("GET", f"/phones/{MAC}", key).json["fetches"])
    assert door.ask("GET", "/stale-phones", key).json["items"] == []
    door.instance.ctl("account", "set", f"1001@{PBX}", "--display-name", "Other", code=OK)
    files = door.ask("GET", f"/phones/{MAC}/files", key).json["items"]
    assert [row["state"] for row in files] == ["stale"]
    assert [row["mac"] for row in door.ask("GET", "/stale-phones", key).json["items"]] == \
        ["cc:5e:f6:41:b7:94"]


def test_a_reload_gives_it_the_new_certificate(make_instance):
    door = Door(make_instance)
    key = door.key("pbx", "--role", "operator")
    folder = door.instance.folder
    make_certificate(folder, "rsa", "rsa", subject="/CN=anew")
    (folder / "ca.pem").write_bytes((folder / "rsa.pem").read_bytes())
    door.instance.ctl("reload", code=OK)
    assert door.ask("GET", "/users", key).status == 200
