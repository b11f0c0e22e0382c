"""A command that hangs is ended after half a minute, and the next order is taken."""

from instance import FAILED, OK
from test_notifier import MAC, THIRD, house, notifier  # noqa: F401


def test_a_command_that_hangs_is_ended(house):  # noqa: F811
    notifier(house, f"'{house.command}'")
    result = house.ctl("phone", "resync", THIRD, code=FAILED)
    assert "failed" in result.err
    house.ctl("phone", "resync", MAC, code=OK)
