"""Everything is formatted as .clang-format says, by the version that it is written for."""
import re

import lint

VERSION = "14"


def main():
    check = lint.Lint(__doc__)
    tool = lint.need_tool("clang-format")
    version = re.search(r"version (\d+)", lint.run([tool, "--version"])[1])
    if not version or version.group(1) != VERSION:
        print(f"SKIP: clang-format is not version {VERSION}")
        raise SystemExit(lint.SKIPPED)
    paths = check.files(["src", "include", "tests"], [".c", ".h"])
    if paths:
        code, output = lint.run([tool, "--dry-run", "-Werror", "--style=file"] + paths, cwd=check.top)
        for line in output.splitlines():
            if "error:" in line:
                check.found(*line.split(":", 2)[:2], "clang-format -i would change this")
        if code != 0 and not check.findings:
            check.found("clang-format", 0, output)
    check.finish(len(paths))


main()
