"""Written answers: their text as tokens come, why they end, and where two of them part. No torch.

An answer only repeats itself if, for some period p up to LONGEST_PERIOD, its last tokens are at least
LEAST_REPEATS times the same p tokens, and at least LEAST_TOKENS in all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.inference import Finish

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LONGEST_PERIOD = 128
LEAST_REPEATS = 4
LEAST_TOKENS = 64
"""So that no line of dashes or zeros counts as a loop."""

_PERIODS = np.arange(1, LONGEST_PERIOD + 1)
_NEEDED = np.maximum(LEAST_REPEATS * _PERIODS, LEAST_TOKENS) - _PERIODS
"""For each period, how many tokens in a row have to equal the one a period before."""

UNFINISHED = "\N{REPLACEMENT CHARACTER}"
"""What a tokenizer decodes the first bytes of a character to."""


class RepeatWatch:
    """Watches the tokens of one answer for repetition."""

    def __init__(self) -> None:
        self._last = np.full(LONGEST_PERIOD, -1)
        """The last tokens, the newest first."""
        self._equal = np.zeros(LONGEST_PERIOD, dtype=np.int64)
        """For each period, how many of the newest tokens equal the one a period before."""

    def push(self, token: int) -> bool:
        """Takes the next token; returns whether the answer now only repeats itself."""
        self._equal = np.where(self._last == token, self._equal + 1, 0)
        self._last[1:] = self._last[:-1].copy()
        self._last[0] = token
        return bool((self._equal >= _NEEDED).any())


class TextStream:
    """The text of one answer. A piece is emitted once it is final and cannot begin a stop string."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        end_tokens: frozenset[int],
        stop: tuple[str, ...],
        on_text: Callable[[str], None],
        *,
        end_repeats: bool = False,
    ) -> None:
        self.tokens: list[int] = []
        """All tokens so far, the end token included."""
        self.text = ""
        """The text decoded so far."""
        self.finish: Finish | None = None
        """Why it ended; None while it goes on."""
        self._tokenizer = tokenizer
        self._end_tokens = end_tokens
        self._stop = stop
        self._on_text = on_text
        self._repeats = RepeatWatch() if end_repeats else None
        self._emitted = 0
        """Characters of the text that were emitted."""
        self._window = (0, 0)
        """Decoding starts at the first of these tokens, because a token's spaces depend on the one before;
        the text of the tokens before the second is in `text` already. Special tokens have no text."""

    def push(self, token: int) -> None:
        """Takes the next token; ignored after the end."""
        if self.finish is not None:
            return
        if token in self._end_tokens:
            self.end("eos")
        self.tokens.append(token)
        if self.finish is None:
            self._decode(is_last=False)
        if self.finish is None and self._repeats is not None and self._repeats.push(token):
            self.end("repeats")

    def end(self, finish: Finish) -> None:
        """Ends the answer, if it has not ended, and emits the rest of it."""
        if self.finish is None:
            self._decode(is_last=True)
            self.finish = self.finish or finish

    def _decode(self, *, is_last: bool) -> None:
        """Decodes what is new, looks for a stop string, and emits what is final."""
        start, known = self._window
        before = self._text_of(start, known)
        after = self._text_of(start, len(self.tokens))
        if is_last or not after.endswith(UNFINISHED):
            new = after[len(before) :]
            self.text += new
            self._window = (known if new else start, len(self.tokens))
        stops = [at for stop in self._stop if (at := self.text.find(stop, self._emitted)) >= 0]
        if stops:
            self.text = self.text[: min(stops)]
            self.finish = "stop"
        upto = len(self.text) if is_last or stops else len(self.text) - self._held_back()
        if upto > self._emitted:
            self._on_text(self.text[self._emitted : upto])
            self._emitted = upto

    def _text_of(self, start: int, end: int) -> str:
        """The text of some of the tokens."""
        text: str = self._tokenizer.decode(
            self.tokens[start:end], skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def _held_back(self) -> int:
        """Characters at the end of the text that may be the start of a stop string."""
        ends = (n for stop in self._stop for n in range(len(stop) - 1, 0, -1) if self.text.endswith(stop[:n]))
        return max(ends, default=0)


class Divergence(NamedTuple):
    """The first token where two answers differ, and its probabilities under both models."""

    position: int
    """Index of the token, in both answers."""
    base_token: int | None
    """The base answer's token there; None if the base answer has ended."""
    ablated_token: int | None
    """The ablated answer's token there; None if it has ended."""
    base_probabilities: tuple[float | None, float | None]
    """The base model's probabilities of the base and the ablated token; None for a missing one."""
    ablated_probabilities: tuple[float | None, float | None]
    """The ablated model's probabilities of the same two."""


def first_difference(base: Sequence[int], ablated: Sequence[int]) -> int | None:
    """Index of the first token where two answers differ, or of the shorter one's end; None if equal."""
    for position, (one, other) in enumerate(zip(base, ablated, strict=False)):
        if one != other:
            return position
    return None if len(base) == len(ablated) else min(len(base), len(ablated))
