"""How an ablated answer fails beside the base answer, by seven tags, and how often each occurs. No torch."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from core.abilities.prompts import is_quasi_exact
from core.analysis.statistics.scores import Accuracy, accuracy
from core.analysis.text_checks import Change, Written, coherence, find_change, find_loop, find_refusal
from core.benchmarks.benchmark import AnswerFormat
from core.benchmarks.scoring import NUMBER, loose_answer

TagName = Literal[
    "repetition", "gibberish", "truncated", "empty", "format_lost", "overcounting", "wrong_option"
]

PRIORITY: tuple[TagName, ...] = get_args(TagName)
"""Which of several tags is the main one: the first. What spoils the whole text comes before what is wrong in
it."""

SHORT_SHARE = 0.5
"""An answer that ended by itself before this share of the base answer's length is truncated."""

SENTENCE_ENDS = (".", "!", "?", ":", ")", '"', "”", "»", "。", "！", "？")
"""Endings of a whole text, where no particular answer is asked for."""

QUOTED = 40
"""Most characters of an answer that a sentence quotes."""

MENTIONED = 2
"""Tags that a table names, at most …"""

LEAST_SHARE = 0.05
"""… and none rarer than this."""


@dataclass(frozen=True)
class Tag:
    """One failure of an ablated answer."""

    name: TagName
    evidence: str
    """What shows it, in one short sentence. May quote the model: to be shown as text."""
    start: int | None = None
    """First character of the ablated text that shows it; None where it is nowhere in particular."""
    end: int | None = None
    """The character after the last one."""


@dataclass(frozen=True)
class Asked:
    """A question. A person's own prompt has neither format nor gold."""

    prompt: str
    format: AnswerFormat | None = None
    """How the answer has to be stated; None if the prompt asks for no particular answer."""
    gold: str | None = None
    """The right answer."""
    options: tuple[str, ...] = ()
    """The answers to choose from, if any."""


def diagnose(asked: Asked, base: Written, ablated: Written, *, base_name: str = "base") -> tuple[Tag, ...]:
    """How the ablated answer fails, the main tag first; `base_name` is what sentences call the other model.

    No tag: it does not fail, or only as the base answer does. The rules:

    - `repetition`: see `find_loop`, more often than the base answer; or it was ended for that.
    - `gibberish`: another script or language (`find_change`); or the base model is surprised (`coherence`),
      where log-probabilities are given; or the answer is none of the options, no number where one is asked
      for, and has no word of the question.
    - `truncated`: no answer where the base answer has one, because the text was cut, or ended before
      `SHORT_SHARE` of the base answer's length. Where no format is asked for: cut at the token limit where
      the base answer ended by itself, or as short and within a sentence.
    - `empty`: a refusal (`find_refusal`), or no answer for no such reason.
    - `format_lost`: an answer is found (`loose_answer`), but not in the format that is asked for.
    - `overcounting`: the answer is a number above the right one.
    - `wrong_option`: it is another answer than the right one; where that is unknown, than the base answer's.

    In an answer that was cancelled, only what is there is judged, not what is missing.
    """
    if base.text == ablated.text:
        return ()
    case = _Case(asked, base, ablated, base_name)
    tags = [*_loops(case), *_gibberish(case)]
    if "cancelled" not in (base.finish, ablated.finish):
        tags += _missing(case)
    tags += _wrong(case)
    return tuple(sorted(tags, key=lambda tag: PRIORITY.index(tag.name)))


@dataclass(frozen=True)
class _Case:
    """A question with both answers, and what several rules need to know about them."""

    asked: Asked
    base: Written
    ablated: Written
    base_name: str

    @cached_property
    def stated(self) -> str | None:
        """The ablated answer, if it is stated as asked."""
        return self._stated(self.ablated)

    @cached_property
    def base_stated(self) -> str | None:
        return self._stated(self.base)

    @cached_property
    def answer(self) -> str | None:
        """The ablated answer, in any form."""
        return self.stated or self._loose(self.ablated)

    @cached_property
    def base_answer(self) -> str | None:
        return self.base_stated or self._loose(self.base)

    @cached_property
    def change(self) -> Change | None:
        """Where the ablated text goes over to another script or language."""
        return find_change(self.ablated.text, f"{self.asked.prompt}\n{self.base.text}")

    def _stated(self, written: Written) -> str | None:
        """The answer in the format asked for; None if the text was cut within it."""
        answer = self.asked.format.stated(written.text) if self.asked.format else None
        is_cut = written.was_cut and answer is not None and written.text.rstrip().endswith(answer)
        return None if is_cut else answer

    def _loose(self, written: Written) -> str | None:
        if self.asked.format is None:
            return None
        is_whole = written.finish in ("eos", "stop")
        return loose_answer(written.text, self.asked.gold, self.asked.options, has_ended=is_whole)


def _loops(case: _Case) -> Iterator[Tag]:
    loop = find_loop(case.ablated.text)
    base = find_loop(case.base.text) if loop else None
    if loop and loop.repetitions > (base.repetitions if base else 0):
        begins = "from its beginning" if loop.start == 0 else f"from character {loop.start + 1}"
        evidence = f"Repeats “{quoted(loop.unit)}” {loop.repetitions} times {begins}."
        yield Tag("repetition", evidence, loop.start, loop.end)
    elif case.ablated.finish == "repeats" and case.base.finish != "repeats":
        yield Tag("repetition", "Was ended because it only repeated itself.")


def _gibberish(case: _Case) -> Iterator[Tag]:
    if change := case.change:
        said = quoted(case.ablated.text[change.start :])
        yield Tag("gibberish", f"Goes over to {change.to} at “{said}”.", change.start, change.end)
        return
    judged = coherence(case.base, case.ablated)
    if judged and judged.is_incoherent:
        perplexities = f"{judged.ablated:,.0f}; the base answer's is {judged.base:,.1f}"
        yield Tag("gibberish", f"Its perplexity under the base model is {perplexities}.")
    elif case.answer is not None and _is_foreign(case.asked, case.answer):
        evidence = f"Answers “{quoted(case.answer)}”, which is neither an option nor in the question."
        yield Tag("gibberish", evidence, *_span(case.ablated.text, case.answer))


def _is_foreign(asked: Asked, answer: str) -> bool:
    if not asked.options or (_number(asked.gold or "") is not None and _first_number(answer) is not None):
        return False
    said = {word.strip(".,;:!?").lower() for word in answer.split()}
    known = {word.strip(".,;:!?").lower() for text in (asked.prompt, *asked.options) for word in text.split()}
    return not said & known


def _missing(case: _Case) -> Iterator[Tag]:
    text, form = case.ablated.text.strip(), case.asked.format
    refusal = None if case.stated or find_refusal(case.base.text) else find_refusal(case.ablated.text)
    if refusal:
        yield Tag("empty", f"Says “{quoted(case.ablated.text[refusal[0] :])}”.", *refusal)
        return
    length = f"{len(text)} characters; {_base_words(case)} has {len(case.base.text.strip())}"
    is_short = case.change is None and len(text) < SHORT_SHARE * len(case.base.text.strip())
    if form is None:
        if not text:
            yield Tag("empty", "Says nothing.")
        elif case.ablated.finish == "length" and case.base.finish in ("eos", "stop"):
            yield Tag("truncated", f"Does not end where {_base_words(case)} does.")
        elif is_short and not case.ablated.was_cut and not text.endswith(SENTENCE_ENDS):
            yield Tag("truncated", f"Ends after {length}.")
    elif case.answer is None and case.base_answer is not None:
        if text and case.ablated.was_cut:
            yield Tag("truncated", "States no answer before it is cut.")
        elif text and is_short:
            yield Tag("truncated", f"Ends without an answer after {length}.")
        else:
            yield Tag("empty", "States no answer.")
    elif case.stated is None and case.base_stated is not None and case.answer is not None:
        evidence = f"Answers “{quoted(case.answer)}”, but not as {form.asked}."
        yield Tag("format_lost", evidence, *_span(case.ablated.text, case.answer))


def _wrong(case: _Case) -> Iterator[Tag]:
    answer, base, gold = case.answer, case.base_answer, case.asked.gold
    if answer is None or _is_same(answer, base, gold) or _is_same(answer, gold, gold):
        return
    span = _span(case.ablated.text, answer)
    right, said = _number(gold or ""), _first_number(answer)
    if right is not None and said is not None and said > right:
        yield Tag(
            "overcounting", f"Answers {_shown(said)}, {_shown(said - right)} over {_shown(right)}.", *span
        )
        return
    is_option = not case.asked.options or any(is_quasi_exact(answer, one) for one in case.asked.options)
    aside = "" if is_option else ", which is none of the options"
    beside = f"“{quoted(gold)}” is right" if gold else f"{case.base_name} answers “{quoted(base or '')}”"
    if gold or base:
        yield Tag("wrong_option", f"Answers “{quoted(answer)}”{aside}; {beside}.", *span)


def _is_same(answer: str, other: str | None, gold: str | None) -> bool:
    if other is None:
        return False
    if is_quasi_exact(answer, other):
        return True
    number = _first_number(answer)
    asks_number = gold is None or _number(gold) is not None
    return asks_number and number is not None and number == _first_number(other)


def _base_words(case: _Case) -> str:
    return "the base answer" if case.base_name == "base" else f"{case.base_name}'s answer"


def _number(text: str) -> Fraction | None:
    """The value of a number as people write it ("$1,200.50"); None if the text is not one number."""
    bare = text.strip().rstrip(".").replace(",", "").replace("$", "").replace("−", "-")
    return Fraction(bare) if re.fullmatch(r"-?\d{1,30}(?:\.\d{1,30})?", bare, re.ASCII) else None


def _first_number(answer: str) -> Fraction | None:
    found = NUMBER.search(answer)
    return _number(found[0]) if found else None


def _shown(value: Fraction) -> str:
    return f"{float(round(value, 4)):,.4f}".rstrip("0").rstrip(".")


def _span(text: str, answer: str) -> tuple[int | None, int | None]:
    start = text.rfind(answer) if answer else -1
    return (None, None) if start < 0 else (start, start + len(answer))


def quoted(text: str) -> str:
    """A text on one line, shortened for a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else f"{line[: QUOTED - 1]}…"


def main_tag(tags: Sequence[Tag]) -> TagName | None:
    """The tag that counts, the first of `diagnose`; None if the answer does not fail."""
    return tags[0].name if tags else None


@dataclass(frozen=True)
class Share:
    """How many answers have one main tag."""

    name: TagName | None
    """None: no failure."""
    count: int
    share: Accuracy
    """The share of all answers, with its 95 % Wilson interval."""
    base: float | None = None
    """The share of base answers that end up so beside the right ones; None where no right one is known."""


def shares(
    names: Iterable[TagName | None], base_names: Mapping[TagName | None, int] | None = None
) -> tuple[Share, ...]:
    """How many answers have each main tag: the most frequent first, then by `PRIORITY`.

    Args:
        names: the main tag of each answer.
        base_names: how many base answers end up with each, beside the right answers.

    Raises:
        ValueError: there are no answers.
    """
    counts = Counter(names)
    if not counts:
        raise ValueError("There are no answers to count.")
    indices = np.arange(counts.total())
    n_base = sum(base_names.values()) if base_names else 0
    found = [
        Share(name, n, accuracy(indices < n), base_names.get(name, 0) / n_base if base_names else None)
        for name, n in counts.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, (*PRIORITY, None).index(one.name))))


def frequent_failures(found: Sequence[Share]) -> tuple[Share, ...]:
    """The failures not rarer than `LEAST_SHARE`, the most frequent first."""
    return tuple(share for share in found if share.name and share.share.score >= LEAST_SHARE)
