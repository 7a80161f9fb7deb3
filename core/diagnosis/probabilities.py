"""What a loaded model thinks of an answer: log-probabilities of its tokens, and of where two answers part.

The only part of the diagnosis that needs torch; whoever shows a diagnosis does not import it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core.diagnosis.parting import Parting, first_difference
from core.inference.encoding import encode_texts, longest_row

TOKENS_PER_BATCH = 4096
"""Prompt and answer tokens of a batch at most, padding included."""


def log_probabilities(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    answers: Sequence[Sequence[int]],
) -> list[tuple[float, ...]]:
    """The log-probability of each token of each answer after its prompt, in nats, from float32 logits.

    A prompt that leaves no room for its answer is cut from the left.

    Args:
        model: in eval mode, as it is now.
        tokenizer: the model's.
        prompts: as `generate` got them.
        answers: token ids, as `Generated` has them; may be empty.

    Raises:
        ValueError: an answer is too long for the model.
    """
    rows = [_row(model, tokenizer, *pair) for pair in zip(prompts, answers, strict=True)]
    found: list[tuple[float, ...]] = []
    for part in _batches([len(row) for row in rows]):
        found += _of_batch(model, rows[part], [len(answer) for answer in answers[part]])
    return found


def parting(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt: str,
    answers: tuple[Sequence[int], Sequence[int]],
    ablation: AbstractContextManager[object],
) -> Parting | None:
    """Where the base and the ablated answer part, with both models' probabilities there; None if nowhere.

    Args:
        model: intact.
        tokenizer: the model's.
        prompt: as `generate` got it.
        answers: token ids of the base and of the ablated answer.
        ablation: the model is ablated while it is entered, as `Workbench.ablated` does it.

    Raises:
        ValueError: an answer is too long for the model.
    """
    base, ablated = answers
    place = first_difference(base, ablated)
    if place is None:
        return None
    tokens = tuple(answer[place] if place < len(answer) else None for answer in answers)
    row = _row(model, tokenizer, prompt, base[:place])
    before = _next_probabilities(model, row, tokens)
    with ablation:
        after = _next_probabilities(model, row, tokens)
    return Parting(place, tokens[0], tokens[1], before, after)


def _row(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt: str, answer: Sequence[int]
) -> list[int]:
    """Prompt and answer as token ids, the prompt cut from the left until they fit."""
    ids = encode_texts([prompt], tokenizer)[0] or [tokenizer.eos_token_id]
    room = longest_row(model.config) - len(answer)
    if room < 1:
        raise ValueError(
            f"An answer has {len(answer)} tokens, but the model takes {longest_row(model.config)}: "
            "generate fewer tokens."
        )
    return [*ids[-room:], *answer]


@torch.inference_mode()
def _of_batch(
    model: PreTrainedModel, rows: Sequence[Sequence[int]], lengths: Sequence[int]
) -> Iterator[tuple[float, ...]]:
    """The log-probabilities of the last tokens of each row, as many as its length says."""
    width = max(map(len, rows))
    # Padded on the right: no token looks at what comes after it, so nothing need be masked.
    ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows], device=model.device)
    hidden = model.base_model(input_ids=ids, use_cache=False).last_hidden_state
    head = model.get_output_embeddings()
    for row, length, states in zip(rows, lengths, hidden, strict=True):
        logits = head(states[len(row) - length - 1 : len(row) - 1]).float()
        targets = torch.tensor(row[len(row) - length :], dtype=torch.long, device=model.device)
        values: list[float] = logits.log_softmax(dim=1).gather(1, targets[:, None])[:, 0].tolist()
        yield tuple(values)


@torch.inference_mode()
def _next_probabilities(
    model: PreTrainedModel, row: Sequence[int], tokens: Sequence[int | None]
) -> tuple[float | None, float | None]:
    """The probabilities of two tokens after a row."""
    ids = torch.tensor([list(row)], device=model.device)
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[0, -1].float()
    probabilities = logits.softmax(dim=0)
    first, second = (None if token is None else float(probabilities[token]) for token in tokens)
    return first, second


def _batches(lengths: Sequence[int]) -> Iterator[slice]:
    """Slices of neighbours that together stay within TOKENS_PER_BATCH, padding included."""
    start = 0
    for end in range(1, len(lengths) + 1):
        full = end == len(lengths) or (end + 1 - start) * max(lengths[start : end + 1]) > TOKENS_PER_BATCH
        if full:
            yield slice(start, end)
            start = end
