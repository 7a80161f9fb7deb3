"""What is stored of a matrix, as a profile: the whole part, with the cells of a run of the same plan."""

from __future__ import annotations

import pytest

from cache.folder import Store
from core.analysis.stored_profile import NOTHING, stored_profile, whole_part
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.registry import find_benchmarks
from core.experiment.experiment import Experiment
from core.experiment.plan import Plan
from core.experiment.specs import ImportanceSpec, MaskSpec
from core.models.spec import ModelSpec
from core.runner.runner import Runner
from core.runner.runs import run_profile

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
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One ability on two benchmarks with two random masks, and another one on the first."""
    store = Store(tmp_path_factory.mktemp("cache"))
    runner = Runner(ModelSpec(), store, ImportanceSpec(n_items=SCORED))
    both = find_benchmarks([A, B])
    assert run_profile(plan_of((A,), both, 2), runner) is not None
    assert run_profile(Plan((B,), ("mlp",), ("top",), (0.03,), both[:1], ITEMS), runner) is not None
    return store


def plan_of(abilities: tuple[str, ...], benchmarks: tuple[Benchmark, ...], random_seeds: int) -> Plan:
    return Plan(abilities, ("mlp",), ("top", "random"), (0.03,), benchmarks, ITEMS, random_seeds=random_seeds)


def test_it_is_the_profile_of_a_run(store: Store) -> None:
    scored = ImportanceSpec(n_items=SCORED)
    run = run_profile(plan_of((A,), find_benchmarks([A, B]), 2), Runner(ModelSpec(), store, scored))
    assert run is not None
    asked = MaskSpec(B, "mlp", "top", 0.03, n_items=SCORED)  # the number of the lens, not of the experiment
    benchmarks = find_benchmarks(["diagnostic"])
    found, experiment = stored_profile(Experiment(ModelSpec(), store), asked, benchmarks, ITEMS, (0.01,))
    assert experiment.importance == scored
    assert found.plan == run.plan
    assert found.cells.equals(run.cells)
    assert found.outcomes.equals(run.outcomes)


def test_nothing_stored_is_said(store: Store) -> None:
    with pytest.raises(ValueError, match=NOTHING[:30]):
        stored_profile(Experiment(ModelSpec(), store), MaskSpec(A, "all", "top", 0.03), find_benchmarks([A]))
