"""Confidence sequences: equal to a plain loop and a hand-worked case, and true under continuous peeking."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from core.analysis.statistics.intervals import (
    BOLDNESS,
    FIRST_VARIANCE,
    Interval,
    Losses,
    anytime_interval,
    anytime_p,
    losses_beyond,
    losses_of,
)

CHANCE = 0.25
ITEMS = 300
Drawn = tuple[NDArray[np.float64], NDArray[np.float64]]


def losses_at_random(seed: int, n: int = 80) -> Losses:
    rng = np.random.default_rng(seed)
    base = rng.beta(4, 2, n)
    return losses_of(base, base * rng.uniform(0.3, 1.1, n).clip(max=1), CHANCE)


def plain_growths(losses: Losses, claim: float) -> tuple[float, float]:
    """The two halves of the capital against one claim, item by item."""
    at_corners = [lost - claim * room for lost, room in losses.corners]
    most_up, most_down = BOLDNESS / max(-min(at_corners), 1e-9), BOLDNESS / max(max(at_corners), 1e-9)
    up = down = 0.5
    grown_up, grown_down = up, down
    total, mean, squares, variance = 0.0, 0.0, FIRST_VARIANCE, FIRST_VARIANCE
    for count, (lost, room) in enumerate(zip(losses.lost, losses.room, strict=True), start=1):
        difference = lost - claim * room
        bet = mean / (variance + mean**2)
        up *= 1 + min(max(bet, 0.0), most_up) * difference
        down *= 1 - min(max(-bet, 0.0), most_down) * difference
        grown_up, grown_down = max(grown_up, up), max(grown_down, down)
        squares += (difference - mean) ** 2
        total += difference
        mean, variance = total / (count + 1), squares / (count + 1)
    return grown_up, grown_down


@pytest.mark.parametrize("seed", range(4))
def test_ends_are_where_a_plain_loop_over_a_fine_grid_puts_them(seed: int) -> None:
    losses = losses_at_random(seed)
    low, high = anytime_interval(losses)
    claims = np.linspace(-1, 2, 1201)
    growths = [plain_growths(losses, claim) for claim in claims]
    kept_above = next(t for t, (up, _) in zip(claims, growths, strict=True) if up < 20)
    kept_below = next(t for t, (_, down) in zip(claims[::-1], growths[::-1], strict=True) if down < 20)
    assert low == pytest.approx(kept_above, abs=0.003)
    assert low < kept_above, "an end is rounded outwards"
    assert high == pytest.approx(kept_below, abs=0.003)
    assert high > kept_below
    assert anytime_p(losses) == pytest.approx(min(1, 1 / max(plain_growths(losses, 0.0))))


def test_three_items_that_lose_everything_by_hand() -> None:
    # Against "nothing is lost", d = 1 each time. Bets: 0; 1/2 / (.525 + 1/4); 2/3 / (1.3/3 + 4/9).
    losses = losses_of(np.ones(3), np.zeros(3), CHANCE)
    grown = (1 + 0.5 / 0.775) * (1 + (2 / 3) / (1.3 / 3 + 4 / 9))
    assert anytime_p(losses) == pytest.approx(2 / grown)
    assert anytime_interval(losses) == (-np.inf, np.inf)


def test_the_interval_never_widens_and_tightens_to_the_truth() -> None:
    losses = losses_at_random(7, n=2000)
    ends = [anytime_interval(losses.first(n)) for n in (10, 50, 200, 800, 2000)]
    lows, highs = zip(*ends, strict=True)
    assert sorted(lows) == list(lows)
    assert sorted(highs, reverse=True) == list(highs)
    truth = losses.lost.mean() / losses.room.mean()
    assert ends[-1].low < truth < ends[-1].high
    assert ends[-1].high - ends[-1].low < 0.15


def test_a_mask_that_loses_nothing_is_below_the_least_effect_after_some_hundred_items() -> None:
    base = np.full(ITEMS, 0.9)
    losses = losses_of(base, base, CHANCE)
    settled = [n for n in range(1, ITEMS, 8) if anytime_interval(losses.first(n)).high < 0.05]
    assert 80 < settled[0] < 150


def skewed(rng: np.random.Generator) -> Drawn:
    base = rng.beta(6, 1, ITEMS)
    return base, base * np.where(rng.random(ITEMS) < 0.1, 0.1, rng.beta(20, 1, ITEMS))


def rare_flips(rng: np.random.Generator) -> Drawn:
    base = np.full(ITEMS, 0.95)
    return base, np.where(rng.random(ITEMS) < 0.02, 0.0, base)


def right_or_wrong(rng: np.random.Generator) -> Drawn:
    base = (rng.random(ITEMS) < 0.7).astype(float)
    return base, np.where(rng.random(ITEMS) < 0.2, (rng.random(ITEMS) < CHANCE).astype(float), base)


def nothing_to_lose(rng: np.random.Generator) -> Drawn:
    base = rng.beta(3, 6, ITEMS)
    return base, (base + rng.normal(0, 0.1, ITEMS)).clip(0, 1)


@pytest.mark.parametrize("draw", [skewed, rare_flips, right_or_wrong, nothing_to_lose])
def test_with_a_look_after_every_item_at_most_a_twentieth_of_intervals_miss(
    draw: Callable[[np.random.Generator], Drawn],
) -> None:
    rng = np.random.default_rng(3)
    many = [draw(rng) for _ in range(1000)]
    base, ablated = (np.concatenate(scores) for scores in zip(*many, strict=True))
    truth = (base.mean() - ablated.mean()) / (base.mean() - CHANCE)
    # An interval has all looks so far in it: where it holds the truth after the last item, it always did.
    intervals = [anytime_interval(losses_of(*pair, CHANCE)) for pair in many[:200]]
    missed = sum(not low <= truth <= high for low, high in intervals)
    assert missed <= 0.05 * len(intervals)


def test_beyond_controls_that_lose_the_same_nothing_is_lost() -> None:
    rng = np.random.default_rng(5)
    base = rng.beta(6, 2, 400)
    ablated = base * rng.uniform(0.2, 0.6, 400)
    same = anytime_interval(losses_beyond(base, ablated, ablated, CHANCE))
    assert same.low < 0 < same.high < 0.1
    assert anytime_interval(losses_beyond(base, ablated, base, CHANCE)).low > 0.2


@pytest.mark.parametrize(
    ("low", "high", "settles"),
    [
        (0.06, 0.9, True),
        (-0.4, 0.04, True),
        (0.04, 0.06, True),
        (0.03, 0.07, False),
        (-np.inf, np.inf, False),
    ],
)
def test_an_interval_settles_above_below_or_when_narrow(low: float, high: float, settles: bool) -> None:
    assert Interval(low, high).settles(0.05) is settles


def test_other_shapes_and_no_items_are_refused() -> None:
    with pytest.raises(ValueError, match="give one or more of both"):
        losses_of(np.zeros(3), np.zeros(2), CHANCE)
    with pytest.raises(ValueError, match="give one or more of both"):
        losses_of(np.zeros(0), np.zeros(0), CHANCE)
