"""`--k auto` on the command line: what is tried is told, what was found is used and written down."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.tui.calling import called, document

WORDS = ("--n-items", "20", "--k", "auto")
BENCH = ("bench", "--benchmark", "spatial_reasoning")
ONE = ("--ability", "spatial_reasoning", *WORDS)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABILITYSCOPE_CACHE", str(tmp_path_factory.getbasetemp() / "auto-k-commands-cache"))


@pytest.mark.slow
def test_profile_uses_the_k_that_was_found_for_each_variant(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = (
        "profile", "--abilities", "spatial_reasoning", "--variants", "mlp,all", "--selections", "top,random",
        "--benchmarks", "spatial_reasoning", "--limit", "10", *WORDS,
    )  # fmt: skip
    code, out, err = called(capsys, *words, "--out", str(tmp_path))
    assert code == 0, err
    settings = json.loads((tmp_path / "profile.json").read_text())
    chosen = {found["variant"]: found["k"] for found in settings["auto_k"]}
    cells = pl.read_parquet(tmp_path / "cells.parquet")
    for selection in ("top", "random"):
        rows = cells.filter(selection=selection)
        assert dict(zip(rows["variant"], rows["k"], strict=True)) == chosen
    assert settings["k"] == sorted(set(chosen.values()))
    for found in settings["auto_k"]:
        tried = {one["k"]: one for one in found["tried"]}
        assert tried[found["k"]]["acceptable"]
        assert found["selections"] == ["top"]
        assert f"k auto, {found['variant']} (top): {found['k']:g}" in err
        assert all(f"k auto, {found['variant']}: k {k:g}: " in err for k in tried)
        generation_quality = next(
            one for one in settings["generation_quality"] if one["variant"] == found["variant"]
        )
        assert tried[found["k"]]["masks"][0]["perplexity"] == generation_quality["perplexity"]
        assert tried[found["k"]]["gain"][0] == pytest.approx(
            tried[found["k"]]["own"][0] - tried[found["k"]]["others"][0]
        )
        assert f"k auto · {found['variant']} · top: own against others" in out
    assert "asks 200 choosing items under each of 1 mask at each k of each variant" in err
    assert f"Generation quality at k {chosen['mlp']:g} (mlp), {chosen['all']:g} (all)" in out
    text = " ".join(out.split())
    assert all(f"AIS_p · {variant} · top · k {k:g} ·" in text for variant, k in chosen.items())
    assert document(capsys, *words, "--out", str(tmp_path))["settings"]["auto_k"] == settings["auto_k"]


@pytest.mark.slow
def test_the_other_commands_use_the_same_k(capsys: pytest.CaptureFixture[str]) -> None:
    top = (*ONE, "--selection", "top")
    runner = (*BENCH, "--limit", "5")
    found = document(capsys, *runner, "--variant", "all", *top)
    (auto,) = found["auto_k"]
    assert found["mask"]["k"] == auto["k"]
    assert (
        found["generation_quality"]["perplexity"]
        <= auto["limits"]["times"] * found["generation_quality"]["base_perplexity"]
    )
    where = document(capsys, "importance", "--variant", "all", *ONE)
    assert (where["k"], where["auto_k"]) == (auto["k"], [auto])
    written = document(capsys, "generate", "the topic is gold .", "--variants", "base,all", *top)
    assert written["auto_k"] == [auto]
    assert [one["mask"] and one["mask"]["k"] for one in written["answers"]] == [None, auto["k"]]
    assert document(capsys, *runner, "--variant", "mlp", *ONE[:-1], "0.001")["auto_k"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*BENCH, *ONE, "--selection", "random"), "only random is asked for"),
        ((*BENCH, *ONE[:-1], "often"), "'often' in --k is not a number"),
        (("profile", *WORDS, "--selections", "random,bottom"), "only random, bottom is asked for"),
        (("profile", *WORDS[:-1], "auto,0.01"), "'auto' in --k is not a number"),
        (("generate", "so", *ONE[:-1], "2"), "above 0 and up to 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_for_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    code, _, err = called(capsys, *words)
    assert (code, len(err.splitlines())) == (2, 1)
    assert said in err


@pytest.mark.parametrize("command", ["profile", "bench", "generate", "importance"])
def test_help_says_what_auto_is_and_what_it_costs(capsys: pytest.CaptureFixture[str], command: str) -> None:
    _, out, _ = called(capsys, command, "--help")
    text = " ".join(out.split())
    assert "auto: the k of a grid at which masks take most from their own ability and least from the" in text
    assert (
        "each mask is asked 20 items of every ability that report nothing, at each k up to the first" in text
    )
