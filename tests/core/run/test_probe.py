"""The probe on a random real model, against log-likelihoods of plain transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from cache.folder import Store
from core.abilities.prompts import render_choice
from core.analysis.probe import Question, every_question, settle, stored_settlement, whole_probe
from core.benchmarks.diagnostic import PROBE_ITEMS, heldout_items
from core.inference.cancelling import Cancelled
from core.models.spec import ModelSpec, Unsettled
from core.run.events import BatchFinished, Event, Probing, PromptsSettled, RunStarted
from core.run.experiment import Experiment
from core.run.runner import Runner
from tests.core.tiny_models import byte_tokenizer


@pytest.fixture(scope="module")
def cache(byte_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the answers to all questions of the random model."""
    root = tmp_path_factory.mktemp("cache")
    whole_probe(new_runner(byte_model, root)[0])
    return root


def new_runner(
    folder: Path, root: Path, stop_after: int | None = None, **asked: Any
) -> tuple[Runner, list[Event]]:
    events: list[Event] = []

    def is_cancelled() -> bool:
        return stop_after is not None and sum(isinstance(one, Probing) for one in events) > stop_after

    spec = ModelSpec(str(folder), device="cpu", **asked)
    return Runner(spec, Store(root), emit=events.append, cancelled=is_cancelled), events


@torch.no_grad()
def plain_right(folder: Path, question: Question) -> int:
    """How many items plain transformers answers right, option by option, in rows of their own."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), byte_tokenizer()
    right = 0
    for item in heldout_items(question.ability, question.level, 500)[-PROBE_ITEMS:]:
        prompt = render_choice(item, question.style)
        context = tokenizer(prompt.context)["input_ids"]
        sums = []
        for continuation in prompt.continuations:
            whole = tokenizer(prompt.context + continuation)["input_ids"]
            logprobs = model(torch.tensor([whole])).logits[0].log_softmax(-1)
            sums.append(sum(logprobs[i - 1, whole[i]].item() for i in range(len(context), len(whole))))
        right += sums.index(max(sums)) == prompt.answer_index
    return right


@pytest.mark.slow
def test_answers_are_those_of_plain_transformers(byte_model: Path, cache: Path) -> None:
    table = whole_probe(new_runner(byte_model, cache)[0])
    assert set(table.right) == set(every_question())
    for question in every_question()[::13]:
        assert table.right[question] == plain_right(byte_model, question), question


@pytest.mark.slow
def test_a_model_is_settled_once_and_then_from_the_cache(byte_model: Path, cache: Path) -> None:
    runner, events = new_runner(byte_model, cache)
    assert runner.loaded.spec.prompt == "auto"
    settle(runner)
    # A random model is at chance: the easiest level.
    assert (runner.spec.level, runner.loaded.spec) == (every_question()[0].level, runner.spec)
    (said,) = [event for event in events if isinstance(event, PromptsSettled)]
    assert said == stored_settlement(Experiment(ModelSpec(str(byte_model), device="cpu"), Store(cache)))
    assert set(said.shares) == {"letters", "text"}
    assert said.prompt == max(said.shares, key=lambda style: said.shares[style])
    assert not [event for event in events if isinstance(event, Probing | RunStarted | BatchFinished)]


def test_a_cancelled_probe_goes_on_where_it_was(byte_model: Path, tmp_path: Path) -> None:
    for stop_after, steps in ((1, [(0, 20), (1, 20)]), (2, [(1, 20), (2, 20), (3, 20)])):
        runner, events = new_runner(byte_model, tmp_path, stop_after, level_asked="basic")
        with pytest.raises(Cancelled):
            settle(runner)
        with pytest.raises(Unsettled):
            _ = runner.spec.style
        assert [(event.done, event.total) for event in events if isinstance(event, Probing)] == steps
        assert not [event for event in events if isinstance(event, RunStarted | BatchFinished)]
        assert stored_settlement(runner) is None
    assert len(runner.store.outcomes.entries.stored_keys()) == 3


def test_given_words_and_embedded_models_are_not_probed(byte_model: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    spec = ModelSpec(str(byte_model), device="cpu", prompt="letters", level_asked="standard")
    settle(Runner(spec, Store(tmp_path), emit=events.append))
    settle(Runner(ModelSpec(), Store(tmp_path), emit=events.append))
    assert events == [PromptsSettled("letters", "standard")]
