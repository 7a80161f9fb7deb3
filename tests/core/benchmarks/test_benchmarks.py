from __future__ import annotations

import pickle

import pytest

from core.abilities import ABILITIES, Item
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.diagnostic import METRICS, ItemSource, heldout_items
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec

IDS = tuple(ability.id for ability in ABILITIES)


def ten_items(n: int) -> tuple[Item, ...]:
    options = ("a", "b")
    return tuple(Item(f"x/{i}", "contextual_recall", "f", "", "q", options, i % 2) for i in range(n))


TOY = Benchmark(
    "toy",
    "toy",
    "nothing",
    "multiple_choice",
    METRICS,
    (0.1, 1.0),
    1,
    ItemSource(ten_items, 10, 0.5, "basic"),
)


@pytest.mark.parametrize("word", ["diagnostic", "all"])
def test_groups_are_the_ten_in_the_order_of_the_abilities(word: str) -> None:
    found = find_benchmarks([word], "basic")
    assert tuple(benchmark.id for benchmark in found) == IDS
    for benchmark in found:
        assert (benchmark.kind, benchmark.metrics[0], benchmark.chance) == ("multiple_choice", "acc", 0.25)
        assert 0 < benchmark.plausible_range[0] < benchmark.chance < benchmark.plausible_range[1] <= 1


def test_words_keep_their_order_and_count_once() -> None:
    found = find_benchmarks([IDS[3], IDS[1], IDS[3], "diagnostic"], "standard")
    assert [benchmark.id for benchmark in found[:2]] == [IDS[3], IDS[1]]
    assert sorted(benchmark.id for benchmark in found) == sorted(IDS)


def test_unknown_words_name_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"Unknown benchmark 'spatial'\. Did you mean spatial_reasoning\?"):
        find_benchmarks(["spatial"], "basic")
    with pytest.raises(ValueError, match="No benchmark is named"):
        find_benchmarks([], "basic")


def test_documents_are_the_first_items_in_the_style_of_the_model() -> None:
    whole = TOY.documents(ModelSpec(), 10)
    assert [document.id for document in whole] == [item.id for item in ten_items(10)]
    assert TOY.documents(ModelSpec(), 3) == whole[:3]
    assert TOY.documents(ModelSpec("a/model"), 3) != whole[:3]


@pytest.mark.parametrize("limit", [0, -1, 11])
def test_limit_is_checked(limit: int) -> None:
    with pytest.raises(ValueError, match=f"limit is {limit}: 'toy' has 10 items"):
        TOY.documents(ModelSpec(), limit)


def test_a_benchmark_goes_to_another_process() -> None:
    benchmark = find_benchmarks(["diagnostic"], "basic")[0]
    assert pickle.loads(pickle.dumps(benchmark)) == benchmark
    assert benchmark == find_benchmarks(["all"], "basic")[0]


@pytest.mark.parametrize("level", ["basic", "standard"])
@pytest.mark.parametrize("ability", IDS)
def test_diagnostic_items_are_held_out(ability: str, level: str) -> None:
    benchmark = find_benchmarks([ability], level)[0]  # type: ignore[arg-type]
    items = heldout_items(ability, level, 500)  # type: ignore[arg-type]
    documents = benchmark.documents(ModelSpec(), benchmark.n_items)
    assert [document.id for document in documents] == [item.id for item in items]
    assert len({item.id for item in items}) == benchmark.n_items == 500
    assert items[:20] == heldout_items(ability, level, 20)  # type: ignore[arg-type]
    assert all(item.ability == ability and len(item.options) == 4 for item in items)
