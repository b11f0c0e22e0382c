"""The admin listener: API keys, their roles, networks and sites; what the two kinds of doors share."""

import json

from instance import NOT_FOUND, OK, free_port, make_certificate, wait_until

MAC = "cc5ef641b794"
OTHER_MAC = "cc5ef641b795"
PBX = "pbx.example.com"


class Door:
    """An instance with an admin listener, and a client of it."""

    def __init__(self, make_instance, certificate_days=None):
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
    serves = admin
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
    assert door.ask("GET", f"/phones/{MAC}/url", operator).status == 403
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


def test_a_key_of_a_site_knows_no_other(make_instance):
    door = Door(make_instance)
    for site, user, mac in (("hq", "alice", MAC), ("lab", "bob", OTHER_MAC)):
        door.instance.ctl("site", "add", site, code=OK)
        door.instance.ctl("user", "add", user, "--site", site, code=OK)
        door.instance.add_account(user, f"{user}@{PBX}")
        door.instance.add_phone(user, mac, "--vendor", "linphone")
    key = door.key("hq", "--role", "admin", "--site", "hq")
    for path, member, mine in (("/users", "name", "alice"), ("/accounts", "user", "alice"),
                               ("/phones", "user", "alice")):
        assert [row[member] for row in door.ask("GET", path, key).json["items"]] == [mine]
    for path in ("/users/bob", f"/accounts/bob@{PBX}", f"/phones/{OTHER_MAC}",
                 f"/phones/{OTHER_MAC}/url", f"/phones/{OTHER_MAC}/keys", "/users/bob/keys",
                 "/users/nobody"):
        assert door.ask("GET", path, key).status == 404, path
    assert door.ask("DELETE", "/users/bob", key).status == 404
    assert door.ask("POST", "/users/bob/burn", key, {}).status == 404
    assert door.ask("POST", "/users/alice/token/rotate", key, {}).status == 200
    assert door.ask("PATCH", f"/phones/{OTHER_MAC}", key, {"label": "x"}).status == 404
    assert door.ask("GET", f"/phones/{MAC}", key).status == 200
    assert door.ask("PATCH", f"/phones/{MAC}", key, {"label": "x"}).status == 200
    # Neither out of the site, nor something of another one into it.
    answer = door.ask("PATCH", "/users/alice", key, {"site": "lab"})
    assert answer.status == 403 and answer.json["pointer"] == "/site"
    answer = door.ask("PATCH", f"/phones/{MAC}", key, {"lines": [f"bob@{PBX}"]})
    assert answer.status == 404 and answer.json["pointer"] == "/lines"
    assert door.ask("POST", "/phones", key, {"user": "bob", "mac": "001565000009",
                                              "vendor": "linphone"}).status == 404
    assert door.ask("POST", "/users", key, {"name": "carol"}).json["site"] == "hq"
    assert door.ask("POST", "/users", key, {"name": "dave", "site": "lab"}).status == 403
    for method, path, body in (("GET", "/sites", None), ("GET", "/settings", None),
                               ("GET", "/status", None), ("GET", "/api-keys", None),
                               ("POST", "/api-keys", {"name": "x", "role": "admin"}),
                               ("POST", "/reload", {}), ("GET", "/options", None),
                               ("POST", "/explain", {"mac": MAC})):
        answer = door.ask(method, path, key, body)
        assert answer.status == 403 and "site 'hq'" in answer.json["detail"], (path, answer.body)
    assert door.ask("GET", "/vendors", key).status == 200


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
