"""The generation quality of masks: measured with the runs, stored, true, and read without a model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from cache.folder import Store
from core.abilities.neutral_texts import neutral_texts
from core.analysis.generation_quality import mask_generation_qualities
from core.benchmarks.registry import find_benchmarks
from core.inference.cancelling import Cancelled
from core.models.spec import ModelSpec
from core.run.events import EntryReplaced, Event, RunStarted
from core.run.generation_quality import measure_generation_quality
from core.run.runner import Runner
from core.run.runs import compute_runs
from core.run.specs import ImportanceSpec, MaskSpec

N = 8
(BENCHMARK,) = find_benchmarks(["spatial_reasoning"])
LIGHT, HEAVY = (MaskSpec("spatial_reasoning", "all", "random", k) for k in (0.01, 0.5))


def new_runner(root: Path, emit: Callable[[Event], None] = lambda event: None) -> Runner:
    return Runner(ModelSpec(), Store(root), ImportanceSpec(n_items=20), emit=emit)


def run(runner: Runner, *masks: MaskSpec | None) -> None:
    asked = {mask: [runner.request(mask, BENCHMARK, N)] for mask in masks}
    keys = [request.key for requests in asked.values() for request in requests]
    stored = [key for key in keys if runner.store.outcomes.entries.has(key)]
    for _ in compute_runs(runner, asked, stored):
        pass


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    runner = new_runner(tmp_path_factory.mktemp("cache"))
    run(runner, LIGHT, HEAVY)
    return runner


def rows(runner: Runner, mask: MaskSpec | None) -> list[dict[str, Any]]:
    frame = runner.store.generation_quality.load(runner.generation_quality_request(mask)[0])
    assert frame is not None
    return frame.rows(named=True)


def chances(runner: Runner, prompt: str, tokens: list[int]) -> list[float]:
    """The log-probability of each token, from a plain forward pass for each."""
    ids = runner.loaded.tokenizer(prompt)["input_ids"]
    found = []
    for place, token in enumerate(tokens):
        with torch.no_grad():
            logits = runner.loaded.model(torch.tensor([[*ids, *tokens[:place]]])).logits[0, -1]
        found.append(float(logits.float().log_softmax(0)[token]))
    return found


@pytest.mark.parametrize("mask", [None, LIGHT, HEAVY], ids=["base", "light", "heavy"])
def test_what_is_stored_is_what_plain_forward_passes_give(finished: Runner, mask: MaskSpec | None) -> None:
    tokenizer, texts = finished.loaded.tokenizer, neutral_texts("basic")
    stored = rows(finished, mask)
    assert len(stored) == len(texts)
    for place in (0, 17, 29):
        text, row = texts[place], stored[place]
        with finished.ablated(None if mask is None else finished.mask(mask)):
            ids = tokenizer(text.text, add_special_tokens=False)["input_ids"]
            assert row["logprobs"] == pytest.approx(chances(finished, text.prompt, ids), abs=1e-3)
            # Greedy: each token that was written is the likeliest one.
            context = tokenizer(text.prompt)["input_ids"]
            for number, token in enumerate(row["tokens"][:3]):
                with torch.no_grad():
                    seen = torch.tensor([[*context, *row["tokens"][:number]]])
                    assert int(finished.loaded.model(seen).logits[0, -1].argmax()) == token
        assert row["written_logprobs"] == pytest.approx(
            chances(finished, text.prompt, row["tokens"]), abs=1e-3
        )


def test_perplexities_and_shares_follow_from_what_is_stored(finished: Runner) -> None:
    found = mask_generation_qualities(finished, [LIGHT, HEAVY])
    for mask in (None, LIGHT, HEAVY):
        logprobs = [value for row in rows(finished, mask) for value in row["logprobs"]]
        truth = math.exp(-sum(logprobs) / len(logprobs))
        one = found[mask or LIGHT]
        assert (one.perplexity if mask else one.base_perplexity) == pytest.approx(truth, rel=1e-5)
    light, heavy = found[LIGHT], found[HEAVY]
    assert light.times is not None
    assert heavy.times is not None
    assert 0.9 < light.times < 1.5 < 5 < heavy.times
    assert light.base_repeating.score == 0.0
    assert light.unreadable.score < 0.1
    assert heavy.unreadable.score + heavy.repeating.score > 0.5
    assert light.repeating.n == len(neutral_texts("basic"))


def test_a_stored_run_without_generation_quality_gets_it_and_a_damaged_entry_is_replaced(
    finished: Runner, tmp_path: Path
) -> None:
    events: list[Event] = []
    runner = new_runner(tmp_path, events.append)
    run(runner, None, LIGHT)
    path = runner.store.generation_quality.entries.payload_path(runner.generation_quality_request(LIGHT)[0])
    for damage in (path.unlink, lambda: path.write_bytes(path.read_bytes()[:-1] + b"?")):
        damage()
        events.clear()
        run(new_runner(tmp_path, events.append), None, LIGHT)
        assert not [event for event in events if isinstance(event, RunStarted)]
        assert sum(isinstance(event, EntryReplaced) for event in events) == 1
        assert rows(runner, LIGHT) == rows(finished, LIGHT)
    # What is there is not measured again: the model is not even loaded.
    again = new_runner(tmp_path)
    run(again, None, LIGHT)
    assert "loaded" not in vars(again)


def test_the_intact_model_alone_needs_no_generation_quality(tmp_path: Path) -> None:
    runner = new_runner(tmp_path)
    run(runner, None)
    assert not runner.store.generation_quality.entries.stored_keys()


def test_cancelled_stores_nothing_and_leaves_the_model_as_loaded(finished: Runner, tmp_path: Path) -> None:
    before = finished.loaded.model.state_dict()["model.layers.0.mlp.up_proj.weight"].clone()
    with finished.ablated(finished.mask(HEAVY)), pytest.MonkeyPatch.context() as patch:
        patch.setattr(finished, "cancelled", lambda: True)
        with pytest.raises(Cancelled):
            measure_generation_quality(finished)
    assert torch.equal(finished.loaded.model.state_dict()["model.layers.0.mlp.up_proj.weight"], before)
    runner = new_runner(tmp_path)
    runner.cancelled = lambda: True
    request = runner.request(LIGHT, BENCHMARK, N)
    with pytest.raises(Cancelled):
        list(compute_runs(runner, {LIGHT: [request]}))
    assert not runner.store.generation_quality.entries.stored_keys()


def test_what_decides_the_generation_quality_is_in_its_key(tmp_path: Path) -> None:
    runner = new_runner(tmp_path)
    masks = [None, LIGHT, HEAVY, replace(LIGHT, seed=1), replace(LIGHT, variant="mlp")]
    assert len({runner.generation_quality_request(mask)[0] for mask in masks}) == len(masks)
    # Which benchmark is run and which seed `top` has are all the same.
    top = replace(LIGHT, selection="top")
    assert (
        runner.generation_quality_request(top)[0]
        == runner.generation_quality_request(replace(top, seed=5))[0]
    )
