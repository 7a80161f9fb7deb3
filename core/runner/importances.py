"""The importance maps of a runner: computed when they are needed, kept until their room is."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from core.abilities import Item
from core.abilities.prompts import render_choice
from core.experiment.events import ImportancePlanned, ItemsScored
from core.importance.available_memory import free_now
from core.importance.maps import Importance
from core.importance.memory import ItemsShape, ModelShape
from core.importance.plan import SHARE_OF_FREE, ImportancePlan, Task, plan_importance
from core.importance.scoring import score_importance
from core.inference.encoding import EncodedChoice, encode_choice, longest_row
from core.runner.cancellation import Cancelled

if TYPE_CHECKING:
    from core.runner.runner import Runner

SHARE_OF_MEMORY = 0.5
"""Of the memory, what the score maps of all abilities may take together."""

BYTES_PER_WEIGHT = 8
"""Of one ability's score maps: two float32 for each candidate weight."""


def scores_of(runner: Runner, ability: str) -> Importance:
    """The importance of every candidate weight for an ability, kept until its room is needed.

    Raises:
        Cancelled: it was cancelled between two batches.
        ValueError: it does not fit in memory and on the disk.
    """
    if ability not in runner.importances:
        items = runner.diagnostic_set(ability).items()
        encoded = [_encode(runner, item) for item in items]

        def went_on(done: int, total: int) -> None:
            runner.emit(ItemsScored(ability, done, total))
            if runner.cancelled():
                raise Cancelled

        plan = _plan(runner, encoded)
        runner.emit(_planned(runner, ability, plan))
        runner.importances[ability] = score_importance(
            runner.loaded.model,
            runner.space,
            encoded,
            loss=runner.importance.loss,
            reduction=runner.importance.reduction,
            plan=plan,
            scratch=runner.store.root,
            on_progress=went_on,
        )
    return runner.importances[ability]


def _plan(runner: Runner, items: Sequence[EncodedChoice]) -> ImportancePlan:
    """How the importance of these items is computed in what is free now."""
    config, info = runner.loaded.model.config, runner.loaded.info
    task = Task(
        ModelShape.of(
            runner.space.matrices, info.vocabulary, info.dtype, is_four_bit=info.quantization != "none"
        ),
        ItemsShape.of(items, runner.importance.loss, longest_row(config)),
        on_gpu=_is_on_gpu(runner),
        weights_bytes=0,
    )
    return plan_importance(task, free_now(runner.space, runner.store.root), runner.memory_options)


def _planned(runner: Runner, ability: str, plan: ImportancePlan) -> ImportancePlanned:
    return ImportancePlanned(
        ability=ability,
        passes=len(plan.groups),
        accumulators=plan.accumulators,
        maps=plan.maps,
        rows=plan.rows,
        checkpointing=plan.checkpointing,
        on_gpu=_is_on_gpu(runner),
        device_bytes=plan.device_bytes,
        host_bytes=plan.host_bytes,
        disk_bytes=plan.disk_bytes,
    )


def _is_on_gpu(runner: Runner) -> bool:
    return runner.space.device(runner.space.matrices[0]).type != "cpu"


def _encode(runner: Runner, item: Item) -> EncodedChoice:
    return encode_choice(render_choice(item, runner.spec.style), runner.loaded.tokenizer)


def drop_maps(runner: Runner, but: Collection[str] = ()) -> None:
    """Drops the maps of all abilities but these."""
    for ability in set(runner.importances) - set(but):
        del runner.importances[ability]


def take_too_much(runner: Runner, wanted: Sequence[str], others_bytes: int) -> bool:
    """Whether the maps that are kept, the wanted ones and something else take more than their share."""
    together = len({*wanted, *runner.importances}) * BYTES_PER_WEIGHT * runner.space.size
    return together + others_bytes > SHARE_OF_MEMORY * memory_bytes()


def all_fit(runner: Runner, wanted: Collection[str]) -> bool:
    """Whether the maps of all these abilities find room at once, in main memory or on the disk."""
    missing = len(set(wanted) - set(runner.importances)) * BYTES_PER_WEIGHT * runner.space.size
    free = free_now(runner.space, runner.store.root)
    memory = memory_bytes() if free.host_bytes is None else free.host_bytes
    return missing <= SHARE_OF_MEMORY * memory + SHARE_OF_FREE * (free.disk_bytes or 0)


def memory_bytes() -> int:
    """The machine's main memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
