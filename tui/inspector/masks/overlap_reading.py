"""Reads what the tab Overlap shows; for a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.inspector.masks.mask_pane import Lacking, lacking_rankings
from tui.inspector.masks.overlap_table import OverlapTable

if TYPE_CHECKING:
    from core.experiment.experiment import Experiment
    from tui.inspector.lens import Lens


def read_overlaps(experiment: Experiment, lens: Lens) -> OverlapTable | Lacking:
    """The overlaps of all abilities' masks, as far as their rankings are stored.

    Raises:
        OSError: the model's files cannot be read.
        ValueError: k asks for more weights than there are candidates, or the model's config is broken.
    """
    from core.analysis.overlaps import overlaps

    found = overlaps(experiment, lens.variant, lens.selection, lens.k, lens.seed, lens.scope)
    if not any(found.present):
        return lacking_rankings(found.missing)
    return OverlapTable(found, lens.variant, lens.selection, lens.k, lens.scope)
