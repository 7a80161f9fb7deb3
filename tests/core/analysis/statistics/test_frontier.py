"""Own against others over k, beside worked examples, a bootstrap and a simulation."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.statistics.frontier import Estimate, Point, Values, best_of, chosen_of, point_of
from core.analysis.statistics.scores import Z_95

CHANCE = 0.25
RNG = np.random.default_rng(17)


def test_a_worked_example() -> None:
    # Two abilities with p(right) .75 on two items each: there is .5 to lose.
    intact = np.full((2, 2), 0.75)
    # The first mask takes .5 from one of its own two items: AIS_p .5; from the others nothing. The second
    # takes .25 from both of its own: AIS_p .5; and .1 from one of the first ability's: AIS_p .1.
    ablated = np.array([[[0.25, 0.75], [0.75, 0.75]], [[0.65, 0.75], [0.5, 0.5]]])
    point = point_of(intact, ablated, [0, 1], CHANCE)
    assert point is not None
    assert point.own.value == pytest.approx(0.5)
    assert point.others.value == pytest.approx(0.05)
    assert point.gain.value == pytest.approx(0.45)
    # Effects of the first mask on its own items are 1 and 0, of standard error .5; it is half of own. The
    # second's are both .5, and those on the others' items .2 and 0, of standard error .1, half of others.
    assert (point.own.high - point.own.value) / 1.959964 == pytest.approx(0.25)
    assert (point.others.value - point.others.low) / 1.959964 == pytest.approx(0.05)
    # Both are the first item of the first ability: what they add to own - others is .5 - .1 and 0.
    assert (point.gain.high - point.gain.value) / 1.959964 == pytest.approx(0.2)


def test_one_mask_has_a_row_of_its_own_and_abilities_at_chance_count_nowhere() -> None:
    intact = np.full((3, 4), 0.85)
    intact[2] = CHANCE
    ablated = np.stack([intact[0] - 0.3, intact[1] - 0.06, intact[2] - 0.2])
    point = point_of(intact, ablated[None], [0], CHANCE)
    assert point is not None
    assert (point.own.value, point.others.value) == (pytest.approx(0.5), pytest.approx(0.1))
    assert point.figures()["gain"] == pytest.approx([0.4, 0.4, 0.4])
    assert point_of(intact, ablated[None], [2], CHANCE) is None


def made(abilities: int, items: int, masks: int) -> tuple[Values, Values]:
    """Answers of an intact and several ablated models: their own ability suffers, and a little all others."""
    intact = RNG.beta(4, 2, (abilities, items))
    taken = RNG.uniform(0, 0.3, (masks, abilities, items))
    taken[np.arange(masks), np.arange(masks)] += RNG.uniform(0, 0.8, (masks, items))
    return intact, intact * np.clip(1 - taken, 0, 1)


def test_intervals_are_those_of_a_bootstrap() -> None:
    intact, ablated = made(4, 40, 3)
    point = point_of(intact, ablated, [0, 1, 2], CHANCE)
    assert point is not None
    gains = []
    for _ in range(1000):
        drawn = RNG.integers(40, size=(4, 40))
        some = np.take_along_axis(intact, drawn, 1)
        others = np.take_along_axis(ablated, drawn[None].repeat(3, 0), 2)
        effects = (some - others).mean(2) / (some.mean(1) - CHANCE)
        own = np.trace(effects[:, :3]) / 3
        gains.append(own - (effects.sum() - 3 * own) / 9)
    half = (point.gain.high - point.gain.low) / 2
    assert half == pytest.approx(1.96 * np.std(gains), rel=0.1)
    assert point.gain.value == pytest.approx(np.mean(gains), abs=0.1 * half)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    # p(right) of both abilities is .8 on average; own masks take half of it, the other mask a tenth.
    truth = 0.8 * (0.5 - 0.1) / (0.8 - CHANCE)
    held = 0
    for _ in range(600):
        intact = RNG.beta(8, 2, (2, 20))
        own, other = RNG.beta(2, 2, (2, 20)), RNG.beta(18, 2, (2, 20))
        ablated = np.stack(
            [[intact[0] * own[0], intact[1] * other[1]], [intact[0] * other[0], intact[1] * own[1]]]
        )
        point = point_of(intact, ablated, [0, 1], CHANCE)
        assert point is not None
        held += point.gain.low <= truth <= point.gain.high
    assert 0.92 <= held / 600 <= 0.98


def at(gain: float, error: float) -> Point:
    """A point whose own less others has a standard error."""
    nothing = Estimate(0.0, 0.0, 0.0)
    return Point(nothing, nothing, Estimate(gain, gain - Z_95 * error, gain + Z_95 * error))


def test_the_least_k_within_one_standard_error_of_the_best() -> None:
    # The best is 1.5 with an error of .5: the first from 1.0 on.
    assert chosen_of([at(0.9, 2.0), at(1.01, 0.1), at(1.5, 0.5), at(0.2, 0.1)]) == 1
    assert chosen_of([at(0.9, 2.0), at(1.5, 0.5), at(1.4, 0.5)]) == 1
    assert chosen_of([at(1.0, 0.0), at(1.0, 0.0)]) == 0
    assert best_of([at(0.1, 0.0), at(0.3, 0.0), at(0.3, 0.0)]) == 1
