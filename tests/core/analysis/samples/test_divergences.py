from __future__ import annotations

import pytest

from core.run.divergences import divergence_of
from core.run.events import TokenDivergence
from tui.failure_words import divergence_text, probability_text

ROW = {
    "item_id": "a",
    "index": 4,
    "base_token": " 12",
    "ablated_token": " 7",
    "base_p_base": 0.91,
    "base_p_ablated": 0.02,
    "ablated_p_base": 0.04,
    "ablated_p_ablated": 0.88,
    "base_logprobs": [-0.1],
    "ablated_logprobs": [-4.0],
}


def test_a_divergence_says_what_both_models_write_and_how_sure_either_is() -> None:
    found = divergence_of(ROW)
    assert found == TokenDivergence(4, " 12", " 7", (0.91, 0.02), (0.04, 0.88))
    assert divergence_text(found) == (
        "Parts at token 5: base writes “ 12” (p 0.91; ablated 0.04), ablated “ 7” (p 0.88; base 0.02)."
    )
    assert divergence_of({**ROW, "index": None}) is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"base_token": None},
            "base ends (p 0.91; ablated 0.04), ablated writes “ 7” (p 0.88; base 0.02).",
        ),
        (
            {"ablated_token": None},
            "base writes “ 12” (p 0.91; ablated 0.04), ablated ends (p 0.88; base 0.02).",
        ),
        (
            {"ablated_token": None, "base_p_ablated": None, "ablated_p_ablated": None},
            "base writes “ 12” (p 0.91; ablated 0.04), ablated has ended.",
        ),
        (
            {"ablated_p_base": None, "ablated_p_ablated": None},
            "base writes “ 12” (p 0.91), ablated “ 7” (base 0.02).",
        ),
    ],
)
def test_an_end_and_what_is_unknown_are_said(changes: dict[str, object], sentence: str) -> None:
    found = divergence_of({**ROW, **changes})
    assert found is not None
    assert divergence_text(found) == f"Parts at token 5: {sentence}"


def test_what_is_nearly_certain_is_not_said_to_be_certain() -> None:
    values = (0.0, 1e-9, 0.0049, 0.005, 0.5, 0.994, 0.995, 0.9999, 1.0)
    texts = ("0.00", "<0.01", "<0.01", "0.01", "0.50", "0.99", ">0.99", ">0.99", "1.00")
    assert tuple(map(probability_text, values)) == texts
