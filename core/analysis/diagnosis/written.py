"""What is diagnosed: a question, and what the base and the ablated model wrote."""

from __future__ import annotations

from dataclasses import dataclass

from core.benchmarks.answer_format import AnswerFormat
from core.inference.repeats import Finish


@dataclass(frozen=True)
class Asked:
    """A question, as far as it is known. A person's own prompt has no format, no gold and no steps."""

    prompt: str
    format: AnswerFormat | None = None
    """Where and how the answer has to stand; None if the prompt asks for no particular answer."""
    gold: str | None = None
    """The right answer."""
    steps: str = ""
    """The true worked solution; empty if none is known."""
    options: tuple[str, ...] = ()
    """The answers to choose from, if there are such."""


@dataclass(frozen=True)
class Written:
    """What one model wrote."""

    text: str
    finish: Finish
    tokens: tuple[int, ...] = ()
    """The new tokens, as `Generated` has them."""
    log_probabilities: tuple[float, ...] = ()
    """Of each token under the base model, in nats; empty if they were not computed."""

    @property
    def was_cut(self) -> bool:
        """Whether it was ended from outside, for want of room or because it only repeated itself."""
        return self.finish in ("length", "repeats")
