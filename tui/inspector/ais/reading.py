"""Asks the cache for the AIS matrix that a lens looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.masks.choices import Scope, Selection
from core.models.matrices import Variant

if TYPE_CHECKING:
    from core.analysis.generation_quality import GenerationQuality
    from core.analysis.matrix import Matrix
    from core.analysis.samples.failures import Failures
    from core.analysis.statistics.bootstrap import Specificity
    from tui.inspector.activity import Activity
    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

Question = tuple[Variant, Selection, float, int | None, int, Scope]
"""What tells one matrix from another: variant, selection, k, limit, seed, scope."""


def question_of(lens: Lens) -> Question:
    """Which matrix a lens looks at."""
    return lens.variant, lens.selection, lens.k, lens.limit, lens.seed, lens.scope


def read_matrix(session: Session, lens: Lens) -> Matrix | str:
    """The lens's matrix from the cache, or why there is none, in one sentence; called in a thread."""
    from cache.files import CorruptEntry
    from core.analysis.matrix import matrix

    try:
        variant, selection, k, limit, seed, scope = question_of(lens)
        return matrix(session.experiment, variant, selection, k, session.benchmarks, limit, seed, scope)
    except (ValueError, OSError, CorruptEntry) as error:
        return " ".join(str(error).split())


@dataclass(frozen=True)
class Behind:
    """What is behind a cell, besides its figures."""

    failures: Failures | None
    """How the answers fail; None where base or ablated answers are not stored."""
    specificity: Specificity | None
    """Beside the other abilities' masks; None where there is none to compare with."""
    generation_quality: GenerationQuality | None
    """Of the mask; None where it was not measured."""


def read_behind(session: Session, lens: Lens) -> Behind | str:
    """What is behind the cell of the lens's ability and benchmark; called in a thread.

    A sentence where it cannot be read.
    """
    from cache.files import CorruptEntry
    from core.analysis.effects import stored_specificity
    from core.analysis.generation_quality import mask_generation_qualities
    from core.analysis.samples.failures import failures
    from core.analysis.samples.samples import Samples

    benchmark, mask = session.benchmark(lens.benchmark), lens.mask_or_fail
    n = session.items_of(benchmark, lens)
    try:
        samples = Samples.open(session.experiment, benchmark, n, mask)
        return Behind(
            None if samples is None else failures(samples),
            stored_specificity(session.experiment, mask, benchmark, n),
            mask_generation_qualities(session.experiment, [mask]).get(mask),
        )
    except (ValueError, OSError, CorruptEntry) as error:
        return " ".join(str(error).split())


def running_cell(matrix: Matrix, activity: Activity) -> tuple[str, str] | None:
    """Ability and benchmark of the cell of a matrix that the engine is computing, if it is."""
    run = None if activity.current is None else activity.current.run
    if run is None or run.mask is None:
        return None
    is_here = (run.mask.variant, run.mask.selection, run.mask.k, run.mask.scope) == (
        matrix.variant,
        matrix.selection,
        matrix.k,
        matrix.scope,
    )
    return (run.mask.ability, run.benchmark) if is_here else None
