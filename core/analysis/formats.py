"""Transfer of format: what a mask does in the prompt form that it was scored in, and in the other one.

A mask that only hurts one form is about the format, not about the ability. No torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from core.analysis.statistics.intervals import Answered, paired_difference
from core.models.spec import FORM

MASK = ("ability", "variant", "selection", "k", "seed")
"""The columns that name a mask."""

Answers = Callable[[dict[str, Any]], pl.DataFrame]
"""Gives the items of a cell: `item_id`, the `score` under its mask, and the intact model's, `base`."""

FIGURES = ("ais", "ais_low", "ais_high", "n")


def transfer_of_format(cells: pl.DataFrame, answers: Answers, seed: int = 0) -> list[dict[str, Any]]:
    """Each mask on its own ability's benchmark in both forms, as far as a profile has both; plain values.

    `ais` is of the model's own form, `other_ais` of the other one, both with their intervals; `difference` is
    the first minus the second, `difference_low` and `difference_high` its 95 % interval over the same items;
    None where one is not defined, and `reason` says why.

    Args:
        cells: `Profile.cells`.
        answers: `Profile.answers`.
        seed: random seed of the bootstrap.
    """
    own = {_mask_of(cell): cell for cell in cells.to_dicts() if cell["benchmark"] == cell["ability"]}
    rows = []
    for other in cells.filter(pl.col("benchmark").str.contains(FORM, literal=True)).to_dicts():
        ability, _, form = other["benchmark"].partition(FORM)
        cell = own.get(_mask_of(other))
        if ability == other["ability"] and cell is not None:
            has_both = cell["defined"] and other["defined"]
            low, high = _ends(cell, other, answers, seed) if has_both else (None, None)
            figures = _figures(cell, other) | {"difference_low": low, "difference_high": high}
            rows.append({**_names(cell, form), **figures})
    return rows


def _mask_of(cell: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(cell[name] for name in MASK)


def _ends(cell: dict[str, Any], other: dict[str, Any], answers: Answers, seed: int) -> tuple[float, float]:
    """The 95 % interval of the difference of two cells, over the items that both have."""
    first, second = answers(cell), answers(other)
    both = first.join(second, on="item_id", how="inner", suffix="_other", maintain_order="left")
    base, ablated, base_other, ablated_other = (
        both[name].cast(pl.Float64).to_numpy() for name in ("base", "score", "base_other", "score_other")
    )
    return paired_difference(
        Answered(base, ablated, cell["chance"]),
        Answered(base_other, ablated_other, other["chance"]),
        seed=seed,
    )


def _names(cell: dict[str, Any], form: str) -> dict[str, Any]:
    names = {name: cell[name] for name in MASK}
    return {**names, "prompt": cell["prompt"], "other_prompt": form, "shown": cell["shown"]}


def _figures(cell: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    figures = {name: cell[name] for name in FIGURES}
    figures |= {f"other_{name}": other[name] for name in FIGURES}
    both = cell["defined"] and other["defined"]
    return {
        **figures,
        "difference": cell["ais"] - other["ais"] if both else None,
        "reason": "" if both else cell["reason"] or other["reason"],
    }
