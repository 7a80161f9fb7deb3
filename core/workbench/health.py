"""The health of masks: whether the model can still write. Measured once for each mask, and stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.cancellation import Cancelled
from core.health.neutral import neutral_texts
from core.recipes import MaskRecipe, health_ingredients, health_key
from core.workbench.stored import stored_whole, storing

if TYPE_CHECKING:
    from core.health.measure import Measured
    from core.workbench.workbench import OutcomesRequest, Workbench


def health_request(bench: Workbench, mask: MaskRecipe | None) -> tuple[str, dict[str, Any]]:
    """The cache key of the health of a mask (None: of the intact model), and its ingredients.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    ablated, ingredients = ("base", None) if mask is None else (str(mask), bench.mask_ingredients(mask))
    whole = health_ingredients(bench.identity, bench.spec.level, ablated, ingredients)
    return health_key(whole), whole


def masks_to_measure(
    bench: Workbench, runs: Mapping[MaskRecipe | None, Sequence[OutcomesRequest]]
) -> set[MaskRecipe | None]:
    """The masks with runs whose health is not stored, and the intact model if theirs is compared with it.

    A damaged entry is told, and counts as not stored.
    """
    masks = [mask for mask, requests in runs.items() if mask is not None and requests]
    return {mask for mask in (None, *masks) if not is_measured(bench, mask)} if masks else set()


def is_measured(bench: Workbench, mask: MaskRecipe | None) -> bool:
    """Whether the health of a mask (None: of the intact model) is stored; damage is told."""
    key, _ = health_request(bench, mask)
    return stored_whole(bench, bench.store.health.entries, key) is not None


def measure_health(bench: Workbench, cancelled: Callable[[], bool]) -> Measured:
    """The part that needs the ablated model. Whoever calls has applied the mask.

    Raises:
        Cancelled: it was cancelled.
        ValueError: a neutral text does not fit in memory.
    """
    from core.health.measure import measure

    loaded = bench.loaded
    measured = measure(loaded.model, loaded.tokenizer, neutral_texts(bench.spec.level), cancelled)
    if measured is None:
        raise Cancelled
    return measured


def store_health(
    bench: Workbench, mask: MaskRecipe | None, measured: Measured, cancelled: Callable[[], bool]
) -> None:
    """The part that needs the intact model; stores the health of a mask.

    Raises:
        Cancelled: it was cancelled; then nothing is stored.
        ValueError: a text does not fit in memory.
    """
    from core.health.measure import nats_of_written

    loaded, texts = bench.loaded, neutral_texts(bench.spec.level)
    nats = nats_of_written(loaded.model, loaded.tokenizer, texts, measured.written, cancelled)
    if nats is None:
        raise Cancelled
    key, ingredients = health_request(bench, mask)
    columns = {
        "nats": measured.nats,
        "written": [one.text for one in measured.written],
        "finish": [one.finish for one in measured.written],
        "tokens": [one.tokens for one in measured.written],
        "written_nats": nats,
    }
    with storing(bench):
        bench.store.health.save(key, ingredients, columns)
    bench.unproved.append((bench.store.health.entries, key))
