"""Where the cache lies, and what is in it: one folder that a person can read."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from cache.entries import key_lock
from cache.paths import expanded

if TYPE_CHECKING:
    from cache.divergences import Divergences
    from cache.generation_quality import Health
    from cache.items import Items
    from cache.localizations import Localizations
    from cache.outcomes import Outcomes
    from cache.rankings import Rankings

ENVIRONMENT_VARIABLE = "ABILITYSCOPE_CACHE"
"""Names the cache folder, unless one is given on the command line."""


def cache_root(explicit: Path | None = None) -> Path:
    """The cache folder: the one given, else $ABILITYSCOPE_CACHE, else the platform's user cache folder."""
    if explicit is not None:
        return expanded(explicit)
    if named := os.environ.get(ENVIRONMENT_VARIABLE):
        return expanded(named)
    return Path(platformdirs.user_cache_dir("abilityscope", appauthor=False))


def fingerprint_memory(root: Path) -> Path:
    """Where a cache folder keeps the fingerprints of models' files."""
    return root / "models" / "fingerprints.json"


class Store:
    """The cache folder's rooms. Making one touches no disk, and imports numpy and polars only when needed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def rankings(self) -> Rankings:
        """The stored rankings."""
        from cache.rankings import Rankings

        return Rankings(self.root)

    @cached_property
    def outcomes(self) -> Outcomes:
        """The stored outcomes."""
        from cache.outcomes import Outcomes

        return Outcomes(self.root)

    @cached_property
    def divergences(self) -> Divergences:
        """The stored divergences of written answers."""
        from cache.divergences import Divergences

        return Divergences(self.root)

    @cached_property
    def generation_quality(self) -> Health:
        """The stored generation quality of masks."""
        from cache.generation_quality import Health

        return Health(self.root)

    @cached_property
    def items(self) -> Items:
        """The stored items of benchmarks."""
        from cache.items import Items

        return Items(self.root)

    @cached_property
    def localizations(self) -> Localizations:
        """The stored localizations of a phantom's blocks."""
        from cache.localizations import Localizations

        return Localizations(self.root)

    def lock(self, key: str) -> AbstractContextManager[None]:
        """A context in which this thread of this process alone works on the key; waits for its turn.

        Within it, look the key up once more before computing it: another process may just have stored it.

        Raises:
            ValueError: the key is not a key.
        """
        return key_lock(self.root, key)

    @property
    def fingerprint_memory(self) -> Path:
        """Where `fingerprint_files` remembers what it has read."""
        return fingerprint_memory(self.root)
