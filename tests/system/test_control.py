"""The control tool and its socket: what it says, how it exits."""

import json
import os
import pwd
import socket
import stat
import subprocess

import pytest

from instance import (AUTOPROVCTL, EXISTS, FAILED, INVALID, NOT_FOUND, NOT_PERMITTED, OK,
                      UNREACHABLE, USAGE)

MAC = "cc5ef641b794"


def one_line(result):
    """An error is one clear line on standard error, nothing on standard output."""
    assert result.out == "" and result.err.count("\n") == 1, result
    assert result.err.startswith("autoprovctl: "), result
    return result.err


def test_help_lists_every_command_and_each_has_its_own(make_instance):
    instance = make_instance()
    text = instance.ctl("--help", code=OK).out
    commands = [line.split("  ")[1].split() for line in text.splitlines()
                if line.startswith("  ") and not line.strip().startswith(("-", "autoprovctl"))]
    assert len(commands) >= 20
    for words in commands:
        verbs = [word for word in words if word.islower() and not word.startswith("[")]
        assert "Usage: autoprovctl " + " ".join(verbs) in instance.ctl(*verbs, "--help",
                                                                       code=OK).out


def test_the_documented_commands_are_all_there(make_instance):
    text = make_instance().ctl("--help", code=OK).out
    for command in ("init", "status", "reload", "config check", "config dump", "user add",
                    "user list", "user show", "user del", "account add", "account list",
                    "account set", "account del", "phone add", "phone list", "phone show",
                    "phone set", "phone url", "phone del", "options show", "options set", "options unset",
                    "token rotate", "template check", "restore", "db check"):
        assert f"\n  {command} " in text, command


@pytest.mark.parametrize("words", [
    ["nonsense"], ["user"], ["user", "nonsense"], ["user", "add"], ["user", "add", "a", "b"],
    ["user", "list", "--nonsense"], ["phone", "add", "alice"], ["status", "--config"],
    ["user", "add", "a", "--display-name", "x", "--display-name", "y"], [],
])
def test_usage_errors_exit_2(make_instance, words):
    instance = make_instance()
    process = subprocess.run([AUTOPROVCTL, *words], capture_output=True, text=True, timeout=30)
    assert process.returncode == USAGE
    if words:
        assert process.stderr.count("\n") == 1
    del instance


def test_without_a_daemon_it_says_so(make_instance):
    instance = make_instance()
    assert "no daemon answers" in one_line(instance.ctl("status", code=UNREACHABLE))


def test_init_makes_private_files_and_never_overwrites(make_instance):
    instance = make_instance()
    instance.init()
    for path in (instance.master_key, instance.database):
        assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0
    before = instance.master_key.read_bytes(), instance.database.read_bytes()
    assert "exists already" in one_line(instance.ctl("init", code=EXISTS))
    assert (instance.master_key.read_bytes(), instance.database.read_bytes()) == before
    instance.database.rename(instance.folder / "away.db")
    assert str(instance.master_key) in one_line(instance.ctl("init", code=EXISTS))
    assert instance.master_key.read_bytes() == before[0]


def test_a_failed_init_leaves_nothing(make_instance):
    instance = make_instance()
    instance.master_key = instance.folder / "absent" / "master.key"
    instance.write_conf()
    one_line(instance.ctl("init", code=NOT_FOUND))
    assert not instance.state.exists() and not instance.master_key.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_init_gives_its_files_to_the_configured_user(make_instance):
    instance = make_instance()
    instance.conf.write_text(instance.conf_text().replace("user = 'root'", "user = 'nobody'"))
    # From the state folder on, init works as that user: a link of his leads root nowhere.
    for parent in instance.conf.parents:
        if parent != parent.parent and parent.stat().st_mode & 0o011 != 0o011:
            parent.chmod(parent.stat().st_mode | 0o011)
    instance.init()
    owner = pwd.getpwnam("nobody")
    for path in (instance.master_key, instance.state, instance.database, instance.state / "lock"):
        info = os.stat(path)
        assert (info.st_uid, info.st_gid) == (owner.pw_uid, owner.pw_gid), path
    instance.write_conf()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root looks the user up")
def test_init_for_a_user_that_is_not_there_says_what_to_do(make_instance):
    instance = make_instance()
    instance.conf.write_text(instance.conf_text().replace("user = 'root'", "user = 'no-such'"))
    said = one_line(instance.ctl("init", code=INVALID))
    assert "no-such" in said and "systemd-sysusers" in said
    assert not instance.state.exists()


def test_the_socket_is_for_its_group_only(instance):
    assert stat.S_IMODE(os.stat(instance.control).st_mode) == 0o660


def test_objects_are_added_listed_shown_and_deleted(instance):
    instance.add_user("alice", "--display-name", "Älice", "--external-id", "pbx-1")
    instance.add_account("alice", "1001@pbx.test", None, "--transport", "tls", "--port", "5061",
                         "--registrar", "sip.test", "--expires", "600")
    instance.add_phone("alice", "CC:5E:F6:41:B7:94", "--vendor", "linphone", "--label", "Hall")
    assert "Älice" in instance.ctl("user", "list", code=OK).out
    shown = instance.ctl("user", "show", "alice", "--json", code=OK).json()
    assert (shown["accounts"], shown["phones"], shown["external_id"]) == (1, 1, "pbx-1")
    account = instance.ctl("account", "list", "--user", "alice", "--json", code=OK).json()[0]
    assert (account["transport"], account["registrar_port"], account["expires"]) == ("tls", 5061,
                                                                                     600)
    assert "password" not in account
    phone = instance.ctl("phone", "show", "cc-5e-f6-41-b7-94", "--json", code=OK).json()
    assert phone["mac"] == "cc:5e:f6:41:b7:94"
    assert phone["lines"] == [{"position": 1, "account": "1001@pbx.test"}]
    assert "1001@pbx.test" in instance.ctl("phone", "show", MAC, code=OK).out
    assert "has a line on" in one_line(instance.ctl("account", "del", "1001@pbx.test", "--yes",
                                                    code=EXISTS))
    instance.ctl("phone", "del", MAC, "--yes", code=OK)
    instance.ctl("account", "del", "1001@pbx.test", "--yes", code=OK)
    instance.ctl("user", "del", "alice", "--yes", code=OK)
    assert instance.ctl("user", "list", "--json", code=OK).json() == []


def test_a_disabled_phone_is_enabled_and_changed(instance):
    instance.add_user("alice")
    instance.add_account("alice", "1@pbx.test")
    url = instance.add_phone("alice", MAC, "--disabled")
    assert instance.get_url(url).status == 404
    instance.ctl("phone", "set", MAC, "--enable", "--label", "Hall", "--vendor", "linphone", code=OK)
    answer = instance.get_url(url)
    assert answer.status == 200 and b"lpconfig" in answer.body
    assert instance.ctl("phone", "show", MAC, "--json", code=OK).json()["label"] == "Hall"
    instance.ctl("phone", "set", MAC, "--disable", code=OK)
    assert instance.get_url(url).status == 404


def test_output_that_cannot_be_written_is_an_error(instance):
    with open("/dev/full", "w", encoding="ascii") as full:
        process = subprocess.run([AUTOPROVCTL, "--config", str(instance.conf), "status"],
                                 stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
    assert process.returncode == FAILED and process.stderr.count("\n") == 1


def test_lines_can_be_named_in_order(instance):
    instance.add_user("alice")
    for number in ("1", "2", "3"):
        instance.add_account("alice", f"{number}@pbx.test")
    instance.add_phone("alice", MAC, "--lines", "3@pbx.test,1@pbx.test")
    lines = instance.ctl("phone", "show", MAC, "--json", code=OK).json()["lines"]
    assert [line["account"] for line in lines] == ["3@pbx.test", "1@pbx.test"]


@pytest.mark.parametrize("words, code, says", [
    (["user", "show", "nobody"], NOT_FOUND, "there is no user 'nobody'"),
    (["user", "del", "nobody", "--yes"], NOT_FOUND, "there is no user"),
    (["user", "add", "alice"], EXISTS, "exists already"),
    (["user", "add", "a b"], INVALID, "name: letters"),
    (["user", "add", "x" * 65], INVALID, "name: letters"),
    (["user", "add", ".."], INVALID, "name"),
    (["account", "add", "alice", "9@[::1]", "--password-file", "-"], INVALID, "registrar_host"),
    (["phone", "set", "001122334455", "--label", "x"], NOT_FOUND, "there is no phone"),
    (["account", "add", "nobody", "2@pbx.test", "--password-file", "-"], NOT_FOUND,
     "there is no user 'nobody'"),
    (["account", "add", "alice", "1001@pbx.test", "--password-file", "-"], EXISTS,
     "exists already"),
    (["account", "add", "alice", "no-at-sign", "--password-file", "-"], INVALID, "SIP_USER@DOMAIN"),
    (["account", "add", "alice", "2@pbx test", "--password-file", "-"], INVALID, "domain"),
    (["account", "add", "alice", "2@pbx.test", "--password-file", "-", "--transport", "sctp"],
     INVALID, "transport must be udp, tcp or tls"),
    (["account", "add", "alice", "2@pbx.test", "--password-file", "-", "--expires", "5"], INVALID,
     "expires must be a number from 60 to 86400"),
    (["account", "add", "alice", "2@pbx.test", "--password-file", "-", "--port", "70000"], INVALID,
     "registrar_port"),
    (["account", "add", "alice", "2@pbx.test"], USAGE, "--password-file is missing"),
    (["account", "add", "alice", "2@pbx.test", "--password-file", "/nonexistent"], NOT_FOUND,
     "/nonexistent"),
    (["account", "set", "9@pbx.test", "--expires", "100"], NOT_FOUND, "there is no account"),
    (["phone", "add", "nobody", "001122334455"], NOT_FOUND, "there is no user"),
    (["phone", "add", "alice", "CC5EF641B794"], EXISTS, "MAC exists already"),
    (["phone", "add", "alice", "cc5ef641b79"], INVALID, "not a MAC"),
    (["phone", "add", "alice", "cc:5e-f6:41:b7:95"], INVALID, "not a MAC"),
    (["phone", "add", "alice", "000000000000"], INVALID, "MAC of no phone"),
    (["phone", "add", "alice", "001122334455", "--vendor", "nope"], INVALID,
     "there is no vendor 'nope' in the catalogue; there are: "),
    (["phone", "add", "alice", "001122334455", "--lines", "9@pbx.test"], NOT_FOUND,
     "there is no account '9@pbx.test'"),
    (["phone", "show", "001122334455"], NOT_FOUND, "there is no phone"),
    (["phone", "url", "garbage"], INVALID, "not a MAC"),
    (["token", "rotate", "nobody"], NOT_FOUND, "there is no user"),
    (["token", "rotate", "alice", "--grace", "1 week"], INVALID, "--grace"),
    (["user", "del", "alice"], USAGE, "--yes"),
])
def test_bad_input_is_one_line_with_its_exit_code(instance, words, code, says):
    instance.add_user("alice")
    instance.add_account("alice", "1001@pbx.test")
    instance.add_phone("alice", MAC)
    before = instance.ctl("status", "--json", code=OK).json()["store"]["change_seq"]
    result = instance.ctl(*words, stdin="pw\n" if "-" in words else "", code=code)
    assert says in one_line(result)
    after = instance.ctl("status", "--json", code=OK).json()["store"]["change_seq"]
    assert after == before, "bad input changes nothing"


def test_an_existing_folder_name_can_be_brought(instance):
    token = "0123456789abcdef"
    instance.secrets.append(token)
    path = instance.folder / "token.txt"
    path.write_text(token + "\n")
    path.chmod(0o600)
    instance.ctl("user", "add", "alice", "--token-file", path, code=OK)
    instance.add_account("alice", "1@pbx.test")
    assert instance.add_phone("alice", MAC).endswith(f"/provision/{token}/{MAC}.xml")
    assert instance.get(f"/provision/{token}/{MAC}.xml").status == 200
    assert "token" in one_line(instance.ctl("user", "add", "bob", "--token-file", "-",
                                            stdin="short\n", code=INVALID))


def test_a_group_readable_secret_file_is_refused(instance):
    instance.add_user("alice")
    path = instance.folder / "password.txt"
    path.write_text(instance.secret())
    path.chmod(0o640)
    said = one_line(instance.ctl("account", "add", "alice", "1@pbx.test", "--password-file", path,
                                 code=NOT_PERMITTED))
    assert str(path) in said and "0600" in said


def test_status_tells_what_an_admin_needs(instance):
    status = instance.ctl("status", "--json", code=OK).json()
    assert status["workers"] == 2 and status["flat_mode"] is False
    assert status["listeners"][0]["name"] == "phones"
    assert status["listeners"][0]["certificate_expires_at"] > 0
    assert status["store"]["schema_version"] >= 1
    text = instance.ctl("status", code=OK).out
    assert "Workers:" in text and "phones" in text


def test_config_check_and_dump_work_without_a_daemon(make_instance):
    instance = make_instance()
    assert "valid" in instance.ctl("config", "check", code=OK).out
    dump = instance.ctl("config", "dump", code=OK).out
    again = instance.folder / "dump.conf"
    again.write_text(dump)
    second = subprocess.run([AUTOPROVCTL, "--config", again, "config", "dump"],
                            capture_output=True, text=True, check=True).stdout
    assert second == dump
    instance.conf.write_text(instance.conf_text().replace("workers", "wrokers"))
    said = one_line(instance.ctl("config", "check", code=INVALID))
    assert "wrokers" in said and f"{instance.conf}:" in said


def test_template_check_names_file_line_and_column(make_instance):
    instance = make_instance()
    good, bad = instance.folder / "good.xml", instance.folder / "bad.xml"
    good.write_text("<a>{{mac}}{{#lines}}{{sip_user}}{{/lines}}</a>")
    bad.write_text("<a>\n  {{no_such_name}}\n</a>")
    assert instance.ctl("template", "check", good, code=OK).out == f"{good}: ok, 0 renderings tried\n"
    result = instance.ctl("template", "check", good, bad, code=INVALID)
    assert f"{bad}:2:3: unknown variable 'no_such_name'" in result.err
    assert "linphone.xml: ok" in instance.ctl("template", "check", "--all", code=OK).out


def test_db_check_and_restore(instance):
    instance.add_user("alice")
    backup = instance.folder / "backup.db"
    subprocess.run(["sqlite3", instance.database, f"VACUUM INTO '{backup}'"], check=True)
    instance.add_user("bob")
    instance.ctl("db", "check", code=OK)
    assert "locked" in one_line(instance.ctl("restore", backup, "--yes", code=FAILED))
    instance.stop()
    garbage = instance.folder / "garbage.db"
    garbage.write_bytes(b"garbage" * 1000)
    assert str(garbage) in one_line(instance.ctl("restore", garbage, "--yes", code=INVALID))
    instance.ctl("restore", backup, "--yes", code=OK)
    assert "before-restore" in one_line(instance.ctl("restore", backup, "--yes", code=EXISTS))
    instance.start()
    names = [user["name"] for user in instance.ctl("user", "list", "--json", code=OK).json()]
    assert names == ["alice"]


def test_a_restore_without_an_old_database_tells_of_none_that_is_kept(instance):
    backup = instance.folder / "backup.db"
    instance.ctl("backup", backup, code=OK)
    instance.stop()
    assert "the old one is kept as" in instance.ctl("restore", backup, "--yes", code=OK).out
    for path in instance.state.glob("autoprovd.db*"):
        path.unlink()
    said = instance.ctl("restore", backup, "--yes", code=OK).out
    assert f"{instance.database} restored from {backup}\n" in said and "kept" not in said


def test_lists_come_in_pages_and_whole(instance):
    for i in range(25):
        instance.add_user(f"user{i:02}")
    page = api(instance, "GET", "/api/v1/users?limit=10")[1]
    assert len(page["items"]) == 10 and page["next"] == "user09"
    names = [user["name"] for user in instance.ctl("user", "list", "--json", code=OK).json()]
    assert names == [f"user{i:02}" for i in range(25)]


def api(instance, method, path, body=None, content_type="application/json"):
    """One request over the control socket: (status, JSON)."""
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(20)
        plain.connect(str(instance.control))
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        if body is not None:
            head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        plain.sendall((head + "\r\n").encode() + (body or b""))
        answer = b""
        while chunk := plain.recv(65536):
            answer += chunk
    head, body = answer.split(b"\r\n\r\n", 1)
    return int(head.split(b" ")[1]), json.loads(body) if body else None


@pytest.mark.parametrize("method, path, body, status", [
    ("GET", "/api/v1/nothing", None, 404),
    ("GET", "/api/v2/users", None, 404),
    ("DELETE", "/api/v1/users", None, 405),
    ("POST", "/api/v1/users", b"{", 400),
    ("POST", "/api/v1/users", b"[]", 422),
    ("POST", "/api/v1/users", b"{}", 422),
    ("POST", "/api/v1/users", b'{"name": 5}', 422),
    ("POST", "/api/v1/users", b'{"name": "a", "name": "b"}', 400),
    ("POST", "/api/v1/users", b'{"name": "a", "surprise": 1}', 422),
    ("POST", "/api/v1/users", b'{"name": "a\\u0000b"}', 400),
    ("GET", "/api/v1/users?limit=0", None, 422),
    ("GET", "/api/v1/users?limt=1", None, 422),
    ("POST", "/api/v1/reload", b'{"x": 1}', 422),
    ("GET", "/api/v1/users?limit=999999", None, 422),
])
def test_bad_calls_are_problems(instance, method, path, body, status):
    got, problem = api(instance, method, path, body)
    assert got == status, problem
    assert problem["status"] == status and problem["title"] and problem["detail"]
    assert problem["type"].startswith("urn:autoprovd:problem:")


def test_a_body_of_another_type_is_refused(instance):
    assert api(instance, "POST", "/api/v1/users", b'{"name": "a"}', "text/plain")[0] == 422


def test_a_body_above_the_ceiling_is_refused(instance):
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(20)
        plain.connect(str(instance.control))
        plain.sendall(b"POST /api/v1/users HTTP/1.1\r\nHost: localhost\r\n"
                      b"Content-Type: application/json\r\nContent-Length: 1048577\r\n\r\n")
        assert plain.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_an_admin_route_is_no_path_on_the_phone_listener(instance):
    assert instance.get("/api/v1/status").status == 404


def test_every_change_has_its_audit_row(instance):
    instance.add_user("alice")
    password = instance.add_account("alice", "1@pbx.test")
    url = instance.add_phone("alice", MAC)
    instance.ctl("token", "rotate", "alice", code=OK)
    instance.ctl("user", "del", "alice", "--yes", code=OK)
    rows = subprocess.run(["sqlite3", instance.database, "SELECT action, actor, object, detail "
                           "FROM audit ORDER BY rowid"], capture_output=True, text=True,
                          check=True).stdout
    actions = [row.split("|")[0] for row in rows.splitlines()]
    for action in ("user.add", "account.add", "phone.add", "phone.url", "token.rotate",
                   "user.del"):
        assert action in actions, rows
    assert f"uid={os.getuid()}" in rows
    assert password not in rows and url.rsplit("/", 2)[1] not in rows


def test_no_secret_is_in_the_database_in_clear(instance):
    instance.add_user("alice")
    password = instance.add_account("alice", "1@pbx.test")
    url = instance.add_phone("alice", MAC)
    instance.stop()
    content = b"".join(path.read_bytes() for path in instance.state.iterdir())
    assert b"1@pbx.test" in content or b"pbx.test" in content
    assert password.encode() not in content and url.rsplit("/", 2)[1].encode() not in content


def test_two_instances_do_not_share_a_state_folder(instance):
    code, said = instance.start_fails()
    assert code != 0 and "locked by another autoprovd" in said


def test_a_wrong_method_names_the_right_ones(instance):
    for path, allow in (("users", "GET, POST"), ("sites/hq", "GET, PATCH, DELETE")):
        out = subprocess.run(["curl", "-sS", "-i", "-X", "PUT", "-d", "", "--unix-socket",
                              instance.control, f"http://localhost/api/v1/{path}"],
                             capture_output=True, text=True, check=True).stdout
        assert out.startswith("HTTP/1.1 405 ") and f"\nAllow: {allow}\n" in out


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_stranger_learns_nothing_of_the_paths(instance):
    """The socket's mode keeps strangers out; here it is opened to see that the daemon does too."""
    instance.control.chmod(0o666)
    for parent in instance.control.parents:
        if parent != parent.parent and parent.stat().st_mode & 0o011 != 0o011:
            parent.chmod(parent.stat().st_mode | 0o011)
    answers = set()
    for path in ("/api/v1/status", "/api/v1/nothing", "/api/v1/users/alice"):
        out = subprocess.run(["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "curl",
                              "-sS", "--unix-socket", instance.control, f"http://localhost{path}"],
                             capture_output=True, text=True, check=True).stdout
        answers.add(out)
    assert len(answers) == 1 and json.loads(answers.pop())["status"] == 403
