"""Generation quality of masks: can the model still write? Measured once for each mask, and stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.abilities.neutral_texts import neutral_texts
from core.inference.cancelling import Cancelled
from core.masks.choices import CONTROLS
from core.run.loaded import LoadedExperiment
from core.run.specs import MaskSpec
from core.run.storing import stored_whole, storing

if TYPE_CHECKING:
    from core.inference.generation import Generated
    from core.run.experiment import OutcomesRequest

WRITTEN_TOKENS = 24
"""Tokens written after the beginning of each text: enough for a loop to show."""


READING = 0.6
"""Share of the work under the mask that is reading the texts, the rest being writing."""


@dataclass(frozen=True)
class Measured:
    """What a model made of the neutral texts."""

    logprobs: tuple[tuple[float, ...], ...]
    """Log-probability of each token of each text, in nats; may not be finite."""
    written: tuple[Generated, ...]
    """How it goes on from the beginning of each."""


def masks_to_measure(
    runner: LoadedExperiment,
    runs: Mapping[MaskSpec | None, Sequence[OutcomesRequest]],
    *,
    with_controls: bool = True,
) -> set[MaskSpec | None]:
    """Masks with runs whose generation quality is not stored; and the intact model, as their comparison.

    Args:
        runner: the model and the cache.
        runs: the runs of each mask.
        with_controls: whether those of controls are asked for too.
    """
    masks = [mask for mask, requests in runs.items() if mask is not None and requests]
    masks = [mask for mask in masks if with_controls or mask.selection not in CONTROLS]
    return {mask for mask in (None, *masks) if not is_measured(runner, mask)} if masks else set()


def is_measured(runner: LoadedExperiment, mask: MaskSpec | None) -> bool:
    """Whether the generation quality of a mask (None: the intact model) is stored and whole."""
    key, _ = runner.generation_quality_request(mask)
    return stored_whole(runner, runner.store.generation_quality.entries, key) is not None


def measure_generation_quality(runner: LoadedExperiment) -> Measured:
    """The part that needs the ablated model. The caller has applied the mask.

    A text that is longer than the model takes is cut at its end.

    Raises:
        Cancelled: it was cancelled.
        ValueError: a neutral text does not fit in memory.
    """
    from core.inference.encoding import longest_row
    from core.inference.generation import generate
    from core.inference.loglikelihood import prompt_ids, token_values

    model, tokenizer = runner.loaded.model, runner.loaded.tokenizer
    texts, longest = neutral_texts(runner.spec.level), longest_row(model.config) - 1
    items = []
    for one in texts:
        ids = tuple(tokenizer(one.text, add_special_tokens=False)["input_ids"][:longest])
        items.append((prompt_ids(model, tokenizer, one.prompt, len(ids)), [ids]))
    with runner.progress.phase("quality", total=len(texts)) as running:

        def on_share(share: float, tokens: int = 0) -> None:
            running.advance(int(share * len(texts)), share, tokens)

        logprobs = token_values(
            model, items, runner.cancelled, lambda done: on_share(READING * done / len(texts))
        )
        if logprobs is None:
            raise Cancelled
        written = generate(
            model,
            tokenizer,
            [one.beginning for one in texts],
            max_new_tokens=min(WRITTEN_TOKENS, longest),
            cancelled=runner.cancelled,
            on_step=lambda stage: on_share(READING + (1 - READING) * stage.share, stage.tokens),
        )
        runner.check_cancelled()
    return Measured(tuple(values for (values,) in logprobs), tuple(written))


def store_generation_quality(runner: LoadedExperiment, mask: MaskSpec | None, measured: Measured) -> None:
    """The part that needs the intact model; stores the generation quality of a mask.

    Raises:
        Cancelled: it was cancelled; then nothing is stored.
        ValueError: a text does not fit in memory.
    """
    from core.inference.loglikelihood import prompt_ids, token_values

    model, tokenizer = runner.loaded.model, runner.loaded.tokenizer
    items = [
        (prompt_ids(model, tokenizer, text.beginning, max(len(one.tokens), 1)), [one.tokens])
        for text, one in zip(neutral_texts(runner.spec.level), measured.written, strict=True)
    ]
    with runner.progress.phase("quality", "intact", len(items)) as running:
        logprobs = token_values(model, items, runner.cancelled, running.advance)
    if logprobs is None:
        raise Cancelled
    key, key_inputs = runner.generation_quality_request(mask)
    columns = {
        "logprobs": measured.logprobs,
        "written": [one.text for one in measured.written],
        "finish": [one.finish for one in measured.written],
        "tokens": [one.tokens for one in measured.written],
        "written_logprobs": [values for (values,) in logprobs],
    }
    with storing(runner):
        runner.store.generation_quality.save(key, key_inputs, columns)
    runner.note_stored(runner.store.generation_quality.entries, key)
