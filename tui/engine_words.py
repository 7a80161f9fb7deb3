"""The engine in words: loading, scoring, memory, GPUs; for progress lines and the inspector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.importance.plan import DEFAULT_SCORING_BATCH
from tui.numbers import size_text

if TYPE_CHECKING:
    from core.importance.plan import Group, ImportancePlan
    from core.run.events import GpuFacts, ImportancePlanned, ModelLoading

MEMORIES = ("GPU memory", "main memory", "disk")

MOST_GROUPS = 4
"""Most groups of layers that are listed."""


def memory_text(*sizes: int, joint: str = ", ") -> str:
    """Bytes of GPU memory, main memory and disk: `9.80 GB of GPU memory, 56.0 GB of disk`."""
    return joint.join(
        f"{size_text(size)} of {memory}" for size, memory in zip(sizes, MEMORIES, strict=True) if size
    )


def planned_text(event: ImportancePlanned) -> str:
    """How weights are scored: `in 2 passes over layers, sums on the GPU, maps on disk`."""
    parts = [_passes_text(event.passes)]
    if event.on_gpu:
        parts.append(_sums_text(event.accumulate_on))
    return ", ".join([*parts, *_details(event, with_size=event.scoring_batch != DEFAULT_SCORING_BATCH)])


def plan_text(plan: ImportancePlan, *, on_gpu: bool, in_full: bool = False) -> str:
    """The same of a plan.

    Args:
        plan: how weights would be scored.
        on_gpu: whether the model would be on a GPU.
        in_full: with the layers of each pass, and with batches of the default size.
    """
    parts = [_passes_text(len(plan.groups), plan.groups if in_full else ())]
    if on_gpu:
        parts.append(_sums_text(plan.accumulate_on))
    return ", ".join(
        [*parts, *_details(plan, with_size=in_full or plan.scoring_batch != DEFAULT_SCORING_BATCH)]
    )


def loaded_share(loading: ModelLoading) -> str:
    """The part of the model that is loaded: `42 %`; empty if unknown."""
    if not loading.total_bytes:
        return ""
    return f"{100 * loading.done_bytes // loading.total_bytes} %"


def loaded_text(loading: ModelLoading) -> str:
    """The same with the bytes: `6.75 of 16.1 GB, 42 %`."""
    if not loading.total_bytes:
        return ""
    done, unit = size_text(loading.done_bytes).split()
    total = size_text(loading.total_bytes)
    return f"{done if total.endswith(f' {unit}') else f'{done} {unit}'} of {total}, {loaded_share(loading)}"


def gpu_words(gpus: Sequence[GpuFacts]) -> list[str]:
    """Known load, memory and temperature: `GPU 93 %`, `17.2/24.0 GB`, `71 °C`.

    For several GPUs their mean load, summed memory, and highest temperature.
    """
    loads = [gpu.load for gpu in gpus if gpu.load is not None]
    heats = [gpu.celsius for gpu in gpus if gpu.celsius is not None]
    sizes = [
        (gpu.used_bytes, gpu.total_bytes)
        for gpu in gpus
        if gpu.used_bytes is not None and gpu.total_bytes is not None
    ]
    name = "GPU" if len(gpus) == 1 else f"{len(gpus)} GPUs"
    words = []
    if loads:
        words.append(f"{name} {sum(loads) / len(loads):.0f} %")
    if sizes:
        used, total = (sum(column) / 1e9 for column in zip(*sizes, strict=True))
        words.append(f"{'' if loads else f'{name} '}{used:.1f}/{total:.1f} GB")
    if heats:
        words.append(f"{max(heats)} °C")
    return words


def _passes_text(passes: int, groups: Sequence[Group] = ()) -> str:
    if passes == 1:
        return "in one pass"
    if groups and passes <= MOST_GROUPS:
        return f"in {passes} passes over layers {' and '.join(f'{first}-{end - 1}' for first, end in groups)}"
    return f"in {passes} passes over layers"


def _sums_text(accumulators: str) -> str:
    return "sums on the GPU" if accumulators == "device" else "sums in main memory"


def _details(plan: ImportancePlanned | ImportancePlan, *, with_size: bool) -> list[str]:
    """Maps, rows and checkpointing, as far as they are not the default."""
    parts = ["maps on disk"] if plan.maps == "disk" else []
    if with_size:
        parts.append(f"batches of {plan.scoring_batch} {'item' if plan.scoring_batch == 1 else 'items'}")
    if plan.checkpointing:
        parts.append("activations computed twice")
    return parts
