"""Computes an ability's importance now: of every candidate weight, or of whole units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from core.abilities.prompts import render_choice
from core.importance.maps import Importance
from core.importance.memory import ItemsShape, ModelShape, available_memory
from core.importance.plan import ImportancePlan, Task, plan_importance
from core.importance.scoring import score_importance
from core.importance.unit_effects import UnitImportance, score_units
from core.inference.encoding import EncodedChoice, encode_choice, longest_row
from core.models.matrices import UnitBlock
from core.run.events import ImportancePlanned
from core.run.loaded import LoadedExperiment
from core.run.pace import scoring_phase


def computed_importance(experiment: LoadedExperiment, ability: str, n_items: int) -> Importance:
    """The importance of every candidate weight for an ability, computed now.

    Raises:
        Cancelled: it was cancelled between two batches.
        ValueError: it does not fit in memory and on the disk.
    """
    encoded = _encoded(experiment, ability, n_items)
    plan = _plan(experiment, encoded, of_units=False)
    with _announced(experiment, ability, plan, len(encoded), of_units=False) as on_progress:
        return score_importance(
            experiment.loaded.model,
            experiment.space,
            encoded,
            loss=experiment.importance.loss,
            reduction=experiment.importance.reduction,
            plan=plan,
            scratch=experiment.store.root,
            on_progress=on_progress,
        )


def computed_units(
    experiment: LoadedExperiment, ability: str, n_items: int, blocks: Sequence[UnitBlock]
) -> UnitImportance:
    """The importance of whole units for an ability, computed now.

    Raises:
        Cancelled: it was cancelled between two batches.
        ValueError: it does not fit in memory.
    """
    encoded = _encoded(experiment, ability, n_items)
    plan = _plan(experiment, encoded, of_units=True)
    with _announced(experiment, ability, plan, len(encoded), of_units=True) as on_progress:
        return score_units(
            experiment.loaded.model,
            experiment.space,
            blocks,
            encoded,
            loss=experiment.importance.loss,
            reduction=experiment.importance.reduction,
            plan=plan,
            on_progress=on_progress,
        )


def _encoded(experiment: LoadedExperiment, ability: str, n_items: int) -> list[EncodedChoice]:
    tokenizer, diagnostic = experiment.loaded.tokenizer, experiment.diagnostic_set(ability, n_items)
    return [encode_choice(render_choice(item, diagnostic.style), tokenizer) for item in diagnostic.items()]


def _plan(experiment: LoadedExperiment, items: Sequence[EncodedChoice], *, of_units: bool) -> ImportancePlan:
    """How the importance from these items is computed in the memory that is free now."""
    loaded, space = experiment.loaded, experiment.space
    info = loaded.info
    task = Task(
        ModelShape.of(space.matrices, info.vocabulary, info.dtype, is_four_bit=info.quantization != "none"),
        ItemsShape.of(items, experiment.importance.loss, longest_row(loaded.model.config)),
        on_gpu=_is_on_gpu(experiment),
        weights_bytes=0,
        of_units=of_units,
    )
    return plan_importance(task, available_memory(space, experiment.store.root), experiment.memory_options)


def _is_on_gpu(experiment: LoadedExperiment) -> bool:
    return experiment.space.device(experiment.space.matrices[0]).type != "cpu"


@contextmanager
def _announced(
    experiment: LoadedExperiment, ability: str, plan: ImportancePlan, items: int, *, of_units: bool
) -> Iterator[Callable[[int, int], None]]:
    """A context whose plan is emitted first; given is what to call after each batch, which may raise."""
    experiment.emit(
        ImportancePlanned(
            ability=ability,
            passes=len(plan.groups),
            accumulate_on=plan.accumulate_on,
            maps=plan.maps,
            scoring_batch=plan.scoring_batch,
            checkpointing=plan.checkpointing,
            on_gpu=_is_on_gpu(experiment),
            device_bytes=plan.device_bytes,
            host_bytes=plan.host_bytes,
            disk_bytes=plan.disk_bytes,
        )
    )
    with experiment.progress.phase(scoring_phase(of_units=of_units), ability, items) as running:

        def on_progress(done: int, total: int) -> None:
            running.advance(done)
            experiment.check_cancelled()

        yield on_progress
