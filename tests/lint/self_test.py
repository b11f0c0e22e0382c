"""Each linter fails on something bad, says where, and passes on something good."""
import json
import os
import subprocess
import sys
import tempfile

import lint

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

GOOD_HEADER = """/* A module. */
#ifndef AUTOPROV_MAC_H
#define AUTOPROV_MAC_H

int mac_length(void);

#endif
"""
GOOD_SOURCE = """/* Its duty. */
#include "autoprov/mac.h"

int mac_length(void)
{
    return 6;
}
"""
GOOD = {
    "include/autoprov/mac.h": GOOD_HEADER,
    "src/base/mac.c": GOOD_SOURCE,
    "src/net/front.c": '#include "autoprov/mac.h"\n',
    "src/app/provision.c": '#include "autoprov/mac.h"\n',
    "conf/good.sh": "#!/bin/sh\necho \"$1\"\n",
}
# What the tables of src/ hold, and pages that tell of it.
MANUAL = {
    "src/ctl/command_options.h": """#define WHERE {"at", "PLACE", "there"}
static const struct ctl_option ADD[] = {
    {"quick", NULL, "at once"},
    WHERE,
    {0},
};
""",
    "src/ctl/command.c": """
const struct ctl_command CTL_COMMANDS[] = {
    {"user", "add", "NAME", 1, 1, ADD, "add a user", ctl_user_add},
    {0},
};
""",
    "src/daemon/main.c": "{\"check\", no_argument, NULL, 't'},\n",
    "src/app/policy.c": '[POLICY_SERVE] = "served",\n[POLICY_BURNT] = "burnt",\n',
    "src/config/config_keys.c": '[KEY_USER] = {CONFIG_TOP, "user", CONFIG_STRING, "me"},\n',
    "src/app/variable.c": 'VARIABLES[] = {TEXT(TOP, "mac", "its MAC"), FLAG(LINE, "is_set", "set")};\n',
    "docs/configuration.md": "### `user`\n\nWho.\n\n| type | range | unit | default | change takes |\n"
                             "|---|---|---|---|---|\n| text | 1 to 9 | bytes | `me` | restart |\n",
}
PAGES = {
    "docs/man/autoprovctl.1.scd": "autoprovctl(1)\n\n# COMMANDS\n\n*user add* _NAME_\n\tAdd.\n\n"
                                  "\t*--quick*\n\t\tNow.\n\n\t*--at* _PLACE_\n\t\tThere.\n"
                                  "\n# REASONS OF REFUSALS\n\n*burnt*\n\tAfter a leak.\n",
    "docs/man/autoprovd.8.scd": "autoprovd(8)\n\n# OPTIONS\n\n*-t*, *--check*\n\tCheck.\n",
    "docs/man/autoprovd.conf.5.scd": "autoprovd.conf(5)\n\n# KEYS\n\n*user* = _text_\n\tWho.\n\n"
                                     "\t1 to 9 bytes; default: _me_; restart\n",
    "docs/man/autoprovd-templates.5.scd": "autoprovd-templates(5)\n\n# VARIABLES\n\n## At the top\n\n"
                                          "|[ *mac*\n:< its MAC\n\n## Inside {{#lines}}\n\n"
                                          "|[ *is_set*\n:< set\n",
}
# Files that stand beside GOOD for one linter alone.
MORE = {"man": {**MANUAL, **PAGES}}


def page(name, old, new):
    """A page with something else in it: what BAD needs of it."""
    path = f"docs/man/{name}.scd"
    assert old in PAGES[path]
    return path, PAGES[path].replace(old, new)


def body(statement):
    return f"/* Its duty. */\nint mac_length(void);\nint mac_length(void)\n{{\n    {statement}\n    return 6;\n}}\n"


# linter: [(file, its text, what the linter must print)]
BAD = {
    "floors": [
        ("src/base/up.c", '#include "autoprov/provision.h"\n', "src/base/up.c:1: base/ may not use"),
        ("src/store/side.c", '\n#include "autoprov/front.h"\n', "src/store/side.c:2: store/ may not use"),
        ("src/base/strange.c", '#include "autoprov/nobody.h"\n', "belongs to no floor"),
        ("src/app/peek.c", '#include "../net/connection.h"\n', "is no header of this folder"),
        ("src/app/peek.c", '#include "connection.h"\n', "is no header of this folder"),
        ("src/app/sql.c", "#include <sqlite3.h>\n", "app/ may not know <sqlite3.h>"),
        ("src/stray/stray.c", "int x;\n", "stands on no floor"),
        ("include/autoprov/mac.h", '#include "autoprov/front.h"\n', "base/ may not use autoprov/front.h"),
        ("tests/unit/base/test_up.c", '#include "autoprov/front.h"\n', "base/ may not use"),
    ],
    "banned": [
        ("src/base/bad.c", body("strcpy(a, b);"), "src/base/bad.c:5: strcpy()"),
        ("src/base/bad.c", body("n = atoi (text);"), "atoi()"),
        ("src/base/bad.c", body("strtoul(text, 0, 10);"), "strtoul()"),
        ("src/base/bad.c", body('sscanf(text, "%d", &n);'), "sscanf()"),
        ("src/base/bad.c", body('system("ls");'), "system()"),
        ("src/base/bad.c", body("char *p = alloca(n);"), "alloca()"),
        ("src/base/bad.c", body("return memcmp(token->text, given,\n 32);"), "CRYPTO_memcmp()"),
        ("src/base/bad.c", body("return strcmp(user->password, given);"), "CRYPTO_memcmp()"),
        ("src/base/bad.c", body("return memcmp(digest, other, sizeof(digest));"), "CRYPTO_memcmp()"),
        ("src/base/bad.c", body('printf("%s", account->password);'), "printf() of a secret"),
        ("src/base/bad.c", body('log_event(3, "x", "t=%s", f(token.text));'), "log_event() of a secret"),
        ("src/base/bad.c", body('printf("%d%n", 1, &n);'), "%n in a format"),
    ],
    "headers": [
        ("include/autoprov/needy.h", "size_t needy(void);\n", "include/autoprov/needy.h:1: does not compile"),
        ("include/autoprov/twice.h", "struct twice {\n    int x;\n};\n", "twice.h:1: does not compile"),
    ],
    "format": [("src/base/bad.c", "int  x ;\n", "src/base/bad.c:1: clang-format -i would change")],
    "shell": [("conf/bad.sh", "#!/bin/sh\nrm $1\n", "SC2086")],
    "speech": [
        ("src/base/bad.c", "/* see /ho" + "me/alice/notes */\n", "src/base/bad.c:1: a path of somebody's"),
        ("docs/bad.md", "built in /wo" + "rk/main\n", "docs/bad.md:1: a path of somebody's"),
        ("src/base/bad.c", "int x;\n/* TO" + "DO: later */\n", "src/base/bad.c:2: TO"),
        ("tests/bad.py", "# FIX" + "ME\n", "tests/bad.py:1: FIX"),
    ],
    "size": [
        ("src/base/bad.c", "int x;\n" * 451, "src/base/bad.c:1: 451 lines"),
        ("src/base/bad.c", "int f(void)\n{\n" + "    g();\n" * 79 + "}\n", "f() has 81 lines"),
        ("tests/bad.py", "def f():\n" + "    g()\n" * 81 + "\n\ng()\n", "f() has 82 lines"),
    ],
    "man": [
        (*page("autoprovctl.1", "*user add*", "*user ad*"), "command 'user add NAME' is missing"),
        (*page("autoprovctl.1", "*user add*", "*user ad*"), "there is no command 'user ad NAME'"),
        (*page("autoprovctl.1", "*--quick*", "*--slow*"), "option of 'user add NAME' '--quick' is missing"),
        (*page("autoprovctl.1", "_PLACE_", "_TIME_"), "there is no option of 'user add NAME' '--at TIME'"),
        (*page("autoprovctl.1", "Now.", "*autoprovctl user del*"), "autoprovctl.1.scd:9: there is no command"),
        (*page("autoprovctl.1", "\tAdd.", " Add."), "autoprovctl.1.scd:1: scdoc: "),
        (*page("autoprovctl.1", "*burnt*", "*burned*"), "reason 'burnt' is missing"),
        (*page("autoprovd.8", "--check", "--chuck"), "option 'check' is missing"),
        (*page("autoprovd.conf.5", "*user*", "*group*"), "key 'user' is missing"),
        (*page("autoprovd.conf.5", "_text_", "_word_"), "'user = text' without the line"),
        (*page("autoprovd.conf.5", "9", "8"), "without the line '1 to 9 bytes; default: me; restart'"),
        (*page("autoprovd-templates.5", "*mac*", "*mic*"), "variable of 'At the top' 'mac' is missing"),
        (*page("autoprovd-templates.5", "lines", "keys"), "there is no variable of 'Inside {{#keys}}' 'is_set'"),
    ],
    "tidy": [("src/base/bad.c", body("int *p = 0; *p = 5;"), "Dereference of null pointer")],
}
# What looks bad and is not.
FINE = {
    "banned": body('/* strcpy(a, b) */ puts("strcpy(a, b) 100%"); my_atoi(x); p->system(x);'
                   ' memcmp(&key, x, sizeof(struct token)); printf("%s", "password");'),
    "speech": "/* TO" + "DO: see #12 */\n",
    "size": "int f(void)\n{\n" + "    g();\n" * 78 + "}\n",
}


def write(top, path, text):
    path = os.path.join(top, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def make_tree(top, more):
    files = dict(GOOD)
    files.update(more)
    for path, text in files.items():
        write(top, path, text)
    for name in (".clang-format", ".clang-tidy"):
        with open(os.path.join(TOP, name), encoding="utf-8") as file:
            write(top, name, file.read())
    rows = [{"directory": top, "file": path, "command": f"cc -std=c17 -Iinclude -c {path}"}
            for path in files if path.endswith(".c")]
    write(top, "compile_commands.json", json.dumps(rows))


def run_linter(name, more):
    with tempfile.TemporaryDirectory(prefix="ap-lint-") as top:
        make_tree(top, {**MORE.get(name, {}), **more})
        command = [sys.executable, "-B", os.path.join(HERE, name + ".py"), "--top", top]
        if name == "tidy":
            command += ["--build", top]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                check=False)
        return result.returncode, result.stdout


def check_linter(name, rows):
    """How many of the expectations failed."""
    wrong = 0
    code, output = run_linter(name, {})
    if code == lint.SKIPPED:
        print(f"{name}: {output.strip()}")
        return 0
    if code != 0:
        print(f"{name}: fails on the good tree:\n{output}")
        wrong += 1
    for path, text, expected in rows:
        code, output = run_linter(name, {path: text})
        if code != 1 or expected not in output:
            print(f"{name}: exit {code} without '{expected}' for {path}:\n{text[:200]}\n{output}")
            wrong += 1
    if name in FINE:
        code, output = run_linter(name, {"src/base/fine.c": FINE[name]})
        if code != 0:
            print(f"{name}: refuses what is fine:\n{output}")
            wrong += 1
    return wrong


def main():
    wrong = sum(check_linter(name, rows) for name, rows in BAD.items())
    print(f"{len(BAD)} linters, {wrong} wrong")
    sys.exit(1 if wrong else 0)


main()
