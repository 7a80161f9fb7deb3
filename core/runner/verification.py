"""What follows when weights are not what was loaded: a sentence, and entries that are deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cache.journals import journal_path
from cache.upkeep import delete

if TYPE_CHECKING:
    from cache.entries import EntryFolder
    from core.models.matrices import Matrix


class WeightsChangedError(ValueError):
    """Weights are other bytes than were loaded, after all masks were restored."""

    def __init__(self, matrices: Sequence[Matrix], deleted: int) -> None:
        """Says it in a sentence.

        Args:
            matrices: those that changed.
            deleted: how many cache entries were deleted for it.
        """
        others = f" and {len(matrices) - 1:,} more" if len(matrices) > 1 else ""
        super().__init__(
            f"The weights of {matrices[0].name}{others} are not those that were loaded, though every mask "
            f"was restored: {deleted:,} cache entries written since are deleted, and the model is loaded "
            "again. Run this once more; if it comes back, test the machine's memory."
        )


def drop_entries(root: Path, entries: Iterable[tuple[EntryFolder, str]]) -> int:
    """Deletes entries and what is kept of unfinished runs, as far as they are there; returns how many.

    Raises:
        OSError: one cannot be deleted.
    """
    written = set()
    held = set()
    for folder, key in entries:
        if folder.held.pop(key, None) is not None:
            held.add(key)
        if folder.has(key) or journal_path(folder, key).is_file():
            written.add(key)
    for key in written:
        delete(root, key)
    return len(written | held)
