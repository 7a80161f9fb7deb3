from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import binomtest

from core.analysis.choices import (
    PositionPreference,
    diagnose_choice,
    letter_of,
    moves_of,
    position_preference,
)
from tui.failure_words import choice_text


def test_margins_and_the_distractor_that_won() -> None:
    found = diagnose_choice(1, (-4.0, -1.0, -3.5), (-2.0, -5.0, -2.5))
    assert (found.base_margin, found.margin) == (2.5, -3.0)
    assert (found.winner, found.is_flip) == (0, True)
    assert choice_text(found, ["red", "blue", "green"]) == (
        "Now prefers “red” to the right option: margin +2.5 → -3.0 nats."
    )


def test_an_answer_that_stays_right_or_wrong() -> None:
    right = diagnose_choice(0, (-1.0, -3.0), (-1.5, -2.0))
    assert choice_text(right, ["a", "b"]) == "Prefers the right option: margin +2.0 → +0.5 nats."
    wrong = diagnose_choice(0, (-3.0, -1.0), (-5.0, -1.0))
    assert choice_text(wrong, ["a", "b"]).startswith("Prefers “b” to the right option, as base does:")


@pytest.mark.parametrize(
    ("gold", "base", "ablated"),
    [(0, (-1.0,), (-1.0,)), (2, (-1.0, -2.0), (-1.0, -2.0)), (0, (-1.0, -2.0), (-1.0, -2.0, -3.0))],
)
def test_numbers_that_are_no_item_are_refused(
    gold: int, base: tuple[float, ...], ablated: tuple[float, ...]
) -> None:
    with pytest.raises(ValueError, match="two or more options"):
        diagnose_choice(gold, base, ablated)


def test_a_value_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        diagnose_choice(0, (-1.0, float("nan")), (-1.0, -2.0))


def preference(base: Sequence[int], ablated: Sequence[int], width: int = 4) -> PositionPreference:
    return position_preference(moves_of(np.array(base), np.array(ablated), width))


def test_a_model_that_now_prefers_one_position_is_found_out() -> None:
    gold = [place % 4 for place in range(120)]
    found = preference(gold, [2 if place % 3 else place % 4 for place in range(120)])
    assert found.holds
    assert (found.n, found.base_shares, found.shares[2]) == (120, (0.25, 0.25, 0.25, 0.25), 0.75)
    assert found.shift == pytest.approx(0.5)
    assert found.sentence() == "Prefers option C: 75 % of its answers, 25 % of base's (n 120, p 0.0001)."
    assert found.sentence(("no", "yes", "“perhaps”", "never")).startswith("Prefers option “perhaps”: 75 %")


def test_errors_at_random_are_no_preference() -> None:
    rng = random.Random(0)
    found = preference([rng.randrange(4) for _ in range(200)], [rng.randrange(4) for _ in range(200)])
    assert not found.holds
    same = preference([place % 4 for place in range(50)], [place % 4 for place in range(50)])
    assert (same.shift, same.p_value) == (0.0, 1.0)


def test_of_two_positions_the_test_is_the_exact_sign_test() -> None:
    found = preference([0] * 15 + [1] * 5 + [0] * 30, [1] * 15 + [0] * 5 + [0] * 30, 2)
    assert found.p_value == pytest.approx(binomtest(15, 20).pvalue, abs=0.01)


def test_many_positions_are_tested_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(1)
    base, ablated = ([rng.randrange(26) for _ in range(300)] for _ in range(2))
    whole = preference(base, ablated, 26).p_value
    monkeypatch.setattr("core.analysis.choices.DRAWS", 100_000)
    assert preference(base, ablated, 26).p_value == pytest.approx(whole, abs=0.02)


def test_the_27th_position_has_a_number() -> None:
    assert [letter_of(place) for place in (0, 25, 26)] == ["A", "Z", "27"]


def test_preferences_need_items() -> None:
    with pytest.raises(ValueError, match="no items"):
        position_preference(np.zeros((4, 4), np.int64))
