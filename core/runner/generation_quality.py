"""The generation quality of masks: whether the model can still write. Measured once for each mask, and stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.abilities.neutral_texts import neutral_texts
from core.experiment.cache_keys import generation_quality_key, generation_quality_key_inputs
from core.experiment.specs import MaskSpec
from core.runner.cancellation import Cancelled
from core.runner.storing import stored_whole, storing

if TYPE_CHECKING:
    from core.runner.quality_measurement import Measured
    from core.runner.workbench import OutcomesRequest, Workbench


def generation_quality_request(bench: Workbench, mask: MaskSpec | None) -> tuple[str, dict[str, Any]]:
    """The cache key of the generation quality of a mask (None: of the intact model), and its key inputs.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    ablated, key_inputs = ("base", None) if mask is None else (str(mask), bench.mask_key_inputs(mask))
    whole = generation_quality_key_inputs(bench.identity, bench.spec.level, ablated, key_inputs)
    return generation_quality_key(whole), whole


def masks_to_measure(
    bench: Workbench, runs: Mapping[MaskSpec | None, Sequence[OutcomesRequest]]
) -> set[MaskSpec | None]:
    """The masks with runs whose generation quality is not stored, and the intact model if theirs is compared with it.

    A damaged entry is told, and counts as not stored.
    """
    masks = [mask for mask, requests in runs.items() if mask is not None and requests]
    return {mask for mask in (None, *masks) if not is_measured(bench, mask)} if masks else set()


def is_measured(bench: Workbench, mask: MaskSpec | None) -> bool:
    """Whether the generation quality of a mask (None: of the intact model) is stored; damage is told."""
    key, _ = generation_quality_request(bench, mask)
    return stored_whole(bench, bench.store.generation_quality.entries, key) is not None


def measure_generation_quality(bench: Workbench, cancelled: Callable[[], bool]) -> Measured:
    """The part that needs the ablated model. Whoever calls has applied the mask.

    Raises:
        Cancelled: it was cancelled.
        ValueError: a neutral text does not fit in memory.
    """
    from core.runner.quality_measurement import measure

    loaded = bench.loaded
    measured = measure(loaded.model, loaded.tokenizer, neutral_texts(bench.spec.level), cancelled)
    if measured is None:
        raise Cancelled
    return measured


def store_generation_quality(
    bench: Workbench, mask: MaskSpec | None, measured: Measured, cancelled: Callable[[], bool]
) -> None:
    """The part that needs the intact model; stores the generation quality of a mask.

    Raises:
        Cancelled: it was cancelled; then nothing is stored.
        ValueError: a text does not fit in memory.
    """
    from core.runner.quality_measurement import logprobs_of_written

    loaded, texts = bench.loaded, neutral_texts(bench.spec.level)
    logprobs = logprobs_of_written(loaded.model, loaded.tokenizer, texts, measured.written, cancelled)
    if logprobs is None:
        raise Cancelled
    key, key_inputs = generation_quality_request(bench, mask)
    columns = {
        "logprobs": measured.logprobs,
        "written": [one.text for one in measured.written],
        "finish": [one.finish for one in measured.written],
        "tokens": [one.tokens for one in measured.written],
        "written_logprobs": logprobs,
    }
    with storing(bench):
        bench.store.generation_quality.save(key, key_inputs, columns)
    bench.unverified.append((bench.store.generation_quality.entries, key))
