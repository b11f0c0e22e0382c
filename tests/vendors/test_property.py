"""Whatever an admin writes comes out of the phone's file as it went in, or is refused, and changes nothing
else in the file.

Hypothesis makes the texts. AP_PROPERTY_CASES: how many, of all vendors together; AP_PROPERTY_SEED: which.
"""
import os
import sys

import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import vendor_files as files  # noqa: E402
from conftest import Refused, question  # noqa: E402
from test_vendors import MODELS, file_of  # noqa: E402
from vendor_files import Account, Inputs, Key, catalogue, slots  # noqa: E402
from vendor_texts import SPECIAL, TEXTS, explain, structure, why_not  # noqa: E402

CASES = int(os.environ.get("AP_PROPERTY_CASES", "2000"))
SEED = int(os.environ.get("AP_PROPERTY_SEED", "20240229"))
HARMLESS = "Harmless7Qz"
MORE = [("poly", "VVX450", "{mac}.cfg"), ("poly", "VVX450", "000000000000.cfg"),
        ("poly", "VVX450", "{mac}-directory.xml"), ("cisco-spa", "SPA504G", "spa{code}.cfg"),
        ("cisco-mpp", "8841", "{model}-3PCC.xml"), ("panasonic", "KX-HDV230", "{model}.cfg")]
PHONES = [(vendor, model, file_of(vendor)) for vendor, model in MODELS] + MORE
IDS = [f"{vendor}-{model or 'any'}-{(file or 'own').strip('{}')}" for vendor, model, file in PHONES]

# Where a text goes, and as what the dialect sees it.
USES = {"display_name": "value", "password": "password", "key_label": "key", "key_value": "key",
        "user_display_name": "value", "phone_label": "value", "admin_password": "password",
        "raw": "value"}


def inputs_of(vendor, texts_):
    """(accounts, keys, settings, more) with these texts, by place; without one what a plain phone has."""
    at = texts_.get
    free = "free setting" if vendor == "mitel" else "free_setting"
    account = Account("alice", transport="tls", outbound_proxy="edge.example.net",
                      display_name=at("display_name", ""), password=at("password", "Secret-123"))
    keys = {2: Key("blf", at("key_value", "201"), at("key_label", "Bob")),
            3: Key("speed_dial", at("key_value", "300"), at("key_label", "Taxi"))}
    values = {"admin_password": at("admin_password", "Web-pass1"), "voicemail_number": "*97",
              "raw": [(free, at("raw", "1"))]}
    more = {"display_name": at("user_display_name", "Alice Adams"),
            "label": at("phone_label", "Reception")}
    return {1: account}, keys, values, more


def harmless(places):
    """A word of its own for each place."""
    return {place: "Harmless7" + place.title().replace("_", "") for place in places}


class Phone:
    """One row of PHONES: renderings of it, and what they are with harmless words."""

    def __init__(self, render_tool, vendor, model, file):
        self.tool, self.vendor, self.model, self.file = render_tool, vendor, model, file
        self.plain = {}

    def render(self, texts_):
        accounts, keys, values, more = inputs_of(self.vendor, texts_)
        asked = question(self.vendor, self.model, accounts, keys, values, self.file, **more)
        return bytes.fromhex(self.tool.ask(asked)["body"])

    def structure(self, places):
        if places not in self.plain:
            self.plain[places] = structure(self.vendor, self.render(harmless(places)))
        return self.plain[places]

    def refuses(self, place, text):
        """With a reason that does not tell the value."""
        try:
            self.render({place: text})
        except Refused as refused:
            assert str(refused) and text not in str(refused).split()
            return True
        return False


def check_tables(phone, texts_, body, base_url):
    """The places and forms that the vendor's documents tell."""
    accounts, keys, values, _ = inputs_of(phone.vendor, texts_)
    count = slots(phone.vendor, phone.model)[1]
    held = {at: key for at, key in keys.items() if at <= count}
    if phone.file == file_of(phone.vendor):
        files.check(phone.vendor, body, Inputs(phone.model, accounts, held, values, base_url))


def check_text(phone, text, refused_at, base_url):
    """In all places at once that can hold it; the others, of which refused_at chooses, refuse it."""
    carried = tuple(place for place, use in USES.items() if not why_not(phone.vendor, use, text))
    others = [place for place in USES if place not in carried]
    if others:
        place = others[refused_at % len(others)]
        assert phone.refuses(place, text), f"taken as {place}, but the phone cannot read it"
    if carried:
        texts_ = {place: text for place in carried}
        words = {word: text for word in harmless(carried).values()}
        body = phone.render(texts_)
        explain(phone.structure(carried), structure(phone.vendor, body), words)
        check_tables(phone, texts_, body, base_url)


@pytest.mark.parametrize("vendor, model, file", PHONES, ids=IDS)
def test_any_text_comes_through_or_is_refused(render_tool, base_url, vendor, model, file):
    phone = Phone(render_tool, vendor, model, file)
    chosen = SEED + PHONES.index((vendor, model, file))
    print(f"AP_PROPERTY_SEED={SEED}, seed {chosen}")

    @seed(chosen)
    @settings(max_examples=max(1, CASES // len(PHONES)), database=None, deadline=None,
              suppress_health_check=list(HealthCheck), print_blob=False)
    @given(text=TEXTS, refused_at=st.integers(0, len(USES) - 1))
    def each(text, refused_at):
        note(ascii(text))
        check_text(phone, text, refused_at, base_url)

    each()


@pytest.mark.parametrize("vendor, model, file", PHONES, ids=IDS)
def test_each_special_text_by_itself(render_tool, base_url, vendor, model, file):
    phone = Phone(render_tool, vendor, model, file)
    for number, text in enumerate(SPECIAL):
        check_text(phone, text, number, base_url)


@pytest.mark.parametrize("vendor, model, file", PHONES, ids=IDS)
def test_every_place_that_the_file_has_is_tried(render_tool, vendor, model, file):
    """The harmless words are to be found: else the test above would compare nothing."""
    phone = Phone(render_tool, vendor, model, file)
    words = harmless(USES)
    plain = phone.structure(tuple(USES))
    seen = explain(plain, plain, {word: word for word in words.values()})
    found = {place for place, word in words.items() if word in seen}
    row = next(row for row in catalogue(vendor)["files"] if row["name"] == file) if file else None
    if row and row["role"] == "common":
        assert found <= {"raw"}
    elif file == file_of(vendor):
        assert {"display_name", "password"} <= found
        if slots(vendor, model)[1] >= 3 and vendor != "cisco-enterprise":
            assert {"key_label", "key_value"} <= found


def test_every_template_is_among_those_tried():
    tried = set()
    for vendor, model, file in PHONES:
        data = catalogue(vendor)
        row = next(row for row in data["files"] if row["name"] == file) if file else data["files"][0]
        own = next((each.get("template") for each in data["models"] if each["model"] == model), None)
        tried.add(own if own and row is data["files"][0] else row["template"])
    wanted = {row["template"] for vendor in {phone[0] for phone in PHONES}
              for row in catalogue(vendor)["files"] + catalogue(vendor)["models"] if "template" in row}
    assert tried == wanted


def test_what_is_no_json_or_no_utf8_is_refused_and_the_next_is_answered(render_tool):
    for line in (b'{"vendor": "generic", "model": "\xff"}', b"[1]", b"{", b'{"match": "\xed\xa0\x80"}',
                 b'{"match": "a\\u0000b"}', b'{"match": "\\ud800"}', b'{"match": "a", "match": "b"}'):
        with pytest.raises(Refused):
            render_tool.ask_line(line)
    assert render_tool.ask({"match": "cc5ef641b794.xml"})["mac"] == "cc5ef641b794"
