"""Generates text: batched, streaming, and stopped within one token when cancelled."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import Cache, DynamicCache, PreTrainedModel, PreTrainedTokenizerBase
from transformers.cache_utils import DynamicLayer

from core.inference import Finish
from core.inference.answers import TextStream
from core.inference.attention import (
    LOOKS,
    Masks,
    Prefix,
    additive_mask,
    attending_to,
    cache_argument,
    group_by_prefix,
    layer_masks,
    read_prefix,
)
from core.inference.batching import is_out_of_memory, pass_cost, release_memory
from core.inference.cancelling import Cancelled
from core.inference.encoding import TokenIds, encode_prompt, longest_row

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


READ_AT_ONCE_ON_CPU = 1024
"""Tokens of prompts that are read in one forward pass: larger passes leave a CPU's caches."""

READ_AT_ONCE_ON_GPU = 8192
"""The same on a GPU. A prompt longer than that is read alone."""


class Decoding:
    """The rows of a batch with their keys and values. A row that has ended leaves, and costs nothing more."""

    def __init__(
        self,
        model: PreTrainedModel,
        sequences: Sequence[Sequence[int]],
        room: int,
        prefix: Prefix | None = None,
    ) -> None:
        """Computes nothing yet.

        Args:
            model: in eval mode.
            sequences: token ids, at least one each, without the prefix; the longest first.
            room: new tokens of a row at most.
            prefix: what comes before all of them.
        """
        self._model = model
        self._sequences = sequences
        self._prefix = prefix
        self._width = max(map(len, sequences))
        self._room = room
        self._cache: Cache | None = None
        lengths = torch.tensor([[len(sequence)] for sequence in sequences])
        padding = torch.arange(self._width + room) < self._width - lengths
        self._mask = additive_mask(~padding, model.dtype).to(model.device)[:, None, None]
        self._positions = (lengths - 1 + (prefix.length if prefix else 0)).to(model.device)
        self._tokens: Tensor | None = None

    @torch.inference_mode()
    def next_logits(self) -> Tensor:
        """(B, V) float32: the logits of the token after each row."""
        if self._cache is None or self._tokens is None:
            return self._read()
        slots = torch.arange(1 - self._width, 1, device=self._positions.device)
        seen = self._masks(self._mask[..., : self._width], self._positions, self._positions + slots)
        return self._forward(self._tokens, self._cache, seen, self._positions)

    def advance(self, tokens: Tensor, kept: Sequence[int]) -> None:
        """Continues some of the rows, each with its next token.

        Args:
            tokens: (B,) int64, of all rows.
            kept: indices of the rows that stay, ascending.
        """
        if len(kept) < len(tokens) and self._cache is not None:
            rows = torch.tensor(kept, dtype=torch.int64, device=tokens.device)
            tokens, self._mask, self._positions = tokens[rows], self._mask[rows], self._positions[rows]
            self._cache.batch_select_indices(rows)
        self._tokens, self._positions = tokens[:, None], self._positions + 1
        self._width += 1

    def _read(self) -> Tensor:
        """Reads the sequences, as many at once as is fast, and keeps their keys and values."""
        logits = []
        first = 0
        while first < len(self._sequences):
            rows = slice(first, min(first + self._at_once(first), len(self._sequences)))
            # Not made from the model's config: it keeps all tokens, whatever the model's attention window.
            read = DynamicCache()
            logits.append(self._read_rows(self._sequences[rows], read))
            if self._cache is None:
                sizes = len(self._sequences), self._width + self._room, self._width
                self._cache = Cache(layers=[SlotLayer(layer.keys, *sizes) for layer in read.layers])
            for layer, source in zip(self._cache.layers, read.layers, strict=True):
                layer.write(rows, source.keys, source.values)
            first = rows.stop
        return torch.cat(logits)

    def _at_once(self, first: int) -> int:
        """How many sequences to read at once, from one on that is the longest of them."""
        length = len(self._sequences[first])
        most = READ_AT_ONCE_ON_CPU if self._model.device.type == "cpu" else READ_AT_ONCE_ON_GPU
        if self._prefix:
            most = min(most, LOOKS // (self._prefix.length + length))
        return max(most // length, 1)

    def _read_rows(self, sequences: Sequence[Sequence[int]], read: Cache) -> Tensor:
        ids, is_real = _left_padded(sequences, self._model.device)
        before = self._prefix.length if self._prefix else 0
        positions = (is_real.cumsum(dim=1) - 1).clamp(min=0) + before
        if self._prefix is None:
            return self._forward(ids, read, None if is_real.all() else is_real, positions)
        causal = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool, device=ids.device).tril()
        mask = additive_mask(causal & is_real[:, None, None], self._model.dtype)
        return self._forward(ids, read, self._masks(mask, positions, positions), positions)

    def _masks(self, mask: Tensor, queries: Tensor, keys: Tensor) -> Masks:
        prefix = self._prefix.length if self._prefix else 0
        return layer_masks(self._model.config, mask, queries, keys, prefix)

    def _forward(self, ids: Tensor, cache: Cache, mask: Masks | None, positions: Tensor) -> Tensor:
        """(B, V) float32: the logits after the last of the ids, whose keys and values go into the cache."""
        arguments: dict[str, Any] = {cache_argument(self._model): cache}
        with attending_to(self._model, self._prefix):
            output = self._model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                use_cache=True,
                logits_to_keep=1,
                **arguments,
            )
        logits: Tensor = output.logits[:, -1].float()
        return logits


def _left_padded(sequences: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """(B, T) int64 token ids, padded on the left, and (B, T) bool, True for a token."""
    width = max(map(len, sequences))
    ids = torch.tensor([[*[0] * (width - len(sequence)), *sequence] for sequence in sequences])
    lengths = torch.tensor([[len(sequence)] for sequence in sequences])
    return ids.to(device), (torch.arange(width) >= width - lengths).to(device)


class SlotLayer(DynamicLayer):  # type: ignore[misc]  # transformers is not typed here
    """The keys and values of one layer, in memory that is allocated once: new tokens are written, not copied.

    Rows begin at different slots and all end at the same one.
    """

    def __init__(self, like: Tensor, rows: int, slots: int, used: int) -> None:
        """Allocates `slots` for each row; `like` is any (B, heads, T, size) keys of this layer.

        What is written next begins at slot `used`.
        """
        super().__init__()
        shape = (rows, like.shape[1], slots, like.shape[3])
        self._all_keys, self._all_values = like.new_zeros(shape), like.new_zeros(shape)
        self._used = used
        self.is_initialized = True
        self._show()

    def write(self, rows: slice, keys: Tensor, values: Tensor) -> None:
        """Writes (b, heads, T, size) keys and values of some rows into their last used slots."""
        first = self._used - keys.shape[2]
        self._all_keys[rows, :, first : self._used] = keys
        self._all_values[rows, :, first : self._used] = values

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Writes the keys and values of new tokens of all rows; returns those of all tokens."""
        self._used += key_states.shape[2]
        self.write(slice(None), key_states, value_states)
        self._show()
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keeps only some rows."""
        self._all_keys, self._all_values = self._all_keys[indices], self._all_values[indices]
        self._show()

    def _show(self) -> None:
        self.keys = self._all_keys[:, :, : self._used]
        self.values = self._all_values[:, :, : self._used]


class Sampler:
    """Chooses tokens. Every answer has its own random numbers, so none depends on the others in its batch."""

    def __init__(self, temperature: float, seed: int, answers: int, most_tokens: int) -> None:
        """Draws `most_tokens` random numbers for each answer; temperature 0 takes the most likely token."""
        self._temperature = temperature
        random = torch.Generator().manual_seed(seed)
        self._draws = torch.rand(answers if temperature else 0, most_tokens, generator=random)

    def __call__(self, logits: Tensor, answers: Sequence[int], indices: Sequence[int]) -> Tensor:
        """(B,) int64: the next token of each row, from (B, V) float32 logits.

        Args:
            logits: of the rows.
            answers: the answer that each row is.
            indices: the index of its next token, from 0.
        """
        if self._temperature == 0:
            return logits.argmax(dim=1)
        reached = (logits / self._temperature).softmax(dim=1, dtype=torch.float64).cumsum(dim=1)
        draws = self._draws[list(answers), list(indices)].to(reached)
        chosen = torch.searchsorted(reached, (draws * reached[:, -1])[:, None], right=True)[:, 0]
        return chosen.clamp(max=logits.shape[1] - 1)


def logprobs_of(logits: Tensor, tokens: Tensor) -> list[float]:
    """The log-probabilities of (B,) tokens by (B, V) float32 logits, in nats."""
    found = logits.gather(1, tokens[:, None])[:, 0] - logits.logsumexp(dim=1)
    values: list[float] = found.tolist()
    return values
