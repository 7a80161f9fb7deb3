"""The cache folder: where it lies, and what is in it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from cache.entries import DIVERGENCES, GENERATION_QUALITY, ITEMS, LOCALIZATIONS, Kind
from cache.files import expanded, key_lock

if TYPE_CHECKING:
    from cache.rankings import KeptScores, Rankings, UnitScores
    from cache.tables import Outcomes, Tables

ENVIRONMENT_VARIABLE = "ABILITYSCOPE_CACHE"
"""Names the cache folder, unless one is given on the command line."""


def cache_root(explicit: Path | None = None) -> Path:
    """The cache folder: the given one, else $ABILITYSCOPE_CACHE, else the platform's user cache folder."""
    if explicit is not None:
        return expanded(explicit)
    if named := os.environ.get(ENVIRONMENT_VARIABLE):
        return expanded(named)
    return Path(platformdirs.user_cache_dir("abilityscope", appauthor=False))


class Store:
    """A cache folder, by kind of entry. Making one touches no disk; numpy and polars are imported late."""

    def __init__(self, root: Path, shipped: Path | None = None) -> None:
        """The cache.

        Args:
            root: its folder.
            shipped: a folder of the same form that is only read, for what `root` lacks.
        """
        self.root, self.shipped = root, shipped

    @cached_property
    def rankings(self) -> Rankings:
        """The stored rankings."""
        from cache.rankings import Rankings

        return Rankings(self.root, self.shipped)

    @cached_property
    def scores(self) -> KeptScores:
        """The kept scores."""
        from cache.rankings import KeptScores

        return KeptScores(self.root)

    @cached_property
    def unit_scores(self) -> UnitScores:
        """The stored scores of whole units."""
        from cache.rankings import UnitScores

        return UnitScores(self.root)

    @cached_property
    def outcomes(self) -> Outcomes:
        """The stored outcomes."""
        from cache.tables import Outcomes

        return Outcomes(self.root, self.shipped)

    @cached_property
    def divergences(self) -> Tables:
        """The stored divergences of written answers."""
        return self._tables(DIVERGENCES)

    @cached_property
    def generation_quality(self) -> Tables:
        """The stored generation quality of masks."""
        return self._tables(GENERATION_QUALITY)

    @cached_property
    def items(self) -> Tables:
        """The stored items of benchmarks."""
        return self._tables(ITEMS)

    @cached_property
    def localizations(self) -> Tables:
        """The stored localizations of a phantom's blocks."""
        return self._tables(LOCALIZATIONS)

    def _tables(self, kind: Kind) -> Tables:
        from cache.tables import SCHEMAS, Tables

        return Tables(self.root, kind, SCHEMAS[kind], self.shipped)

    @property
    def fingerprint_memory(self) -> Path:
        """The file in which `fingerprint_files` remembers what it has read."""
        return self.root / "models" / "fingerprints.json"

    @property
    def pace_memory(self) -> Path:
        """The file that keeps how long work took on this machine."""
        return self.root / "models" / "paces.json"

    def lock(self, key: str) -> AbstractContextManager[None]:
        """A context in which this thread of this process alone works on the key; waits for its turn.

        Within it, look the key up once more before computing it: another process may just have stored it.

        Raises:
            ValueError: the key is not a key.
        """
        return key_lock(self.root, key)
