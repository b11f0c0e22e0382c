"""Every header compiles alone, twice in a row, and in any company."""
import os

import lint

FLAGS = ["-std=c17", "-D_GNU_SOURCE", '-DAP_VERSION="0"', "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
         "-x", "c", "-"]


def main():
    check = lint.Lint(__doc__)
    compiler = lint.need_tool("gcc")
    paths = check.files(["include", "src"], [".h"])
    for path in paths:
        folder = os.path.join(check.top, os.path.dirname(path))
        include = f'#include "{os.path.join(check.top, path)}"\n'
        code, output = lint.run([compiler, "-I", os.path.join(check.top, "include"), "-I", folder] + FLAGS,
                                text=include * 2)
        if code != 0:
            check.found(path, 1, "does not compile alone\n" + output)
    check.finish(len(paths))


main()
