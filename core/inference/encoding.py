"""Turns prompts into token ids by lm-evaluation-harness's rule, so that scores can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.prompts import ChoicePrompt

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LONGEST_ROW = 4096
"""Tokens of one sequence at most, whatever the model allows: what is longer is cut from the left."""


@dataclass(frozen=True)
class EncodedChoice:
    """A multiple-choice item as token ids."""

    item_id: str
    context_ids: tuple[int, ...]
    """What every option follows; at least one token."""
    continuation_ids: tuple[tuple[int, ...], ...]
    """One for each option; at least one token each."""
    answer_index: int


def encode_choice(prompt: ChoicePrompt, tokenizer: PreTrainedTokenizerBase) -> EncodedChoice:
    """The item's token ids.

    Context and context + continuation are encoded separately; a continuation is what the second has beyond
    the length of the first. Spaces that end the context belong to the continuations.

    Raises:
        ValueError: an option adds no token to the context.
    """
    context = prompt.context.rstrip()
    tail = prompt.context[len(context) :]
    wholes = [context + tail + continuation for continuation in prompt.continuations]
    context_ids, *whole_ids = encode_texts([context, *wholes], tokenizer)
    if not context_ids:  # an empty prompt without BOS: lm-evaluation-harness starts from the EOS token
        context_ids = [tokenizer.eos_token_id]
        whole_ids = [context_ids + ids for ids in whole_ids]
    continuations = tuple(tuple(ids[len(context_ids) :]) for ids in whole_ids)
    if not all(continuations):
        empty = prompt.continuations[continuations.index(())]
        raise ValueError(f"Option '{empty}' of item {prompt.item_id} adds no token to the prompt: reword it.")
    return EncodedChoice(prompt.item_id, tuple(context_ids), continuations, prompt.answer_index)


def encode_texts(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Token ids of texts that all do, or all do not, begin with the BOS string: it is never added twice."""
    bos: str | None = tokenizer.bos_token
    has_bos = bos is not None and texts[0].startswith(bos)
    ids: list[list[int]] = tokenizer(list(texts), add_special_tokens=not has_bos)["input_ids"]
    return ids


def cut_context(encoded: EncodedChoice, max_length: int) -> EncodedChoice:
    """The item with its context cut from the left until every option fits; the item itself if it does.

    The last token of an option is never an input, so a row has context + option - 1 tokens.

    Raises:
        ValueError: an option alone is longer than the limit.
    """
    longest = max(len(ids) for ids in encoded.continuation_ids)
    room = max_length - longest + 1
    if room < 1:
        raise ValueError(
            f"An option of item {encoded.item_id} has {longest} tokens, but the limit is {max_length}: "
            "shorten it."
        )
    if len(encoded.context_ids) <= room:
        return encoded
    return replace(encoded, context_ids=encoded.context_ids[-room:])


def longest_row(config: Any) -> int:
    """Tokens that one sequence of a model may have: its positions, its attention window, at most 4,096."""
    window = getattr(config, "sliding_window", None) or LONGEST_ROW
    return min(int(config.max_position_embeddings), int(window), LONGEST_ROW)


def unknown_words(tokenizer: PreTrainedTokenizerBase, text: str) -> list[str]:
    """The words of a text that the tokenizer does not know, each once and in order."""
    if tokenizer.unk_token_id is None:
        return []
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    spans = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    words = (text[start:end] for token, (start, end) in spans if token == tokenizer.unk_token_id)
    return list(dict.fromkeys(words))
