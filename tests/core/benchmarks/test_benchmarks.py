from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from core.abilities import ABILITIES, Item
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.diagnostic import METRICS, ItemSource, heldout_items
from core.benchmarks.registry import find_benchmarks
from core.models.spec import LEVELS, Level, ModelSpec

IDS = tuple(ability.id for ability in ABILITIES)


def ten_items(level: Level, n: int) -> tuple[Item, ...]:
    options = ("a", "b")
    return tuple(Item(f"x/{i}", "contextual_recall", "f", "", "q", options, i % 2) for i in range(n))


REAL = ModelSpec("a/model", prompt="letters", level_asked="standard")
TOY = Benchmark(
    "toy",
    "toy",
    "nothing",
    "multiple_choice",
    METRICS,
    (0.1, 1.0),
    1,
    ItemSource(ten_items, 10, 0.5),
)


@pytest.mark.parametrize("word", ["diagnostic", "all"])
def test_groups_are_the_ten_in_the_order_of_the_abilities(word: str) -> None:
    found = find_benchmarks([word])
    assert tuple(benchmark.id for benchmark in found) == IDS
    for benchmark in found:
        assert (benchmark.kind, benchmark.metrics[0], benchmark.chance) == ("multiple_choice", "acc", 0.25)
        assert 0 < benchmark.plausible_range[0] < benchmark.chance < benchmark.plausible_range[1] <= 1


def test_other_form_is_the_ten_in_the_form_that_is_not_the_models() -> None:
    found = find_benchmarks(["diagnostic", "other-form"], style="letters")
    assert [one.id for one in found] == [*IDS, *(f"{one}@text" for one in IDS)]
    own, other = (one.documents(REAL, 3) for one in (found[0], found[10]))
    assert [one.id for one in own] == [one.id for one in other]
    assert other == found[0].documents(replace(REAL, prompt="text"), 3) != own
    assert [one.id for one in find_benchmarks(["other-form"], style="text")] == [
        f"{one}@letters" for one in IDS
    ]
    with pytest.raises(ValueError, match="embedded models have one prompt form: 'other-form' is for real"):
        find_benchmarks(["other-form"], style="cloze")


def test_words_keep_their_order_and_count_once() -> None:
    found = find_benchmarks([IDS[3], IDS[1], IDS[3], "diagnostic"])
    assert [benchmark.id for benchmark in found[:2]] == [IDS[3], IDS[1]]
    assert sorted(benchmark.id for benchmark in found) == sorted(IDS)


def test_unknown_words_name_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"Unknown benchmark 'spatiol'\. Did you mean spatial_reasoning\?"):
        find_benchmarks(["spatiol"])
    with pytest.raises(ValueError, match="No benchmark is named"):
        find_benchmarks([])


def test_documents_are_the_first_items_in_the_style_of_the_model() -> None:
    whole = TOY.documents(ModelSpec(), 10)
    assert [document.id for document in whole] == [item.id for item in ten_items("basic", 10)]
    assert TOY.documents(ModelSpec(), 3) == whole[:3]
    assert TOY.documents(REAL, 3) != whole[:3]


@pytest.mark.parametrize("limit", [0, -1, 11])
def test_limit_is_checked(limit: int) -> None:
    with pytest.raises(ValueError, match=f"limit is {limit}: 'toy' has 10 items"):
        TOY.documents(ModelSpec(), limit)


def test_a_benchmark_goes_to_another_process() -> None:
    benchmark = find_benchmarks(["diagnostic"])[0]
    assert pickle.loads(pickle.dumps(benchmark)) == benchmark
    assert benchmark == find_benchmarks(["all"])[0]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("ability", IDS)
def test_diagnostic_items_are_held_out(ability: str, level: Level) -> None:
    benchmark = find_benchmarks([ability])[0]
    items = heldout_items(ability, level, 500)
    spec = ModelSpec() if level == "basic" else ModelSpec("a/model", prompt="text", level_asked=level)
    documents = benchmark.documents(spec, benchmark.n_items)
    assert [document.id for document in documents] == [item.id for item in items]
    assert len({item.id for item in items}) == benchmark.n_items == 500
    assert items[:20] == heldout_items(ability, level, 20)
    assert all(item.ability == ability and len(item.options) == 4 for item in items)
