"""What is diagnosed: a question, both answers, and what several rules need of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from core.analysis.diagnosis.arithmetic import number_value
from core.analysis.diagnosis.language import Change, find_change, find_refusal
from core.benchmarks.answer_format import NUMBER, AnswerFormat, loose_answer
from core.inference import Finish


@dataclass(frozen=True)
class Asked:
    """A question. A person's own prompt has no format, no gold and no steps."""

    prompt: str
    format: AnswerFormat | None = None
    """How the answer has to be stated; None if the prompt asks for no particular answer."""
    gold: str | None = None
    """The right answer."""
    steps: str = ""
    """The true worked solution; empty if unknown."""
    options: tuple[str, ...] = ()
    """The answers to choose from, if any."""


@dataclass(frozen=True)
class Written:
    """What one model wrote."""

    text: str
    finish: Finish
    tokens: tuple[int, ...] = ()
    """The new tokens."""
    log_probabilities: tuple[float, ...] = ()
    """Log-probability of each token under the base model; empty if not computed."""

    @property
    def was_cut(self) -> bool:
        """Whether it was ended from outside: by the token limit, or because it only repeated itself."""
        return self.finish in ("length", "repeats")


QUOTED = 40
"""Most characters of an answer that a sentence quotes."""


@dataclass(frozen=True)
class Case:
    """A question with both answers, and what several rules need to know about them."""

    asked: Asked
    base: Written
    ablated: Written
    base_name: str = "base"
    """What sentences call the model that wrote the base answer."""

    @property
    def base_words(self) -> str:
        """What sentences call its answer."""
        return "the base answer" if self.base_name == "base" else f"{self.base_name}'s answer"

    @cached_property
    def stated(self) -> str | None:
        """The ablated answer, if it is stated as asked."""
        return self._stated(self.ablated)

    @cached_property
    def base_stated(self) -> str | None:
        """The base answer, if it is stated as asked."""
        return self._stated(self.base)

    @cached_property
    def answer(self) -> str | None:
        """The ablated answer, in any form."""
        return self.stated or self._loose(self.ablated)

    @cached_property
    def base_answer(self) -> str | None:
        """The base answer, in any form."""
        return self.base_stated or self._loose(self.base)

    @cached_property
    def closing(self) -> str | None:
        """The word after the steps in the base answer; None unless it begins with the true steps."""
        steps, base = self.asked.steps.split(), self.base.text.split()
        return base[len(steps)] if steps and base[: len(steps)] == steps and len(base) > len(steps) else None

    @cached_property
    def change(self) -> Change | None:
        """Where the ablated text goes over to another script or language."""
        return find_change(self.ablated.text, f"{self.asked.prompt}\n{self.base.text}")

    @cached_property
    def refusal(self) -> tuple[int, int] | None:
        """The characters with which the ablated model refuses; None if it does not, or base does too."""
        if self.stated is not None or find_refusal(self.base.text):
            return None
        return find_refusal(self.ablated.text)

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


def first_number(answer: str | None) -> Fraction | None:
    """The first number of an answer, as a fraction; None without one."""
    found = NUMBER.search(answer or "")
    return number_value(found[0]) if found else None


def span_of(text: str, answer: str | None) -> tuple[int | None, int | None]:
    """The span of the last occurrence of an answer in its text."""
    start = text.rfind(answer) if answer else -1
    return (None, None) if start < 0 or answer is None else (start, start + len(answer))


def quoted(text: str) -> str:
    """A text on one line, shortened for a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else f"{line[: QUOTED - 1]}…"
