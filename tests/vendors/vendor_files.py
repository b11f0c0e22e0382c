"""What a phone of each vendor would read out of its file: check() reads as it does, and compares.

The tables say for a logical value (server, password, expiry, …) which key, XPath or attribute holds it and in
which form, after the vendors' documents. They know nothing of templates or of the catalogue's codes: a slip
there shows as a difference here. From the catalogue come only the numbers of lines and keys of a model.
"""
from vendor_inputs import (MAC, TOP, VENDORS, Account, Inputs, Key,  # noqa: F401
                           catalogue, slots)
from vendor_readers import FileError, parse, read_master  # noqa: F401
from vendor_tables_desk import (CiscoMpp, CiscoSpa, Fanvil, Grandstream, GrandstreamItems,
                                GrandstreamMpk, Htek, Poly, Snom, SnomDect)
from vendor_tables_other import (Ale, CiscoEnterprise, Generic, Gigaset, GigasetMaxwell,
                                 GigasetN510, Linphone)
from vendor_tables_text import Akuvox, Mitel, MitelProgrammable, MitelSoft, Panasonic, Yealink

TABLES = {
    "yealink": Yealink(), "flyingvoice": Yealink(), "grandstream": Grandstream(), "snom": Snom(),
    "snom-dect": SnomDect(), "poly": Poly(), "cisco-spa": CiscoSpa(), "cisco-mpp": CiscoMpp(),
    "cisco-enterprise": CiscoEnterprise(), "panasonic": Panasonic(), "fanvil": Fanvil(),
    "mitel": Mitel(), "htek": Htek(), "gigaset": Gigaset(), "gigaset-n510": GigasetN510(),
    "ale": Ale(), "akuvox": Akuvox(), "linphone": Linphone(), "generic": Generic()}
# By the model's own template.
BY_TEMPLATE = {"grandstream-items.xml": GrandstreamItems(), "grandstream-mpk.xml": GrandstreamMpk(),
               "mitel-prgkey.cfg": MitelProgrammable(), "mitel-softkey.cfg": MitelSoft(),
               "gigaset-maxwell.xml": GigasetMaxwell()}


def table(vendor, model):
    for row in catalogue(vendor)["models"]:
        if row["model"] == model and row.get("template") in BY_TEMPLATE:
            return BY_TEMPLATE[row["template"]]
    return TABLES[vendor]


def expect(inputs, vendor):
    """All that the file has to say: name -> value."""
    rules = table(vendor, inputs.model)
    lines, keys = slots(vendor, inputs.model)
    wanted = {}
    for n in range(1, (lines or max(inputs.accounts, default=0)) + 1):
        wanted.update(rules.line(n, inputs.accounts[n], inputs) if n in inputs.accounts
                      else rules.off(n))
    wanted.update(rules.phone(inputs))
    for n in range(1, keys + 1):
        wanted.update(rules.key(n, inputs.keys[n], inputs) if n in inputs.keys
                      else {name: value for name, value in rules.key_off(n).items()
                            if name not in wanted})
    return wanted


def check(vendor, body, inputs):
    """Read body as the phone does; compare with what was put in. Returns what was read."""
    found = table(vendor, inputs.model).read(body)
    wrong = [f"{name}: {found.get(name)!r}, not {value!r}"
             for name, value in expect(inputs, vendor).items() if not value == found.get(name)]
    if wrong:
        raise FileError(f"{vendor} {inputs.model}: " + "; ".join(wrong))
    return found
