"""Writes answers to a person's prompt, intact and ablated, and compares them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from core.inference.cancelling import Cancelled
from core.run.events import TokenDivergence
from core.run.progress import Running
from core.run.runner import Runner
from core.run.specs import MaskSpec, alike_ks

if TYPE_CHECKING:
    from core.inference.generation import Generated
    from core.inference.loglikelihood import Pair, Probabilities


class Sampling(NamedTuple):
    """How answers are written."""

    max_new_tokens: int = 64
    temperature: float = 0.0
    """0 takes the most likely token."""
    seed: int = 0
    factor: float = 0.0
    """What the selected weights are multiplied by; 0 ablates."""


class ComparedTexts(NamedTuple):
    """How an ablated answer differs from the base answer."""

    divergence: TokenDivergence | None
    """Where they part; None if they have the same tokens."""
    base_tokens: tuple[int, ...]
    ablated_tokens: tuple[int, ...]
    base_logprobs: tuple[float, ...]
    """Log-probability of each token of the base answer under the base model."""
    ablated_logprobs: tuple[float, ...]
    """The same of the ablated answer, under the base model too."""


class Answer(NamedTuple):
    """What the model wrote under one mask."""

    mask_spec: MaskSpec | None
    """None for the intact model."""
    written: Generated
    compared: ComparedTexts | None
    """None for the intact model, and where its answer was not written before."""


def prompt_for(runner: Runner, text: str, *, chat: bool = False) -> tuple[str, tuple[str, ...]]:
    """The prompt, plain or in the model's chat template, and the words that its vocabulary lacks.

    Raises:
        ValueError: the text is empty, the model has no chat template, or it cannot be loaded.
    """
    from core.inference.encoding import unknown_words
    from core.models.chat_template import chat_template_of

    if not text.strip():
        raise ValueError("The prompt is empty: give the text that the model goes on from.")
    if chat:
        return chat_template_of(runner.loaded.spec)([{"role": "user", "content": text}]), ()
    return text, tuple(unknown_words(runner.loaded.tokenizer, text))


def write_answers(
    runner: Runner,
    prompt: str,
    masks: Sequence[MaskSpec | None],
    sampling: Sampling,
    on_text: Callable[[int, str], None] = lambda index, piece: None,
    on_written: Callable[[int, Generated, float], None] = lambda index, written, seconds: None,
) -> Iterator[Answer]:
    """The answer under each mask in turn, compared with that of the intact model if that came before.

    Args:
        runner: the model and the cache.
        prompt: as `prompt_for` gives it.
        masks: None for the intact model.
        sampling: how answers are written.
        on_text: receives the index of the mask and each new piece of its answer.
        on_written: receives the index of the mask, its whole answer and the seconds that it took.

    Raises:
        Cancelled: the runner was cancelled.
        ValueError: max_new_tokens leaves no room for the prompt, the temperature is below 0, a mask cannot
            be made, or the intact model gives a log-probability that is not finite.
    """
    base: Generated | None = None
    for index, spec in enumerate(masks):
        runner.check_cancelled()
        mask = None if spec is None else runner.mask(spec, alike_ks(spec, masks))
        measured: tuple[Pair, list[Probabilities]] | None = None
        started = time.monotonic()
        with runner.ablated(mask, sampling.factor):
            with runner.progress.phase("writing", total=sampling.max_new_tokens) as running:
                written = _write(runner, prompt, sampling, partial(on_text, index), running)
            on_written(index, written, time.monotonic() - started)
            if written.finish == "cancelled":
                raise Cancelled
            if base is not None and spec is not None:
                measured = _measure_ablated(runner, prompt, sampling.max_new_tokens, base, written)
        if spec is None:
            base = written
        compared = None
        if measured is not None and base is not None:
            compared = _compare(runner, *measured, base, written)
        yield Answer(spec, written, compared)


def _write(
    runner: Runner, prompt: str, sampling: Sampling, on_text: Callable[[str], None], running: Running
) -> Generated:
    """The answer of the model as it is now, cut short when the runner is cancelled."""
    from core.inference.generation import generate

    return generate(
        runner.loaded.model,
        runner.loaded.tokenizer,
        [prompt],
        max_new_tokens=sampling.max_new_tokens,
        temperature=sampling.temperature,
        seed=sampling.seed,
        end_repeats=True,
        cancelled=runner.cancelled,
        on_text=lambda _, piece: on_text(piece),
        on_step=lambda stage: running.advance(stage.tokens, tokens=stage.tokens),
    )[0]


def _measure_ablated(
    runner: Runner, prompt: str, max_new_tokens: int, base: Generated, ablated: Generated
) -> tuple[Pair, list[Probabilities]]:
    """The part of comparing that needs the ablated model. The caller has applied the mask."""
    from core.inference.loglikelihood import Pair, ablated_probabilities, prompt_ids

    model = runner.loaded.model
    ids = prompt_ids(model, runner.loaded.tokenizer, prompt, max_new_tokens)
    pair = Pair(ids, base.tokens, ablated.tokens)
    probabilities = ablated_probabilities(model, [pair], runner.cancelled)
    if probabilities is None:
        raise Cancelled
    return pair, probabilities


def _compare(
    runner: Runner, pair: Pair, probabilities: list[Probabilities], base: Generated, ablated: Generated
) -> ComparedTexts:
    """The part of comparing that needs the intact model."""
    from core.inference.loglikelihood import compare
    from core.run.divergences import divergence_of, divergence_row

    compared = compare(runner.loaded.model, [pair], probabilities, runner.cancelled)
    if compared is None:
        raise Cancelled
    (found,) = compared
    row = divergence_row(runner.loaded.tokenizer, pair, (base.finish, ablated.finish), found)
    logprobs = found.base_logprobs, found.ablated_logprobs
    return ComparedTexts(divergence_of(row), base.tokens, ablated.tokens, *logprobs)
