"""The closed vocabulary of the `basic` items and the word-level tokenizer of the embedded models."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from core.abilities.catalogue import ABILITIES
from core.abilities.generate import families_of

SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>")
PROMPT_WORDS = ("think", ":", "so")
"""Words that the form for generation adds (`core.abilities.prompts`)."""

DRAWS = 4000
"""Drafts of each family that are read for words: enough to meet every word of its tables."""


@cache
def collect_words() -> tuple[str, ...]:
    """Every word of the `basic` items, sorted, special tokens first."""
    words = set(PROMPT_WORDS)
    for ability in ABILITIES:
        for family in families_of(ability.id, "basic"):
            rng = random.Random(f"vocabulary/{ability.id}/{family.name}")
            for _ in range(DRAWS):
                draft = family.draw(rng)
                texts = (draft.context, draft.question, draft.answer, *draft.distractors, draft.steps)
                words.update(" ".join(texts).split())
    return (*SPECIALS, *sorted(words))


def build_tokenizer(words: Sequence[str]) -> PreTrainedTokenizerFast:
    """A word-level tokenizer: words are split at spaces, unknown ones become <unk>, <bos> is put first."""
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<bos>",
        eos_token="<eos>",
        clean_up_tokenization_spaces=False,
    )
