"""Texts that could break a file, what the product has to say to each, and a file's whole structure."""
import json
import re

from hypothesis import strategies as st

from vendor_inputs import catalogue
from vendor_readers import FileError, decode, parse

TEXT_MAX_BYTES = 128
SPECIAL = [
    # ends of lines and of texts, to this reader or that
    "\u2028", "\u2029", "\u0085", "\r", "\n", "\r\n", "\x00", "\x0b", "\x0c", "\x1a", "\x1b", "\x7f",
    "\u009f", "\t",
    # syntax of files
    "#", " #", ";", '"', "'", "=", ":", "|", ",", "\\", "@", "/", "%NULL%", "[PHONE_MAC_ADDRESS]",
    "account.1.enable = 0", 'SIP_PASS_1="x"',
    # templates and their escapes
    "{{x}}", "{{{password}}}", "{{/lines}}", "{{=<% %>=}}", "}}", "{mac}", "$MA", "%MACD", "$PROXY",
    # XML
    "&", "<", ">", "&amp;", "&#10;", "&#0;", "&lt;", "]]>", "<!--", "-->", "<![CDATA[", "<?xml ?>", "</a>", "&x;",
    "<!DOCTYPE a>",
    # blanks, and what looks like none
    " ", "  ", "\u00a0", "\u3000", "\u200b", "\ufeff",
    # letters from right to left, marks, beyond the first plane, no characters, no UTF-8
    "\u200f", "\u202e", "\u05e9", "e\u0301", "\u0301", "\U0001f600", "\U0001f468\u200d\U0001f469", "\ufffd",
    "\ufffe", "\uffff", "\ufdd0", "\U0001ffff", "\U0010ffff", "\ud800", "\udfff",
    # the edges of ISO-8859-1
    "\u00ff", "\u0100", "\u00e9",
]


def as_json_has_it(text):
    """Two halves of a surrogate pair are one character there."""
    return json.loads(json.dumps(text))


def fill(size, filler):
    """Exactly size bytes."""
    width = len(filler.encode())
    return "x" * (size % width) + filler * (size // width)


# Up to a few bytes below and above the limit, in characters of one to four bytes.
AROUND_THE_LIMIT = st.builds(fill, st.integers(TEXT_MAX_BYTES - 4, TEXT_MAX_BYTES + 4), st.sampled_from(
    ["a", "\u00e9", "\u20ac", "\U0001f600", "&", "\\", "'"]))
PIECES = st.one_of(st.sampled_from(SPECIAL), st.text(max_size=6),
                   st.text(alphabet="abc #;=\"'&<> \\%", min_size=1, max_size=12))
TEXTS = st.one_of(st.sampled_from(SPECIAL), st.lists(PIECES, min_size=1, max_size=6).map("".join),
                  st.text(min_size=1, max_size=40), AROUND_THE_LIMIT).filter(len).map(as_json_has_it)


# -- what is to be taken, and what refused --------------------------------------------------------

# What the vendors' documents say of values; where nothing is said, XML takes everything.
EQUALS = {"comment": "#", "trims": True}
LIMITS = {
    "yealink": {**EQUALS, "reserved": "%NULL%"}, "flyingvoice": {**EQUALS, "reserved": "%NULL%"},
    "akuvox": {**EQUALS, "password": "&%'="}, "mitel": {**EQUALS, "forbid": '"'},
    "panasonic": {"forbid": '"'}, "gigaset-n510": {"forbid": '"', "highest": "\xff"},
    "snom": {"key": "|"}, "cisco-spa": {"key": ";"}, "cisco-mpp": {"key": ";"}, "fanvil": {"key": "@"}}


def why_not(vendor, use, text):
    """None if the vendor's files carry the text in that use ("value", "key", "password"); else why.
    Knows nothing of the code and of the catalogue."""
    limits = LIMITS.get(vendor, {})
    comment = limits.get("comment")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "no UTF-8"
    if size > TEXT_MAX_BYTES:
        return "length"
    if re.search("[\x00-\x1f\x7f-\x9f\ufffe\uffff]", text):
        return "control character"
    if max(text) > limits.get("highest", max(text)):
        return "character set"
    if set(text) & set(limits.get("forbid", "") + limits.get(use, "")):
        return "forbidden"
    if comment and (text.startswith(comment) or f" {comment}" in text):
        return "comment"
    if text == limits.get("reserved"):
        return "reserved"
    if limits.get("trims") and text != text.strip(" "):
        return "blanks"
    return None


# -- structure ------------------------------------------------------------------------------------

def xml_structure(body):
    """[(where, value)]: every element, attribute and text in order, blanks between them included."""
    root = re.search(rb"<([A-Za-z_][\w.:-]*)", body.split(b"?>", 1)[1]).group(1).decode()
    tree = parse(body, root.split(":")[-1])
    found = []
    for node in tree.iter():
        if not isinstance(node.tag, str):
            raise FileError("holds a comment or an instruction")
        path = "/".join(each.tag for each in [*reversed(list(node.iterancestors())), node])
        found += [(f"{path}@{name}", value) for name, value in node.items()]
        found += [(path, node.text or ""), (path + "/..", node.tail or "")]
    return found


def text_structure(body):
    """[(name with what stands behind it, value)] of each line."""
    text = decode(body)
    if not text.endswith("\n"):
        raise FileError("does not end with a line end")
    found = []
    for line in text[:-1].split("\n"):
        match = re.match(r'(\w+="|[\w.|\[\]-]+(?: [\w|-]+)* ?[=:] ?)(.*)$', line, re.DOTALL)
        found.append((match.group(1), match.group(2)) if match else ("", line))
    return found


def structure(vendor, body):
    return xml_structure(body) if catalogue(vendor)["escape"] == "xml" else text_structure(body)


def quoted_for_sip(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


def explain(plain, found, words):
    """Is found what plain is with the text in the place of each harmless word, and nothing else?
    words: harmless word -> text. Returns the words that were there."""
    if len(plain) != len(found):
        raise FileError(f"{len(found)} settings, not {len(plain)}")
    seen = set()
    for (where, before), (where_now, now) in zip(plain, found):
        if where != where_now:
            raise FileError(f"{where_now} in the place of {where}")
        wanted = before
        for word, text in words.items():
            if word in before:
                quoted = f'"{word}"' in before and "<sip:" in before
                wanted = wanted.replace(word, quoted_for_sip(text) if quoted else text)
                seen.add(word)
        if now != wanted:
            raise FileError(f"{where}: {now!r}, not {wanted!r}")
    return seen
