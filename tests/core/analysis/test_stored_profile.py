"""What is stored of a matrix, as a profile: the whole part, with the cells of the same plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from cache.folder import Store
from core.analysis.profile import NOTHING, profile_of, stored_profile, whole_part
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.experiment import Experiment
from core.run.plan import Plan
from core.run.specs import ImportanceSpec, MaskSpec
from core.run.storing import ensure_items

A, B = "spatial_reasoning", "temporal_reasoning"
ITEMS, SCORED = 12, 4


@pytest.mark.parametrize(
    ("stored", "rows", "columns"),
    [
        ({}, "", ""),
        ({"ax": 1, "ay": 1, "bx": 1, "by": 1}, "ab", "xy"),
        ({"ax": 1, "ay": 1, "bx": 1, "by": 0}, "a", "xy"),
        ({"ax": 1, "ay": 0, "bx": 1, "by": 0, "cx": 1, "cy": 0}, "abc", "x"),
        ({"ax": 0, "ay": 0, "bx": 0, "by": 0}, "", "xy"),
    ],
)
def test_what_lacks_most_is_left_out_first(stored: dict[str, int], rows: str, columns: str) -> None:
    found = whole_part({(name[0], name[1]): bool(is_stored) for name, is_stored in stored.items()})
    assert found == (list(rows), list(columns))


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """One ability on two benchmarks with two random masks, and another one on the first."""
    store = Store(tmp_path_factory.mktemp("cache"))
    made = Experiment(ModelSpec(device="cpu"), store, ImportanceSpec(n_items=SCORED))
    store_answers(made, PLAN, None, *PLAN.masks())
    store_answers(made, replace(PLAN, benchmarks=PLAN.benchmarks[:1]), MaskSpec(B, "mlp", "top", 0.03))
    return made


PLAN = Plan((A,), ("mlp",), ("top", "random"), (0.03,), find_benchmarks([A, B]), ITEMS, random_seeds=2)
"""What is stored whole."""


def store_answers(experiment: Experiment, plan: Plan, *masks: MaskSpec | None) -> None:
    """Stores made-up answers of each mask."""
    for mask in masks:
        for request in plan.requests(experiment, mask):
            items = pl.read_parquet(ensure_items(experiment, request.benchmark, ITEMS))
            gold = items["gold"].to_numpy()
            values = np.random.default_rng(int(request.key[:8], 16)).normal(0, 1, (ITEMS, 4))
            values[np.arange(ITEMS), gold] += 2.0
            chosen = values.argmax(axis=1)
            columns = {"item_id": items["item_id"].to_list(), "loglikelihoods": values.tolist()}
            columns |= {"gold": gold.tolist(), "prediction": chosen.tolist()}
            columns["correct"] = columns["correct_norm"] = (chosen == gold).tolist()
            experiment.store.outcomes.save(request.key, request.key_inputs, columns)


def test_it_is_the_profile_of_what_is_whole(experiment: Experiment) -> None:
    stored = experiment.store.outcomes
    frames = {
        mask: [stored.load(request.key) for request in PLAN.requests(experiment, mask)]
        for mask in (None, *PLAN.masks())
    }
    expected = profile_of(PLAN, experiment, frames)  # type: ignore[arg-type]
    asked = MaskSpec(B, "mlp", "top", 0.03, n_items=SCORED)  # the number of the lens, not of the experiment
    other = Experiment(experiment.spec, experiment.store)
    found, scored = stored_profile(other, asked, find_benchmarks(["diagnostic"]), ITEMS, (0.01,))
    assert scored.importance == experiment.importance
    assert found.plan == PLAN
    assert found.cells.equals(expected.cells)
    assert found.outcomes.equals(expected.outcomes)


def test_nothing_stored_is_said(experiment: Experiment) -> None:
    with pytest.raises(ValueError, match=NOTHING[:30]):
        stored_profile(experiment, MaskSpec(A, "all", "top", 0.03), find_benchmarks([A]))
