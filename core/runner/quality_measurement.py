"""Measures a model on the neutral texts: log-probabilities, and how it writes on. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core.abilities.neutral_texts import NeutralText
from core.inference.encoding import longest_row
from core.inference.generation import Generated, generate
from core.inference.probabilities import prompt_ids, token_values

WRITTEN_TOKENS = 24
"""Of each text that is written on: enough for a loop to show."""


@dataclass(frozen=True)
class Measured:
    """What a model made of the neutral texts."""

    logprobs: tuple[tuple[float, ...], ...]
    """Log-probability of each token of each text; may be no finite numbers."""
    written: tuple[Generated, ...]
    """How it goes on from the beginning of each."""


def measure(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[NeutralText],
    cancelled: Callable[[], bool],
) -> Measured | None:
    """What the model as it is now makes of the texts; None if it was cancelled.

    A text that is longer than the model takes is cut at its end.

    Raises:
        ValueError: a text does not fit in memory.
    """
    most = longest_row(model.config) - 1
    items = []
    for one in texts:
        ids = tuple(tokenizer(one.text, add_special_tokens=False)["input_ids"][:most])
        items.append((prompt_ids(model, tokenizer, one.prompt, len(ids)), [ids]))
    logprobs = token_values(model, items, cancelled)
    if logprobs is None:
        return None
    written = generate(
        model,
        tokenizer,
        [one.beginning for one in texts],
        max_new_tokens=min(WRITTEN_TOKENS, most),
        cancelled=cancelled,
    )
    if cancelled():
        return None
    return Measured(tuple(values for (values,) in logprobs), tuple(written))


def logprobs_of_written(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[NeutralText],
    written: Sequence[Generated],
    cancelled: Callable[[], bool],
) -> list[tuple[float, ...]] | None:
    """The log-probability of each token that was written, under the model as it is now; None if cancelled.

    Raises:
        ValueError: a text does not fit in memory.
    """
    items = [
        (prompt_ids(model, tokenizer, text.beginning, max(len(one.tokens), 1)), [one.tokens])
        for text, one in zip(texts, written, strict=True)
    ]
    found = token_values(model, items, cancelled)
    return None if found is None else [values for (values,) in found]
