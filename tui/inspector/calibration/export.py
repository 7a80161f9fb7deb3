"""What the calibration writes to a file and copies. Pure but for the writing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.abilities.catalogue import ABILITIES
from core.phantom.calibration import DIAGNOSTIC_ITEMS
from tui.calibration_words import document, verdict
from tui.inspector.pane import ROW_SUFFIXES, Copied, Exported, write_rows

if TYPE_CHECKING:
    from core.models.spec import ModelSpec
    from core.phantom.calibration.calibration import Calibration

STEM = "abilityscope-calibration"


def exported(found: Calibration, spec: ModelSpec) -> Exported:
    """All cells of all matrices as CSV, or everything as JSON."""
    return Exported(
        STEM,
        ROW_SUFFIXES,
        lambda path: write_rows(path, cell_rows(found), document(found, spec, DIAGNOSTIC_ITEMS)),
    )


def copied(found: Calibration, spec: ModelSpec) -> Copied:
    """The verdict."""
    return Copied("\n".join(verdict(found, spec)), "the verdict")


def cell_rows(found: Calibration) -> list[dict[str, Any]]:
    """One row for each cell of each matrix that was recovered, beside the true one's."""
    from core.phantom.calibration.calibration import true_matrix

    ids, true = [ability.id for ability in ABILITIES], true_matrix(found.truth)
    return [
        {
            **setting.figures(),
            "ablated": ids[row],
            "asked": ids[column],
            "true_points": float(true[row, column]),
            "points": float(matrix.drops[row, column]),
            "n": matrix.items,
        }
        for setting, matrix in found.matrices.items()
        for row in range(len(ids))
        for column in range(len(ids))
    ]
