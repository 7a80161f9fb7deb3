"""Transfer of format, on a table of cells made by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from core.analysis.profile import MASK, Answers, transfer_of_format

N = 40
A, B = "spatial_reasoning", "temporal_reasoning"


def cell(ability: str, benchmark: str, ais: float | None, selection: str = "top") -> dict[str, Any]:
    seed = 0 if selection == "random" else None
    return {
        **{"ability": ability, "variant": "mlp", "selection": selection, "k": 0.01, "seed": seed},
        **{
            "benchmark": benchmark,
            "prompt": "text",
            "shown": True,
            "n": N,
            "defined": ais is not None,
            "chance": 0.0,
        },
        **{"ais": ais, "ais_low": ais and ais - 0.1, "ais_high": ais and ais + 0.1},
        "reason": "" if ais is not None else "at chance there",
    }


CELLS = [
    cell(A, A, 0.75), cell(A, B, 0.125), cell(A, f"{A}@letters", 0.25), cell(A, f"{B}@letters", 0.5),
    cell(B, A, 0.5), cell(B, B, 0.625), cell(B, f"{A}@letters", 0.5), cell(B, f"{B}@letters", None),
    cell(A, A, 0.0, "random"), cell(A, f"{A}@letters", 0.25, "random"),
]  # fmt: skip


def outcomes_of(cells: list[dict[str, Any]]) -> pl.DataFrame:
    """Outcomes with the AIS of the cells: the intact model has all items right, and chance is 0."""
    rows = []
    for one in cells:
        right = N if one["ais"] is None else round(N * (1 - one["ais"]))
        names = {name: one[name] for name in ("ability", "variant", "selection", "k", "seed", "benchmark")}
        rows += [{**names, "item_id": str(i), "score": float(i < right)} for i in range(N)]
    intact = {"ability": "", "variant": "base", "selection": "", "k": 0.0, "seed": None}
    for benchmark in dict.fromkeys(one["benchmark"] for one in cells):
        rows += [{**intact, "benchmark": benchmark, "item_id": str(i), "score": 1.0} for i in range(N)]
    return pl.DataFrame(rows, infer_schema_length=None).sample(fraction=1, shuffle=True, seed=0)


def answers_of(outcomes: pl.DataFrame) -> Answers:
    """`Profile.answers` of such outcomes."""

    def answers(cell: dict[str, Any]) -> pl.DataFrame:
        here = outcomes.filter(benchmark=cell["benchmark"])
        intact = here.filter(variant="base").select("item_id", base="score")
        is_cells = [pl.col(name).eq_missing(cell[name]) for name in MASK]
        return here.filter(*is_cells).select("item_id", "score").join(intact, on="item_id")

    return answers


def test_own_form_beside_the_other_one() -> None:
    rows = transfer_of_format(pl.DataFrame(CELLS, infer_schema_length=None), answers_of(outcomes_of(CELLS)))
    assert [(row["ability"], row["selection"]) for row in rows] == [(A, "top"), (B, "top"), (A, "random")]
    first, second, control = rows
    assert (first["prompt"], first["other_prompt"]) == ("text", "letters")
    assert (first["ais"], first["other_ais"], first["difference"], first["n"]) == (0.75, 0.25, 0.5, 40)
    assert (first["ais_low"], first["other_ais_high"]) == (0.65, 0.35)
    assert (second["other_ais"], second["difference"], second["reason"]) == (None, None, "at chance there")
    assert control["difference"] == -0.25
    # Of 40 items, 20 are lost in the own form only: their number has a standard deviation of 3.2.
    assert first["difference_low"] == pytest.approx(0.5 - 1.96 * 0.079, abs=0.05)
    assert first["difference_high"] == pytest.approx(0.5 + 1.96 * 0.079, abs=0.05)
    assert control["difference_low"] < -0.25 < control["difference_high"] < 0
    assert (second["difference_low"], second["difference_high"]) == (None, None)


def test_without_the_other_form_there_is_none() -> None:
    assert transfer_of_format(pl.DataFrame(CELLS[:2]), answers_of(outcomes_of(CELLS[:2]))) == []
