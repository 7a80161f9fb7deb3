"""What the embedded models are trained on: the vocabulary, `basic` train items, the induction warm-up."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from core.abilities.catalogue import ABILITIES
from core.abilities.generate import families_of, split_of
from core.abilities.item import Family, Item
from core.abilities.prompts import render_choice, render_generation

SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>")
PROMPT_WORDS = ("think", ":", "so")
"""Words that the form for generation adds (`core.abilities.prompts`)."""

DRAWS = 4000
"""Drafts of each family that are read for words: enough to meet every word of its tables."""

IGNORED = -100
"""Label of a token on which there is no loss."""

STEPS_SHARE = 0.25
"""Share of the training items in the form for generation, steps first."""

HARD_FAMILIES = {"get": 3.0, "lose": 3.0, "count": 3.0}
"""Families that are drawn more often: a table of sums is soon known by heart, and understood much later."""


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


@dataclass(frozen=True)
class Example:
    """One training sequence."""

    family: int
    """Index of its family; -1 for the warm-up."""
    ids: list[int]
    labels: list[int]
    options: tuple[int, ...] = ()
    """First tokens of all options, the right one first; empty where there are none."""


class Corpus:
    """An endless stream of train items, families sampled by how much is left to learn."""

    def __init__(self, words: Sequence[str], seed: int) -> None:
        self._ids = {word: i for i, word in enumerate(words)}
        self._rng = random.Random(f"corpus/{seed}")
        self.families: list[tuple[str, Family]] = [
            (ability.id, family) for ability in ABILITIES for family in families_of(ability.id, "basic")
        ]
        self.weights = [1.0] * len(self.families)

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, without special tokens."""
        return [self._ids[word] for word in text.split()]

    def draw(self, n: int) -> list[Example]:
        """The next n sequences, sampled over abilities equally and in each by its families' weights."""
        return [self._one(number) for number in self._sample(n)]

    def state(self) -> tuple[Any, ...]:
        """The state of the random generator, to resume from."""
        return self._rng.getstate()

    def restore(self, state: Sequence[Any]) -> None:
        """Sets the random generator to a state from `state()`."""
        self._rng.setstate((state[0], tuple(state[1]), state[2]))

    def _sample(self, n: int) -> list[int]:
        hardness = [HARD_FAMILIES.get(family.name, 1.0) for _, family in self.families]
        weights = [weight * hard for weight, hard in zip(self.weights, hardness, strict=True)]
        return self._rng.choices(range(len(self.families)), weights=weights, k=n)

    def _one(self, number: int) -> Example:
        ability, family = self.families[number]
        draft = family.draw(self._rng)
        while split_of(ability, draft.key, draft.member) != "train":
            draft = family.draw(self._rng)
        options = (draft.answer, *draft.distractors)
        item = Item("", ability, family.name, draft.context, draft.question, options, 0, draft.steps)
        if self._rng.random() < STEPS_SHARE:
            prompt = render_generation(item, "cloze")
            return self._sequence(number, prompt.context, prompt.target + " <eos>")
        choice = render_choice(item, "cloze")
        firsts = tuple(self.encode(continuation)[0] for continuation in choice.continuations)
        return self._sequence(number, choice.context, choice.continuations[0], firsts)

    def _sequence(self, number: int, context: str, target: str, options: tuple[int, ...] = ()) -> Example:
        before, after = self.encode("<bos> " + context), self.encode(target)
        return Example(number, before + after, [IGNORED] * len(before) + after, options)


def induction_sequences(rng: random.Random, n: int, vocabulary: int, length: int = 16) -> list[Example]:
    """Warm-up: random tokens cut into short segments, repeated in another order.

    The loss is on what follows the first token of a repeated segment: it can be told only by looking the
    segment up, which is the skill on which recall and deduction rest.
    """
    sequences = []
    for _ in range(n):
        tokens = rng.sample(range(4, vocabulary), length)
        segments, start = [], 0
        while start < length:
            end = min(length, start + rng.randrange(2, 5))
            segments.append(tokens[start:end])
            start = end
        rng.shuffle(segments)
        repeated = [token for segment in segments for token in segment]
        labels = [t if i else IGNORED for segment in segments for i, t in enumerate(segment)]
        sequences.append(Example(-1, [2, *tokens, *repeated], [IGNORED] * (length + 1) + labels))
    return sequences


def collate(sequences: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Right-padded ids and labels, both int64 (B, T), and the families' indices (B,)."""
    longest = max(len(s.ids) for s in sequences)
    ids = torch.zeros(len(sequences), longest, dtype=torch.long)
    labels = torch.full((len(sequences), longest), IGNORED)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence.ids)] = torch.tensor(sequence.ids)
        labels[row, : len(sequence.ids)] = torch.tensor(sequence.labels)
    return ids, labels, torch.tensor([s.family for s in sequences])
