from __future__ import annotations

import random

import pytest
from scipy.stats import binomtest

from core.diagnosis import ChoiceDiagnosis, diagnose_choice, length_preference, position_preference


def chosen(base: int, ablated: int, gold: int = 0) -> ChoiceDiagnosis:
    return ChoiceDiagnosis(gold, base, ablated, 1.0, 1.0)


def test_margins_and_the_distractor_that_won() -> None:
    found = diagnose_choice(1, (-4.0, -1.0, -3.5), (-2.0, -5.0, -2.5))
    assert (found.base_margin, found.margin) == (2.5, -3.0)
    assert (found.winner, found.is_flip) == (0, True)
    assert found.sentence(["red", "blue", "green"]) == (
        "Now prefers “red” to the right option: margin +2.5 → -3.0 nats."
    )


def test_an_answer_that_stays_right_or_wrong() -> None:
    right = diagnose_choice(0, (-1.0, -3.0), (-1.5, -2.0))
    assert right.sentence(["a", "b"]) == "Prefers the right option: margin +2.0 → +0.5 nats."
    wrong = diagnose_choice(0, (-3.0, -1.0), (-5.0, -1.0))
    assert wrong.sentence(["a", "b"]).startswith("Prefers “b” to the right option, as base does:")


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


def test_a_model_that_now_prefers_one_position_is_found_out() -> None:
    items = [chosen(place % 4, 2 if place % 3 else place % 4) for place in range(120)]
    found = position_preference(items)
    assert found.holds
    assert (found.n, found.base_shares, found.shares[2]) == (120, (0.25, 0.25, 0.25, 0.25), 0.75)
    assert found.shift == pytest.approx(0.5)
    assert found.sentence() == "Prefers option C: 75 % of its answers, 25 % of base's (n 120, p 0.0001)."


def test_errors_at_random_are_no_preference() -> None:
    rng = random.Random(0)
    found = position_preference([chosen(rng.randrange(4), rng.randrange(4)) for _ in range(200)])
    assert not found.holds
    assert found.sentence().startswith("Prefers no position more than base does (shift ")
    same = position_preference([chosen(place % 4, place % 4) for place in range(50)])
    assert (same.shift, same.p_value) == (0.0, 1.0)


def test_of_two_positions_the_test_is_the_exact_sign_test() -> None:
    items = [chosen(0, 1)] * 15 + [chosen(1, 0)] * 5 + [chosen(0, 0)] * 30
    assert position_preference(items).p_value == pytest.approx(binomtest(15, 20).pvalue, abs=0.01)


def test_a_model_that_now_prefers_long_options_is_found_out() -> None:
    lengths = [(3, 5, 7, 9)] * 80 + [(4, 4, 4, 4)] * 20
    found = length_preference([chosen(place % 4, 3) for place in range(100)], lengths)
    assert found is not None
    assert (found.n, found.base_rank, found.rank, found.holds) == (80, pytest.approx(0.5), 1.0, True)
    assert found.sentence().startswith(
        "Prefers longer options (mean rank of length 1.00, base 0.50, n 80, p "
    )


def test_options_of_one_length_say_nothing_about_lengths() -> None:
    assert length_preference([chosen(0, 1)], [(4, 4)]) is None


def test_preferences_need_items() -> None:
    with pytest.raises(ValueError, match="no items"):
        position_preference([])
