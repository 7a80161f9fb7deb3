"""What a loaded model thinks of answers: log-probabilities of their tokens, and of where two of them part.

The only part of the diagnosis that needs torch; whoever shows a diagnosis does not import it. What prompts
begin with alike is read once, and a prompt once for both its answers, as the options of multiple choice are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core.inference.choice_plan import plan_choices
from core.inference.divergence import Divergence, first_difference
from core.inference.encoding import EncodedChoice, encode_texts, longest_row
from core.inference.loglikelihood import token_loglikelihoods

Probabilities = tuple[float | None, float | None]
"""Of the base and of the ablated token where two answers part; None of one that there is not."""

TokenIds = tuple[int, ...]


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
    ids = encode_texts([prompt], tokenizer)[0] or [tokenizer.eos_token_id]
    return tuple(ids[-room:])


def log_probabilities(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    answers: Sequence[Sequence[int]],
) -> list[tuple[float, ...]]:
    """The log-probability of each token of each answer after its prompt, in nats, from float32 logits.

    A prompt that leaves no room for its answer is cut from the left.

    Args:
        model: in eval mode, as it is now.
        tokenizer: the model's.
        prompts: as `generate` got them.
        answers: token ids, as `Generated` has them; may be empty.

    Raises:
        ValueError: an answer is too long for the model, or a log-probability is not finite.
    """
    items = [
        (prompt_ids(model, tokenizer, prompt, len(answer)), [tuple(answer)])
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    found = token_values(model, items) or []
    return [_finite(model, values) for (values,) in found]


def ablated_probabilities(
    model: PreTrainedModel, pairs: Sequence[Pair], cancelled: Callable[[], bool]
) -> list[Probabilities] | None:
    """What the ablated model thinks of the two tokens where the answers part; nothing of equal answers.

    Args:
        model: ablated, in eval mode.
        pairs: with the answer that it gave.
        cancelled: asked between batches; then the result is None.

    Raises:
        ValueError: a prompt with its answers does not fit in memory.
    """
    places = [first_difference(pair.base, pair.ablated) for pair in pairs]
    items = [
        (pair.prompt + pair.base[:place], [pair.base[place : place + 1], pair.ablated[place : place + 1]])
        if place is not None
        else (pair.prompt, [])
        for pair, place in zip(pairs, places, strict=True)
    ]
    found = token_values(model, items, cancelled)
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
) -> list[Comparison] | None:
    """Where the answers of each pair part, and how much each of their tokens surprises the base model.

    Args:
        model: the base model: intact, in eval mode.
        pairs: prompts with both answers.
        ablated: as `ablated_probabilities` gave them.
        cancelled: asked between batches; then the result is None.
        base_logprobs: of the base answers, where they are known from a comparison with other ablated answers.

    Raises:
        ValueError: a prompt with its answers does not fit in memory, or the base model gives a
            log-probability that is not finite.
    """
    items = [
        (
            pair.prompt,
            # What need not be computed has no tokens.
            [pair.base if base_logprobs is None else (), pair.ablated if pair.ablated != pair.base else ()],
        )
        for pair in pairs
    ]
    found = token_values(model, items, cancelled)
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
    place = first_difference(pair.base, pair.ablated)
    if place is None:
        return Comparison(None, base_logprobs, ablated_logprobs)
    tokens = [answer[place] if place < len(answer) else None for answer in (pair.base, pair.ablated)]
    # Up to there the answers are the same, so the base model meets both tokens after the same text.
    base = (_probability(base_logprobs[place : place + 1]), _probability(ablated_logprobs[place : place + 1]))
    return Comparison(Divergence(place, tokens[0], tokens[1], base, ablated), base_logprobs, ablated_logprobs)


def _probability(logprobs: Sequence[float]) -> float | None:
    """The probability of a token; None if there is none, or the model gives no number."""
    return math.exp(logprobs[0]) if logprobs and math.isfinite(logprobs[0]) else None


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
) -> list[list[tuple[float, ...]]] | None:
    """The log-probabilities of the tokens of each answer to each prompt, as the model gives them.

    Args:
        model: in eval mode, as it is now.
        items: token ids of prompts, each with those of answers, which may be empty.
        cancelled: asked between batches; then the result is None.

    Raises:
        ValueError: a prompt with its answers does not fit in memory.
    """
    asked = [number for number, (_, answers) in enumerate(items) if any(answers)]
    encoded = [
        EncodedChoice(str(number), prompt, tuple(answer for answer in answers if answer), 0)
        for number, (prompt, answers) in ((number, items[number]) for number in asked)
    ]
    plan = plan_choices(encoded, model.device, "auto", pad_id=0, max_length=longest_row(model.config))
    found: dict[int, tuple[tuple[float, ...], ...]] = {}
    for scores in token_loglikelihoods(model, plan, cancelled):
        for place, values in zip(scores.items, scores.loglikelihoods, strict=True):
            found[asked[place]] = values
    if len(found) < len(asked):
        return None
    return [_with_empty(answers, found.get(number, ())) for number, (_, answers) in enumerate(items)]


def _with_empty(answers: Sequence[TokenIds], found: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """What was found of the answers that have tokens, and nothing of the others, in their order."""
    values = iter(found)
    return [next(values) if answer else () for answer in answers]
