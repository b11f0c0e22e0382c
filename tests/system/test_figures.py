"""The figures of tests/bench/refusals.py, scaled down; the whole ones are benchmarks."""

import os
import sys

import pytest

from instance import TOP

sys.path.insert(0, os.path.join(TOP, "tests", "bench"))

import refusals  # noqa: E402

SANITIZED = os.path.basename(os.environ.get("AP_BINARY_DIR", "")) not in ("release", "debug")


@pytest.fixture(autouse=True)
def tools():
    if not os.path.exists(os.path.join(os.environ.get("AP_BINARY_DIR", ""), "tests", "bench", "hold")):
        pytest.skip("the clients of the benchmarks are not built")


def check(rows, but=()):
    """All are within their bounds, but those that a sanitizer or a busy machine decides."""
    for what, seen, bound, ok in rows:
        print(f"{what}: {seen} ({bound})")
        assert ok or any(word in what for word in but), f"{what}: {seen}, not {bound}"


def subject(make_instance, figure):
    instance = make_instance()
    instance.expected_log.append("alarm alarm=[0-9]+ kind=refusal_burst ")
    return refusals.Subject(instance, **refusals.FIGURES[figure][1])


def test_kinds_of_miss_take_the_same_time(make_instance):
    check(refusals.timing(subject(make_instance, "timing"), requests=2000, connections=16))


def test_kinds_of_miss_have_one_answer(make_instance):
    check(refusals.distinct(subject(make_instance, "distinct"), tries=40, connections=16))


def test_a_sweep_of_flat_mode_ends_at_its_budget(make_instance):
    made = subject(make_instance, "sweep")
    made.instance.expected_log += ["flat_paused subject=", "alarm alarm=[0-9]+ kind=flat_budget "]
    check(refusals.sweep(made, macs=2000, phones=40, connections=8))


def test_a_flood_of_guesses_fails_no_visit(make_instance):
    check(refusals.flood(subject(make_instance, "flood"), misses=3000, sources=40, connections=60,
                         rate=400, seconds=60, quiet_s=3), but=("p99",))


def test_half_open_handshakes_fail_no_fetch(make_instance):
    check(refusals.half_open(subject(make_instance, "half_open"), connections=1500, seconds=12),
          but=("memory",) if SANITIZED else ())


def test_the_daemon_recovers_from_running_out_of_descriptors(make_instance):
    made = subject(make_instance, "descriptors")
    check(refusals.descriptors(made, clients=600, limit=200, hold_s=2))
