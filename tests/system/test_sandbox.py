"""A whole life inside the sandbox, and what lies outside of it."""

import os
import re
import shutil
import signal
import subprocess

import pytest

import instance as programs
from instance import OK, TOP, make_certificate, wait_until

MAC = "cc5ef641b794"
# A build without sanitizers has the filter: this one, or the one beside it.
RELEASE = os.path.join(TOP, ".build", "release")
SAMPLE = os.path.join(TOP, "conf", "import-sample.csv")


def is_sanitized(program):
    with open(program, "rb") as file:
        return b"__asan_init" in (text := file.read()) or b"__tsan_init" in text


def has_landlock(log):
    return "landlock=abi" in log


@pytest.fixture(params=["this", "filtered"])
def fenced(request, make_instance, monkeypatch):
    """A running instance; of a build with the filter on."""
    if request.param == "filtered":
        if not is_sanitized(programs.AUTOPROVD):
            pytest.skip("this build has the filter on itself")
        autoprovd = os.path.join(RELEASE, "src/daemon/autoprovd")
        if not os.path.exists(autoprovd):
            pytest.skip(f"no build without sanitizers in {RELEASE} (cmake --preset release)")
        monkeypatch.setattr(programs, "AUTOPROVD", autoprovd)
    made = make_instance()
    made.init()
    made.start()
    filtered = "seccomp=off" if is_sanitized(programs.AUTOPROVD) else "seccomp=on"
    assert re.search(r"Z notice sandbox landlock=\w+ " + filtered, made.log()), made.log()
    return made


def renew(instance):
    """As certbot does: new files take the names of the old ones."""
    new = instance.folder / "new"
    new.mkdir()
    make_certificate(new, "rsa", "rsa", days=90)
    for name in ("rsa.pem", "rsa.key"):
        os.replace(new / name, instance.folder / name)
    instance.ctl("reload", code=OK)


def rotate_key(instance):
    instance.ctl("key", "rotate", code=OK)
    instance.stop()
    instance.start()
    wait_until("the key's rotation", lambda: instance.ctl("status", "--json").json()["store"][
        "key_rotation"]["state"] == "done")
    instance.ctl("key", "rotate", "--finish", code=OK)


def test_a_whole_life(fenced):
    fenced.add_user("zoe")
    password = fenced.add_account("zoe", "1@pbx.test")
    url = fenced.add_phone("zoe", MAC, "--vendor", "linphone")
    assert password in fenced.get_url(url).body.decode()
    renew(fenced)
    fenced.process.send_signal(signal.SIGHUP)
    wait_until("the second reload", lambda: "generation=3" in fenced.log())
    fenced.ctl("import", SAMPLE, code=OK)
    for i in range(20):  # the WAL grows
        fenced.add_user(f"user{i}")
    copy = fenced.folder / "copy.db"
    fenced.ctl("backup", copy, code=OK)
    rotate_key(fenced)
    assert password in fenced.get_url(url).body.decode()
    metrics = subprocess.run(["curl", "-sS", "--unix-socket", fenced.control,
                              "http://localhost/metrics"], capture_output=True, text=True,
                             check=True).stdout
    assert re.search(r"^process_open_fds [1-9]", metrics, re.MULTILINE)
    assert re.search(r"^process_resident_memory_bytes [1-9]", metrics, re.MULTILINE)
    fenced.ctl("db", "check", code=OK)
    fenced.stop()


def test_every_thread_is_fenced_in(fenced):
    fenced.ctl("import", SAMPLE, "--dry-run", code=OK)  # a thread of the pool
    if is_sanitized(programs.AUTOPROVD):
        pytest.skip("no filter with sanitizers")
    folder = f"/proc/{fenced.process.pid}/task"
    for task in os.listdir(folder):
        with open(f"{folder}/{task}/status", encoding="ascii") as file:
            status = file.read()
        assert "\nSeccomp:\t2\n" in status and "\nNoNewPrivs:\t1\n" in status


def test_status_shows_it(fenced):
    assert "landlock=" in fenced.ctl("status", code=OK).out


def test_a_reload_that_names_a_folder_outside_keeps_the_old_configuration(fenced, tmp_path):
    if not has_landlock(fenced.log()):
        pytest.skip("this kernel has no Landlock")
    outside = tmp_path / "outside"
    outside.mkdir()
    fenced.conf.write_text(fenced.conf_text().replace(
        f"custom_templates_directory = '{fenced.folder}/templates'",
        f"custom_templates_directory = '{outside}'"))
    said = fenced.ctl("reload")
    assert said.code != OK
    assert said.err.count("\n") == 1 and str(outside) in said.err and "restart" in said.err
    assert "custom_templates_directory" in said.err
    assert fenced.get("/").status == 404
    fenced.expected_log.append("reload result=failed")
    fenced.stop()
    fenced.start()  # now it is in use


def test_a_certificate_outside_is_named(fenced, tmp_path):
    if not has_landlock(fenced.log()):
        pytest.skip("this kernel has no Landlock")
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("rsa.pem", "rsa.key"):
        shutil.copy(fenced.folder / name, outside)
    fenced.conf.write_text(fenced.conf_text().replace(f"{fenced.folder}/rsa.", f"{outside}/rsa."))
    said = fenced.ctl("reload")
    assert said.code != OK and "certificate_file" in said.err and "restart" in said.err
    fenced.expected_log.append("reload result=failed")


def test_links_lead_where_they_led_at_the_start(make_instance, tmp_path):
    """certbot's live/ holds links to archive/; an admin may keep templates in a repository."""
    instance = make_instance()
    archive = tmp_path / "archive"
    archive.mkdir()
    for number in (1, 2):
        make_certificate(archive, f"rsa{number}", "rsa")
    live = tmp_path / "live"
    live.mkdir()
    for kind in ("pem", "key"):
        (live / f"rsa.{kind}").symlink_to(f"../archive/rsa1.{kind}")
    repository = tmp_path / "repository"
    shutil.copytree(os.path.join(TOP, "conf/templates"), repository)
    (instance.folder / "templates").mkdir()
    (instance.folder / "templates/linphone.xml").symlink_to(repository / "linphone.xml")
    instance.conf.write_text(instance.conf_text().replace(f"{instance.folder}/rsa.", f"{live}/rsa."))
    instance.init()
    instance.start()
    for kind in ("pem", "key"):
        (live / f"rsa.{kind}").unlink()
        (live / f"rsa.{kind}").symlink_to(f"../archive/rsa2.{kind}")
    instance.ctl("reload", code=OK)


def test_it_can_be_switched_off(make_instance):
    instance = make_instance(extra="sandbox = no\n")
    instance.init()
    instance.start()
    assert "sandbox landlock=off seccomp=off" in instance.log()


def test_a_change_of_it_takes_a_restart(fenced):
    fenced.extra = "sandbox = no\n"
    fenced.write_conf()
    said = fenced.ctl("reload")
    assert said.code != OK and "'sandbox' was changed" in said.err
    fenced.expected_log.append("reload result=failed")
    fenced.extra = ""
    fenced.write_conf()
