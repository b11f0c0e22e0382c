"""import and export: round trips, broken files, interruptions, kill -9, and what goes on meanwhile."""

import os
import random
import secrets
import signal
import subprocess
import threading
import time

from instance import AUTOPROVCTL, FAILED, INVALID, NOT_FOUND, OK, token_of, wait_until

HEAD = "user,user_display_name,site,token,account_user,sip_user,domain,password,mac,vendor,label,line"
COLUMNS = HEAD.split(",")
BROKEN_FILES = 400
KILLS = 20


def row(**cells):
    return ",".join(str(cells.get(name, "")) for name in COLUMNS)


def phones(count, first=0, password="pw"):
    """The text of so many users with an account and a phone each."""
    return HEAD + "\n" + "".join(
        row(user=f"u{n}", user_display_name=f"User {n}", sip_user=n, domain="pbx.example.com",
            password=f"{password}-{n}", mac=f"02{n:010x}", label=f"Desk {n}") + "\n"
        for n in range(first, first + count))


def write(instance, text, name="phones.csv"):
    path = instance.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def counts(instance):
    store = instance.ctl("status", "--json", code=OK).json()["store"]
    return store["users"], store["accounts"], store["phones"]


def start_import(instance, path, *options):
    return subprocess.Popen([AUTOPROVCTL, "--config", str(instance.conf), "import", str(path),
                             *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def staged(instance):
    """Rows of an unfinished import have been written."""
    return os.path.getsize(str(instance.database) + "-wal") > 3_000_000


# -- round trip ------------------------------------------------------------------------------------

def test_what_was_imported_is_served_and_exported_as_it_was(instance, make_instance):
    password, token = instance.secret(), "folder-" + secrets.token_hex(12)
    instance.secrets.append(token)
    instance.ctl("site", "add", "hq", code=OK)
    text = "\ufeff" + "\r\n".join([
        HEAD,
        row(user="alice", user_display_name='"Alice, A"', site="hq", token=token, sip_user=1001,
            domain="pbx.example.com", password=password, mac="CC:5E:F6:41:B7:94",
            vendor="linphone", label='" Desk ""1"" "'),
        row(user="bob", user_display_name="Böb", mac="020000000001"),
        row(user="bob", account_user="alice", sip_user=1001, domain="pbx.example.com",
            password=password, mac="020000000001", line=2),
        row(user="carol"), ""])
    path = write(instance, text)
    instance.ctl("import", path, "--dry-run", code=OK)
    assert counts(instance) == (0, 0, 0)
    result = instance.ctl("import", path, "--json", code=OK).json()
    assert result["users"]["added"] == 3 and result["accounts"]["added"] == 1
    url = instance.url("cc5ef641b794")
    assert token_of(url) == token
    assert password in instance.get_url(url).body.decode()

    without = instance.ctl("export", code=OK).out
    assert "password" not in without and "token" not in without
    whole = subprocess.run([AUTOPROVCTL, "--config", str(instance.conf), "export", "--secrets"],
                           capture_output=True, text=True, check=True).stdout
    for exported in (without, whole):
        path = write(instance, exported)
        result = instance.ctl("import", path, "--dry-run", "--update", "--json", code=OK).json()
        for kind in ("users", "accounts", "phones"):
            assert result[kind]["added"] == result[kind]["changed"] == 0, result

    other = make_instance()
    other.secrets = instance.secrets
    other.init()
    other.start()
    other.ctl("site", "add", "hq", code=OK)
    other.ctl("import", "-", stdin=whole, code=OK)
    again = subprocess.run([AUTOPROVCTL, "--config", str(other.conf), "export", "--secrets"],
                           capture_output=True, text=True, check=True).stdout
    assert again == whole
    path.unlink()


# -- what would change ----------------------------------------------------------------------------

LISTED, SHOWN = 100_000, 1_000


def test_a_dry_run_tells_what_would_change_row_by_row(instance):
    old, new = instance.secret(), instance.secret()
    first = row(user="alice", user_display_name="Alice", sip_user=1001, domain="pbx.example.com",
                password=old, mac="cc5ef641b794", vendor="linphone", label="Desk")
    instance.ctl("import", write(instance, f"{HEAD}\n{first}\n"), code=OK)
    path = write(instance, "\n".join([
        HEAD, row(user="alice", user_display_name="Alice", sip_user=1001, domain="pbx.example.com",
                  password=new, mac="cc5ef641b794", vendor="linphone", label='"<b>Hall, 2</b>"'),
        row(user="bob", user_display_name="Bob", account_user="alice", sip_user=1001,
            domain="pbx.example.com", password=new, mac="020000000001")]))
    lines = instance.ctl("import", path, "--dry-run", "--update", code=OK).out.splitlines()
    assert lines == [
        "line 2: account 1001@pbx.example.com of alice: changed: password",
        "line 2: phone cc:5e:f6:41:b7:94 of alice: changed: label Desk -> <b>Hall, 2</b>",
        "line 3: user bob: added",
        "line 3: phone 02:00:00:00:00:01 of bob: added",
        'line 3: line 02:00:00:00:00:01/1: added: account "" -> 1001@pbx.example.com',
        "users     would be 1 added, 0 changed, 1 unchanged",
        "accounts  would be 0 added, 1 changed, 0 unchanged",
        "phones    would be 1 added, 1 changed, 0 unchanged"], lines
    result = instance.ctl("import", path, "--dry-run", "--update", "--json", code=OK).json()
    assert result["changes"] == result["changes_listed"] == len(result["items"]) == 5
    assert result["items"][0]["fields"] == [{"name": "password", "before": None, "after": None}]
    # What is applied is not listed.
    assert "line 2" not in instance.ctl("import", path, "--update", code=OK).out


def test_a_long_list_of_changes_ends_somewhere(instance):
    count = LISTED + 50
    path = write(instance, "user\n" + "".join(f"u{n}\n" for n in range(count)))
    lines = instance.ctl("import", path, "--dry-run", code=OK).out.splitlines()
    assert lines[SHOWN - 1:SHOWN + 1] == [f"line {SHOWN + 1}: user u{SHOWN - 1}: added",
                                          f"and {count - SHOWN} more"]
    result = instance.ctl("import", path, "--dry-run", "--json", code=OK).json()
    assert result["changes"] == count and result["changes_listed"] == LISTED
    assert len(result["items"]) == SHOWN
    path.unlink()


# -- files that are broken -------------------------------------------------------------------------

def pick(random_, column, values):
    """A row whose cell of that column becomes one of values."""
    def change(lines, at):
        cells = lines[at].split(",")
        cells[COLUMNS.index(column)] = random_.choice(values)
        lines[at] = ",".join(cells)
        return at
    return change


def take_mac_of_another(lines, at):
    """Told with the later one of the two."""
    other = at % (len(lines) - 1) + 1
    cells = lines[at].split(",")
    cells[COLUMNS.index("mac")] = lines[other].split(",")[COLUMNS.index("mac")]
    lines[at] = ",".join(cells)
    return max(at, other)


def change_line(edit):
    def change(lines, at):
        lines[at] = edit(lines[at])
        return at
    return change


def change_header(edit):
    def change(lines, _):
        lines[0] = edit(lines[0])
        return 0
    return change


def break_text(random_, good):
    """The bytes of a broken file, and the index of the line that is to be told."""
    breaks = [
        change_header(lambda line: line.replace("label", "colour")),
        change_header(lambda line: line.replace("user,", "", 1)),
        change_header(lambda line: line + ",mac"),
        change_header(lambda line: line + "\0"),
        change_line(lambda line: line + ",more"),
        change_line(lambda line: line.rsplit(",", 1)[0]),
        change_line(lambda line: line + "\rmore"),
        pick(random_, "label", ["caf\udce9", "\udcff", "a\0b", "a\tb", '"open', 'op"en', '"a"b']),
        pick(random_, "label", ["x" * 200, "x" * 9000, "x" * 100_000]),
        pick(random_, "mac", ["zz", "ffffffffffff", "0200", "02:00", "000000000000"]),
        take_mac_of_another,
        pick(random_, "user", ["", "..", "a b", "ü", "x" * 65]),
        pick(random_, "password", ["", "p\tq", "x" * 129]),
        pick(random_, "vendor", ["nobody", "a b"]),
        pick(random_, "site", ["moon"]),
        pick(random_, "token", ["short", "x" * 65, "with blanks in the token"]),
        pick(random_, "line", ["0", "65", "one", "-1", "1.0"]),
    ]
    lines = good.splitlines()
    told = random_.choice(breaks)(lines, random_.randrange(1, len(lines)))
    return "\n".join(lines).encode("utf-8", "surrogateescape") + b"\n", told


def test_broken_files_are_refused_with_the_line_and_change_nothing(instance):
    instance.ctl("import", write(instance, phones(3, first=1000)), code=OK)
    before = counts(instance)
    seed = secrets.randbits(32)
    print("seed", seed)
    random_ = random.Random(seed)
    for _ in range(BROKEN_FILES):
        text, at = break_text(random_, phones(random_.randrange(2, 12)))
        path = write(instance, text)
        result = instance.ctl("import", path)
        assert result.code == INVALID, (result, text[:2000])
        assert f"{path}:{at + 1}: " in result.err, (result, text[:2000])
    assert counts(instance) == before
    path.unlink()


def test_files_that_are_no_text_are_refused_whole(instance):
    for text in (b"", b"\n\n", os.urandom(200_000), b"user,mac\n" + b"x" * 10_000_000,
                 b"x" * 10_000_000, "user\nalice\n".encode("utf-16"), b"\0" * 5000,
                 b'"' * 70_000, b"user\n" + b'"\n' * 5000):
        path = write(instance, text)
        result = instance.ctl("import", path)
        assert result.code == INVALID and "nothing was imported" in result.err, result.err[:500]
    assert counts(instance) == (0, 0, 0)
    instance.ctl("import", instance.folder / "absent.csv", code=NOT_FOUND)


def test_all_faults_of_a_file_are_told_with_their_columns(instance):
    text = HEAD + "\n" + "".join(
        row(user=f"u{n}", sip_user=n, domain="pbx.example.com", mac=f"02{n:010x}") + "\n"
        for n in range(2500))
    result = instance.ctl("import", write(instance, text), code=INVALID)
    lines = [line for line in result.err.splitlines() if ": password: " in line]
    assert len(lines) == 2500 and lines[-1].split(":")[1] == "2501"


# -- interruptions ---------------------------------------------------------------------------------

def test_ctrl_c_leaves_the_store_as_it_was(instance):
    path = write(instance, phones(20_000))
    process = start_import(instance, path)
    wait_until("the writing has begun", lambda: staged(instance) or process.poll() is not None, 120)
    assert counts(instance) == (0, 0, 0)
    process.send_signal(signal.SIGINT)
    output, error = process.communicate(timeout=120)
    assert process.returncode == FAILED and "nothing was imported" in error, (output, error)
    assert counts(instance) == (0, 0, 0)
    instance.ctl("user", "add", "u1", code=OK)  # the name is free again
    instance.ctl("import", write(instance, phones(10, first=2)), code=OK)
    assert counts(instance) == (11, 10, 10)


def test_a_stop_of_the_daemon_leaves_nothing_of_an_import(make_instance):
    instance = make_instance()
    instance.init()
    instance.start()
    process = start_import(instance, write(instance, phones(20_000)))
    wait_until("the writing has begun", lambda: staged(instance) or process.poll() is not None, 120)
    instance.stop()
    process.communicate(timeout=120)
    assert process.returncode != OK
    instance.start()
    assert counts(instance) == (0, 0, 0)
    wait_until("its rows are gone",
               lambda: instance.ctl("user", "add", "u1").code == OK, 60)


def test_kill_in_the_middle_of_an_import_leaves_nothing_of_it(make_instance):
    instance = make_instance()
    instance.init()
    path = write(instance, phones(6_000))
    small = write(instance, phones(5, first=90_000), "small.csv")
    instance.start()
    instance.ctl("import", small, code=OK)
    assert counts(instance) == (5, 5, 5)
    for round_number in range(KILLS):
        process = start_import(instance, path)
        # Earlier or later, from the first reading on.
        end = time.monotonic() + 0.1 * (1 + round_number % 10)
        wait_until("a while", lambda: time.monotonic() > end or process.poll() is not None)
        done = process.poll() == OK
        instance.kill()
        process.communicate(timeout=60)
        instance.start()
        found = counts(instance)
        assert found == (5, 5, 5) or (done and found == (6005, 6005, 6005)), round_number
        if found != (5, 5, 5):
            break  # faster than the kill: the import was acknowledged, and is there
    listed = len(instance.ctl("user", "list", "--json", code=OK).json())
    assert listed in (5, 6005)
    if listed == 5:
        def again():
            return instance.ctl("import", path).code == OK
        wait_until("what the kill left is gone", again, 120)
    assert counts(instance) == (6005, 6005, 6005)
    instance.stop()
    instance.ctl("db", "check", code=OK)


# -- meanwhile -------------------------------------------------------------------------------------

def test_phones_are_served_and_changes_made_while_an_import_runs(instance):
    instance.add_user("alice")
    password = instance.add_account("alice", "alice@pbx.example.com")
    url = instance.add_phone("alice", "cc5ef641b794", "--vendor", "linphone")
    stop, answers, writes = threading.Event(), [], []

    def fetch():
        while not stop.is_set():
            answer = instance.get_url(url)
            answers.append((answer.status, password in answer.body.decode()))

    def change():
        while not stop.is_set():
            writes.append(instance.ctl("user", "set", "alice", "--display-name",
                                       f"Alice {len(writes)}").code)

    threads = [threading.Thread(target=fetch), threading.Thread(target=change)]
    for thread in threads:
        thread.start()
    process = start_import(instance, write(instance, phones(8_000)))
    seen = set()
    while process.poll() is None:
        seen.add(counts(instance))
    stop.set()
    for thread in threads:
        thread.join()
    assert process.communicate()[1] and process.returncode == OK
    assert seen <= {(1, 1, 1), (8001, 8001, 8001)}, seen
    assert answers and set(answers) == {(200, True)}
    assert writes and set(writes) == {OK}
    assert counts(instance) == (8001, 8001, 8001)
