"""Transfer of format: what a mask does in the prompt form that it was scored in, and in the other one.

A mask that only hurts one form is about the format, not about the ability. No torch.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from core.models.spec import FORM

FIGURES = ("ais", "ais_low", "ais_high", "n")


def transfer_of_format(cells: pl.DataFrame) -> list[dict[str, Any]]:
    """Each mask on its own ability's benchmark in both forms, as far as a profile has both; plain values.

    `ais` is of the model's own form, `other_ais` of the other one, both with their intervals; `difference` is
    the first minus the second; None where one is not defined, and `reason` says why.

    Args:
        cells: `Profile.cells`.
    """
    own = {_mask_of(cell): cell for cell in cells.to_dicts() if cell["benchmark"] == cell["ability"]}
    rows = []
    for other in cells.filter(pl.col("benchmark").str.contains(FORM, literal=True)).to_dicts():
        ability, _, form = other["benchmark"].partition(FORM)
        cell = own.get(_mask_of(other))
        if ability == other["ability"] and cell is not None:
            rows.append({**_names(cell, form), **_figures(cell, other)})
    return rows


def _mask_of(cell: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(cell[name] for name in ("ability", "variant", "selection", "k", "seed"))


def _names(cell: dict[str, Any], form: str) -> dict[str, Any]:
    names = {name: cell[name] for name in ("ability", "variant", "selection", "k", "seed")}
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
