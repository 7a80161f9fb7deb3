"""`profile` and `bench` say what their figures are worth: seeds, guards, generation quality."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cache.folder import Store
from core.analysis.statistics.intervals import paired_bootstrap
from tests.tui.calling import called, document

WORDS = (
    "bench", "--benchmark", "spatial_reasoning", "--ability", "spatial_reasoning", "--variant", "all",
    "--selection", "random", "--n-items", "20", "--limit", "40",
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path_factory.getbasetemp() / "statistics-commands-cache"
    monkeypatch.setenv("ABILITYSCOPE_CACHE", str(root))
    return root


@pytest.mark.parametrize("seed", [0, 5])
def test_the_seed_of_bench_is_its_bootstraps_too(
    capsys: pytest.CaptureFixture[str], own_cache: Path, seed: int
) -> None:
    found = document(capsys, *WORDS, "--k", "0.3", "--seed", str(seed))
    outcomes = Store(own_cache).outcomes
    base = next(
        frame
        for key in outcomes.entries.stored_keys()
        if (manifest := outcomes.entries.read_manifest(key)) and manifest.key_inputs["ablated"] == "base"
        and (frame := outcomes.load(key)) is not None
    )  # fmt: skip
    ablated = np.array([outcome["correct"] for outcome in found["outcomes"]])
    truth = paired_bootstrap(base["correct"].to_numpy(), ablated[None], 0.25, seed=seed)
    assert (found["effect"]["ais_low"], found["effect"]["ais_high"]) == (truth.low[0], truth.high[0])
    others = [
        paired_bootstrap(base["correct"].to_numpy(), ablated[None], 0.25, seed=other) for other in range(9)
    ]
    assert len({(one.low[0], one.high[0]) for one in others}) > 1  # else any seed would do


def test_bench_says_what_so_few_items_show_and_whether_the_model_can_write(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = document(capsys, *WORDS, "--k", "0.6")
    code, out, err = called(capsys, *WORDS, "--k", "0.6")
    assert code == 0, err
    assert found["effect"]["at_chance"]
    assert "at chance: a mask that does this to every benchmark says nothing" in out
    effect = found["effect"]
    assert f"AIS_p     {effect['ais_p']:.2f} [{effect['ais_p_low']:.2f}, {effect['ais_p_high']:.2f}]" in out
    assert f"p(right) {effect['base_p_right']:.3f} to {effect['p_right']:.3f}" in out
    assert f"minimum detectable AIS with n 40: {found['effect']['detectable_ais']:.2f} (80 % power)" in out
    assert f"of {found['generation_quality']['answers']} answers" in out
    assert "quality   perplexity on neutral text x" in out
    assert found["generation_quality"]["perplexity"] > 5 * found["generation_quality"]["base_perplexity"]
    assert max(map(len, out.splitlines())) <= 80
    intact = document(capsys, "bench", "--benchmark", "spatial_reasoning", "--limit", "40")
    assert intact["generation_quality"] is None


def test_random_seeds_are_counted_before_and_make_the_empirical_p(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = (
        "profile", "--abilities", "spatial_reasoning", "--variants", "all", "--k", "0.03", "--n-items", "20",
        "--benchmarks", "spatial_reasoning", "--limit", "40", "--out", str(tmp_path), "--random-seeds", "3",
    )  # fmt: skip
    code, out, err = called(capsys, *words, "--selections", "top,random", "--cells", "ais")
    assert code == 0, err
    lines = err.splitlines()
    assert lines[0] == (
        "4 masks and the intact model on 1 benchmark: 5 runs, 3 of them random controls, 3 for each "
        "ability, variant and k."
    )
    cells = pl.read_parquet(tmp_path / "cells.parquet")
    random = cells.filter(selection="random")["ais"].to_list()
    (top,) = cells.filter(selection="top").to_dicts()
    assert len(random) == 3
    assert top["empirical_p"] == (1 + sum(ais >= top["ais"] for ais in random)) / 4
    assert "Empirical p is from 3 random masks a cell: --random-seeds 19 can show .05." in out
    code, _, err = called(capsys, *words, "--selections", "top")
    assert code == 2
    assert "'random' is not among the selections" in err


def test_the_scope_is_said_wherever_masks_are(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = (
        "profile", "--abilities", "spatial_reasoning", "--variants", "all", "--k", "0.03", "--n-items", "20",
        "--benchmarks", "spatial_reasoning", "--limit", "40", "--out", str(tmp_path), "--random-seeds", "2",
        "--selections", "top,random", "--scope", "units",
    )  # fmt: skip
    code, out, err = called(capsys, *words)
    assert code == 0, err
    assert "runs, 2 of them random controls, 2 for each" in err
    assert "AIS_p · all · top · k 0.03 · scope units · " in " ".join(out.split())
    cells = pl.read_parquet(tmp_path / "cells.parquet")
    assert set(cells["scope"]) == {"units"}
    (top,) = cells.filter(selection="top").to_dicts()
    assert top["random_masks"] == 2
    assert json.loads((tmp_path / "profile.json").read_text())["scope"] == "units"


def test_importance_generate_and_overlap_take_a_scope(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("--scope", "units", "--n-items", "4", "--cache-dir", str(tmp_path), "--k", "0.03")
    found = document(capsys, "importance", "--ability", "spatial_reasoning", *words)
    assert found["scope"] == "units"
    written = document(
        capsys, "generate", "Six plus two is", "--ability", "spatial_reasoning", "--variants", "all",
        "--selection", "top", "--max-new-tokens", "2", *words,
    )  # fmt: skip
    assert written["answers"][0]["mask"]["scope"] == "units"
    overlap = document(capsys, "overlap", "--selection", "random", *words)
    assert overlap["scope"] == "units"
    code, out, err = called(capsys, "overlap", "--selection", "random", *words)
    assert code == 0, err
    assert out.startswith("mlp · random · k 0.03 · scope units · ")
