"""Make conf/vendors/time_zones.json from the tzdata of this machine:

    python3 tests/support/time_zones.py > conf/vendors/time_zones.json

Each name of tzdata, links included, of the form Area/City, and UTC, Etc/UTC, GMT, with the POSIX TZ
string that its compiled file ends with (RFC 8536, 3.3)."""
import json
import os
import sys

FOLDER = "/usr/share/zoneinfo"
PLAIN = {"UTC", "Etc/UTC", "GMT"}


def names():
    """Zones and links of tzdata.zi, the source that the compiled files were made from."""
    with open(os.path.join(FOLDER, "tzdata.zi"), encoding="ascii") as file:
        for line in file:
            words = line.split()
            if words and words[0] == "Z":
                yield words[1]
            elif words and words[0] == "L":
                yield words[2]


def is_wanted(name):
    return name in PLAIN or ("/" in name and not name.startswith("Etc/"))


def rule(name):
    """The footer: the last line of a file of version 2 or above, between line ends."""
    with open(os.path.join(FOLDER, name), "rb") as file:
        data = file.read()
    if data[:4] != b"TZif" or data[4:5] < b"2" or not data.endswith(b"\n"):
        raise SystemExit(f"{name}: no TZif file with a footer")
    return data[:-1].rpartition(b"\n")[2].decode("ascii")


def main():
    lines = [f"{json.dumps(name)}: {json.dumps(rule(name))}" for name in sorted(filter(is_wanted, names()))]
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")


main()
