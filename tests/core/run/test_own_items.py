"""How many of an ability's own items the intact model has right, counted anew by hand."""

from __future__ import annotations

from pathlib import Path

from cache.folder import Store
from core.abilities import Item
from core.analysis.shown import HELDOUT_ITEMS, ScoringItems, own_items
from core.benchmarks.evaluation import evaluate, prepare
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.runner import Runner
from core.run.specs import ImportanceSpec

SPATIAL = "spatial_reasoning"


def test_scored_and_held_out_items_of_the_embedded_model(tmp_path: Path) -> None:
    runner = Runner(ModelSpec(device="cpu"), Store(tmp_path), ImportanceSpec(n_items=30))
    scored, heldout = own_items(runner, SPATIAL)
    assert (scored.n, scored.source, scored.chance) == (30, "scored", 0.25)
    assert (heldout.n, heldout.source) == (HELDOUT_ITEMS, "benchmark")
    (benchmark,) = find_benchmarks([SPATIAL])
    prepared = prepare(runner.loaded, benchmark, HELDOUT_ITEMS)
    outcomes = [one for batch in evaluate(runner.loaded.model, prepared) for one in batch]
    assert heldout.right == sum(outcome.correct for outcome in outcomes)
    assert heldout.is_shown
    ids = {
        document.id for document in ScoringItems(runner.diagnostic_set(SPATIAL)).documents(ModelSpec(), 30)
    }
    assert ids == {item.id for item in runner.diagnostic_set(SPATIAL).items()}
    assert not ids & {outcome.item_id for outcome in outcomes}


def test_custom_items_are_what_is_scored(tmp_path: Path) -> None:
    items = tuple(Item(f"own/{n}", SPATIAL, "own", f"a box {n}", "where", ("in", "out"), 0) for n in range(4))
    runner = Runner(ModelSpec(), Store(tmp_path), custom_items={SPATIAL: items})
    source = ScoringItems(runner.diagnostic_set(SPATIAL))
    assert (source.n_items, source.chance) == (4, 0.5)
    plain = Runner(ModelSpec(), Store(tmp_path))
    other = ScoringItems(plain.diagnostic_set(SPATIAL))
    assert source.key_inputs(ModelSpec(), 4) != other.key_inputs(ModelSpec(), 4)
