"""The README's first command, from a clean clone in a folder with spaces."""

import os
import subprocess

import pytest

from instance import TOP


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "a folder" / "auto provd"
    process = subprocess.run(["git", "-c", "safe.directory=*", "clone", "-q", TOP, str(folder)],
                             capture_output=True, text=True)
    if process.returncode != 0:
        pytest.skip("this is no git clone")
    yield folder
    run(folder, "--clean")


def run(folder, *arguments, code=0):
    process = subprocess.run(["sh", str(folder / "conf/quickstart.sh"), *arguments], cwd="/",
                             capture_output=True, text=True, timeout=600)
    assert process.returncode == code, process.stdout + process.stderr
    return process.stdout


def test_quickstart_shows_a_phones_file_twice_and_stops_and_cleans(clone):
    first = run(clone)
    assert "<entry name=\"username\" overwrite=\"true\">1001</entry>" in first
    second = run(clone)
    assert "already running" in second
    assert first.split("<?xml")[1].split("</config>")[0] in second
    assert "stopped" in run(clone, "--stop")
    assert "not running" in run(clone, "--stop")
    third = run(clone)
    assert first.split("/provision/")[1][:32] in third, "the instance is still the same"
    run(clone, "--clean")
    assert not (clone / ".quickstart").exists()


def test_quickstart_refuses_what_it_does_not_know_in_one_line(clone):
    process = subprocess.run(["sh", str(clone / "conf/quickstart.sh"), "--nonsense"],
                             capture_output=True, text=True)
    assert process.returncode == 1 and process.stderr.count("\n") == 1


def test_no_sudo_and_no_root_is_one_clear_line(clone, tmp_path):
    """Where a package is missing and nobody may install it."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "id", "sed"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    (tools / "apt-get").write_text("#!/bin/sh\nexit 1\n")
    (tools / "dpkg-query").write_text("#!/bin/sh\nexit 1\n")
    for tool in ("apt-get", "dpkg-query"):
        (tools / tool).chmod(0o755)
    for parent in clone.parents:
        if parent != parent.parent and parent.stat().st_mode & 0o011 != 0o011:
            parent.chmod(parent.stat().st_mode | 0o011)
    process = subprocess.run(
        ["/usr/bin/setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "/bin/sh",
         str(clone / "conf/quickstart.sh")], capture_output=True, text=True,
        env={"PATH": str(tools)})
    assert process.returncode == 1
    assert process.stderr.count("\n") == 1 and "apt-get install" in process.stderr
