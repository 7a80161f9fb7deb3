"""`abilityscope compare`: two forms of one model, two models, and what cannot be compared."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.tui.calling import called, document

SMALL = ("--benchmarks", "spatial_reasoning,temporal_reasoning", "--limit", "12")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABILITYSCOPE_CACHE", str(tmp_path / "cache"))


def test_two_forms_of_one_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = ("compare", "--model", "demo", "--dtype", "float32,bfloat16", *SMALL)
    code, out, err = called(capsys, *command, "--out", str(tmp_path / "out"))
    assert code == 0, err
    assert "A  demo (float32)\nB  demo (bfloat16)\n" in out
    assert "lost: items that A has right and B wrong" in " ".join(out.split())
    table = pl.read_parquet(tmp_path / "out" / "comparison.parquet")
    items = pl.read_parquet(tmp_path / "out" / "items.parquet")
    assert sorted(table["benchmark"]) == ["spatial_reasoning", "temporal_reasoning"]
    for row in table.to_dicts():
        of_benchmark = items.filter(benchmark=row["benchmark"])
        assert row["score_a"] == of_benchmark["correct"].mean()
        assert row["score_b"] == of_benchmark["correct_b"].mean()
    code, _, err = called(capsys, *command)
    assert code == 0
    assert "2 runs, 2 of them in the cache" in err
    assert "reading weights" not in err


def test_two_models(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "compare", "--model", "demo", "--with", "phantom", *SMALL)
    assert (found["a"]["model"], found["b"]["model"]) == ("demo", "phantom")
    assert found["a"]["fingerprint"] != found["b"]["fingerprint"]
    assert {row["n"] for row in found["benchmarks"]} == {12}


@pytest.mark.slow
def test_masks_that_profiles_of_both_have_stored(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mask = ("--k", "0.1", "--n-items", "4")
    pair = ("compare", "--model", "demo", "--dtype", "float32,bfloat16", *SMALL, *mask)
    masks = ("--variant", "mlp", "--selection", "random")
    code, out, _ = called(capsys, *pair, "--variant", "mlp")
    assert code == 0
    assert "No mask is stored for both models" in " ".join(out.split())
    cells = {}
    for dtype in ("float32", "bfloat16"):
        asked = (
            "--dtype",
            dtype,
            "--abilities",
            "spatial,recall",
            "--variants",
            "mlp",
            "--selections",
            "random",
        )
        folder = tmp_path / dtype
        code, _, err = called(capsys, "profile", *asked, *SMALL, *mask, "--out", str(folder))
        assert code == 0, err
        for row in pl.read_parquet(folder / "cells.parquet").to_dicts():
            cells[dtype, row["ability"], row["benchmark"]] = row["ais_p"]
    found = document(capsys, *pair, *masks)
    # Masks drawn with one seed are the same weights.
    assert [(one["ability"], one["shared"] / one["weights"]) for one in found["shared_weights"]][:1] == [
        ("analogical_reasoning", 1.0)
    ]
    assert len(found["effects"]) == 4
    for row in found["effects"]:
        place = (row["ability"], row["benchmark"])
        assert (row["effect_a"], row["effect_b"]) == (cells["float32", *place], cells["bfloat16", *place])
        assert row["low"] <= row["difference"] == row["effect_b"] - row["effect_a"] <= row["high"]
    code, out, _ = called(capsys, *pair, *masks)
    assert "of 4 stored for both" in out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--model", "demo"), "A and B are the same: give --with"),
        (("--model", "demo", "--quantization", "none,nf4,fp4"), "names 3: give one, or one for each model"),
        (("--model", "demo", "--dtype", "float32,float8"), "Unknown dtype 'float8'"),
        (("--model", "demo", "--with", "smollm2"), "An embedded model has prompts of its own"),
        (("--model", "demo", "--dtype", "float32,bfloat16", "--benchmarks", "cooking"), "cooking"),
    ],
)
def test_what_cannot_be_compared(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], sentence: str
) -> None:
    code, _, err = called(capsys, "compare", *options)
    assert code == 2
    assert sentence in err
