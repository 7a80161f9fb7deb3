"""Generation quality of masks: can the model still write? Measured once for each mask, and stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from core.abilities.neutral_texts import neutral_texts
from core.experiment.experiment import generation_quality_request
from core.experiment.specs import MaskSpec
from core.experiment.storing import stored_whole, storing
from core.runner.cancellation import Cancelled

if TYPE_CHECKING:
    from core.experiment.experiment import OutcomesRequest
    from core.runner.quality_measurement import Measured
    from core.runner.runner import Runner


def masks_to_measure(
    runner: Runner, runs: Mapping[MaskSpec | None, Sequence[OutcomesRequest]]
) -> set[MaskSpec | None]:
    """Masks with runs whose generation quality is not stored; and the intact model, as their comparison.

    A damaged entry is told, and counts as not stored.
    """
    masks = [mask for mask, requests in runs.items() if mask is not None and requests]
    return {mask for mask in (None, *masks) if not is_measured(runner, mask)} if masks else set()


def is_measured(runner: Runner, mask: MaskSpec | None) -> bool:
    """Whether the generation quality of a mask (None: of the intact model) is stored; damage is told."""
    key, _ = generation_quality_request(runner, mask)
    return stored_whole(runner, runner.store.generation_quality.entries, key) is not None


def measure_generation_quality(runner: Runner, cancelled: Callable[[], bool]) -> Measured:
    """The part that needs the ablated model. Whoever calls has applied the mask.

    Raises:
        Cancelled: it was cancelled.
        ValueError: a neutral text does not fit in memory.
    """
    from core.runner.quality_measurement import measure

    loaded = runner.loaded
    measured = measure(loaded.model, loaded.tokenizer, neutral_texts(runner.spec.level), cancelled)
    if measured is None:
        raise Cancelled
    return measured


def store_generation_quality(
    runner: Runner, mask: MaskSpec | None, measured: Measured, cancelled: Callable[[], bool]
) -> None:
    """The part that needs the intact model; stores the generation quality of a mask.

    Raises:
        Cancelled: it was cancelled; then nothing is stored.
        ValueError: a text does not fit in memory.
    """
    from core.runner.quality_measurement import logprobs_of_written

    loaded, texts = runner.loaded, neutral_texts(runner.spec.level)
    logprobs = logprobs_of_written(loaded.model, loaded.tokenizer, texts, measured.written, cancelled)
    if logprobs is None:
        raise Cancelled
    key, key_inputs = generation_quality_request(runner, mask)
    columns = {
        "logprobs": measured.logprobs,
        "written": [one.text for one in measured.written],
        "finish": [one.finish for one in measured.written],
        "tokens": [one.tokens for one in measured.written],
        "written_logprobs": logprobs,
    }
    with storing(runner):
        runner.store.generation_quality.save(key, key_inputs, columns)
    runner.unverified.append((runner.store.generation_quality.entries, key))
