"""Whether an answer repeats itself, and how much it surprises the base model."""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from core.analysis.diagnosis.case import Written
from core.inference.answers import first_difference

REPETITIONS = 3
"""Repetitions in a row that make a loop."""

LOOP_WORDS = 6
"""Words that a loop fills at least: "no, no, no" is none."""

LONGEST_PERIOD = 128
"""Words or tokens of a unit, at most."""

CHARACTER_REPETITIONS = 8
LOOP_CHARACTERS = 40
"""The same for a loop inside a single word, as in scripts without spaces and in "hahaha…"."""

SHARE_GRAM = 4
"""Words of the n-grams that are counted, for loops that change a little each time."""

SHARE_WORDS = 40
REPEATED_SHARE = 0.5
"""Words from which a text repeats itself if this share of its n-grams occurred before."""


class Run(NamedTuple):
    """A stretch of a sequence that repeats one unit."""

    start: int
    length: int
    period: int

    @property
    def repetitions(self) -> int:
        """How often the whole unit occurs."""
        return self.length // self.period


class Loop(NamedTuple):
    """What repeats itself in a text."""

    unit: str
    """What is repeated."""
    repetitions: int
    start: int
    """First character of the loop."""
    end: int
    """The character after it."""


def longest_run(sequence: Sequence[Hashable], shortest: int, repetitions: int = REPETITIONS) -> Run | None:
    """The longest stretch that repeats a unit, of equal ones that with the shorter unit; None without any.

    Args:
        sequence: what is looked through.
        shortest: the least length of the stretch.
        repetitions: the least number of whole units.
    """
    best: Run | None = None
    for period in range(1, min(LONGEST_PERIOD, len(sequence) // repetitions) + 1):
        least = max(shortest, repetitions * period, best.length + 1 if best else 0)
        equals = list(map(operator.eq, sequence[period:], sequence))
        if sum(equals) < least - period:  # most periods, and counting is much faster than looking for the run
            continue
        index = 0
        for is_equal, group in itertools.groupby(equals):
            equal = sum(1 for _ in group)
            if is_equal and equal + period >= least:
                best = Run(index, equal + period, period)
                least = best.length + 1
            index += equal
    return best


def find_loop(text: str) -> Loop | None:
    """The loop of a text; None if it does not repeat itself.

    A loop is the first of these, ignoring case and punctuation at a word's ends:
    1. a unit of words that occurs `REPETITIONS` times or more and fills `LOOP_WORDS` words, but no sum such
       as "1 + 1 + 1 + 1";
    2. a unit of characters within one word that occurs `CHARACTER_REPETITIONS` times and fills
       `LOOP_CHARACTERS`, but no dots and dashes;
    3. in a text of `SHARE_WORDS` words, n-grams of which `REPEATED_SHARE` occurred before.
    """
    words = list(re.finditer(r"\S+", text))
    plain = [_plain(word[0]) for word in words]
    run = longest_run(plain, LOOP_WORDS)
    if run and not _is_sum(plain[run.start : run.start + run.period]):
        last = words[run.start + run.length - 1]
        unit = text[words[run.start].start() : words[run.start + run.period - 1].end()]
        return Loop(unit, run.repetitions, words[run.start].start(), last.end())
    for word in words:
        if loop := _within(word):
            return loop
    return _by_share(text, words, plain)


def _within(word: re.Match[str]) -> Loop | None:
    """The loop inside one word."""
    run = (
        longest_run(word[0], LOOP_CHARACTERS, CHARACTER_REPETITIONS)
        if len(word[0]) >= LOOP_CHARACTERS
        else None
    )
    if run is None:
        return None
    unit = word[0][run.start : run.start + run.period]
    if not any(map(str.isalnum, unit)):
        return None
    start = word.start() + run.start
    return Loop(unit, run.repetitions, start, start + run.length)


def _by_share(text: str, words: Sequence[re.Match[str]], plain: Sequence[str]) -> Loop | None:
    """A loop whose turns are not quite equal; the most frequent n-gram stands for its unit."""
    if len(plain) < SHARE_WORDS:
        return None
    indices: dict[tuple[str, ...], list[int]] = {}
    for index in range(len(plain) - SHARE_GRAM + 1):
        indices.setdefault(tuple(plain[index : index + SHARE_GRAM]), []).append(index)
    grams = sum(map(len, indices.values()))
    if 1 - len(indices) / grams < REPEATED_SHARE:
        return None
    often = max(indices.values(), key=len)
    start, end = words[often[0]].start(), words[often[0] + SHARE_GRAM - 1].end()
    return Loop(text[start:end], len(often), start, words[often[-1] + SHARE_GRAM - 1].end())


def _plain(word: str) -> str:
    """The word in lower case, without punctuation at its ends; punctuation alone stays."""
    return word.casefold().strip(".,;:!?\"'()*") or word


def _is_sum(unit: Sequence[str]) -> bool:
    """Whether a unit consists of numbers and at least one arithmetic sign."""
    signs = [word for word in unit if re.fullmatch(r"[-+*/=×·÷−]+", word)]
    return bool(signs) and not any(character.isalpha() for word in unit for character in word)


TIMES = 10.0
"""An answer is incoherent if its perplexity under the base model is so many times the base answer's."""

JUDGED_TOKENS = 3
"""Fewer tokens are not judged: a wrong word surprises as much as one that is out of place."""


class Coherence(NamedTuple):
    """How much two answers surprise the base model."""

    base: float
    """Perplexity of the base answer."""
    ablated: float
    """Perplexity of the judged part of the ablated answer."""

    @property
    def is_incoherent(self) -> bool:
        """Whether the ablated answer's is more than `TIMES` the base answer's."""
        return self.ablated / self.base > TIMES


def coherence(base: Written, ablated: Written) -> Coherence | None:
    """The perplexities under the base model; None if there are too few tokens or no log-probabilities.

    The tokens of the ablated answer count from the one after its divergence from the base answer, which is
    always a surprise; of a loop only the first turn, because the others are foreseen; and no end token. Of
    these `JUDGED_TOKENS` or more, the most surprising one is left out: one wrong word in a fluent text is an
    error, not incoherence.
    """
    if not (base.log_probabilities and ablated.log_probabilities):
        return None
    index = first_difference(base.tokens, ablated.tokens)
    if index is None:
        return None
    end = len(ablated.tokens) - (ablated.finish == "eos")
    run = longest_run(ablated.tokens[:end], LOOP_WORDS)
    turns = range(run.start + run.period, run.start + run.length) if run else range(0)
    judged = [ablated.log_probabilities[i] for i in range(index + 1, end) if i not in turns]
    if len(judged) < JUDGED_TOKENS:
        return None
    return Coherence(_perplexity(base.log_probabilities), _perplexity(sorted(judged)[1:]))


def _perplexity(log_probabilities: Sequence[float]) -> float:
    """The exponential of the mean surprise, each token's at most 100 nats."""
    return math.exp(-sum(max(value, -100.0) for value in log_probabilities) / len(log_probabilities))
