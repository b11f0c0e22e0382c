"""Who fetched what and who was refused, as the control tool lists it."""

import json
import re

import pytest

from instance import INVALID, NOT_FOUND, OK, USAGE, wait_until

MAC, OTHER = "cc5ef641b794", "cc5ef641b795"


@pytest.fixture
def visited(instance):
    """One phone that fetched and was then refused, one that never came, and a guesser."""
    instance.add_user("alice")
    url = instance.add_phone("alice", MAC, "--vendor", "linphone")
    instance.add_phone("alice", OTHER, "--vendor", "generic", "--model", "")
    assert instance.get_url(url, headers="User-Agent: Linphone/5.1 (x)\r\n").status == 200
    instance.ctl("phone", "set", MAC, "--disable", code=OK)
    assert instance.get_url(url).status == 404
    for _ in range(3):
        assert instance.get(f"/provision/{'0' * 32}/{OTHER}.xml", source="127.0.0.2").status == 404
    # Each worker hands on its own count.
    wait_until("all are listed", lambda: sum(row["count"] for row in rows(instance, "refusal")) == 4
               and len(rows(instance, "fetch")) == 1)
    return instance


def rows(instance, noun, *options):
    return json.loads(instance.ctl(noun, "list", *options, "--json", code=OK).out)


def macs(instance, *options):
    return [row["mac"] for row in rows(instance, "phone", *options)]


def test_refusals_are_listed_by_reason_address_network_and_time(visited):
    assert [row["reason"] for row in rows(visited, "refusal")] == ["unknown_pair", "disabled"] or \
        [row["reason"] for row in rows(visited, "refusal")] == ["disabled", "unknown_pair"]
    guesses = rows(visited, "refusal", "--reason", "unknown_pair")
    assert sum(row["count"] for row in guesses) == 3
    assert {row["source"] for row in guesses} == {"127.0.0.2"}
    assert [row["reason"] for row in rows(visited, "refusal", "--from", "127.0.0.1")] == ["disabled"]
    assert len(rows(visited, "refusal", "--from", "127.0.0.0/24")) == 2
    assert len(rows(visited, "refusal", "--from", "127.0.0.0/24", "--limit", "1")) == 1
    assert rows(visited, "refusal", "--from", "2001:db8::/32") == []
    assert len(rows(visited, "refusal", "--since", "1h")) == 2
    assert [row["reason"] for row in rows(visited, "refusal", "--phone", MAC)] == ["disabled"]
    table = visited.ctl("refusal", "list", code=OK).out
    assert table.splitlines()[0].split() == ["TIME", "FROM", "REASON", "COUNT", "MAC", "FILE",
                                             "TOKEN"]


def test_fetches_are_listed_with_agent_and_status(visited):
    (fetch,) = rows(visited, "fetch", "--phone", MAC, "--since", "10m")
    assert fetch["agent"] == "Linphone/5.1 (x)"
    assert (fetch["status"], fetch["source"]) == (200, "127.0.0.1")
    assert rows(visited, "fetch", "--phone", OTHER) == []
    table = visited.ctl("fetch", "list", code=OK).out.splitlines()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  cc:5e:f6:41:b7:94  127.0.0.1", table[1])
    assert table[1].endswith("Linphone/5.1 (x)")


def test_phones_are_listed_by_vendor_model_and_whether_they_fetched(visited):
    assert macs(visited, "--never-fetched") == ["cc:5e:f6:41:b7:95"]
    assert macs(visited, "--vendor", "linphone") == ["cc:5e:f6:41:b7:94"]
    assert macs(visited, "--vendor", "linphone", "--never-fetched") == []
    assert macs(visited, "--user", "alice", "--vendor", "generic") == ["cc:5e:f6:41:b7:95"]
    assert macs(visited, "--model", "none") == []
    visited.ctl("phone", "list", "--stale", "--vendor", "linphone", code=USAGE)


def test_phones_are_searched_sorted_and_moved(visited):
    assert macs(visited, "--search", "alice") == ["cc:5e:f6:41:b7:94", "cc:5e:f6:41:b7:95"]
    assert macs(visited, "--search", "b7-95") == ["cc:5e:f6:41:b7:95"]
    assert macs(visited, "--sort", "model", "--order", "asc")[0] == "cc:5e:f6:41:b7:95"
    assert macs(visited, "--state", "disabled") == ["cc:5e:f6:41:b7:94"]
    visited.ctl("phone", "list", "--state", "odd", code=INVALID)
    visited.add_user("bob")
    assert "is bob's now" in visited.ctl("phone", "move", MAC, "--user", "bob", code=OK).out
    assert macs(visited, "--user", "bob") == ["cc:5e:f6:41:b7:94"]
    visited.ctl("phone", "move", MAC, "--user", "nobody", code=NOT_FOUND)
    visited.ctl("phone", "move", MAC, code=USAGE)


def test_a_phone_shows_its_last_fetch_and_refusal(visited):
    shown = visited.ctl("phone", "show", MAC, "--json", code=OK).json()
    assert shown["fetches"] == 1 and shown["refusals"] == 1
    assert shown["last_fetch_agent"] == "Linphone/5.1 (x)"
    assert shown["last_refusal_reason"] == "disabled"
    assert len(shown["last_fetch_digest"]) == 32
    assert "Refused for:    disabled" in visited.ctl("phone", "show", MAC, code=OK).out


def test_a_filter_that_means_nothing_is_refused(visited):
    for options, code in ((("--reason", "weather"), INVALID), (("--from", "moon"), INVALID),
                          (("--since", "yesterday"), INVALID), (("--limit", "0"), INVALID),
                          (("--phone", "001565000009"), NOT_FOUND)):
        assert visited.ctl("refusal", "list", *options).code == code, options
