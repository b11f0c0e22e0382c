"""clang-tidy over src/ with the checks of .clang-tidy, two processes at a time."""
import concurrent.futures
import json
import os
import sys

import lint

PROCESSES = 2
# The build's flags are the compiler's that it was made for; what clang 14 does not take as it is:
EXTRA = ["--extra-arg=-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang",
         "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-unused-command-line-argument",
         "--extra-arg=-Wno-ignored-optimization-argument"]


def main():
    check = lint.Lint(__doc__, ["--build"])
    tool = lint.need_tool("clang-tidy")
    build = os.path.abspath(check.arguments.build)
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        built = {os.path.relpath(os.path.join(row["directory"], row["file"]), check.top)
                 for row in json.load(file)}
    paths = [path for path in check.files(["src"], [".c"]) if path in built]

    def look_at(path):
        return lint.run([tool, "-p", build, "--quiet"] + EXTRA + [path], cwd=check.top)

    # Largest first: the last one to end is then a small one.
    paths.sort(key=lambda path: -os.path.getsize(os.path.join(check.top, path)))
    with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
        for path, (code, output) in zip(paths, pool.map(look_at, paths)):
            if code != 0:
                check.found(path, 1, "clang-tidy\n" + output)
            sys.stdout.flush()
    check.finish(len(paths))


main()
