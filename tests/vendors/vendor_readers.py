"""Strict readers: the settings of a file as name -> value, or FileError where a phone would go wrong.

A name that comes twice is an error everywhere: which of the two counts differs from vendor to vendor.
"""
import re

from lxml import etree


class FileError(AssertionError):
    """The phone would not read this file as it was meant."""


# -- readers: text --------------------------------------------------------------------------------

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


def decode(body, charset="utf-8"):
    if body.startswith(b"\xef\xbb\xbf"):
        raise FileError("begins with a byte order mark")
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        raise FileError(f"is no {charset}: {error}") from error


def read_lines(text, pattern, first_line=None, trims=True):
    """Lines of name and value. Every line must be one, no name may come twice."""
    if CONTROL.search(text):
        raise FileError("holds a control character")
    if not text.endswith("\n"):
        raise FileError("does not end with a line end")
    lines = text[:-1].split("\n")
    if first_line is not None:
        if lines[0] != first_line:
            raise FileError(f"first line is {lines[0]!r}")
        lines = lines[1:]
    values = {}
    for line in lines:
        match = re.fullmatch(pattern, line)
        if not match:
            raise FileError(f"no setting: {line!r}")
        name, value = match.group(1), match.group(2)
        if name in values:
            raise FileError(f"twice: {name}")
        values[name] = value.strip(" ") if trims else value
    return values


def read_equals(body):
    """Yealink, Flyingvoice, Akuvox: 'name = value', nothing can be quoted, '#' begins a comment."""
    values = read_lines(decode(body), r"([A-Za-z0-9_.]+) = ?(.*)", "#!version:1.0.0.1")
    for name, value in values.items():
        if value.startswith("#") or " #" in value:
            raise FileError(f"the value of {name} begins a comment")
    return values


def read_mitel(body):
    values = read_lines(decode(body), r"([a-z0-9 |\[\]]+): ?(.*)")
    for name, value in values.items():
        if value.startswith("#") or " #" in value or '"' in value:
            raise FileError(f"the value of {name} ends before its end")
    return values


PANASONIC_MARK = b"# Panasonic SIP Phone Standard Format File #"


def read_panasonic(body):
    """CR LF, no blanks beside '=', the first of two counts, an empty line at the end, 120 KB at most."""
    if len(body) > 120 * 1024:
        raise FileError("is larger than 120 KB")
    if len(PANASONIC_MARK) != 44 or not body.startswith(PANASONIC_MARK + b"\r\n"):
        raise FileError("does not begin with the format's mark")
    if not body.endswith(b"\r\n\r\n"):
        raise FileError("does not end with an empty line")
    text = decode(body)
    if "\r" in text.replace("\r\n", "") or "\n" in text.replace("\r\n", ""):
        raise FileError("a line does not end with CR LF")
    for line in body.split(b"\r\n"):
        if len(line) > 537:
            raise FileError("a line is longer than 537 bytes")
    text = text.replace("\r\n", "\n")
    values = read_lines(text[:-1], r'([A-Za-z0-9_]+)="([^"]*)"', PANASONIC_MARK.decode(), trims=False)
    for name, value in values.items():
        if len(value.encode()) > 500:
            raise FileError(f"the value of {name} is longer than 500 bytes")
    return values


# -- readers: XML ---------------------------------------------------------------------------------

def parse(body, root):
    """The document's root. No comment or blank may stand before the declaration, no DTD anywhere."""
    if not body.startswith(b"<?xml "):
        raise FileError("does not begin with an XML declaration")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        tree = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise FileError(f"is no XML: {error}") from error
    if tree.getroottree().docinfo.doctype:
        raise FileError("has a document type")
    if etree.QName(tree).localname != root:
        raise FileError(f"the root is {tree.tag}")
    return tree


def collect(pairs):
    values = {}
    for name, value in pairs:
        if name in values:
            raise FileError(f"twice: {name}")
        values[name] = value or ""
    return values


def read_elements(root, below=""):
    """Flat files: the element's name is the setting's."""
    def read(body):
        tree = parse(body, root)
        nodes = tree if not below else tree.find(below)
        return collect((node.tag, node.text) for node in nodes if isinstance(node.tag, str))
    return read


def read_attributes(root, below, key, value=None):
    """<param name="…" value="…"/>, or its text if value is None."""
    def read(body):
        tree = parse(body, root)
        return collect((node.get(key), node.get(value) if value else node.text)
                       for node in tree.iter(below))
    return read


def read_grandstream(body):
    """P values (config version 1) or items (version 2)."""
    tree = parse(body, "gs_provision")
    if tree.find("mac") is not None:
        raise FileError("names a MAC address")
    config = tree.find("config")
    if config.get("version") == "2":
        return collect((node.get("name"), node.text) for node in config)
    return collect((node.tag, node.text) for node in config)


def read_snom(body):
    tree = parse(body, "settings")
    pairs = [(node.tag + (f"[{node.get('idx')}]" if node.get("idx") else ""), node.text)
             for node in tree.find("phone-settings")]
    for key in tree.iterfind("functionKeys/fkey"):
        name = f"fkey[{key.get('idx')}]"
        pairs += [(name, key.text), (name + "/label", key.get("label")),
                  (name + "/context", key.get("context"))]
    return collect(pairs)


def read_poly(body):
    """Every setting is an attribute, wherever it stands."""
    tree = parse(body, "polycomConfig")
    return collect((name, value) for node in tree.iter(etree.Element) for name, value in node.items())


def read_master(body):
    tree = parse(body, "APPLICATION")
    return dict(tree.items())


def read_tree(root, names=("index",)):
    """Nested files: the path of elements, with the index of those that have one."""
    def walk(node, path, pairs):
        label = node.tag
        for name in names:
            if node.get(name):
                label += f"[{node.get(name)}]"
        path = f"{path}/{label}" if path else label
        if len(node) == 0:
            pairs.append((path, node.text))
        for child in node:
            walk(child, path, pairs)

    def read(body):
        pairs = []
        for child in parse(body, root):
            walk(child, "", pairs)
        return collect(pairs)
    return read


def read_gigaset_n510(body):
    if b'encoding="ISO-8859-1"' not in body.split(b"\n", 1)[0]:
        raise FileError("does not say ISO-8859-1")
    tree = parse(body, "ProviderFrame")
    provider = tree.find("Provider")
    pairs = [("MAC_ADDRESS", provider.find("MAC_ADDRESS").get("value"))]
    for node in provider.iterfind("SYMB_ITEM"):
        value = node.get("value")
        if value.startswith('"'):
            if len(value) < 2 or not value.endswith('"') or '"' in value[1:-1]:
                raise FileError(f"the quotes of {node.get('ID')} do not match")
            value = value[1:-1]
        pairs.append((node.get("ID"), value))
    return collect(pairs)


def read_linphone(body):
    tree = parse(body, "config")
    space = "{http://www.linphone.org/xsds/lpconfig.xsd}"
    pairs = []
    for section in tree.iterfind(space + "section"):
        for entry in section.iterfind(space + "entry"):
            if entry.get("overwrite") != "true":
                raise FileError(f"{entry.get('name')} does not overwrite")
            pairs.append((f"{section.get('name')}/{entry.get('name')}", entry.text))
    return collect(pairs)


def read_generic(body):
    return read_tree("phone", ("position", "name"))(body)


def read_enterprise(body):
    """Lines by their button; a file without a line is a phone without it."""
    tree = parse(body, "device")
    pairs = []
    for line in tree.iterfind("sipProfile/sipLines/line"):
        pairs += [(f"line[{line.get('button')}]/{node.tag}", node.text) for node in line]
    for path in ("deviceProtocol", "devicePool/dateTimeSetting/timeZone",
                 "devicePool/dateTimeSetting/ntps/ntp/name", "commonProfile/phonePassword",
                 "devicePool/callManagerGroup/members/member/callManager/processNodeName",
                 "sipProfile/sipProxies/outboundProxy", "sipProfile/preferredCodec",
                 "transportLayerProtocol"):
        if tree.find(path) is not None:
            pairs.append((path, tree.findtext(path)))
    return collect(pairs)
