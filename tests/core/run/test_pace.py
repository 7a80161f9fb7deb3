"""Time left: a worked example, bounds that hold whatever is measured, and a countdown without jumps."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.run.pace import COSTS, REMEMBERED, UNTELLING, Countdown, Kind, Paces

PHASES = st.sampled_from(sorted(COSTS))
KINDS = st.tuples(PHASES, st.sampled_from(["", "one", "two"]))
SPEEDS = st.floats(0.25, 4.0)


def test_a_worked_example() -> None:
    paces = Paces()
    assert paces.seconds({("scoring", "causal"): 10}) is None
    # Ten items of BoolQ took 20 s: 2 s for a cost of 1.
    paces.note(("evaluating", "boolq"), 10, 20.0)
    # Never measured: five times the cost of an evaluated item.
    assert paces.seconds({("scoring", "causal"): 10}) == pytest.approx(10 * 5 * 2.0)
    # Measured: the ten items and the expected one all say 2 s.
    assert paces.seconds({("evaluating", "boolq"): 5}) == pytest.approx(10.0)
    # Another benchmark took 6 s an item, four of them. All together: 44 s for 14.
    paces.note(("evaluating", "gsm8k"), 4, 24.0)
    per_cost = 44 / 14
    of_phase = (44 + per_cost) / 15
    assert paces.seconds({("evaluating", "boolq"): 1}) == pytest.approx((20 + of_phase) / 11)
    assert paces.seconds({("evaluating", "piqa"): 3}) == pytest.approx(3 * of_phase)
    both = {("evaluating", "boolq"): 1, ("evaluating", "piqa"): 3}
    assert paces.seconds(both) == pytest.approx((20 + of_phase) / 11 + 3 * of_phase)


def test_a_tokenizer_that_wakes_up_says_nothing_of_what_the_model_takes() -> None:
    paces, left = Paces(), {("evaluating", "boolq"): 1000, ("scoring", "causal"): 60}
    paces.note(("preparing", "boolq"), 200, 4.0)
    assert paces.seconds(left) is None
    paces.note(("evaluating", "boolq"), 10, 1.0)
    assert paces.seconds(left) == pytest.approx(1000 * 0.1 + 60 * 5 * 0.1)


@given(
    measured=st.lists(st.tuples(KINDS, st.floats(0.01, 100.0), SPEEDS), min_size=1, max_size=80),
    left=st.dictionaries(KINDS, st.integers(0, 1000), min_size=1),
)
def test_an_estimate_lies_between_the_fastest_and_the_slowest_that_was_measured(
    measured: list[tuple[Kind, float, float]], left: dict[Kind, int]
) -> None:
    paces = Paces()
    for kind, units, speed in measured:
        paces.note(kind, units, units * COSTS[kind[0]] * speed)
    if all(phase in UNTELLING for (phase, _), _, _ in measured):
        assert paces.seconds(left) is None
        return
    cost = math.fsum(COSTS[phase] * units for (phase, _), units in left.items())
    speeds = [speed for _, _, speed in measured]
    found = paces.seconds(left)
    assert found is not None
    assert cost * min(speeds) * (1 - 1e-9) <= found <= cost * max(speeds) * (1 + 1e-9)


def test_a_machine_that_slows_down_is_noticed() -> None:
    paces, kind = Paces(), ("evaluating", "boolq")
    for seconds in [*[1.0] * 1000, *[3.0] * REMEMBERED]:
        paces.note(kind, 1, seconds)
    assert paces.seconds({kind: 100}) == pytest.approx(300.0)


@given(
    plan=st.lists(st.tuples(KINDS, st.integers(1, 40)), min_size=1, max_size=6),
    pace=st.dictionaries(KINDS, st.floats(0.01, 5.0)),
)
def test_of_steady_work_the_time_left_is_found_and_shrinks(
    plan: list[tuple[Kind, int]], pace: dict[Kind, float]
) -> None:
    """Every kind takes its own constant time; when all were measured, the estimate is theirs."""
    paces = Paces()
    paces.note(("evaluating", "before"), 1e6, 1e6)
    kinds = {kind for kind, _ in plan}
    for kind in kinds:
        paces.note(kind, 1e6, 1e6 * pace.get(kind, 1.0))
    left: dict[Kind, int] = dict.fromkeys(kinds, 0)
    for kind, units in plan:
        left[kind] += units
    before = math.inf
    for kind, units in plan:
        for _ in range(units):
            estimate = paces.seconds(left)
            truth = math.fsum(pace.get(one, 1.0) * units for one, units in left.items())
            assert estimate == pytest.approx(truth, rel=1e-3, abs=1e-3)
            assert estimate < before
            before = estimate
            left[kind] -= 1


@given(
    estimates=st.lists(st.tuples(st.floats(0.01, 60.0), st.floats(0.0, 10_000.0)), min_size=1, max_size=60)
)
def test_a_countdown_stays_between_what_it_showed_and_what_is_estimated(
    estimates: list[tuple[float, float]],
) -> None:
    countdown, now = Countdown(), 0.0
    shown = countdown.at(now, 100.0)
    assert shown == 100.0
    for passed, estimate in estimates:
        now += passed
        expected, shown = max(0.0, shown - passed), countdown.at(now, estimate)
        assert shown is not None
        assert min(expected, estimate) - 1e-6 <= shown <= max(expected, estimate) + 1e-6
    assert countdown.at(now, None) is None


def test_a_countdown_takes_a_new_estimate_in_slowly_and_then_wholly() -> None:
    countdown = Countdown()
    countdown.at(0.0, 600.0)
    at_once = countdown.at(1.0, 300.0)
    assert at_once is not None
    assert at_once > 560.0
    late = None
    for second in range(2, 100):
        late = countdown.at(float(second), 300.0 - second)
    assert late == pytest.approx(300.0 - 99, rel=0.1)
