"""Evaluates a model on a benchmark: an outcome for every item."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from transformers import PreTrainedModel

from core.abilities.item import Item
from core.benchmarks.description import Benchmark
from core.inference.choice_plan import BatchSize, ChoicePlan, plan_choices
from core.inference.encoding import EncodedChoice, encode_choice, longest_row
from core.inference.loglikelihood import loglikelihoods
from core.models.loading import LoadedModel
from core.prompts import ChoicePrompt, render_choice


@dataclass(frozen=True)
class Outcome:
    """What a model answered to one item."""

    item_id: str
    gold: int
    """Index of the right option."""
    prediction: int
    """Index of the option with the largest summed log-likelihood; the first of equals."""
    correct: bool
    """Whether these are the same: `acc`."""
    correct_norm: bool
    """The same by log-likelihood per character of the option: `acc_norm`."""
    loglikelihoods: tuple[float, ...]
    """Summed over the tokens of each option, in nats."""


@dataclass(frozen=True)
class Prepared:
    """A benchmark made ready for one model: made once, used for the intact and every ablated model."""

    benchmark: Benchmark
    items: tuple[Item, ...]
    prompts: tuple[ChoicePrompt, ...]
    encoded: tuple[EncodedChoice, ...]
    plan: ChoicePlan


def prepare(
    loaded: LoadedModel, benchmark: Benchmark, items: Sequence[Item], batch_size: BatchSize = "auto"
) -> Prepared:
    """The items of a benchmark as the model gets them.

    Raises:
        ValueError: an item has an option that adds no token or is too long for the model.
    """
    prompts = tuple(render_choice(item, loaded.spec.style) for item in items)
    encoded = tuple(encode_choice(prompt, loaded.tokenizer) for prompt in prompts)
    plan = plan_choices(
        encoded,
        loaded.model.device,
        batch_size,
        pad_id=loaded.tokenizer.pad_token_id or 0,
        max_length=longest_row(loaded.model.config),
    )
    return Prepared(benchmark, tuple(items), prompts, encoded, plan)


def evaluate(
    model: PreTrainedModel, prepared: Prepared, cancelled: Callable[[], bool] | None = None
) -> Iterator[list[Outcome]]:
    """The outcomes, a batch at a time in the order of the plan; ends early, between batches, when cancelled.

    Raises:
        ValueError: a log-likelihood is not finite.
    """
    for scores in loglikelihoods(model, prepared.plan, cancelled):
        pairs = zip(scores.items, scores.loglikelihoods, strict=True)
        yield [outcome_of(prepared.prompts[place], values) for place, values in pairs]


def outcome_of(prompt: ChoicePrompt, values: tuple[float, ...]) -> Outcome:
    """The outcome of an item from its options' log-likelihoods, by lm-evaluation-harness's rules."""
    lengths = (len(continuation.lstrip()) for continuation in prompt.continuations)
    per_character = [value / length for value, length in zip(values, lengths, strict=True)]
    prediction = values.index(max(values))
    return Outcome(
        item_id=prompt.item_id,
        gold=prompt.answer_index,
        prediction=prediction,
        correct=prediction == prompt.answer_index,
        correct_norm=per_character.index(max(per_character)) == prompt.answer_index,
        loglikelihoods=values,
    )
