"""The whole loop on the embedded model: what is computed, what comes from the cache, what is left behind."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cache.folder import Store
from core.analysis.profile import Profile, StoredFrames, write_profile
from core.analysis.rounds import run_profile
from core.analysis.statistics.scores import benjamini_hochberg, mcnemar_exact
from core.analysis.table import summaries
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.events import EntryReplaced, Event, RunFinished, RunsFound
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec

ABILITIES = ("analogical_reasoning", "temporal_reasoning")

PLAN = Plan(
    abilities=ABILITIES,
    variants=("mlp", "all"),
    selections=("top", "random"),
    ks=(0.01, 0.03),
    benchmarks=find_benchmarks(ABILITIES),
    limit=50,
)
IMPORTANCE = ImportanceSpec(n_items=60)
RUNS = 2 + 2 * 2 * 2 * 2 * 2


def new_runner(root: Path, events: list[Event] | None = None) -> Runner:
    emit = (lambda event: None) if events is None else events.append
    return Runner(ModelSpec(), Store(root), IMPORTANCE, emit=emit)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Profile]:
    root = tmp_path_factory.mktemp("cache")
    profile = run_profile(PLAN, new_runner(root))
    assert profile is not None
    return root, profile


def computed(events: list[Event]) -> int:
    return sum(isinstance(event, RunFinished) for event in events)


def weights_hash(runner: Runner) -> str:
    digest = hashlib.sha256()
    for parameter in runner.loaded.model.parameters():
        digest.update(parameter.detach().numpy().tobytes())
    return digest.hexdigest()


def test_a_second_run_computes_nothing_and_loads_no_model(finished: tuple[Path, Profile]) -> None:
    root, profile = finished
    events: list[Event] = []
    runner = new_runner(root, events)
    again = run_profile(PLAN, runner)
    assert again is not None
    assert again.cells.equals(profile.cells)
    assert again.outcomes.equals(profile.outcomes)
    assert events == [RunsFound(total=RUNS, cached=RUNS)]
    assert "loaded" not in vars(runner)


def test_a_profile_larger_than_memory_is_read_as_it_is_needed(
    finished: tuple[Path, Profile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, kept = finished
    monkeypatch.setattr("core.analysis.profile.KEPT_ROWS", RUNS * 50 - 1)
    runner = new_runner(root)
    read = run_profile(PLAN, runner)
    assert read is not None
    for profile, name in ((kept, "kept"), (read, "read")):
        write_profile(profile, runner, tmp_path / name)
    for path in (tmp_path / "kept").iterdir():
        assert path.read_bytes() == (tmp_path / "read" / path.name).read_bytes(), path.name
    written = pl.read_parquet(tmp_path / "read" / "outcomes.parquet")
    assert written.select(kept.outcomes.columns).equals(kept.outcomes)
    elsewhere = StoredFrames(new_runner(tmp_path / "empty"), {None: PLAN.requests(runner, None)})
    with pytest.raises(ValueError, match="has lost a run meanwhile: run this once more"):
        _ = elsewhere[None][0]


def test_cells_follow_from_the_outcomes(finished: tuple[Path, Profile]) -> None:
    _, profile = finished
    names = ["ability", "variant", "selection", "k", "benchmark"]
    by_cell = {
        key: frame["correct"].to_numpy()
        for key, frame in profile.outcomes.group_by(*names, maintain_order=True)
    }
    assert len(profile.cells) == RUNS - 2
    for cell in profile.cells.to_dicts():
        base = by_cell["", "base", "", 0.0, cell["benchmark"]]
        ablated = by_cell[tuple(cell[name] for name in names)]
        assert cell["n"] == 50
        assert cell["ais"] == pytest.approx((base.mean() - ablated.mean()) / (base.mean() - 0.25))
        assert cell["p_value"] == pytest.approx(mcnemar_exact(base, ablated[None])[0])
        assert cell["ais_low"] <= cell["ais"] <= cell["ais_high"]
    matrix = profile.cells.filter(variant="mlp", selection="top", k=0.03)
    assert np.allclose(matrix["q_value"], benjamini_hochberg(matrix["p_value"].to_numpy()))


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(finished: tuple[Path, Profile], tmp_path: Path) -> None:
    events: list[Event] = []
    runner = new_runner(tmp_path, events)
    runner.cancelled = lambda: computed(events) >= 10
    assert run_profile(PLAN, runner) is None
    before = weights_hash(runner)
    resumed: list[Event] = []
    second = new_runner(tmp_path, resumed)
    profile = run_profile(PLAN, second)
    assert computed(events) == 10
    assert computed(resumed) == RUNS - 10
    assert profile is not None
    assert profile.cells.equals(finished[1].cells)
    assert profile.outcomes.equals(finished[1].outcomes)
    assert weights_hash(second) == before == weights_hash(new_runner(tmp_path))


def test_a_damaged_entry_is_reported_and_computed_anew(finished: tuple[Path, Profile]) -> None:
    root, profile = finished
    entry = sorted((root / "outcomes").glob("*.parquet"))[3]
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(content)
    events: list[Event] = []
    again = run_profile(PLAN, new_runner(root, events))
    assert again is not None
    assert again.outcomes.equals(profile.outcomes)
    assert computed(events) == 1
    assert sum(isinstance(event, EntryReplaced) for event in events) == 1


def test_a_smaller_k_is_a_prefix_of_the_stored_ranking(finished: tuple[Path, Profile]) -> None:
    root, _ = finished
    runner = new_runner(root)
    stored = {path.name for path in (root / "rankings").iterdir()}
    small, large = (runner.mask(MaskSpec(ABILITIES[0], "mlp", "top", k)) for k in (0.005, 0.03))
    assert len(small.intersection(large)) == len(small) == int(0.005 * runner.info.parameters)
    assert {path.name for path in (root / "rankings").iterdir()} == stored
    assert not runner.maps.by_ability


def test_what_decides_a_number_is_in_its_key(tmp_path: Path) -> None:
    benchmark = PLAN.benchmarks[0]
    mask = MaskSpec(ABILITIES[0], "mlp", "top", 0.01)

    def key(importance: ImportanceSpec, mask: MaskSpec, n: int = 50) -> str:
        return Runner(ModelSpec(), Store(tmp_path), importance).request(mask, benchmark, n).key

    other_masks = [
        MaskSpec(ABILITIES[1], "mlp", "top", 0.01),
        MaskSpec(ABILITIES[0], "all", "top", 0.01),
        MaskSpec(ABILITIES[0], "mlp", "bottom", 0.01),
        MaskSpec(ABILITIES[0], "mlp", "random", 0.01),
        MaskSpec(ABILITIES[0], "mlp", "random", 0.01, seed=1),
        MaskSpec(ABILITIES[0], "mlp", "top", 0.02),
    ]
    keys = [
        key(IMPORTANCE, mask),
        key(IMPORTANCE, mask, n=51),
        key(ImportanceSpec(60, "full"), mask),
        key(ImportanceSpec(60, "margin", "abs-sum"), mask),
        key(ImportanceSpec(60, seed=1), mask),
        key(ImportanceSpec(61), mask),
        *(key(IMPORTANCE, other) for other in other_masks),
    ]
    assert len(set(keys)) == len(keys)
    assert key(IMPORTANCE, MaskSpec(ABILITIES[0], "mlp", "top", 0.01, seed=5)) == keys[0]


def test_the_folder_can_be_read_back(finished: tuple[Path, Profile], tmp_path: Path) -> None:
    root, profile = finished
    write_profile(profile, new_runner(root), tmp_path / "out")
    assert pl.read_parquet(tmp_path / "out" / "cells.parquet").equals(profile.cells)
    outcomes = pl.read_parquet(tmp_path / "out" / "outcomes.parquet")
    assert len(outcomes) == RUNS * 50
    assert outcomes["prompt"].null_count() == 0
    assert (tmp_path / "out" / "profile.json").read_text().startswith("{")


def test_summaries_count_own_and_others(finished: tuple[Path, Profile]) -> None:
    _, profile = finished
    summary = next(
        s for s in summaries(profile.cells) if (s.variant, s.selection, s.k) == ("mlp", "top", 0.03)
    )
    matrix = profile.cells.filter(variant="mlp", selection="top", k=0.03)
    own = matrix.filter(pl.col("ability") == pl.col("benchmark"))["ais"].mean()
    others = matrix.filter(pl.col("ability") != pl.col("benchmark"))["ais"].mean()
    assert summary.mean_own == pytest.approx(own)
    assert summary.mean_others == pytest.approx(others)
    assert summary.rows == 2


def test_a_k_beyond_the_candidates_is_refused_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"[\d,]+ weights, but the variant 'mlp' has only [\d,]+ candidates"):
        new_runner(tmp_path).mask(MaskSpec(ABILITIES[0], "mlp", "top", 0.99))
