"""A customer with 500 phones and a scanner behind one address."""

import test_throttle


def test_500_of_500_phones_are_served_at_once(make_instance, monkeypatch):
    monkeypatch.setattr(test_throttle, "PHONES", 500)
    test_throttle.test_a_customer_behind_the_address_of_a_scanner_is_served_at_once(make_instance)
