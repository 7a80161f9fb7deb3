"""Transfer of format, on a table of cells made by hand."""

from __future__ import annotations

from typing import Any

import polars as pl

from core.analysis.formats import transfer_of_format

A, B = "spatial_reasoning", "temporal_reasoning"


def cell(ability: str, benchmark: str, ais: float | None, selection: str = "top") -> dict[str, Any]:
    seed = 0 if selection == "random" else None
    return {
        **{"ability": ability, "variant": "mlp", "selection": selection, "k": 0.01, "seed": seed},
        **{"benchmark": benchmark, "prompt": "text", "shown": True, "n": 40, "defined": ais is not None},
        **{"ais": ais, "ais_low": ais and ais - 0.1, "ais_high": ais and ais + 0.1},
        "reason": "" if ais is not None else "at chance there",
    }


CELLS = [
    cell(A, A, 0.75), cell(A, B, 0.125), cell(A, f"{A}@letters", 0.25), cell(A, f"{B}@letters", 0.5),
    cell(B, A, 0.5), cell(B, B, 0.625), cell(B, f"{A}@letters", 0.5), cell(B, f"{B}@letters", None),
    cell(A, A, 0.0, "random"), cell(A, f"{A}@letters", 0.25, "random"),
]  # fmt: skip


def test_own_form_beside_the_other_one() -> None:
    rows = transfer_of_format(pl.DataFrame(CELLS, infer_schema_length=None))
    assert [(row["ability"], row["selection"]) for row in rows] == [(A, "top"), (B, "top"), (A, "random")]
    first, second, control = rows
    assert (first["prompt"], first["other_prompt"]) == ("text", "letters")
    assert (first["ais"], first["other_ais"], first["difference"], first["n"]) == (0.75, 0.25, 0.5, 40)
    assert (first["ais_low"], first["other_ais_high"]) == (0.65, 0.35)
    assert (second["other_ais"], second["difference"], second["reason"]) == (None, None, "at chance there")
    assert control["difference"] == -0.25


def test_without_the_other_form_there_is_none() -> None:
    assert transfer_of_format(pl.DataFrame(CELLS[:2])) == []
