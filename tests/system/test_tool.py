"""What the control tool prints for other programs: shells, DHCP servers, cameras."""

import json
import re
import shutil
import subprocess

import pytest

from instance import AUTOPROVCTL, EXISTS, INVALID, NOT_FOUND, OK, USAGE

MAC = "cc5ef641b794"
PBX = "pbx.example.com"


def words(instance, *line):
    return instance.ctl("completion", "words", "--", *line, code=OK).out.splitlines()


@pytest.fixture
def filled(instance):
    instance.ctl("site", "add", "hq", code=OK)
    instance.add_user("alice")
    instance.add_user("albert")
    instance.add_account("alice", f"1001@{PBX}")
    instance.add_phone("alice", MAC, "--vendor", "linphone")
    return instance


OFFERED = [
    (("us",), ["user"]),
    (("user", ""), ["add", "list", "show", "set", "del", "burn", "resync", "invite"]),
    (("user", "s"), ["show", "set"]),
    (("user", "show", "al"), ["albert", "alice"]),
    (("user", "add", ""), []),
    (("account", "add", "ali"), ["alice"]),
    (("account", "del", ""), [f"1001@{PBX}"]),
    (("phone", "show", ""), [MAC]),
    (("phone", "add", "alice", "x", "--vendor", "linp"), ["linphone"]),
    (("phone", "add", "alice", "x", "--model", "T54"), ["T54S", "T54W"]),
    (("model", "show", "yealink/T54"), ["yealink/T54S", "yealink/T54W"]),
    (("user", "add", "x", "--site", ""), ["hq"]),
    (("site", "set", ""), ["hq"]),
    (("site", "set", "hq", "--n"), ["--name"]),
    (("account", "add", "alice", "x", "--transport", "t"), ["tcp", "tls"]),
    (("setting", "set", "x", "--scope", "g"), ["global"]),
    (("key", "add", MAC, "b"), ["blf"]),
    (("token", "rotate", "alice", "--g"), ["--grace"]),
    (("phone", "list", "--user", "al"), ["albert", "alice"]),
    (("dhcp", "snippet", "k"), ["kea"]),
    (("explain", ""), [MAC]),
    (("resync", ""), ["status", "stop"]),
    (("resync", "--st"), ["--stale"]),
    (("resync", "status", "--outcome", "re"), ["refused"]),
    (("notifier", ""), []),
    (("restore", ""), []),
    (("nonsense", ""), []),
    (("user", "nonsense", ""), ["add", "list", "show", "set", "del", "burn", "resync", "invite"]),
]


def test_words_are_what_may_stand_there(filled):
    for line, offered in OFFERED:
        assert words(filled, *line) == offered, line


def test_every_command_is_offered(instance):
    """By the table that prints the help."""
    help_text = instance.ctl("--help", code=OK).out
    commands = [line.split() for line in help_text.split("Commands:")[1].split("Options:")[0]
                .splitlines() if line.startswith("  ")]
    nouns = words(instance, "")
    for noun, second, *_ in commands:
        assert noun in nouns
        verbs = words(instance, noun, "")
        assert not verbs or second in verbs or not second.islower() or noun in (
            "status", "reload", "init", "explain", "restore", "backup", "import", "export",
            "resync"), noun


def test_options_of_a_command_and_of_all_are_offered(instance):
    offered = words(instance, "phone", "list", "--")
    assert {"--user", "--stale", "--json", "--config", "--help"} <= set(offered)
    assert words(instance, "--con") == ["--config"]


def test_without_a_daemon_names_are_missing_and_nothing_else(make_instance):
    instance = make_instance()
    assert words(instance, "user", "show", "") == []
    assert words(instance, "user", "sh") == ["show"]


def test_a_site_is_changed(filled):
    filled.ctl("site", "add", "branch", "--external-id", "7", code=OK)
    filled.ctl("user", "set", "alice", "--site", "hq", code=OK)
    out = filled.ctl("site", "set", "hq", "--name", "home", "--external-id", "8", code=OK).out
    assert out == "site hq changed; it is now home\n"
    shown = filled.ctl("site", "show", "home", "--json", code=OK).json()
    assert (shown["external_id"], shown["users"]) == ("8", 1)
    assert filled.ctl("user", "show", "alice", "--json", code=OK).json()["site"] == "home"
    assert filled.ctl("site", "set", "home", "--external-id", "", code=OK).out == \
        "site home changed\n"
    changed = filled.ctl("site", "set", "home", "--external-id", "9", "--json", code=OK).json()
    assert changed == {**shown, "external_id": "9", "version": shown["version"] + 2}
    for code, *words_ in ((NOT_FOUND, "hq", "--name", "x"), (EXISTS, "home", "--name", "branch"),
                          (EXISTS, "home", "--external-id", "7"), (USAGE, "home"),
                          (INVALID, "home", "--name", ""), (INVALID, "home", "--name", "a b"),
                          (USAGE, "--name", "x")):
        filled.ctl("site", "set", *words_, code=code)
    assert filled.ctl("site", "show", "home", "--json", code=OK).json() == changed


def run_shell(instance, shell, script, *setup):
    """The script sees this build's tool under its own name."""
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    bin_folder = instance.folder / "bin"
    bin_folder.mkdir()
    tool = bin_folder / "autoprovctl"
    tool.write_text(f"#!/bin/sh\nexec '{AUTOPROVCTL}' \"$@\"\n")
    tool.chmod(0o755)
    code = instance.ctl("completion", shell, code=OK).out
    path = instance.folder / f"completion.{shell}"
    path.write_text(code)
    process = subprocess.run([shell, *setup, "-c", script.format(path=path)], timeout=60, text=True,
                             capture_output=True, env={"PATH": f"{bin_folder}:/usr/bin:/bin",
                                                       "HOME": str(instance.folder)})
    assert process.returncode == 0, process
    return process.stdout.split()


def test_bash_completes(filled):
    out = run_shell(filled, "bash",
                    "source {path}; COMP_WORDS=(autoprovctl --config " + str(filled.conf)
                    + " user show al); COMP_CWORD=5; _autoprovctl; echo \"${{COMPREPLY[@]}}\"",
                    "--norc")
    assert out == ["albert", "alice"]


def test_zsh_reads_its_script(filled):
    out = run_shell(filled, "zsh",
                    "compdef() {{ :; }}; compadd() {{ shift; print -l ${{(P)1}}; }}; source {path}; "
                    "words=(autoprovctl user s); CURRENT=3; _autoprovctl", "-f")
    assert out == ["show", "set"]


def test_fish_completes(filled):
    out = run_shell(filled, "fish", "source {path}; complete -C 'autoprovctl user s'", "--no-config")
    assert {"set", "show"} <= set(out) and "list" not in out


# -- DHCP -------------------------------------------------------------------------------------------


def test_dhcp_snippets_name_the_flat_folder(instance):
    url = f"https://localhost:{instance.port}/provision/"
    dnsmasq = instance.ctl("dhcp", "snippet", "dnsmasq", code=OK).out
    assert f"\ndhcp-option-force=66,{url}\n" in dnsmasq
    isc = instance.ctl("dhcp", "snippet", "isc", code=OK).out
    assert f'\noption tftp-server-name "{url}";\n' in isc
    kea = instance.ctl("dhcp", "snippet", "kea", code=OK).out
    bare = re.sub(r"^//.*$", "", kea, flags=re.M)
    options = json.loads("{" + bare + "}")["option-data"]
    assert options[0]["data"] == url
    for option in options[1:]:
        assert bytes.fromhex(option["data"]).decode() == url
    for text in (dnsmasq, isc, kea):
        assert "disable_auto_provision_security" in text
    refused = instance.ctl("dhcp", "snippet", "udhcpd", code=USAGE)
    assert "dnsmasq, kea or isc" in refused.err


def test_dnsmasq_takes_its_snippet(instance):
    dnsmasq = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin")
    if not dnsmasq:
        pytest.skip("no dnsmasq here")
    path = instance.folder / "dnsmasq.conf"
    path.write_text(instance.ctl("dhcp", "snippet", "dnsmasq", code=OK).out)
    process = subprocess.run([dnsmasq, "--test", f"--conf-file={path}"], capture_output=True,
                             text=True, timeout=30)
    assert process.returncode == 0, process.stderr


# -- QR ---------------------------------------------------------------------------------------------

HALVES = {"█": (0, 0), "▄": (1, 0), "▀": (0, 1), " ": (1, 1)}


def modules(text):
    """Rows of 0 (light) and 1 (dark)."""
    rows = []
    for line in text.splitlines():
        rows.append([HALVES[c][0] for c in line])
        rows.append([HALVES[c][1] for c in line])
    return rows


def test_qr_code_is_square_quiet_and_has_its_corners(filled):
    rows = modules(filled.ctl("phone", "qr", MAC, code=OK).out)
    size = len(rows[0])
    assert all(len(row) == size for row in rows) and size <= len(rows) <= size + 1
    assert not any(rows[0]) and not any(rows[3]) and not any(row[0] for row in rows)
    finder = [1, 1, 1, 1, 1, 1, 1]
    assert rows[4][4:11] == finder and rows[10][4:11] == finder
    assert rows[4][size - 11:size - 4] == finder and rows[size - 5][4:11] == finder


def test_qr_code_reads_as_the_url(filled):
    if not shutil.which("zbarimg"):
        pytest.skip("no zbarimg here")
    scale = 4
    image = filled.folder / "code.pgm"
    for option in ([], ["--base"], ["--phone"]):
        url = filled.ctl("phone", "url", MAC, *option, code=OK).out.strip()
        rows = modules(filled.ctl("phone", "qr", MAC, *option, code=OK).out)
        image.write_bytes(b"P5\n%d %d\n255\n" % (len(rows[0]) * scale, len(rows) * scale)
                          + bytes(0 if dark else 255 for row in rows for _ in range(scale)
                                  for dark in row for _ in range(scale)))
        out = subprocess.run(["zbarimg", "-q", "--raw", str(image)], capture_output=True, text=True,
                             timeout=60).stdout
        image.unlink()
        assert out.strip() == url, option


def test_qr_svg_is_an_image_with_the_same_modules(filled):
    rows = modules(filled.ctl("phone", "qr", MAC, code=OK).out)
    svg = filled.ctl("phone", "qr", MAC, "--svg", code=OK).out
    size = len(rows[0])
    assert svg.startswith("<svg ") and f'viewBox="0 0 {size} {size}"' in svg
    drawn = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", svg)}
    assert drawn == {(x, y) for y in range(size) for x in range(size) if rows[y][x]}


def test_qr_of_an_unknown_phone_is_an_error(instance):
    assert instance.ctl("phone", "qr", "nonsense", code=INVALID).out == ""
