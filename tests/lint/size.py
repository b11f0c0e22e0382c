"""A file fits a sitting, a function a screen: hard limits somewhat above docs' 400 and 60 lines."""
import re

import lint

FILE_MAX_LINES = 450
# Tables of cases are read row by row, not as a whole.
TEST_FILE_MAX_LINES = 600
FUNCTION_MAX_LINES = 80
PYTHON_FUNCTION = re.compile(r"^( *)(?:async )?def (\w+)")


def c_functions(text):
    """(name, first line, lines) by the braces in column 0 that the format gives functions."""
    lines = lint.without_comments(text, keep_strings=False).split("\n")
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            before = "\n".join(lines[max(0, start - 8):start - 1])
            names = re.findall(r"(\w+)\(", before)
            yield (names[-1] if names else "?"), start, number - start + 1
            start = None


def python_functions(text):
    """The same by indentation: a function ends before the next line that is not inside."""
    lines = text.split("\n")
    for first, line in enumerate(lines):
        match = PYTHON_FUNCTION.match(line)
        if not match:
            continue
        last = first
        for number in range(first + 1, len(lines)):
            body = lines[number]
            if body.strip() and len(body) - len(body.lstrip()) <= len(match.group(1)) and \
                    not body.lstrip().startswith(")"):
                break
            if body.strip():
                last = number
        yield match.group(2), first + 1, last - first + 1


def main():
    check = lint.Lint(__doc__)
    paths = check.files(["src", "include", "tests", "conf"], [".c", ".h", ".py", ".sh"])
    for path in paths:
        text = check.read(path)
        count = text.count("\n")
        most = TEST_FILE_MAX_LINES if path.startswith("tests/") else FILE_MAX_LINES
        if count > most:
            check.found(path, 1, f"{count} lines, more than {most}")
        functions = ()
        if path.endswith(".c"):
            functions = c_functions(text)
        elif path.endswith(".py"):
            functions = python_functions(text)
        for name, line, lines in functions:
            if lines > FUNCTION_MAX_LINES:
                check.found(path, line, f"{name}() has {lines} lines, more than {FUNCTION_MAX_LINES}")
    check.finish(len(paths))


main()
