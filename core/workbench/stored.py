"""Looks a key up in the cache: a damaged entry is told, and counts as not stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cache.entries import EntryFolder
from cache.files import CorruptEntry
from core.events import EntryReplaced, Event


def stored_whole(entries: EntryFolder, key: str, tell: Callable[[Event], None]) -> Path | None:
    """The payload's file, proved whole; None if it is not stored, or damaged, which is told."""
    try:
        return entries.whole_payload(key)
    except CorruptEntry as error:
        tell(EntryReplaced(str(error)))
        return None
