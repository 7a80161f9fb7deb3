"""Generates text: batched, streaming, and stopped within one token when cancelled."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core.inference import Finish
from core.inference.batching import pass_cost
from core.inference.decoding import Decoding
from core.inference.encoding import encode_texts, longest_row
from core.inference.memory import is_out_of_memory, release_memory
from core.inference.prefix_groups import group_by_prefix
from core.inference.sampling import Sampler
from core.inference.shared_prefix import Prefix, read_prefix
from core.inference.text_stream import TextStream

TOKENS_PER_BATCH = 16384
"""Prompt and new tokens of a batch at most, which bounds the cache: 2.1 GB for Llama-3.1-8B in bfloat16."""


@dataclass(frozen=True)
class Generated:
    """What a model wrote after one prompt."""

    text: str
    """Without special tokens, and without the stop string and what follows it."""
    tokens: tuple[int, ...]
    """All new tokens; an end token is the last one where finish is `eos`."""
    finish: Finish
    cut: int
    """Tokens of the prompt that were cut from its left because it was too long."""


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    *,
    max_new_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
    stop: tuple[str, ...] = (),
    end_repeats: bool = True,
    cancelled: Callable[[], bool] | None = None,
    on_text: Callable[[int, str], None] | None = None,
) -> list[Generated]:
    """What the model writes after each prompt; the same arguments give the same text.

    Prompts of like length are written together; what they begin with alike (worked examples) is read once.

    Args:
        model: in eval mode.
        tokenizer: the model's.
        prompts: complete texts; BOS is added where the tokenizer does so and it is not there.
        max_new_tokens: of each answer.
        temperature: 0 takes the most likely token.
        seed: of the sampling above temperature 0.
        stop: strings that end an answer and are no part of it.
        end_repeats: whether an answer that only repeats itself ends, with finish `repeats`;
            lm-evaluation-harness lets it run on.
        cancelled: asked before every token; what was written so far is returned.
        on_text: told a prompt's number and each new piece of its answer; the pieces join to the text.

    Raises:
        ValueError: max_new_tokens leaves no room for a prompt, the temperature is below 0, or a prompt alone
            does not fit in memory.
    """
    room = longest_row(model.config) - max_new_tokens
    if max_new_tokens < 1 or room < 1:
        raise ValueError(
            f"max_new_tokens is {max_new_tokens}: give 1 to {longest_row(model.config) - 1} for this model."
        )
    if temperature < 0:
        raise ValueError(f"The temperature is {temperature}: give 0 or more.")
    ids = [encode_texts([prompt], tokenizer)[0] or [tokenizer.eos_token_id] for prompt in prompts]
    ends = _end_tokens(model, tokenizer)
    streams = [
        TextStream(
            tokenizer, ends, stop, functools.partial(on_text or _ignore, number), end_repeats=end_repeats
        )
        for number in range(len(prompts))
    ]
    sampler = Sampler(temperature, seed, len(prompts), max_new_tokens)
    kept = [tuple(prompt[-room:]) for prompt in ids]
    _Writing(model, kept, streams, max_new_tokens, sampler, cancelled or _never).write_all()
    return [
        Generated(stream.text, tuple(stream.tokens), stream.finish or "cancelled", max(len(prompt) - room, 0))
        for stream, prompt in zip(streams, ids, strict=True)
    ]


@dataclass(frozen=True)
class _Writing:
    """Answers that are written. What there is of each is in its stream, and can be gone on with."""

    model: PreTrainedModel
    prompts: Sequence[tuple[int, ...]]
    streams: Sequence[TextStream]
    max_new_tokens: int
    sampler: Sampler
    cancelled: Callable[[], bool]

    def write_all(self) -> None:
        """Writes the answers and ends them all."""
        # A prompt's last token is never shared: it is what the model goes on from.
        beginnings = [prompt[:-1] for prompt in self.prompts]
        for group in group_by_prefix(beginnings, 2 * pass_cost(self.model.device.type)):
            if self.cancelled():
                break
            prefix = None
            if group.length:
                prefix = read_prefix(self.model, self.prompts[group.members[0]][: group.length])
            for rows in self._batches(group.members, group.length):
                self._write_what_fits(rows, prefix)
        for stream in self.streams:
            stream.end("cancelled")

    def _batches(self, numbers: Sequence[int], shared: int) -> Iterator[list[int]]:
        """Answers of like length that together stay within TOKENS_PER_BATCH, the longest first."""
        waiting = sorted(numbers, key=lambda number: -len(self.prompts[number]))
        while waiting:
            own = len(self.prompts[waiting[0]]) - shared
            size = max(TOKENS_PER_BATCH // (own + self.max_new_tokens), 1)
            yield waiting[:size]
            waiting = waiting[size:]

    def _write_what_fits(self, numbers: list[int], prefix: Prefix | None) -> None:
        """Writes the answers of a batch; one that does not fit in memory goes on in halves.

        Raises:
            ValueError: a prompt alone does not fit.
        """
        waiting = [numbers]
        while waiting:
            rows = waiting.pop()
            if self._write(rows, prefix):
                continue
            release_memory(self.model.device)
            if len(rows) == 1:
                raise ValueError(
                    f"A prompt of {len(self.prompts[rows[0]]):,} tokens does not fit in memory beside the "
                    "model: load the model in bfloat16 or 4-bit, or ask for fewer new tokens."
                )
            middle = len(rows) // 2
            waiting += [rows[middle:], rows[:middle]]

    def _write(self, numbers: list[int], prefix: Prefix | None) -> bool:
        """Whether there was memory enough to end the answers, or to write until it was cancelled."""
        try:
            self._write_together([number for number in numbers if not self.streams[number].finish], prefix)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return False
        return True

    def _write_together(self, numbers: list[int], prefix: Prefix | None) -> None:
        if not numbers or self.cancelled():
            return
        shared = prefix.length if prefix else 0
        written = [len(self.streams[number].tokens) for number in numbers]
        sequences = [(*self.prompts[number][shared:], *self.streams[number].tokens) for number in numbers]
        decoding = Decoding(self.model, sequences, self.max_new_tokens - min(written), prefix)
        while numbers and not self.cancelled():
            places = [len(self.streams[number].tokens) for number in numbers]
            tokens = self.sampler(decoding.next_logits(), numbers, places)
            for number, token in zip(numbers, tokens.tolist(), strict=True):
                self._take(self.streams[number], token)
            going = [row for row, number in enumerate(numbers) if not self.streams[number].finish]
            numbers = [numbers[row] for row in going]
            decoding.advance(tokens, going)

    def _take(self, stream: TextStream, token: int) -> None:
        stream.push(token)
        if len(stream.tokens) == self.max_new_tokens:
            stream.end("length")


def _end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The tokens that end an answer: the tokenizer's EOS and those of the generation config."""
    configured = model.generation_config.eos_token_id
    listed = configured if isinstance(configured, list) else [configured]
    return frozenset(token for token in [*listed, tokenizer.eos_token_id] if token is not None)


def _ignore(number: int, piece: str) -> None:
    """Does nothing with a piece of text."""


def _never() -> bool:
    """Is never cancelled."""
    return False
