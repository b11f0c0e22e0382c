"""What the linters share: the project's files, C text without comments, findings and exit codes."""
import argparse
import os
import re
import shutil
import subprocess
import sys

SKIPPED = 77
# Folders that no linter looks into, wherever they stand.
FOREIGN = {".git", ".build", ".quickstart", "__pycache__", ".pytest_cache", "corpus", "regression"}


class Lint:
    """One run of one linter."""

    def __init__(self, description, more_arguments=()):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--top", required=True, help="the project's top folder")
        for name in more_arguments:
            parser.add_argument(name)
        self.arguments = parser.parse_args()
        self.top = os.path.abspath(self.arguments.top)
        self.findings = 0

    def found(self, path, line, text):
        self.findings += 1
        print(f"{path}:{line}: {text}")

    def finish(self, looked_at):
        """Exit with what was found; a linter that looked at nothing has failed too."""
        if not looked_at:
            print("nothing to look at")
            sys.exit(1)
        print(f"{looked_at} looked at, {self.findings} findings")
        sys.exit(1 if self.findings else 0)

    def files(self, folders, suffixes):
        """Paths below folders (relative to the top) that end in one of suffixes, sorted."""
        paths = []
        for folder in folders:
            for parent, below, names in os.walk(os.path.join(self.top, folder)):
                below[:] = [name for name in below if name not in FOREIGN]
                paths += [os.path.relpath(os.path.join(parent, name), self.top)
                          for name in names if name.endswith(tuple(suffixes))]
        return sorted(paths)

    def read(self, path):
        with open(os.path.join(self.top, path), encoding="utf-8", errors="replace") as file:
            return file.read()


def need_tool(name):
    """The tool's path; without it the test is skipped, visibly."""
    path = shutil.which(name)
    if not path:
        print(f"SKIP: {name} is not installed")
        sys.exit(SKIPPED)
    return path


def run(command, text=None, cwd=None):
    """Exit code and output of both streams."""
    result = subprocess.run(command, input=text, cwd=cwd, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    return result.returncode, result.stdout


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def without_comments(text, keep_strings):
    """C text with comments, and unless keep_strings the inside of literals, blanked; line numbers
    stay."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token if keep_strings else token[0] + token[0]
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def call_arguments(text, opening):
    """What stands between the parenthesis at opening and its partner."""
    depth = 0
    for position in range(opening, len(text)):
        if text[position] == "(":
            depth += 1
        elif text[position] == ")":
            depth -= 1
            if depth == 0:
                return text[opening + 1:position]
    return text[opening + 1:]
