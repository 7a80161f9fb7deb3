"""Generates text: batched, streaming, and stopped within one token when cancelled."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core.inference import Finish
from core.inference.answers import TextStream
from core.inference.batching import is_out_of_memory, pass_cost, release_memory
from core.inference.cancelling import Cancelled
from core.inference.decoding import Decoding, Sampler, logprobs_of
from core.inference.encoding import TokenIds, encode_prompt, longest_row
from core.inference.shared_prefix import Prefix, group_by_prefix, read_prefix

TOKENS_PER_BATCH = 16384
"""Prompt and new tokens of a batch at most, which bounds the cache: 2.1 GB for Llama-3.1-8B in bfloat16."""


@dataclass(frozen=True)
class Generated:
    """A model's answer to one prompt."""

    text: str
    """Without special tokens, and without the stop string and what follows it."""
    tokens: TokenIds
    """All new tokens; an end token is the last one where finish is `eos`."""
    finish: Finish
    cut: int
    """Tokens of the prompt that were cut from its left because it was too long."""
    logprobs: tuple[float, ...] = ()
    """Log-probability of each token when it was chosen, in nats; empty unless asked for."""


class Stage(NamedTuple):
    """How far the answers to some prompts are."""

    going: tuple[int, ...]
    """Indices of the prompts whose answers are being written."""
    answers: int
    """All of them."""
    finished: int
    """Those that have ended."""
    tokens: int
    """Written so far."""
    share: float
    """The share of the work done, at most: answers may end before they have all their tokens."""


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    *,
    max_new_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
    stop: tuple[str, ...] = (),
    end_repeats: bool = False,
    with_logprobs: bool = False,
    cancelled: Callable[[], bool] | None = None,
    on_text: Callable[[int, str], None] | None = None,
    on_step: Callable[[Stage], None] | None = None,
) -> list[Generated]:
    """The model's answer to each prompt; the same arguments give the same text.

    Prompts of similar length are answered together; a shared beginning (worked examples) is read once.

    Args:
        model: in eval mode.
        tokenizer: the model's.
        prompts: complete texts; BOS is added where the tokenizer does so and it is not there.
        max_new_tokens: of each answer.
        temperature: 0 takes the most likely token.
        seed: of the sampling above temperature 0.
        stop: strings that end an answer and are no part of it.
        end_repeats: whether an answer that only repeats itself ends, with finish `repeats`;
            lm-evaluation-harness lets it run on, and now and then it goes on to something else.
        with_logprobs: whether the tokens' log-probabilities are noted.
        cancelled: asked before every token; what was written so far is returned.
        on_text: called with a prompt's index and each new piece of its answer; the pieces join to the text.
        on_step: called after every token of a batch.

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
    ids = [encode_prompt(prompt, tokenizer) for prompt in prompts]
    ends = _end_tokens(model, tokenizer)
    emit = on_text or (lambda number, piece: None)
    streams = [
        TextStream(tokenizer, ends, stop, functools.partial(emit, number), end_repeats=end_repeats)
        for number in range(len(prompts))
    ]
    sampler = Sampler(temperature, seed, len(prompts), max_new_tokens)
    kept = [tuple(prompt[-room:]) for prompt in ids]
    stop_asking, report = cancelled or (lambda: False), on_step or (lambda stage: None)
    noted: list[list[float]] | None = [[] for _ in prompts] if with_logprobs else None
    _Writing(model, kept, streams, max_new_tokens, sampler, stop_asking, report, noted).write_all()
    return [
        Generated(
            stream.text,
            tuple(stream.tokens),
            stream.finish or "cancelled",
            max(len(ids[number]) - room, 0),
            tuple(noted[number]) if noted else (),
        )
        for number, stream in enumerate(streams)
    ]


def _end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The tokens that end an answer: the tokenizer's EOS and those of the generation config."""
    configured = model.generation_config.eos_token_id
    listed = configured if isinstance(configured, list) else [configured]
    return frozenset(token for token in [*listed, tokenizer.eos_token_id] if token is not None)


@dataclass(frozen=True)
class _Writing:
    """Answers in progress. Each one's stream has what is written, from which it can be continued."""

    model: PreTrainedModel
    prompts: Sequence[TokenIds]
    streams: Sequence[TextStream]
    max_new_tokens: int
    sampler: Sampler
    cancelled: Callable[[], bool]
    on_step: Callable[[Stage], None]
    noted: Sequence[list[float]] | None
    """Where the log-probabilities of each answer's tokens go to; None if they are not asked for."""

    def write_all(self) -> None:
        """Writes the answers and ends them all; those that were cancelled in the middle too."""
        with contextlib.suppress(Cancelled):
            self._write_groups()
        for stream in self.streams:
            stream.end("cancelled")

    def _write_groups(self) -> None:
        # A prompt's last token is never shared: the model continues from it.
        beginnings = [prompt[:-1] for prompt in self.prompts]
        for group in group_by_prefix(beginnings, 2 * pass_cost(self.model.device.type)):
            if self.cancelled():
                break
            prefix = None
            if group.length:
                prefix = read_prefix(self.model, self.prompts[group.members[0]][: group.length])
            for rows in self._batches(group.members, group.length):
                self._write_what_fits(rows, prefix)

    def _batches(self, numbers: Sequence[int], shared: int) -> Iterator[list[int]]:
        """Answers of similar length that together stay within TOKENS_PER_BATCH, the longest first."""
        waiting = sorted(numbers, key=lambda number: -len(self.prompts[number]))
        while waiting:
            own = len(self.prompts[waiting[0]]) - shared
            size = max(TOKENS_PER_BATCH // (own + self.max_new_tokens), 1)
            yield waiting[:size]
            waiting = waiting[size:]

    def _write_what_fits(self, numbers: list[int], prefix: Prefix | None) -> None:
        """Writes the answers of a batch; one that does not fit in memory is continued in halves.

        Raises:
            ValueError: a prompt alone does not fit.
        """
        waiting = [numbers]
        while waiting:
            rows = waiting.pop()
            try:
                self._write([number for number in rows if not self.streams[number].finish], prefix)
                continue
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            release_memory(self.model.device)  # after the except clause: the error keeps tensors alive
            if len(rows) == 1:
                raise ValueError(
                    f"A prompt of {len(self.prompts[rows[0]]):,} tokens does not fit in memory beside the "
                    "model: load the model in bfloat16 or 4-bit, or ask for fewer new tokens."
                )
            middle = len(rows) // 2
            waiting += [rows[middle:], rows[:middle]]

    def _write(self, numbers: list[int], prefix: Prefix | None) -> None:
        """Writes some answers together until all have ended, or until it is cancelled."""
        if not numbers or self.cancelled():
            return
        shared = prefix.length if prefix else 0
        written = [len(self.streams[number].tokens) for number in numbers]
        sequences = [(*self.prompts[number][shared:], *self.streams[number].tokens) for number in numbers]
        decoding = Decoding(self.model, sequences, self.max_new_tokens - min(written), prefix)
        batch = tuple(numbers)
        while numbers and not self.cancelled():
            indices = [len(self.streams[number].tokens) for number in numbers]
            logits = decoding.next_logits()
            tokens = self.sampler(logits, numbers, indices)
            if self.noted is not None:
                for number, value in zip(numbers, logprobs_of(logits, tokens), strict=True):
                    self.noted[number].append(value)
            for number, token in zip(numbers, tokens.tolist(), strict=True):
                stream = self.streams[number]
                stream.push(token)
                if len(stream.tokens) == self.max_new_tokens:
                    stream.end("length")
            going = [row for row, number in enumerate(numbers) if not self.streams[number].finish]
            numbers = [numbers[row] for row in going]
            self.on_step(self._stage(batch))
            decoding.advance(tokens, going)

    def _stage(self, batch: Collection[int]) -> Stage:
        """How far all answers are while some of them are written together."""
        going = tuple(number for number in batch if not self.streams[number].finish)
        finished = sum(stream.finish is not None for stream in self.streams)
        tokens = sum(len(stream.tokens) for stream in self.streams)
        # A batch takes as long as its longest answer.
        longest = max(len(self.streams[number].tokens) for number in batch) if going else self.max_new_tokens
        before = finished + len(going) - len(batch)
        share = (before + len(batch) * longest / self.max_new_tokens) / len(self.streams)
        return Stage(going, len(self.streams), finished, tokens, share)
