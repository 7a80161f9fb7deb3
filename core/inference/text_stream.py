"""Turns the tokens of one answer into text as they come, and knows when the answer ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.inference import Finish
from core.inference.repeats import RepeatWatch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

UNFINISHED = "\N{REPLACEMENT CHARACTER}"
"""What a tokenizer gives for bytes that are no whole character yet."""


class TextStream:
    """The text of one answer. A piece is told once it cannot change and is not the start of a stop string."""

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
        """What is decoded so far."""
        self.finish: Finish | None = None
        """Why it ended; None while it goes on."""
        self._tokenizer = tokenizer
        self._end_tokens = end_tokens
        self._stop = stop
        self._on_text = on_text
        self._repeats = RepeatWatch() if end_repeats else None
        self._told = 0
        """Characters of the text that were told."""
        self._window = (0, 0)
        """Decoding starts at the first of these tokens, because a token's spaces depend on the one before;
        the text of the tokens before the second is in `text` already. Special tokens have no text."""

    def push(self, token: int) -> None:
        """Takes the next token; none after the end."""
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
        """Ends the answer, if it has not ended, and tells the rest of it."""
        if self.finish is None:
            self._decode(is_last=True)
            self.finish = self.finish or finish

    def _decode(self, *, is_last: bool) -> None:
        """Decodes what is new, looks for a stop string, and tells what is certain."""
        start, known = self._window
        before = self._text_of(start, known)
        after = self._text_of(start, len(self.tokens))
        if is_last or not after.endswith(UNFINISHED):
            new = after[len(before) :]
            self.text += new
            self._window = (known if new else start, len(self.tokens))
        places = [place for stop in self._stop if (place := self.text.find(stop, self._told)) >= 0]
        if places:
            self.text = self.text[: min(places)]
            self.finish = "stop"
        self._emit(len(self.text) if is_last or places else len(self.text) - self._held_back())

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

    def _emit(self, upto: int) -> None:
        """Tells the text up to a character."""
        if upto > self._told:
            self._on_text(self.text[self._told : upto])
            self._told = upto
