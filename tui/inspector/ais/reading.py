"""Asks the cache for the AIS matrix that a lens looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.choices import Quota, Selection, Variant

if TYPE_CHECKING:
    from core.results.cells import Matrix
    from core.results.failures import Failures
    from core.results.health import MaskHealth
    from core.statistics import Specificity
    from tui.inspector.activity import Activity
    from tui.inspector.desk import Desk
    from tui.inspector.lens import Lens

Question = tuple[Variant, Selection, float, int | None, int, Quota]
"""What tells one matrix from another: variant, selection, k, limit, seed, quota."""


def question_of(lens: Lens) -> Question:
    """Which matrix a lens looks at."""
    return lens.variant, lens.selection, lens.k, lens.limit, lens.seed, lens.quota


def read_matrix(desk: Desk, lens: Lens) -> Matrix | str:
    """The lens's matrix from the cache, or why there is none, in one sentence; called in a thread."""
    from cache.files import CorruptEntry
    from core.results.cells import matrix

    try:
        variant, selection, k, limit, seed, quota = question_of(lens)
        return matrix(desk.bench, variant, selection, k, desk.benchmarks, limit, seed, quota)
    except (ValueError, OSError, CorruptEntry) as error:
        return " ".join(str(error).split())


@dataclass(frozen=True)
class Behind:
    """What is behind a cell, besides its figures."""

    failures: Failures | None
    """How the answers fail; None where base or ablated answers are not stored."""
    specificity: Specificity | None
    """Beside the other abilities' masks; None where there is none to compare with."""
    health: MaskHealth | None
    """Of the mask; None where it was not measured."""


def read_behind(desk: Desk, lens: Lens) -> Behind | str:
    """What is behind the cell of the lens's ability and benchmark; called in a thread.

    A sentence where it cannot be read.
    """
    from cache.files import CorruptEntry
    from core.results.failures import failures
    from core.results.health import mask_healths
    from core.results.samples import Samples
    from core.results.specificities import stored_specificity

    benchmark, mask = desk.benchmark(lens.benchmark), lens.mask_or_fail
    n = desk.items_of(benchmark, lens)
    try:
        samples = Samples.open(desk.bench, benchmark, n, mask)
        return Behind(
            None if samples is None else failures(samples),
            stored_specificity(desk.bench, mask, benchmark, n),
            mask_healths(desk.bench, [mask]).get(mask),
        )
    except (ValueError, OSError, CorruptEntry) as error:
        return " ".join(str(error).split())


def running_cell(matrix: Matrix, activity: Activity) -> tuple[str, str] | None:
    """Ability and benchmark of the cell of a matrix that the engine is computing, if it is."""
    run = None if activity.current is None else activity.current.run
    if run is None or run.mask is None:
        return None
    is_here = (run.mask.variant, run.mask.selection, run.mask.k, run.mask.quota) == (
        matrix.variant,
        matrix.selection,
        matrix.k,
        matrix.quota,
    )
    return (run.mask.ability, run.benchmark) if is_here else None
