"""Items: what the first n items of a benchmark say, as a model gets them. Knows no benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from cache.entries import ITEMS, EntryFolder, Payload
from cache.tables import save_table

SCHEMA = pl.Schema(
    {
        "item_id": pl.String(),
        "family": pl.String(),
        "beginning": pl.String(),
        "prompt": pl.String(),
        "options": pl.List(pl.String()),
        "gold": pl.Int16(),
        "steps": pl.String(),
        "targets": pl.List(pl.String()),
        "cluster": pl.String(),
    }
)
"""One row per item, in item order. `beginning` is what a list of items shows of one; `gold` is the index of
the right option, null where the answer is written, and `options` is then empty; `targets` are the right
written answers, empty where there are options; `steps` is the worked solution, empty without one. Items of
one `cluster` share a passage; empty: the item is on its own."""


class Items:
    """The stored items: `items/<key>.parquet` with its manifest."""

    def __init__(self, root: Path) -> None:
        self.entries = EntryFolder(root, ITEMS)

    def save(self, key: str, key_inputs: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> None:
        """Stores a table of items, atomically.

        Args:
            key: see `keys.key_of`.
            key_inputs: what the key was made of.
            columns: by the names of `SCHEMA`, all of them.

        Raises:
            ValueError: a column is missing or unknown, or the columns differ in length.
        """
        save_table(self.entries, SCHEMA, key, key_inputs, columns)

    def path(self, key: str) -> Payload | None:
        """What to scan for the items of a key, proved whole; None if they are not stored.

        Raises:
            CorruptEntry: the file or its manifest is damaged.
        """
        return self.entries.whole_payload(key)
