"""The k at which masks tell their own ability from others: chosen from what is stored, or measured now."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.folder import Store
from core.abilities.neutral_texts import neutral_texts
from core.analysis.auto_k import (
    BEYOND_PAPER,
    FoundK,
    TriedK,
    find_k,
    grid_of,
    require_searchable,
    search_seconds,
    stored_search,
)
from core.analysis.generation_quality import MOST_TIMES, GenerationQuality
from core.analysis.statistics.scores import accuracy
from core.benchmarks.registry import find_benchmarks
from core.inference.cancelling import Cancelled
from core.masks.choices import PAPER_K
from core.models.matrices import weights_of
from core.models.spec import ModelSpec
from core.run.events import Event, Progressed
from core.run.loaded import WeightsChangedError
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec
from tests.core.analysis.stored_quality import store_intact, store_quality, store_tried

pytestmark = pytest.mark.slow

GRID = (*PAPER_K, *BEYOND_PAPER)
ABILITIES = ("analogical_reasoning", "spatial_reasoning")
MASKS = [MaskSpec(ability, "mlp", "top", 0.5) for ability in ABILITIES]
MEASURED = [replace(mask, variant="all") for mask in MASKS]
"""Masks that are not acceptable soon, so that few have to be measured."""


def new_runner(root: Path, emit: Callable[[Event], None] = lambda event: None) -> Runner:
    return Runner(ModelSpec(), Store(root), ImportanceSpec(n_items=20), emit=emit)


def store_rankings(runner: Runner, masks: list[MaskSpec]) -> None:
    """Stores rankings that are long enough; without a model nobody looks into them."""
    for mask in masks:
        n = weights_of(GRID[-1], runner.info.parameters)
        zeros = np.zeros(n, np.int16), np.zeros(n, np.int32)
        runner.store.rankings.save(runner.ranking_key(mask), runner.ranking_key_inputs(mask), *zeros, {})


Row = tuple[tuple[float, float, float], tuple[float, float, float]]
"""What each mask does at one k: own, others, and the perplexity as a multiple."""

EFFECTS = [step / 10 for step in range(-1, 11)]


def chosen_by_hand(rows: list[Row]) -> list[int]:
    """Which k may be chosen where all items of an ability are answered alike: no difference is luck."""
    acceptable = [max(times for *_, times in row) < MOST_TIMES for row in rows]
    candidates = rows[: acceptable.index(False)] if False in acceptable else rows
    gains = [round(sum(own - others for own, others, _ in row), 6) for row in candidates]
    return [place for place, gain in enumerate(gains) if gain == max(gains)]


@settings(max_examples=5, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.tuples(*[st.sampled_from(EFFECTS)] * 2, st.sampled_from([1.0, 1.99, 2.01]))] * 2),
        min_size=len(GRID), max_size=len(GRID),
    )
)  # fmt: skip
def test_the_largest_own_less_others_before_the_first_unacceptable_k(
    rows: list[Row],
) -> None:
    chosen = chosen_by_hand(rows)
    with TemporaryDirectory() as folder:
        runner = new_runner(Path(folder))
        store_rankings(runner, MASKS)
        store_quality(runner, None, 1.0)
        store_intact(runner, MASKS[0])
        for k, row in zip(GRID, rows, strict=True):
            for mask, effects in zip(MASKS, row, strict=True):
                store_tried(runner, replace(mask, k=k), *effects)
        if not chosen:
            with pytest.raises(
                ValueError, match=r"even at k 1e-05: .* is not acceptable: .*, or give k as a number"
            ):
                find_k(runner, MASKS)
            return
        events: list[TriedK] = []
        (found,) = find_k(runner, MASKS, emit=lambda variant, tried: events.append(tried))
        assert {GRID.index(found.k), GRID.index(found.best_k)} <= {*chosen}
        assert [one.k for one in events] == list(GRID[: len(found.tried)])
        assert [one.unacceptable is None for one in found.tried[:-1]] == [True] * (len(found.tried) - 1)
        own, others, _ = np.mean(rows[GRID.index(found.k)], axis=0)
        assert found.at[1].own.value == pytest.approx(own, abs=1e-5)
        assert found.at[1].others.value == pytest.approx(others, abs=1e-5)
        assert "loaded" not in vars(runner)


def test_only_what_is_unacceptable_beyond_the_intact_model_counts() -> None:
    none, three, few = (accuracy(np.arange(10) < n) for n in (0, 3, 2))
    assert GenerationQuality(2.0, 4.0, none, few, few, none).is_acceptable
    assert not GenerationQuality(2.0, 4.01, none, none, none, none).is_acceptable
    assert not GenerationQuality(2.0, 2.0, none, three, none, none).is_acceptable
    assert not GenerationQuality(2.0, 2.0, none, none, three, none).is_acceptable
    assert GenerationQuality(2.0, 2.0, few, three, three, few).is_acceptable
    assert not any(GenerationQuality(2.0, p, none, none, none, none).is_acceptable for p in (None, math.inf))


def test_each_variant_has_its_own_k_and_controls_have_no_say(tmp_path: Path) -> None:
    runner = new_runner(tmp_path)
    plan = Plan(ABILITIES, ("base", "mlp", "all"), ("random", "top"), (1e-5,), find_benchmarks(ABILITIES))
    masks = [mask for mask in plan.masks() if mask.selection == "top"]
    store_rankings(runner, masks)
    store_quality(runner, None, 1.0)
    store_intact(runner, MASKS[0])
    for mask in masks:
        for k in GRID:
            too_large = k > (0.01 if mask.variant == "all" else 0.05)
            store_tried(runner, replace(mask, k=k), 10 * k, k, 3.0 if too_large else 1.0)
    found = find_k(runner, plan.masks())
    assert {one.variant: one.k for one in found} == {"mlp": 0.03, "all": 2.56e-3}
    chosen = plan.with_found(tuple(one.chosen for one in found))
    assert {(mask.variant, mask.k) for mask in chosen.masks()} == {("mlp", 0.03), ("all", 2.56e-3)}
    assert {mask.selection for mask in chosen.masks()} == {"random", "top"}
    assert chosen.ks == (2.56e-3, 0.03)
    assert len(chosen.masks()) == len(plan.masks())
    assert plan.with_found(()).masks() == plan.masks()
    unacceptable = found[1].tried[-1].unacceptable
    assert unacceptable is not None
    assert (unacceptable.ability, unacceptable.k) == (ABILITIES[0], 0.01024)
    figures = found[1].figures()
    assert (figures["k"], [one["acceptable"] for one in figures["tried"]]) == (2.56e-3, [True] * 5 + [False])
    assert figures["tried"][4]["own"] == pytest.approx([2.56e-2] * 3, abs=1e-5)
    assert [mask["ability"] for mask in figures["tried"][0]["masks"]] == list(ABILITIES)
    assert len(figures["tried"][-1]["masks"]) == 1  # after the first not acceptable one none is measured
    assert "own" not in figures["tried"][-1]


def test_a_search_is_over_when_all_that_decides_it_is_stored(tmp_path: Path) -> None:
    runner, mask = new_runner(tmp_path), MASKS[0]
    assert stored_search(runner, mask) is None
    whole_s = search_seconds(runner, [mask])
    store_quality(runner, None, 1.0)
    store_intact(runner, MASKS[0])
    store_tried(runner, replace(mask, k=GRID[0]), 0.1, 0.0)
    found = stored_search(runner, mask)
    assert found is not None
    assert (found.k, found.is_over) == (GRID[0], False)
    assert 0 < search_seconds(runner, [mask]) < whole_s
    store_quality(runner, replace(mask, k=GRID[1]), 9.0)
    found = stored_search(runner, mask)
    assert found is not None
    assert (found.k, found.is_over) == (GRID[0], True)
    assert stored_search(runner, mask.control) is None


def test_where_the_intact_model_lacks_the_abilities_nothing_is_measured(tmp_path: Path) -> None:
    runner = new_runner(tmp_path)
    store_intact(runner, MASKS[0], MASKS[0].ability)
    with pytest.raises(ValueError, match="not above chance on 20 choosing items of analogical_reasoning"):
        find_k(runner, MASKS[:1])
    assert "loaded" not in vars(runner)


def test_controls_alone_are_refused(tmp_path: Path) -> None:
    assert find_k(new_runner(tmp_path), []) == ()
    with pytest.raises(ValueError, match=r"only random, bottom is asked for: add one of them"):
        require_searchable(["random", "bottom"])
    with pytest.raises(ValueError, match="only random is asked for"):
        find_k(new_runner(tmp_path), [replace(MASKS[0], selection="random")])
    assert grid_of(ModelSpec("some/model")) == (1e-7, 3e-7, 1e-6, 3e-6, *PAPER_K)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FoundK, list[Event]]:
    root, events = tmp_path_factory.mktemp("cache"), []
    runner = new_runner(root, events.append)
    before = weights_hash(runner)
    (found,) = find_k(runner, MEASURED)
    assert weights_hash(runner) == before
    return root, found, events


def weights_hash(runner: Runner) -> str:
    digest = hashlib.sha256()
    for parameter in runner.loaded.model.parameters():
        digest.update(parameter.detach().numpy().tobytes())
    return digest.hexdigest()


def plain_perplexity(runner: Runner) -> float:
    """On the neutral texts, from one forward pass for each."""
    tokenizer, logprobs = runner.loaded.tokenizer, []
    for one in neutral_texts("basic"):
        context = tokenizer(one.prompt)["input_ids"]
        ids = tokenizer(one.text, add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            logits = runner.loaded.model(torch.tensor([[*context, *ids]])).logits[0].double()
        places = range(len(context) - 1, len(context) + len(ids) - 1)
        logprobs += [float(logits[p].log_softmax(0)[t]) for p, t in zip(places, ids, strict=True)]
    return math.exp(-sum(logprobs) / len(logprobs))


def test_what_is_measured_is_what_plain_forward_passes_give(
    measured: tuple[Path, FoundK, list[Event]],
) -> None:
    root, found, _ = measured
    runner = new_runner(root)
    base = plain_perplexity(runner)
    for tried in found.tried[-3:]:
        for mask, generation_quality in tried.qualities.items():
            with runner.ablated(runner.mask(mask)):
                times = plain_perplexity(runner) / base
            assert generation_quality.times == pytest.approx(times, rel=1e-3)
            assert times <= MOST_TIMES or not generation_quality.is_acceptable
    assert found.k in GRID[:-2]
    assert found.tried[-1].unacceptable is not None


def test_one_ranking_serves_all_k_and_nothing_is_measured_twice(
    measured: tuple[Path, FoundK, list[Event]],
) -> None:
    root, found, events = measured
    scoring = [event for event in events if isinstance(event, Progressed) and event.phase == "scoring"]
    scored = [event.about for event in scoring if event.done == event.total]
    assert scored == list(ABILITIES)
    runner = new_runner(root)
    for mask in MEASURED:
        n = weights_of(found.grid[-1], runner.info.parameters)
        assert runner.store.rankings.length(runner.ranking_key(mask)) == n
    (again,) = find_k(runner, MEASURED)
    assert "loaded" not in vars(runner)
    assert again.figures() == found.figures()


def test_cancelled_keeps_what_was_finished_and_leaves_the_model_as_loaded(
    measured: tuple[Path, FoundK, list[Event]], tmp_path: Path
) -> None:
    _, found, _ = measured
    runner, events = new_runner(tmp_path), []
    before = weights_hash(runner)
    runner.cancelled = lambda: len(events) == 2
    with pytest.raises(Cancelled):
        find_k(runner, MEASURED, lambda variant, tried: events.append(tried))
    assert weights_hash(runner) == before
    assert [one.figures() for one in events] == found.figures()["tried"][:2]
    assert len(runner.store.generation_quality.entries.stored_keys()) == 1 + 2 * len(MEASURED)
    assert len(runner.store.outcomes.entries.stored_keys()) == 1 + 2 * len(MEASURED)
    other = new_runner(tmp_path / "new")
    other.cancelled = lambda: True
    with pytest.raises(Cancelled):
        find_k(other, MEASURED)


def test_weights_that_are_not_restored_are_noticed(tmp_path: Path) -> None:
    runner = new_runner(tmp_path)

    def spoil(variant: str, tried: TriedK) -> None:
        with torch.no_grad():
            runner.loaded.model.state_dict()["model.layers.0.mlp.up_proj.weight"][0, 0] += 1.0

    with pytest.raises(WeightsChangedError):
        find_k(runner, MEASURED[:1], emit=spoil)
    assert not runner.store.generation_quality.entries.stored_keys()
    assert not runner.store.outcomes.entries.stored_keys()
