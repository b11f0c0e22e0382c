"""Alarms as an admin meets them: in the log, in the list and in status, until they are closed."""

from instance import OK, make_certificate, wait_until


def open_alarms(instance):
    return instance.ctl("alarm", "list", "--json", code=OK).json()


def nearly_ended(make_instance):
    instance = make_instance()
    trusted = [make_certificate(instance.folder, name, name, days=7)[0].read_bytes()
               for name in ("rsa", "ecdsa")]
    (instance.folder / "ca.pem").write_bytes(b"".join(trusted))
    instance.expected_log.append("alarm alarm=1 kind=certificate_end subject=phones ")
    instance.init()
    instance.start()
    return instance


def test_an_alarm_stays_until_somebody_closes_it(make_instance):
    instance = nearly_ended(make_instance)
    (alarm,) = wait_until("the alarm", lambda: open_alarms(instance))
    assert (alarm["kind"], alarm["subject"], alarm["count"]) == ("certificate_end", "phones", 1)
    assert alarm["detail"] in ("ends in 6 days", "ends in 7 days")
    assert "certificate_end 1; look: autoprovctl alarm list" in instance.ctl("status", code=OK).out

    instance.ctl("reload", code=OK)  # looks again, but said so within the last minute
    assert open_alarms(instance)[0]["count"] == 1
    said = instance.ctl("alarm", "ack", alarm["seq"], code=OK).out
    assert "alarm 1 (certificate_end, phones) is closed" in said
    assert open_alarms(instance) == []
    assert "Alarms:         none" in instance.ctl("status", code=OK).out
    (closed,) = instance.ctl("alarm", "list", "--all", "--json", code=OK).json()
    assert closed["closed_by"] and closed["closed_at"] >= closed["raised_at"]
    again = instance.ctl("alarm", "ack", alarm["seq"])
    assert again.code == 4 and "closed already" in again.err, again

    rows = instance.ctl("audit", "list", "--json", code=OK).json()
    assert [row["object"] for row in rows if row["action"] == "alarm.ack"] == ["alarm=1"]


def test_the_end_of_its_cause_closes_it(make_instance):
    instance = nearly_ended(make_instance)
    wait_until("the alarm", lambda: open_alarms(instance))
    for name in ("rsa", "ecdsa"):
        make_certificate(instance.folder, name, name, days=60)
    instance.ctl("reload", code=OK)
    wait_until("its end", lambda: not open_alarms(instance))
    (closed,) = instance.ctl("alarm", "list", "--all", "--json", code=OK).json()
    assert closed["closed_by"] == "" and closed["closed_at"] > 0


def test_what_is_no_alarm_is_not_found(instance):
    for number in ("7", "none"):
        result = instance.ctl("alarm", "show", number)
        assert result.code == 3 and f"there is no alarm '{number}'" in result.err, result
