"""What a file of the project never holds: paths of the machine that it was written on, and work put
off without an issue that says so."""
import re

import lint

SUFFIXES = [".c", ".h", ".py", ".sh", ".md", ".txt", ".in", ".conf", ".xml", ".json", ".cmake", ".tmpfiles", ".scd",
            ".sysusers", ".socket", ".clang-tidy", ".clang-format", "/run"]
# Written in halves, so that this file does not find itself.
MACHINE = re.compile(r"(?<![\w.-])/(?:wo" + r"rk|home/\w+|Users/\w+|root/\w+|tmp/b-\w+)/")
LATER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b(?!.*#\d+)")


def main():
    check = lint.Lint(__doc__)
    paths = check.files(["."], SUFFIXES)
    for path in paths:
        for number, line in enumerate(check.read(path).splitlines(), 1):
            if MACHINE.search(line):
                check.found(path, number, "a path of somebody's machine")
            later = LATER.search(line)
            if later:
                check.found(path, number, f"{later.group(1)} without an issue's number")
    check.finish(len(paths))


main()
