"""What conf/monitoring and conf/fail2ban hold, against a running daemon."""

import configparser
import json
import os
import re
import shutil
import subprocess

import pytest

from instance import OK, TOP
from test_metrics import figures

MONITORING = os.path.join(TOP, "conf", "monitoring")
FILTER = os.path.join(TOP, "conf", "fail2ban", "autoprovd.conf")
JAIL = os.path.join(TOP, "conf", "fail2ban", "jail.conf")
MAC, OFF = "cc5ef641b794", "cc5ef641b795"
NAME = re.compile(r"\b(?:autoprovd|process)_[a-z_]+\b")


def promtool(*arguments, **options):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed (Debian package prometheus)")
    result = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=120,
                            **options)
    assert result.returncode == 0, result.stdout + result.stderr


def rules_text():
    with open(os.path.join(MONITORING, "alerts.yml"), encoding="utf-8") as file:
        return file.read()


def dashboard():
    with open(os.path.join(MONITORING, "dashboard.json"), encoding="utf-8") as file:
        return json.load(file)


def expressions():
    return [(panel["title"], target["expr"]) for panel in dashboard()["panels"]
            for target in panel.get("targets", ())]


# -- Prometheus and Grafana ------------------------------------------------------------------------


def test_promtool_accepts_the_alert_rules():
    promtool("check", "rules", os.path.join(MONITORING, "alerts.yml"))


def test_alerts_are_silent_on_a_good_day_and_told_on_a_bad_one():
    promtool("test", "rules", "alerts_test.yml", cwd=os.path.join(TOP, "tests", "support"))


def test_every_alert_is_tried_on_both_days():
    with open(os.path.join(TOP, "tests", "support", "alerts_test.yml"), encoding="utf-8") as file:
        tried = re.findall(r"alertname: (\w+)", file.read())
    alerts = re.findall(r"- alert: (\w+)", rules_text())
    assert alerts and sorted(tried) == sorted(2 * alerts)


def test_promtool_accepts_every_expression_of_the_dashboard(tmp_path):
    lines = ["groups:", "- name: dashboard", "  rules:"]
    for number, (_, expression) in enumerate(expressions()):
        plain = expression.replace("$__rate_interval", "5m").replace("$instance", ".*")
        assert "$" not in plain, expression
        lines += [f"  - record: panel:number:{number}", f"    expr: {json.dumps(plain)}"]
    rules = tmp_path / "dashboard.yml"
    rules.write_text("\n".join(lines) + "\n")
    promtool("check", "rules", str(rules))


def test_every_figure_that_is_asked_for_exists(instance):
    there = {re.match(r"\w+", sample).group() for sample in figures(instance)}
    asked = {name for _, expression in expressions() for name in NAME.findall(expression)}
    asked |= set(NAME.findall("\n".join(re.findall(r"expr: (.*(?:\n {10,}.*)*)", rules_text()))))
    assert len(asked) > 30
    assert asked - there == set()


def test_every_figure_is_shown_somewhere(instance):
    """What nobody can see need not be counted."""
    there = {re.sub(r"_(bucket|sum|count)$", "", re.match(r"\w+", sample).group())
             for sample in figures(instance)}
    text = json.dumps(dashboard()) + rules_text()
    unseen = {name for name in there if name not in text}
    assert unseen <= {"autoprovd_workers", "process_virtual_memory_bytes",
                      "autoprovd_config_last_reload_success_timestamp_seconds"}


def test_the_dashboard_asks_for_its_data_source():
    model = dashboard()
    assert model["__inputs"][0]["name"] == "DS_PROMETHEUS"
    assert "datasource" in {variable["name"] for variable in model["templating"]["list"]}
    ids = [panel["id"] for panel in model["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in model["panels"]:
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
    taken = set()
    for panel in model["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells


# -- fail2ban --------------------------------------------------------------------------------------

GUESSERS = {"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"}


def visit(instance):
    """Guesses from the addresses above; all else from 127.0.0.1 and 127.0.0.9."""
    instance.add_user("alice")
    url = instance.add_phone("alice", MAC, "--vendor", "yealink")
    off = instance.add_phone("alice", OFF, "--vendor", "yealink", "--disabled")
    folder = url.split(f":{instance.port}", 1)[1].rsplit("/", 1)[0]
    forged = "refused source=127.0.0.9 reason=unknown_pair count=1"
    agent = f"User-Agent: {forged}\r\n"
    assert instance.get_url(url, headers=agent).status == 200
    assert instance.get_url(off, headers=agent, source="127.0.0.9").status == 404
    for name in ("y000000000000.boot", "y000000000000.cfg", f"{MAC}.boot", "no-such-file.bin"):
        instance.get(f"{folder}/{name}", headers=agent, source="127.0.0.9")
    zero = "0" * 32
    instance.get("/favicon.ico", headers=agent, source="127.0.0.9")  # no guess of a phone's file
    instance.get(f"/provision/{zero}/{MAC}.cfg", source="127.0.0.2")
    instance.get(f"/provision/not.a.token.at.all/{MAC}.cfg", source="127.0.0.3")
    instance.get(f"/provision/{MAC}.cfg", source="127.0.0.4")
    instance.ctl("options", "set", '{"disable_auto_provision_security": true}', code=OK)
    instance.get("/provision/001565000009.cfg", source="127.0.0.5")
    instance.get(f"/provision/{MAC}.cfg", source="127.0.0.1")
    instance.stop()  # counted refusals are told at once


def failregexes():
    parser = configparser.RawConfigParser()
    assert parser.read(FILTER)
    section = dict(parser["Definition"])
    expand = section["failregex"].replace("<_guess>", section["_guess"])
    return [re.compile(line.replace("<ADDR>", r"(?P<source>[0-9a-f.:]+)"))
            for line in expand.splitlines()]


def test_filter_alert_and_throttle_call_the_same_things_guesses():
    with open(os.path.join(TOP, "src", "app", "policy.c"), encoding="utf-8") as file:
        table = re.search(r" GUESSES\[\w+\] = {(.*?)};", file.read(), re.S)[1]
    guesses = {name.lower() for name in re.findall(r"\[POLICY_(\w+)\] = true", table)}
    parser = configparser.RawConfigParser()
    assert parser.read(FILTER)
    alert = re.search(r'refusals_total{reason=~"([^"]+)"}', rules_text())[1]
    assert len(guesses) > 3
    assert set(parser["Definition"]["_guess"].split("|")) == guesses
    assert set(alert.split("|")) == guesses


def matched(lines):
    """Sources that the filter finds, the time cut out first as fail2ban does."""
    found = []
    for line in lines:
        line = re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "", line)
        found += [match["source"] for regex in failregexes() if (match := regex.search(line))]
    return found


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_fail2ban_filter_matches_guesses_alone(make_instance, form):
    instance = make_instance(extra=f"log_format = {form}\n")
    instance.expected_log.append("flat_mode")
    instance.init()
    instance.start()
    visit(instance)
    lines = instance.log().splitlines()
    assert sum("fetch" in line for line in lines) >= 2
    assert sum("disabled" in line for line in lines) >= 1
    assert set(matched(lines)) == GUESSERS
    assert len(matched(lines)) == len(GUESSERS)  # one guess each, so one line each
    if form == "text":  # the journal's line, as fail2ban puts it together
        journal = [re.sub(r"^\S+ \w+ ", "pbx autoprovd[123]: ", line) for line in lines]
        assert set(matched(journal)) == GUESSERS


@pytest.mark.parametrize("form", ["text", "json"])
def test_fail2ban_itself_finds_the_same(make_instance, form):
    if not shutil.which("fail2ban-regex"):
        pytest.skip("fail2ban is not installed")
    instance = make_instance(extra=f"log_format = {form}\n")
    instance.expected_log.append("flat_mode")
    instance.init()
    instance.start()
    visit(instance)
    result = subprocess.run(["fail2ban-regex", "--out", "ip", str(instance.log_path), FILTER],
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
    found = result.stdout.split()
    assert set(found) == GUESSERS
    assert len(found) == len(GUESSERS)


def test_the_jail_names_the_filter():
    parser = configparser.RawConfigParser()
    assert parser.read(JAIL)
    assert parser["autoprovd"]["filter"] == "autoprovd"
    assert int(parser["autoprovd"]["maxretry"]) >= 10
