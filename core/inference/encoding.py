"""Encodes prompts by lm-evaluation-harness's rule, so that scores can be compared. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.abilities.prompts import ChoicePrompt

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TokenIds = tuple[int, ...]

LONGEST_ROW = 4096
"""Largest number of tokens in a sequence, whatever the model allows; longer ones are cut from the left."""


@dataclass(frozen=True)
class EncodedChoice:
    """A multiple-choice item as token ids."""

    item_id: str
    context_ids: TokenIds
    """What every option follows; at least one token unless every option has unscored ones."""
    continuation_ids: tuple[TokenIds, ...]
    """One for each option; at least one token each."""
    answer_index: int
    unscored: tuple[int, ...] = ()
    """For each option, the number of its first tokens that are context and do not count; empty: 0 of all."""

    @property
    def first_scored(self) -> tuple[int, ...]:
        """For each option, the index of its first token that counts."""
        return self.unscored or (0,) * len(self.continuation_ids)


def encode_choice(prompt: ChoicePrompt, tokenizer: PreTrainedTokenizerBase) -> EncodedChoice:
    """The item's token ids, as `encode_options` gives them.

    Raises:
        ValueError: an option adds no token to the context.
    """
    contexts, continuations = (prompt.context,), prompt.continuations
    return encode_options(prompt.item_id, contexts, continuations, prompt.answer_index, tokenizer)


def encode_options(
    item_id: str,
    contexts: Sequence[str],
    continuations: Sequence[str],
    answer_index: int,
    tokenizer: PreTrainedTokenizerBase,
) -> EncodedChoice:
    """The token ids of an item whose options have one context, or one each as in WinoGrande.

    Context and context + continuation are encoded separately; a continuation is what the second has beyond
    the length of the first. Spaces that end a context belong to its continuation. Of several contexts the
    common first tokens are the item's context; the rest are unscored tokens of each option.

    Raises:
        ValueError: an option adds no token to its context, or contexts and options differ in number.
    """
    if len(contexts) == 1:
        context_ids, scored = _encode_context(item_id, contexts[0], continuations, tokenizer)
        return EncodedChoice(item_id, context_ids, scored, answer_index)
    pairs = [
        _encode_context(item_id, context, [continuation], tokenizer)
        for context, continuation in zip(contexts, continuations, strict=True)
    ]
    shared = common_length([context for context, _ in pairs])
    return EncodedChoice(
        item_id,
        pairs[0][0][:shared],
        tuple(context[shared:] + scored for context, (scored,) in pairs),
        answer_index,
        tuple(len(context) - shared for context, _ in pairs),
    )


def _encode_context(
    item_id: str, context: str, continuations: Sequence[str], tokenizer: PreTrainedTokenizerBase
) -> tuple[TokenIds, tuple[TokenIds, ...]]:
    """The token ids of a context and of its continuations."""
    wholes = [context + continuation for continuation in continuations]
    context_ids, *whole_ids = encode_texts([context.rstrip(), *wholes], tokenizer)
    if not context.strip() or not context_ids:
        context_ids = [prefix_token(tokenizer)]
        plain: list[list[int]] = tokenizer(wholes, add_special_tokens=False)["input_ids"]
        whole_ids = [ids if ids[:1] == context_ids else context_ids + ids for ids in plain]
    scored = tuple(tuple(ids[len(context_ids) :]) for ids in whole_ids)
    if not all(scored):
        empty = continuations[scored.index(())]
        raise ValueError(f"Option '{empty}' of item {item_id} adds no token to the prompt: reword it.")
    return tuple(context_ids), scored


def encode_prompt(prompt: str, tokenizer: PreTrainedTokenizerBase) -> TokenIds:
    """The token ids of a text that a model continues; at least one."""
    return tuple(encode_texts([prompt], tokenizer)[0]) or (prefix_token(tokenizer),)


def prefix_token(tokenizer: PreTrainedTokenizerBase) -> int:
    """The token before a text that has nothing before it: BOS where the tokenizer has one, else EOS."""
    bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
    return int(eos if bos is None else bos)


def common_length(sequences: Sequence[TokenIds]) -> int:
    """Number of first tokens that all sequences have in common."""
    first, last = min(sequences), max(sequences)  # what these share, all between them share
    low, high = 0, min(len(first), len(last))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if first[:middle] == last[:middle] else (low, middle - 1)
    return low


def encode_texts(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Token ids of texts, of which all or none begin with the BOS string: it is never added twice."""
    bos: str | None = tokenizer.bos_token
    has_bos = bos is not None and texts[0].startswith(bos)
    ids: list[list[int]] = tokenizer(list(texts), add_special_tokens=not has_bos)["input_ids"]
    return ids


def cut_context(encoded: EncodedChoice, max_length: int) -> EncodedChoice:
    """The item with its context cut from the left until every option fits; the item itself if it does.

    The last token of an option is never an input, so a row has context + option - 1 tokens. Where the
    options' own contexts are too long for that, each option keeps as much of what comes before it as fits.

    Raises:
        ValueError: the scored part of an option is longer than the limit.
    """
    scored = [
        len(ids) - first for ids, first in zip(encoded.continuation_ids, encoded.first_scored, strict=True)
    ]
    if max(scored) > max_length:
        raise ValueError(_too_long(encoded.item_id, max(scored), max_length))
    room = max_length + 1 - max(len(ids) for ids in encoded.continuation_ids)
    if room >= len(encoded.context_ids):
        return encoded
    if room > 0:
        return replace(encoded, context_ids=encoded.context_ids[-room:])
    kept = tuple((encoded.context_ids + ids)[-max_length - 1 :] for ids in encoded.continuation_ids)
    unscored = tuple(len(ids) - count for ids, count in zip(kept, scored, strict=True))
    return replace(encoded, context_ids=(), continuation_ids=kept, unscored=unscored)


def cut_options(encoded: EncodedChoice, max_length: int) -> tuple[EncodedChoice, ...]:
    """The item cut as lm-evaluation-harness cuts it: each option's sequence by itself, from the left.

    Returns:
        One item with all options, if they still share what comes before them; else one item for each option.

    Raises:
        ValueError: the scored part of an option is longer than the limit.
    """
    cuts = cuts_of(encoded, max_length)
    context = encoded.context_ids
    if len(set(cuts)) == 1 and cuts[0] < max(len(context), 1):
        return (replace(encoded, context_ids=context[cuts[0] :]),) if cuts[0] else (encoded,)
    rows = []
    for ids, first, cut in zip(encoded.continuation_ids, encoded.first_scored, cuts, strict=True):
        scored = ids[first:]
        if len(scored) > max_length:
            raise ValueError(_too_long(encoded.item_id, len(scored), max_length))
        kept = (context + ids[:first])[cut:]
        rows.append(EncodedChoice(encoded.item_id, kept, (scored,), 0))
    return tuple(rows)


def cuts_of(encoded: EncodedChoice, max_length: int) -> tuple[int, ...]:
    """For each option, by how many tokens it is too long with what comes before it.

    The last token of an option is never an input, so a sequence may have max_length + 1 tokens.
    """
    context = len(encoded.context_ids)
    return tuple(max(context + len(ids) - max_length - 1, 0) for ids in encoded.continuation_ids)


def _too_long(item_id: str, tokens: int, max_length: int) -> str:
    return f"An option of item {item_id} has {tokens} tokens, but the limit is {max_length}: shorten it."


def longest_row(config: Any) -> int:
    """Largest number of tokens in a model's sequence: its positions, as in lm-evaluation-harness.

    A sliding window is no limit: what a token sees is the attention's business.
    """
    return int(config.max_position_embeddings)


def unknown_words(tokenizer: PreTrainedTokenizerBase, text: str) -> list[str]:
    """The words of a text that the tokenizer does not know, each once and in order."""
    if tokenizer.unk_token_id is None:
        return []
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    spans = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    words = (text[start:end] for token, (start, end) in spans if token == tokenizer.unk_token_id)
    return list(dict.fromkeys(words))
