"""The manual pages tell of every command, option, reason, key and variable that there is, and of no other.

What there is stands in the tables of src/; what is said of a key in docs/configuration.md, which a unit
test holds to its table. scdoc and groff then find nothing to complain of in the pages."""
import os
import re
import shutil

import lint

FOLDER = "docs/man"
COMMANDS_PAGE = FOLDER + "/autoprovctl.1.scd"
DAEMON_PAGE = FOLDER + "/autoprovd.8.scd"
KEYS_PAGE = FOLDER + "/autoprovd.conf.5.scd"
VARIABLES_PAGE = FOLDER + "/autoprovd-templates.5.scd"
COMMANDS, COMMAND_OPTIONS, DAEMON = "src/ctl/command.c", "src/ctl/command_options.h", "src/daemon/main.c"
KEYS, VARIABLES = "src/config/config_keys.c", "src/app/variable.c"
REASONS = "src/app/policy.c"
KEYS_REFERENCE = "docs/configuration.md"
# Words behind autoprovctl that are no row of its table.
NO_ROW = {"help"}
# The heading under which the page has the variables of each level.
LEVELS = {
    "TOP": "## At the top",
    "USER": "## Inside {{#user}}",
    "DST": "## Inside {{#dst}}",
    "CODEC": "## Inside {{#codecs}} and {{#codecs_off}}",
    "LINE": "## Inside {{#lines}}",
    "KEY": "## Inside {{#keys}}",
    "RAW": "## Inside {{#raw}}",
}

MACRO = re.compile(r"^#define (\w+)[ \t]+((?:[^\n]*\\\n)*[^\n]*)$", re.MULTILINE)
OPTIONS = re.compile(r"struct ctl_option (\w+)\[\] = \{(.*?)\n\};", re.DOTALL)
OPTION = re.compile(r'\{\s*"([\w-]+)",\s*(?:NULL|"([^"]*)")')
COMMAND = re.compile(r'\{"(\w+)", (?:NULL|"([\w-]+)"),\s*"([^"]*)",\s*\w+,\s*\w+,\s*(\w+),')
KEY = re.compile(r'\{CONFIG_\w+,\s*"(\w+)"')
VARIABLE = re.compile(r'(?:\b(?:TEXT|SECRET|FLAG)\((\w+),|\b(?:LIST|OBJECT|SETTING)\(|'
                      r'\.level = VARIABLE_(\w+),\s*\.name =)\s*"(\w+)"')
REASON = re.compile(r'\[POLICY_\w+\] = "(\w+)"')
FACTS = re.compile(r"^### `(\w+)`\n.*?^\|---.*?\n\| (.*?) \|$", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r"^\*[^\n]*(?:\n(?!\*|#)[^\n]*)*", re.MULTILINE)
# In bold letters, or a line of an example.
SAID_COMMAND = re.compile(r"\*autoprovctl ([^*]+)\*|^autoprovctl ((?!- )[^\n]+)", re.MULTILINE)
OPTION_OF_DAEMON = re.compile(r'\{"([\w-]+)", (?:no|required)_argument,')


def plain(text):
    """What a reader sees of one line of scdoc."""
    text = re.sub(r"(?<!\\)\*", "", text)
    text = re.sub(r"(?<![\w\\])_|(?<!\\)_(?!\w)", "", text)
    return text.replace("\\", "").strip()


def with_macros(text):
    """C text with its macros of one word put in place."""
    for name, body in MACRO.findall(text):
        body = body.replace("\\\n", "\n")
        text = re.sub(rf'(?<!#define )(?<![\w"]){name}(?![\w"])', lambda _, body=body: body, text)
    return text


def commands(check):
    """{"noun verb POSITIONALS": {"--option VALUE"}} of the table."""
    text = with_macros(lint.without_comments(check.read(COMMAND_OPTIONS) + check.read(COMMANDS), keep_strings=True))
    options = {name: {f"--{option} {value}".strip() for option, value in OPTION.findall(rows)}
               for name, rows in OPTIONS.findall(text)}
    return {" ".join(filter(None, (noun, verb, positionals))): options.get(table, set())
            for noun, verb, positionals, table in COMMAND.findall(text)}


def entries(text):
    """{first line as read: (line number, all of its text)} of what begins at the left edge."""
    return {plain(match.group(0).split("\n")[0]): (lint.line_of(text, match.start()), match.group(0))
            for match in ENTRY.finditer(text)}


def section(text, heading):
    """What stands below a heading, up to the next of its rank; empty without it."""
    rank = heading.split(" ")[0]
    match = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(rank)}}} |\Z)", text,
                      re.MULTILINE | re.DOTALL)
    return match.group(1) if match else ""


def compare(check, page, line, kind, said, there):
    for word in sorted(there - said):
        check.found(page, line, f"{kind} '{word}' is missing")
    for word in sorted(said - there):
        check.found(page, line, f"there is no {kind} '{word}'")


def check_commands(check):
    table = commands(check)
    said = entries(section(check.read(COMMANDS_PAGE), "# COMMANDS"))
    compare(check, COMMANDS_PAGE, 1, "command", set(said), set(table))
    for head in set(said) & set(table):
        options = {plain(line) for line in said[head][1].split("\n") if line.startswith("\t*--")}
        compare(check, COMMANDS_PAGE, 1, f"option of '{head}'", options, table[head])
    return table


def check_said_commands(check, page, table):
    """Every command that a page tells somebody to type is one."""
    words = {tuple(word for word in head.split(" ")[:2] if word.islower()) for head in table}
    text = check.read(page)
    for match in SAID_COMMAND.finditer(text):
        said = plain(match.group(1) or match.group(2)).split()
        if said[0] not in NO_ROW and not {tuple(said[:1]), tuple(said[:2])} & words:
            check.found(page, lint.line_of(text, match.start()),
                        f"there is no command 'autoprovctl {' '.join(said[:2])}'")


def check_reasons(check):
    """Every reason to refuse; being served is none."""
    text = section(check.read(COMMANDS_PAGE), "# REASONS OF REFUSALS")
    said = {name for head in entries(text) for name in head.split(", ")}
    compare(check, COMMANDS_PAGE, 1, "reason", said, set(REASON.findall(check.read(REASONS))) - {"served"})


def check_daemon(check):
    said = set(re.findall(r"\*--([\w-]+)\*", section(check.read(DAEMON_PAGE), "# OPTIONS")))
    compare(check, DAEMON_PAGE, 1, "option", said, set(OPTION_OF_DAEMON.findall(check.read(DAEMON))))


def facts(check):
    """{key: what the page must say of it} of the reference."""
    result = {}
    for key, row in FACTS.findall(check.read(KEYS_REFERENCE)):
        kind, extent, unit, default, takes = row.replace("`", "").split(" | ")
        extent = "" if extent == "see above" else extent + ("; " if unit == "–" else f" {unit}; ")
        default = default if default in ("required", "not set") else f"default: {default}"
        result[key] = (f"{key} = {kind}", f"{extent}{default}; {takes}")
    return result


def check_keys(check):
    table = set(KEY.findall(lint.without_comments(check.read(KEYS), keep_strings=True)))
    text = check.read(KEYS_PAGE)
    said = {head: entry for head, entry in entries(text).items() if " = " in head}
    compare(check, KEYS_PAGE, 1, "key", {head.split(" = ")[0] for head in said}, table)
    for key, (head, fact) in facts(check).items():
        if key not in table:
            continue
        line, entry = said.get(head, (1, ""))
        if fact not in [plain(paragraph) for paragraph in entry.split("\n")]:
            check.found(KEYS_PAGE, line, f"'{head}' without the line '{fact}'")


def check_variables(check):
    source = lint.without_comments(check.read(VARIABLES), keep_strings=True)
    table = {level: set() for level in LEVELS}
    for level, other, name in VARIABLE.findall(source[source.index("VARIABLES[]"):]):
        table[level or other or "TOP"].add(name)
    text = check.read(VARIABLES_PAGE)
    for level, heading in LEVELS.items():
        said = set(re.findall(r"^[|\]\[][ \[<] \*(\w+)\*", section(text, heading), re.MULTILINE))
        compare(check, VARIABLES_PAGE, 1, f"variable of '{heading[3:]}'", said, table[level])


def check_compiles(check, page, scdoc, groff):
    code, roff = lint.run(["sh", "-c", '"$0" <"$1"', scdoc, page], cwd=check.top)
    if code != 0 or not roff.startswith((".", "'")):
        check.found(page, 1, f"scdoc: {roff.strip()[:500]}")
        return
    if groff:
        _, output = lint.run([groff, "-man", "-t", "-k", "-ww", "-z", "-Tutf8"], text=roff)
        if output:
            check.found(page, 1, f"groff: {output.strip()[:500]}")


def main():
    check = lint.Lint(__doc__)
    pages = check.files([FOLDER], [".scd"])
    table = check_commands(check)
    check_reasons(check)
    check_daemon(check)
    check_keys(check)
    check_variables(check)
    for page in pages:
        check_said_commands(check, page, table)
    if check.findings:
        check.finish(len(pages))
    scdoc, groff = lint.need_tool("scdoc"), shutil.which("groff")
    if not groff:
        print("groff is not installed: it did not look at the pages")
    for page in pages:
        check_compiles(check, page, scdoc, groff)
    check.finish(len(pages))


main()
