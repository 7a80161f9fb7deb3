"""Events of a generation job: its texts as they are written, and how they compare. No torch, no screen."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from core.inference import Finish


class TextWritten(msgspec.Struct, frozen=True, tag=True):
    """A generation job wrote a piece of one of its answers."""

    job: str
    pane: int
    """Index of the answer among the job's."""
    text: str


class TextEnded(msgspec.Struct, frozen=True, tag=True):
    """One answer of a generation job is complete."""

    job: str
    pane: int
    finish: Finish
    tokens: int
    seconds: float
    unknown_words: tuple[str, ...] = ()
    """Words of the prompt that the model's closed vocabulary lacks."""


@dataclass(frozen=True)
class TokenDivergence:
    """The first token in which a base and an ablated answer differ. The tokens are untrusted text."""

    index: int
    """Index of the token, from 0, in both answers."""
    base_token: str | None
    """The base answer's text there; None if the base answer ends there."""
    ablated_token: str | None
    """The ablated answer's text there; None if it ends there."""
    base_probabilities: tuple[float | None, float | None]
    """The base model's probabilities of the base and of the ablated token (of its end token where an answer
    ends by itself); None where an answer was ended from outside, or the number is not finite."""
    ablated_probabilities: tuple[float | None, float | None]
    """The ablated model's probabilities of the same two."""


class TextCompared(msgspec.Struct, frozen=True, tag=True):
    """An ablated answer of a generation job was compared with the job's base answer, token by token."""

    job: str
    pane: int
    """Index of the ablated answer."""
    divergence: TokenDivergence | None
    """None if both have the same tokens."""
    base_tokens: tuple[int, ...]
    """All tokens of the base answer."""
    ablated_tokens: tuple[int, ...]
    """All tokens of the ablated answer."""
    base_logprobs: tuple[float, ...]
    """Log-probability of each token of the base answer under the base model."""
    ablated_logprobs: tuple[float, ...]
    """The same of the ablated answer, under the base model too."""
