"""Generates text: batched, streaming, and stopped within one token when cancelled."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase

from core.choices import Finish
from core.inference.encoding import encode_texts, longest_row
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
    cancelled: Callable[[], bool] | None = None,
    on_text: Callable[[int, str], None] | None = None,
) -> list[Generated]:
    """What the model writes after each prompt; the same arguments give the same text.

    Args:
        model: in eval mode.
        tokenizer: the model's.
        prompts: complete texts; BOS is added where the tokenizer does so and it is not there.
        max_new_tokens: of each answer.
        temperature: 0 takes the most likely token.
        seed: of the sampling above temperature 0.
        stop: strings that end an answer and are no part of it.
        cancelled: asked before every token; what was written so far is returned.
        on_text: told a prompt's number and each new piece of its answer; the pieces join to the text.

    Raises:
        ValueError: max_new_tokens leaves no room for a prompt, or the temperature is below 0.
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
        TextStream(tokenizer, ends, stop, functools.partial(on_text or _ignore, number))
        for number in range(len(prompts))
    ]
    sample = functools.partial(_sample, temperature, torch.Generator(model.device).manual_seed(seed))
    for part in _batches([len(prompt[-room:]) + max_new_tokens for prompt in ids]):
        inputs = _left_padded([prompt[-room:] for prompt in ids[part]], model.device)
        _write(model, inputs, streams[part], max_new_tokens, sample, cancelled or _never)
    return [
        Generated(stream.text, tuple(stream.tokens), stream.finish or "length", max(len(prompt) - room, 0))
        for stream, prompt in zip(streams, ids, strict=True)
    ]


def _write(
    model: PreTrainedModel,
    prompts: tuple[Tensor, Tensor],
    streams: Sequence[TextStream],
    max_new_tokens: int,
    sample: Callable[[Tensor], Tensor],
    cancelled: Callable[[], bool],
) -> None:
    """Writes the answers of one batch into its streams, all of which are ended afterwards."""
    ids, mask = prompts
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    cache = {_cache_argument(model): DynamicCache(config=model.config)}
    for _ in range(max_new_tokens):
        if cancelled():
            break
        tokens = sample(_next_logits(model, ids, mask, positions, cache))
        for stream, token in zip(streams, tokens.tolist(), strict=True):
            stream.push(token)
        if all(stream.finish for stream in streams):
            return
        ids, positions = tokens[:, None], positions[:, -1:] + 1
        mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
    for stream in streams:
        stream.end("length" if len(stream.tokens) == max_new_tokens else "cancelled")


def _cache_argument(model: PreTrainedModel) -> str:
    """What the model's forward calls the cache: transformers 5.24 gave it a new name."""
    return "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"


@torch.inference_mode()
def _next_logits(
    model: PreTrainedModel, ids: Tensor, mask: Tensor, positions: Tensor, cache: dict[str, DynamicCache]
) -> Tensor:
    """(B, V) float32: the logits of the next token; the cache, by its name, grows by the ids."""
    output = model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        use_cache=True,
        logits_to_keep=1,
        **cache,
    )
    logits: Tensor = output.logits[:, -1].float()
    return logits


def _sample(temperature: float, generator: torch.Generator, logits: Tensor) -> Tensor:
    """(B,) int64: the next token of each answer."""
    if temperature == 0:
        return logits.argmax(dim=1)
    return torch.multinomial((logits / temperature).softmax(dim=1), 1, generator=generator)[:, 0]


def _left_padded(prompts: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """(B, T) int64 token ids, padded on the left, and the same with 1 for a token and 0 for padding."""
    width = max(map(len, prompts))
    ids = torch.tensor([[*[0] * (width - len(prompt)), *prompt] for prompt in prompts])
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    return ids.to(device), mask.to(device)


def _batches(lengths: Sequence[int]) -> Iterator[slice]:
    """Slices of neighbours that together stay within TOKENS_PER_BATCH, padding included."""
    start = 0
    for end in range(1, len(lengths) + 1):
        full = end == len(lengths) or (end + 1 - start) * max(lengths[start : end + 1]) > TOKENS_PER_BATCH
        if full:
            yield slice(start, end)
            start = end


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
