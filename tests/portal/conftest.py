"""A daemon with a portal, and flows that a real Chromium goes through (flows/, browser.mjs)."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "system"))

from instance import AUTOPROVCTL, Instance  # noqa: E402
from portal import PASSWORD, Portal  # noqa: E402

FLOW_S = 800
MODULES = pathlib.Path(os.environ.get("AP_BINARY_DIR", ".")) / "tests" / "portal"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


def missing():
    """What is not there, as a reason to skip; sh tests/run.sh installs all of it."""
    if not os.access(CHROMIUM, os.X_OK):
        return "chromium is not installed"
    if not shutil.which("node"):
        return "node is not installed"
    if not (MODULES / "node_modules" / "playwright-core").is_dir():
        return f"no node_modules in {MODULES}: npm ci --prefix {MODULES}"
    return None


@pytest.fixture(autouse=True)
def _browser():
    if missing():
        pytest.skip(missing())


@pytest.fixture
def make_instance(tmp_path):
    made = []

    def make(**settings):
        made.append(Instance(tmp_path / f"i{len(made)}", **settings))
        return made[-1]

    yield make
    for instance in made:
        instance.finish()


@pytest.fixture
def portal(make_instance):
    return Portal(make_instance)


@pytest.fixture
def flow(portal):
    """flow(name, **given): through flows/NAME.mjs in Chromium; what it gives is in given.json of its pictures."""

    def go(name, **given):
        shots = MODULES / "shots" / name
        shutil.rmtree(shots, ignore_errors=True)
        given.setdefault("password", PASSWORD)
        given["ctl"] = [AUTOPROVCTL, "--config", str(portal.instance.conf)]
        done = subprocess.run(
            ["node", str(HERE / "flows" / f"{name}.mjs")], capture_output=True, text=True, timeout=FLOW_S, check=False,
            env={**os.environ, "PORTAL_URL": f"https://localhost:{portal.port}", "PORTAL_MODULES": str(MODULES),
                 "PORTAL_SHOTS": str(shots), "CHROMIUM": CHROMIUM, "PORTAL_GIVEN": json.dumps(given)})
        assert done.returncode == 0, f"{done.stdout}{done.stderr}(pictures: {shots})"
        return done.stdout

    return go


def pytest_sessionfinish(session, exitstatus):
    """Only skips: tell ctest, so that it shows a skip and not a pass."""
    stats = session.config.pluginmanager.get_plugin("terminalreporter").stats
    if exitstatus == 0 and not stats.get("passed") and stats.get("skipped"):
        session.exitstatus = 77
