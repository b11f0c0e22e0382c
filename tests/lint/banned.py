"""Functions that the project does not use, secrets compared in variable time, secrets printed."""
import re

import lint

BANNED = {
    "strcpy": "no length", "strcat": "no length", "sprintf": "no length", "vsprintf": "no length",
    "gets": "no length", "strncpy": "may leave no NUL", "strtok": "keeps state", "alloca": "no failure",
    "atoi": "text_parse_u64()", "atol": "text_parse_u64()", "atoll": "text_parse_u64()",
    "sscanf": "text_parse_u64()", "vsscanf": "text_parse_u64()", "fscanf": "text_parse_u64()",
    "scanf": "text_parse_u64()", "rand": "RAND_bytes()", "srand": "RAND_bytes()",
    "random": "RAND_bytes()", "drand48": "RAND_bytes()", "system": "nothing is executed",
    "popen": "nothing is executed", "mktemp": "race", "tmpnam": "race", "gmtime": "gmtime_r()",
    "localtime": "localtime_r()", "inet_ntoa": "address_format()", "gethostbyname": "blocks",
}
NUMBERS = ("strtol", "strtoul", "strtoll", "strtoull", "strtod", "strtof", "strtoimax", "strtoumax")
# The one place that would be right for the C library's number parsers.
NUMBER_FILE = "src/base/text.c"

# Names of things that an attacker may guess byte by byte.
COMPARED = re.compile(r"(?i)(token|digest|secret|passw|hmac|mac_?key|\btag\b|link\b|canary)")
# (file, what stands in the call): why it is fine.
COMPARE_ALLOWED = {
    ("src/store/store_audit.c", "head.link"):
        "read by the one who holds the key: nobody outside sees how long it takes",
    ("src/store/store_audit.c", "link"): "the same",
    ("src/store/store_schema.c", "CANARY_TEXT"): "the text of the canary is no secret, its seal is",
    ("src/app/freshness.c", "delivery->digest"):
        "two keyed digests of ours: who does not hold the key makes none",
}

PRINTERS = re.compile(r"\b(v?[fsd]?n?printf|vasprintf|asprintf|fputs|puts|buf_printf|log_event|"
                      r"ap_error_set|ap_error_write|api_problem|api_text|ctl_fail|sd_journal_\w+)\s*\(")
SECRETS = re.compile(r"(\bpassword\b|->password\b|\.password\b|\bsecret\b|secret->bytes|secret\.bytes|"
                     r"token->text|token\.text|master_key\b(?!_file))")
# (file, name of the function that calls): why it is fine.
PRINT_ALLOWED = {
    ("src/app/api_explain.c", "path_of_mac"): "makes the path that is asked about; never shown",
    ("src/app/api_call.c", "api_folder_url"): "makes the URL that an admin asked for, audited",
    ("src/app/api_phone.c", "url_json"): "the same",
    ("src/app/api_explain.c", "path_of_mac"): "the path that is asked about; it is shown nowhere",
}

STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
PERCENT_N = re.compile(r"%[-+ #0-9.*]*(?:hh|h|ll|l|j|z|t|L)?n")
FUNCTION = re.compile(r"^(?:[\w*]+[ *]+)+?(\w+)\([^;{}]*\)\s*\n?\{", re.MULTILINE)


def function_at(text, position):
    """Name of the function whose body holds position."""
    name = ""
    for match in FUNCTION.finditer(text, 0, position):
        name = match.group(1)
    return name


def check_names(check, path, text):
    for name, why in BANNED.items():
        for match in re.finditer(rf"(?<![\w.>]){name}\s*\(", text):
            check.found(path, lint.line_of(text, match.start()), f"{name}(): {why}")
    if path != NUMBER_FILE:
        for match in re.finditer(rf"(?<![\w.>])({'|'.join(NUMBERS)})\s*\(", text):
            check.found(path, lint.line_of(text, match.start()),
                        f"{match.group(1)}(): accepts signs, blanks and octal; text_parse_u64()")


def check_compares(check, path, text):
    for match in re.finditer(r"(?<![\w])(memcmp|strcmp|strncmp)\s*\(", text):
        arguments = lint.call_arguments(text, match.end() - 1)
        # sizeof names a type, and types are no secrets.
        named = re.sub(r"sizeof\s*\([^)]*\)|\bstruct \w+", "", arguments)
        if not COMPARED.search(named):
            continue
        if any(path == file and part in named for file, part in COMPARE_ALLOWED):
            continue
        check.found(path, lint.line_of(text, match.start()),
                    f"{match.group(1)}({' '.join(arguments.split())}): CRYPTO_memcmp()")


def check_prints(check, path, text):
    for match in PRINTERS.finditer(text):
        arguments = lint.call_arguments(text, match.end() - 1)
        if not SECRETS.search(arguments):
            continue
        if (path, function_at(text, match.start())) in PRINT_ALLOWED:
            continue
        check.found(path, lint.line_of(text, match.start()),
                    f"{match.group(1)}() of a secret: {' '.join(arguments.split())}")


def check_formats(check, path, text):
    for match in STRING.finditer(text):
        if PERCENT_N.search(match.group(0).replace("%%", "")):
            check.found(path, lint.line_of(text, match.start()), "%n in a format")


def main():
    check = lint.Lint(__doc__)
    paths = check.files(["src", "include"], [".c", ".h"])
    for path in paths:
        whole = check.read(path)
        text = lint.without_comments(whole, keep_strings=False)
        check_names(check, path, text)
        check_compares(check, path, text)
        check_prints(check, path, text)
        check_formats(check, path, lint.without_comments(whole, keep_strings=True))
    check.finish(len(paths))


main()
