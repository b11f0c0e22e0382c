"""Folders use only the floors below them (docs/architecture.md), and outside libraries stay in theirs.

A header of include/autoprov/ belongs to the floor whose folder has the .c file of its name; headers
without one are listed here. Private headers are seen inside their own folder only. A unit test may
use what its floor may use."""
import os
import re

import lint

# Each floor with what it may use besides itself. ctl: docs/decisions/0002.
MAY_USE = {
    "base": set(),
    "config": {"base"},
    "store": {"base"},
    "render": {"base"},
    "net": {"base"},
    "sip": {"base"},
    "portal": set(),
    "app": {"base", "config", "store", "render", "net", "sip", "portal"},
    "daemon": {"base", "config", "store", "render", "net", "sip", "portal", "app"},
    "ctl": {"base", "config", "store", "render", "net", "app"},
}

# Headers without a .c file of their name.
WITHOUT_SOURCE = {"array": "base", "limits": "base", "store_object": "store", "template": "render"}

# Outside libraries and the only floors that know them. Those that are not here are free.
LIBRARIES = {
    "sqlite3.h": {"store"},
    "uuid/": {"store"},
    "microhttpd.h": {"net"},
    "confuse.h": {"config"},
    "curl/": {"ctl"},
    "qrencode.h": {"app"},
    "systemd/": {"daemon"},
    "osip": {"sip"},
    "csv.h": {"app"},
    "jansson.h": {"config", "app", "daemon", "ctl"},
    "openssl/ssl.h": {"net"},
    "openssl/": {"base", "store", "net", "sip"},
}
# (file, header): why it is fine.
LIBRARY_ALLOWED = {
    ("src/ctl/place.c", "openssl/rand.h"): "init makes the master key",
    ("src/daemon/main.c", "openssl/crypto.h"): "--version names the libraries; openssl.cnf is not read",
    ("src/daemon/main.c", "sqlite3.h"): "the same",
    ("src/daemon/main.c", "microhttpd.h"): "the same",
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def header_floors(top):
    """{header name without .h: floor}"""
    floors = dict(WITHOUT_SOURCE)
    for floor in MAY_USE:
        folder = os.path.join(top, "src", floor)
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name.endswith(".c"):
                floors.setdefault(name[:-2], floor)
    return floors


def floor_of(path, floors):
    """The floor that a file stands on; None: no rule for it."""
    parts = path.split("/")
    if parts[0] == "src" or parts[:2] == ["tests", "unit"]:
        floor = parts[-2] if parts[0] == "src" else parts[2]
        return floor if floor in MAY_USE else None
    if parts[0] == "include":
        return floors.get(parts[-1][:-2])
    return None


def check_contract(check, path, line, floor, name, floors):
    owner = floors.get(name)
    if not owner:
        check.found(path, line, f"autoprov/{name}.h belongs to no floor: see WITHOUT_SOURCE")
    elif owner != floor and owner not in MAY_USE[floor]:
        check.found(path, line, f"{floor}/ may not use autoprov/{name}.h of {owner}/")


def check_library(check, path, line, floor, name):
    for prefix, allowed in LIBRARIES.items():
        if name.startswith(prefix):
            if floor not in allowed and (path, name) not in LIBRARY_ALLOWED:
                check.found(path, line, f"{floor}/ may not know <{name}>")
            return


def check_file(check, path, floors):
    floor = floor_of(path, floors)
    is_test = path.startswith("tests/")
    if not floor:
        if path.startswith(("src/", "include/")):
            check.found(path, 1, "stands on no floor")
        return
    text = lint.without_comments(check.read(path), keep_strings=True)
    for match in INCLUDE.finditer(text):
        line, name = lint.line_of(text, match.start()), match.group(2)
        if name.startswith("autoprov/"):
            check_contract(check, path, line, floor, name[len("autoprov/"):-2], floors)
        elif match.group(1) == '"' and not is_test:
            if "/" in name or not os.path.exists(
                    os.path.join(check.top, os.path.dirname(path), name)):
                check.found(path, line, f'"{name}" is no header of this folder')
        elif not is_test:
            check_library(check, path, line, floor, name)


def main():
    check = lint.Lint(__doc__)
    floors = header_floors(check.top)
    paths = check.files(["src", "include", "tests/unit"], [".c", ".h"])
    for path in paths:
        check_file(check, path, floors)
    check.finish(len(paths))


main()
