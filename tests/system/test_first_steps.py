"""README.md, "First steps": each line does what stands there, from an empty instance to a restored one."""

import os
import pwd
import re
import shlex
import subprocess

from instance import AUTOPROVCTL, OK, TOP, wait_until

SAMPLE = os.path.join(TOP, "conf", "import-sample.csv")
# (beginning of a line, what it must print)
EXPECTED = [
    ("autoprovctl import SAMPLE --dry-run", r"users +would be 4 added"),
    ("autoprovctl import SAMPLE", r"phones +3 added"),
    ("autoprovctl phone list --never-fetched", r"(?s)00:04:13:00:00:02.*00:15:65:00:00:01.*cc:5e:f6"),
    ("autoprovctl phone url 000413000002", r"^404$"),
    ("autoprovctl refusal list", r" disabled +1 +00:04:13:00:00:02"),
    ("autoprovctl explain 000413000002", r"next: switch the phone on: autoprovctl phone set"),
    ("autoprovctl token rotate", r"alice has a new folder token"),
    ("autoprovctl phone url 001565000001", r"^https://localhost:\d+/provision/\w+/001565000001.cfg$"),
    ("autoprovctl backup", r"backup made and checked"),
    ("autoprovctl restore", r"autoprovd.db restored from "),
    ("autoprovctl db check", r": ok$"),
    ("autoprovctl audit verify", r"^audit log: [1-9]\d* rows, unbroken$"),
]


def first_steps():
    """The lines of the README that a person types, without their comments."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        text = file.read().split("\n## First steps\n")[1].split("\n## ")[0]
    return [re.sub(r"\s+# .*", "", line).strip() for line in text.split("\n") if line.startswith("    ")]


def here(instance, line):
    """A line for this instance: its folders in place of the system's."""
    folder = instance.folder
    for system, own in (("/usr/share/doc/autoprovd/import-sample.csv", shlex.quote(SAMPLE)),
                        ("/var/lib/autoprovd", str(instance.state)), ("/root/", f"{folder}/"),
                        ("-o autoprovd", f"-o {pwd.getpwuid(os.geteuid()).pw_name}")):
        line = line.replace(system, own)
    return line


def shell(instance, line):
    """Run a line as it is typed; autoprovctl is found by its name."""
    programs = instance.folder / "bin"
    programs.mkdir(exist_ok=True)
    tool = programs / "autoprovctl"
    tool.write_text(f'#!/bin/sh\nexec "{AUTOPROVCTL}" --config "{instance.conf}" "$@"\n')
    tool.chmod(0o755)
    process = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False,
                             env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "no_proxy": "*",
                                  "CURL_CA_BUNDLE": str(instance.folder / "ca.pem")})
    assert process.returncode == 0, f"{line}: exit {process.returncode}: {process.stderr}"
    return process.stdout.strip()


def counts(instance):
    store = instance.ctl("status", "--json", code=OK).json()["store"]
    return store["users"], store["accounts"], store["phones"]


def do_step(instance, line):
    """What the line printed."""
    if line.startswith("systemctl stop"):
        instance.stop()
        return ""
    if line.startswith("systemctl start"):
        instance.start()
        return ""
    said = shell(instance, here(instance, line))
    if " curl " in line:
        # It is written a moment later; a person is slower.
        wait_until("the refusal's record", lambda: " disabled " in instance.ctl("refusal", "list").out)
    return said


def test_the_first_steps_of_the_readme_work_word_by_word(instance):
    expected = list(EXPECTED)
    for line in first_steps():
        said = do_step(instance, line)
        short = line.replace("/usr/share/doc/autoprovd/import-sample.csv", "SAMPLE")
        if expected and short.startswith(expected[0][0]):
            assert re.search(expected.pop(0)[1], said), f"{line}: {said}"
    assert not expected, f"no line of the README begins with: {expected[0][0]}"
    assert counts(instance) == (0, 0, 0)  # the last line takes the sample away


def test_the_sample_file_is_served_as_it_says(instance):
    instance.ctl("import", SAMPLE, "--dry-run", code=OK)
    assert counts(instance) == (0, 0, 0)
    instance.ctl("import", SAMPLE, code=OK)
    assert counts(instance) == (4, 4, 3)
    for mac, password in (("001565000001", "replace-me-1001"), ("000413000002", "replace-me-1002"),
                          ("cc5ef6000004", "replace-me-1000")):
        assert password in instance.get_url(instance.url(mac)).body.decode()
    lines = instance.ctl("phone", "show", "000413000002", code=OK).out
    assert "1002@pbx.example.com, 1001@pbx.example.com" in lines  # the second one is alice's
