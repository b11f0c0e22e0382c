"""shellcheck over every shell script."""
import os

import lint


def main():
    check = lint.Lint(__doc__)
    tool = lint.need_tool("shellcheck")
    paths = check.files(["conf", "tests"], [".sh"])
    if os.path.exists(os.path.join(check.top, ".ci/run")):
        paths.append(".ci/run")
    for path in paths:
        code, output = lint.run([tool, "--external-sources", "--format=gcc", path], cwd=check.top)
        if code != 0:
            check.found(path, 1, "shellcheck\n" + output)
    check.finish(len(paths))


main()
