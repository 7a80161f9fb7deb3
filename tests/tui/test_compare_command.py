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
