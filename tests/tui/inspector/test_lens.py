from __future__ import annotations

import pytest

from core.models.spec import ModelSpec
from core.run.specs import MaskSpec
from tui.inspector.lens import DEMO_GRID, Lens, k_grid, next_k, parse_scored
from tui.inspector.look.text import in_sight, own_words
from tui.numbers import k_text


def test_the_first_lens_looks_at_the_ability_of_the_benchmark() -> None:
    lens = Lens.first(ModelSpec(), "spatial_reasoning")
    assert lens.mask == MaskSpec("spatial_reasoning", "mlp", "max_minus_shared", 0.01)
    assert lens.control == MaskSpec("spatial_reasoning", "mlp", "random", 0.01)


def test_a_real_model_begins_with_a_smaller_k() -> None:
    lens = Lens.first(ModelSpec("owner/model"), "arc_easy")
    assert (lens.selection, lens.k) == ("max_minus_shared", 1e-4)


def test_base_has_neither_mask_nor_control() -> None:
    lens = Lens("spatial_reasoning", "base", "top", 0.01, "spatial_reasoning")
    assert lens.mask is None
    assert lens.control is None


def test_the_number_of_scoring_items_is_part_of_the_mask_but_not_of_its_random_control() -> None:
    lens = Lens("spatial_reasoning", "mlp", "top", 0.01, "spatial_reasoning", n_items=50)
    assert lens.mask == MaskSpec("spatial_reasoning", "mlp", "top", 0.01, n_items=50)
    assert lens.control == MaskSpec("spatial_reasoning", "mlp", "random", 0.01)


def test_two_items_are_the_fewest_that_score_weights() -> None:
    assert parse_scored("2") == 2
    for text in ("1", "all", "many"):
        with pytest.raises(ValueError, match="write"):
            parse_scored(text)


def test_a_random_mask_is_its_own_control() -> None:
    assert Lens("spatial_reasoning", "mlp", "random", 0.01, "spatial_reasoning").control is None


@pytest.mark.parametrize(
    ("k", "step", "expected"),
    [
        (0.01, 1, 0.03),
        (0.01, -1, 0.003),
        (0.02, 1, 0.03),
        (0.02, -1, 0.01),
        (0.1, 1, 0.1),
        (0.001, -1, 0.001),
    ],
)
def test_k_steps_along_the_grid_from_wherever_it_is(k: float, step: int, expected: float) -> None:
    assert next_k(k, DEMO_GRID, step) == expected


def test_the_grid_of_a_real_model_has_the_papers_values_and_some_below() -> None:
    assert {1e-7, 1e-6, 1e-5, 1.024e-2} <= set(k_grid(ModelSpec("owner/model")))


@pytest.mark.parametrize(("k", "text"), [(0.03, "3 %"), (0.00064, "0.064 %"), (1e-5, "0.001 %")])
def test_k_reads_as_a_percentage(k: float, text: str) -> None:
    assert k_text(k) == text


def test_the_row_of_k_shows_those_around_the_chosen_one() -> None:
    lengths = [len(k_text(k)) for k in k_grid(ModelSpec("owner/model"))]
    for chosen in range(len(lengths)):
        shown = in_sight(lengths, chosen, 30)
        assert chosen in shown
        assert sum(lengths[place] for place in shown) <= 30
        assert len(shown) > 2
    assert in_sight(lengths, 3, 1000) == range(len(lengths))
    assert in_sight([50], 0, 30) == range(1)


def test_options_are_told_by_what_they_do_not_share() -> None:
    options = ("Lion goes with cub", "Lion goes with calf", "Lion goes with a cub")
    assert [own_words(options, index) for index in range(3)] == ["cub", "calf", "a cub"]
    assert own_words(("north", "northeast"), 1) == "northeast"
    assert own_words(("the same ", "the same "), 0) == "the same"
