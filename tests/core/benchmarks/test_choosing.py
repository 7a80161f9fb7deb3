"""What chooses a k is asked by nothing that scores weights or reports what their loss does."""

from __future__ import annotations

import pytest

from core.abilities import ABILITIES, generate_items
from core.abilities.compound import COMPOUND_ITEMS
from core.benchmarks.diagnostic import (
    CHOOSING_ITEMS,
    HELDOUT_ITEMS,
    choosing_benchmark,
    choosing_items,
    probe_benchmark,
)
from core.benchmarks.registry import find_benchmarks
from core.models.spec import Level, ModelSpec
from core.run.specs import EMBEDDED_ITEMS, GPU_ITEMS

SCORED = {"basic": EMBEDDED_ITEMS, "plain": GPU_ITEMS, "standard": GPU_ITEMS}
"""Train items that score each ability where no number is given."""

LEVELS = [
    "basic",
    pytest.param("plain", marks=pytest.mark.slow),
    pytest.param("standard", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("level", LEVELS)
def test_no_item_that_reports_or_scores_asks_the_same(level: Level) -> None:
    for ability in ABILITIES:
        chosen = choosing_items(ability.id, level, SCORED[level], 0)
        assert len(chosen) == CHOOSING_ITEMS
        reporting = generate_items(ability.id, level, "heldout", HELDOUT_ITEMS)
        scoring = generate_items(ability.id, level, "train", SCORED[level])
        others = {(item.context, item.question, item.answer) for item in (*reporting, *scoring)}
        assert not others & {(item.context, item.question, item.answer) for item in chosen}
        assert len({item.id for item in (*chosen, *reporting, *scoring)}) == (
            CHOOSING_ITEMS + HELDOUT_ITEMS + SCORED[level]
        )


def test_no_benchmark_has_more_than_the_reporting_items() -> None:
    diagnostic = find_benchmarks(["diagnostic", "other-form"], style="text")
    assert all(one.n_items <= HELDOUT_ITEMS for one in diagnostic)
    assert COMPOUND_ITEMS <= HELDOUT_ITEMS
    spec, benchmark = ModelSpec(), choosing_benchmark(EMBEDDED_ITEMS, 0)
    chosen = {document.id for document in benchmark.documents(spec, benchmark.n_items)}
    assert len(chosen) == CHOOSING_ITEMS * len(ABILITIES)
    for ability in ABILITIES:
        for one in (*find_benchmarks([ability.id]), probe_benchmark(ability.id, "text", "basic")):
            assert not chosen & {document.id for document in one.documents(spec, one.n_items)}


def test_the_items_are_those_of_each_ability_in_turn() -> None:
    benchmark, spec = choosing_benchmark(EMBEDDED_ITEMS, 0), ModelSpec()
    ids = [document.id for document in benchmark.documents(spec, benchmark.n_items)]
    assert [one.partition("/")[0] for one in ids] == [
        ability.id for ability in ABILITIES for _ in range(CHOOSING_ITEMS)
    ]
    assert benchmark.key_inputs(spec, 200)["level"] == "basic"
    with pytest.raises(ValueError, match="choosing-items"):
        find_benchmarks([benchmark.id])


@pytest.mark.slow
def test_where_those_that_score_leave_too_few_that_is_said() -> None:
    with pytest.raises(ValueError, match="score by fewer"):
        choosing_items("long_term_knowledge", "plain", 4000, 0)
