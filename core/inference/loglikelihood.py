"""Log-likelihoods of the options of multiple-choice items, of written answers, and of where two part.

What prompts begin with alike is read once, and a prompt once for both its answers, as the options of multiple
choice are.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core.inference.answers import Divergence, first_difference
from core.inference.attention import Prefix, attending_to, read_prefix
from core.inference.batching import is_out_of_memory, release_memory
from core.inference.choice_plan import Batch, ChoicePlan, head_logits, plan_choices
from core.inference.encoding import EncodedChoice, TokenIds, encode_options, encode_prompt, longest_row


@dataclass(frozen=True)
class BatchScores:
    """The log-likelihoods of one batch."""

    items: tuple[int, ...]
    """Indices of the items in the plan."""
    loglikelihoods: tuple[tuple[float, ...], ...]
    """For each item and option: the sum over the option's tokens, in nats."""


@dataclass(frozen=True)
class BatchTokenScores:
    """The log-likelihoods of the tokens of one batch."""

    items: tuple[int, ...]
    """Indices of the items in the plan."""
    loglikelihoods: tuple[tuple[tuple[float, ...], ...], ...]
    """For each item, option and counted token, in nats; as the model gives them, so maybe not finite."""


def loglikelihoods(
    model: PreTrainedModel, plan: ChoicePlan, cancelled: Callable[[], bool] | None = None
) -> Iterator[BatchScores]:
    """The log-likelihoods of a plan's items, a batch at a time; ends early, between batches, when cancelled.

    A batch that does not fit in memory is halved, in the plan itself.

    Raises:
        ValueError: a log-likelihood is not finite, or an item alone does not fit in memory.
    """
    for batch, table in _tables(model, plan, cancelled):
        # A table and a sum, not index_add_: the order in which a GPU adds would differ from run to run.
        sums: list[float] = table.sum(dim=1).tolist()
        if not math.isfinite(sum(sums)):
            raise ValueError(
                f"The model gives log-likelihoods that are not finite in {model.dtype}: load it in bfloat16 "
                "or float32."
            )
        values = iter(sums)
        by_item = tuple(tuple(itertools.islice(values, count)) for count in batch.option_counts)
        yield BatchScores(batch.items, by_item)


def token_loglikelihoods(
    model: PreTrainedModel, plan: ChoicePlan, cancelled: Callable[[], bool] | None = None
) -> Iterator[BatchTokenScores]:
    """The same for each token of the options, computed as in `loglikelihoods`.

    Raises:
        ValueError: an item alone does not fit in memory.
    """
    for batch, table in _tables(model, plan, cancelled):
        _, _, options, tokens = batch.predictions.table.unbind(dim=1)  # option by option, token by token
        values = iter(table.cpu()[options, tokens].tolist())
        counts = options.bincount(minlength=len(table)).tolist()
        by_option = (tuple(itertools.islice(values, count)) for count in counts)
        by_item = tuple(tuple(itertools.islice(by_option, count)) for count in batch.option_counts)
        yield BatchTokenScores(batch.items, by_item)


def _tables(
    model: PreTrainedModel, plan: ChoicePlan, cancelled: Callable[[], bool] | None
) -> Iterator[tuple[Batch, Tensor]]:
    """Every batch of a plan, halved until it fits in memory, with its table of log-likelihoods."""
    index = 0
    prefix: Prefix | None = None
    while index < len(plan.batches):
        if cancelled is not None and cancelled():
            return
        batch = plan.batches[index]
        if index == 0 or batch.prefix != plan.batches[index - 1].prefix:
            prefix = None
        try:
            if batch.prefix and prefix is None:
                prefix = read_prefix(model, batch.prefix)
            table = _token_table(model, batch, prefix)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            table = None
        if table is None:  # after the except clause: until its end the error keeps the tensors alive
            prefix = None
            plan.halve(index)
            release_memory(model.device)
            continue
        yield batch, table
        index += 1


@torch.inference_mode()
def _token_table(model: PreTrainedModel, batch: Batch, prefix: Prefix | None) -> Tensor:
    """(options, longest) float32: the log-likelihood of every token, 0 where there is none."""
    with attending_to(model, prefix):
        hidden = batch.rows.hidden_states(model, added_mask=bool(batch.prefix))
    table = torch.zeros(batch.table_shape, device=hidden.device)
    for part in batch.parts:
        logits = head_logits(model, hidden[part.positions])
        found = logits[part.predictors, part.targets] - logits.logsumexp(dim=1)[part.predictors]
        table.view(-1)[part.cells] = found
    return table


@torch.inference_mode()
def greedy_options(model: PreTrainedModel, item: EncodedChoice, max_length: int) -> tuple[bool, ...]:
    """For each option of an item, whether greedy decoding would give it; a forward pass for each option.

    What is longer than max_length tokens is cut from the left.
    """
    found = []
    for option, first in zip(item.continuation_ids, item.first_scored, strict=True):
        whole = item.context_ids + option
        ids = torch.tensor([whole[-max_length - 1 :]], device=model.device)
        start = ids.shape[1] - len(option) + first
        logits = model(input_ids=ids[:, :-1], logits_to_keep=ids.shape[1] - start).logits[0]
        found.append(bool((logits.argmax(dim=-1) == ids[0, start:]).all()))
    return tuple(found)


Probabilities = tuple[float | None, float | None]
"""Probabilities of the base and the ablated token where two answers part; None for a missing one."""


class Pair(NamedTuple):
    """A prompt and two answers to it, as token ids."""

    prompt: TokenIds
    """As the models read it: at least one token."""
    base: TokenIds
    """The base model's answer, as `Generated` has it."""
    ablated: TokenIds
    """The ablated model's."""


class Comparison(NamedTuple):
    """How two answers to one prompt differ."""

    divergence: Divergence | None
    """Where they part; None if they have the same tokens."""
    base_logprobs: tuple[float, ...]
    """Log-probability of each token of the base answer under the base model, in nats."""
    ablated_logprobs: tuple[float, ...]
    """The same of the ablated answer, under the base model too."""


def prompt_ids(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt: str, max_new_tokens: int
) -> TokenIds:
    """The token ids of a prompt as `generate` gives them to a model: cut from the left to leave room.

    Raises:
        ValueError: there is no room for the new tokens.
    """
    room = longest_row(model.config) - max_new_tokens
    if room < 1:
        raise ValueError(
            f"An answer has up to {max_new_tokens} tokens, but the model takes {longest_row(model.config)}: "
            "generate fewer tokens."
        )
    return encode_prompt(prompt, tokenizer)[-room:]


def ablated_probabilities(
    model: PreTrainedModel,
    pairs: Sequence[Pair],
    cancelled: Callable[[], bool],
    on_progress: Callable[[int], None] | None = None,
) -> list[Probabilities] | None:
    """The ablated model's probabilities of the two tokens where answers part; None of equal answers.

    The result is None if it was cancelled, which is asked between batches. Progress is called as by
    `token_values`.

    Raises:
        ValueError: a prompt with its answers does not fit in memory.
    """
    items: list[tuple[TokenIds, list[TokenIds]]] = []
    for pair in pairs:
        at = first_difference(pair.base, pair.ablated)
        if at is None:
            items.append((pair.prompt, []))
        else:
            items.append((pair.prompt + pair.base[:at], [pair.base[at : at + 1], pair.ablated[at : at + 1]]))
    found = token_values(model, items, cancelled, on_progress)
    if found is None:
        return None
    return [
        (_probability(values[0]), _probability(values[1])) if values else (None, None) for values in found
    ]


def compare(
    model: PreTrainedModel,
    pairs: Sequence[Pair],
    ablated: Sequence[Probabilities],
    cancelled: Callable[[], bool],
    base_logprobs: Sequence[tuple[float, ...]] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> list[Comparison] | None:
    """Where the answers of each pair part, and the base model's log-probabilities of their tokens.

    Args:
        model: the base model, intact.
        pairs: prompts with both answers.
        ablated: as `ablated_probabilities` gave them.
        cancelled: asked between batches; then the result is None.
        base_logprobs: of the base answers, if known from a comparison with other ablated answers.
        on_progress: called as by `token_values`.

    Raises:
        ValueError: a prompt with its answers does not fit in memory, or the base model gives a
            log-probability that is not finite.
    """
    # What need not be computed has no tokens.
    items = [
        (
            pair.prompt,
            [pair.base if base_logprobs is None else (), pair.ablated if pair.ablated != pair.base else ()],
        )
        for pair in pairs
    ]
    found = token_values(model, items, cancelled, on_progress)
    if found is None:
        return None
    known = [_finite(model, values[0]) for values in found] if base_logprobs is None else base_logprobs
    return [
        _comparison(
            pair, seen, logprobs, logprobs if pair.base == pair.ablated else _finite(model, values[1])
        )
        for pair, seen, logprobs, values in zip(pairs, ablated, known, found, strict=True)
    ]


def _comparison(
    pair: Pair, ablated: Probabilities, base_logprobs: tuple[float, ...], ablated_logprobs: tuple[float, ...]
) -> Comparison:
    at = first_difference(pair.base, pair.ablated)
    if at is None:
        return Comparison(None, base_logprobs, ablated_logprobs)
    tokens = [answer[at] if at < len(answer) else None for answer in (pair.base, pair.ablated)]
    # Up to there the answers are the same, so the base model meets both tokens after the same text.
    base = (_probability(base_logprobs[at : at + 1]), _probability(ablated_logprobs[at : at + 1]))
    return Comparison(Divergence(at, tokens[0], tokens[1], base, ablated), base_logprobs, ablated_logprobs)


def _probability(logprobs: Sequence[float]) -> float | None:
    """The probability of a token; None if there is none, or the model's number is not finite."""
    return math.exp(logprobs[0]) if logprobs and math.isfinite(logprobs[0]) else None


def answer_logprobs(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[tuple[str, str]],
    cancelled: Callable[[], bool] | None = None,
) -> list[float | None] | None:
    """The mean log-probability, in nats, of the tokens of an answer to each prompt, read in one pass.

    Args:
        model: in eval mode.
        tokenizer: the model's.
        pairs: prompts, and answers with the space before them. An empty answer has no log-probability, nor
            has one that is longer than the model takes; longer prompts are cut from the left.
        cancelled: asked between batches; then the result is None.

    Raises:
        ValueError: a prompt with its answer does not fit in memory.
    """
    longest = longest_row(model.config)
    encoded = {
        number: encode_options(str(number), (prompt,), (answer,), 0, tokenizer)
        for number, (prompt, answer) in enumerate(pairs)
        if answer.strip()
    }
    numbers = [number for number, one in encoded.items() if len(one.continuation_ids[0]) <= longest]
    plan = plan_choices([encoded[n] for n in numbers], model.device, "auto", pad_id=0, max_length=longest)
    found: dict[int, float] = {}
    for scores in token_loglikelihoods(model, plan, cancelled):
        for index, (values,) in zip(scores.items, scores.loglikelihoods, strict=True):
            found[numbers[index]] = (
                math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.nan
            )
    if len(found) < len(numbers):
        return None
    means = (found.get(number, math.nan) for number in range(len(pairs)))
    return [mean if math.isfinite(mean) else None for mean in means]


def _finite(model: PreTrainedModel, values: tuple[float, ...]) -> tuple[float, ...]:
    if not all(map(math.isfinite, values)):
        raise ValueError(
            f"The model gives log-probabilities that are not finite in {model.dtype}: load it in bfloat16 "
            "or float32."
        )
    return values


def token_values(
    model: PreTrainedModel,
    items: Sequence[tuple[TokenIds, Sequence[TokenIds]]],
    cancelled: Callable[[], bool] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> list[list[tuple[float, ...]]] | None:
    """The log-probabilities of the tokens of each answer to each prompt, in nats, as the model gives them.

    Items are prompts, each with its answers, which may be empty. The result is None if it was cancelled.
    Progress is called after each batch with the number of items that are done; those without tokens are.

    Raises:
        ValueError: a prompt with its answers does not fit in memory.
    """
    asked = [number for number, (_, answers) in enumerate(items) if any(answers)]
    encoded = [
        EncodedChoice(str(number), items[number][0], tuple(filter(None, items[number][1])), 0)
        for number in asked
    ]
    plan = plan_choices(encoded, model.device, "auto", pad_id=0, max_length=longest_row(model.config))
    found: dict[int, tuple[tuple[float, ...], ...]] = {}
    for scores in token_loglikelihoods(model, plan, cancelled):
        for index, values in zip(scores.items, scores.loglikelihoods, strict=True):
            found[asked[index]] = values
        if on_progress is not None:
            on_progress(len(items) - len(asked) + len(found))
    if len(found) < len(asked):
        return None
    filled = []
    for number, (_, answers) in enumerate(items):
        rest = iter(found.get(number, ()))
        filled.append([next(rest) if answer else () for answer in answers])
    return filled
