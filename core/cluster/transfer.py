"""Entries of the cache on their way between the driver's folder and that of a machine that does not see it.

The driver's machine has a keeper, an actor with its cache folder. A worker elsewhere has a courier and a
folder of its machine's own: before a unit it fetches what the unit is made of and what is kept of it, while
it works it ships each batch, and afterwards every entry, byte by byte as it is stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cache.entries import KINDS, OUTCOMES, SCORES, EntryFolder
from cache.files import CorruptEntry, write_atomically
from cache.journals import journal_path
from cache.manifests import Manifest

Key = tuple[str, str]
"""The name of an entry's kind, and its key."""

Content = tuple[bytes, bytes]
"""The manifest and the payload of an entry."""

SHIPPED_KINDS = tuple(kind for kind in KINDS if kind != SCORES)
"""Scores stay where they were made: they are as large as the model, and serve that machine's contrasts."""


class Folders:
    """The folders of a cache's kinds, read and written as bytes."""

    def __init__(self, root: Path) -> None:
        self.by_kind = {kind.name: EntryFolder(root, kind) for kind in SHIPPED_KINDS}
        self._outcomes = EntryFolder(root, OUTCOMES)

    def stored(self, keys: Iterable[Key]) -> list[Key]:
        """Those of some entries that are stored."""
        return [(kind, key) for kind, key in keys if kind in self.by_kind and self.by_kind[kind].has(key)]

    def every(self) -> list[Key]:
        """All entries that are stored whole."""
        return self.stored((kind, key) for kind, one in self.by_kind.items() for key in one.stored_keys())

    def content(self, kind: str, key: str) -> Content | None:
        """An entry, verified; None if it is not stored, or damaged."""
        folder = self.by_kind[kind]
        try:
            manifest = folder.read_manifest(key)
            return None if manifest is None else (manifest.to_json(), folder.read_payload(key, manifest))
        except CorruptEntry:
            return None

    def take_in(self, kind: str, content: Content) -> None:
        """Stores an entry, if it is not there.

        Raises:
            OSError: the folder cannot be written to.
        """
        manifest, folder = Manifest.from_json(content[0]), self.by_kind[kind]
        if folder.has(manifest.key) and folder.damage_of(manifest.key) is None:
            return
        folder.take_in(manifest, lambda path: _write(path, content[1]))
        journal_path(folder, manifest.key).unlink(missing_ok=True)

    def journal(self, key: str) -> bytes:
        """What is kept of an unfinished run; empty if nothing is."""
        path = journal_path(self._outcomes, key)
        return path.read_bytes() if path.is_file() else b""

    def take_journal(self, key: str, content: bytes) -> None:
        """Keeps what there is of a run, unless it is finished.

        Raises:
            OSError: the folder cannot be written to.
        """
        if content and not self._outcomes.has(key):
            write_atomically(journal_path(self._outcomes, key), content)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


class Courier:
    """Brings entries to a worker's folder, and from there to the keeper."""

    def __init__(self, root: Path, keeper: Any, ray: Any) -> None:
        """Brings nothing yet.

        Args:
            root: the folder of the worker's machine.
            keeper: the actor with the driver's folder, a `Folders`.
            ray: the module.
        """
        self._folders, self._keeper, self._ray = Folders(root), keeper, ray
        self._known: set[Key] = set()
        """Entries that the keeper has."""
        self._runs: list[str] = []
        """Keys of the runs of the unit in hand."""
        self._sizes: dict[str, int] = {}
        """Bytes of each journal that the keeper has."""
        self._on_the_way: list[Any] = []

    def fetch(self, keys: Iterable[Key]) -> None:
        """Brings those of some entries that the keeper has, and the journals of runs that it has in part."""
        wanted = list(dict.fromkeys(keys))
        stored = self._ray.get(self._keeper.stored.remote(wanted))
        self._known.update(stored)
        here = set(self._folders.stored(stored))
        for kind, key in stored:
            if (kind, key) not in here:
                content = self._ray.get(self._keeper.content.remote(kind, key))
                if content is not None:
                    self._folders.take_in(kind, content)
        self._runs = [key for kind, key in wanted if kind == OUTCOMES.name and (kind, key) not in self._known]
        for key in self._runs:
            if not self._folders.journal(key):
                self._folders.take_journal(key, self._ray.get(self._keeper.journal.remote(key)))

    def ship(self, *, wait: bool = False) -> None:
        """Sends what is new: entries, and journals of the unit's runs.

        Args:
            wait: until the keeper has stored all that was sent.

        Raises:
            RayError: the keeper cannot store it.
        """
        for kind, key in self._folders.every():
            if (kind, key) not in self._known and (content := self._folders.content(kind, key)):
                self._known.add((kind, key))
                self._on_the_way.append(self._keeper.take_in.remote(kind, content))
        for key in self._runs:
            kept = self._folders.journal(key)
            if len(kept) != self._sizes.get(key, 0):
                self._sizes[key] = len(kept)
                self._on_the_way.append(self._keeper.take_journal.remote(key, kept))
        if wait:
            self._ray.get(self._on_the_way)
            self._on_the_way = []
