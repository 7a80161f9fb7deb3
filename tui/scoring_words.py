"""How weights are scored, in words, for whoever shows it. No torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.importance.plan import DEFAULT_SCORING_BATCH
from tui.numbers import size_text

if TYPE_CHECKING:
    from core.experiment.events import ImportancePlanned, ModelLoading
    from core.importance.plan import ImportancePlan


def scoring_words(plan: ImportancePlanned) -> str:
    """Such as `in 2 passes over layers, sums on the GPU, maps on disk`; rows if they are not the usual."""
    return _words(
        plan.passes,
        plan.maps,
        plan.scoring_batch,
        sums=plan.accumulate_on if plan.on_gpu else None,
        checkpointing=plan.checkpointing,
    )


def plan_words(plan: ImportancePlan, *, on_gpu: bool) -> str:
    """The same of a plan that nobody follows yet."""
    return _words(
        len(plan.groups),
        plan.maps,
        plan.scoring_batch,
        sums=plan.accumulate_on if on_gpu else None,
        checkpointing=plan.checkpointing,
    )


def _words(passes: int, maps: str, rows: int, *, sums: str | None, checkpointing: bool) -> str:
    parts = ["in one pass" if passes == 1 else f"in {passes} passes over layers"]
    if sums is not None:
        parts.append("sums on the GPU" if sums == "device" else "sums in main memory")
    if maps == "disk":
        parts.append("maps on disk")
    if rows != DEFAULT_SCORING_BATCH:
        parts.append(f"batches of {rows} {'row' if rows == 1 else 'rows'}")
    if checkpointing:
        parts.append("activations computed twice")
    return ", ".join(parts)


def share_text(loading: ModelLoading) -> str:
    """How far the loading is, such as `42 %`; empty where that is not known."""
    if not loading.total_bytes:
        return ""
    return f"{100 * loading.done_bytes // loading.total_bytes} %"


def loaded_text(loading: ModelLoading) -> str:
    """The same with the bytes, such as `6.75 of 16.1 GB, 42 %`."""
    if not loading.total_bytes:
        return ""
    total = size_text(loading.total_bytes)
    done = size_text(loading.done_bytes)
    if done.rpartition(" ")[2] == total.rpartition(" ")[2]:
        done = done.rpartition(" ")[0]
    return f"{done} of {total}, {share_text(loading)}"
