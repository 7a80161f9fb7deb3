"""Health: what a model under a mask makes of neutral texts, and how it writes on. Knows no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from cache.entries import HEALTH, EntryFolder
from cache.tables import load_table, save_table

SCHEMA = pl.Schema(
    {
        "nats": pl.List(pl.Float32()),
        "written": pl.String(),
        "finish": pl.String(),
        "tokens": pl.List(pl.Int32()),
        "written_nats": pl.List(pl.Float32()),
    }
)
"""One row per neutral text, in their order. `nats` are the log-probabilities of the text's tokens under the
mask, in nats, and may be no finite numbers. `written`, `finish` and `tokens` are what the model under the
mask writes after the text's beginning, and `written_nats` what the intact model thinks of each of its
tokens."""


class Health:
    """The stored health of masks: `health/<key>.parquet` with its manifest."""

    def __init__(self, root: Path) -> None:
        self.entries = EntryFolder(root, HEALTH)

    def save(self, key: str, ingredients: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> None:
        """Stores the health of one mask, atomically.

        Args:
            key: see `keys.key_of`.
            ingredients: what the key was made of.
            columns: by the names of `SCHEMA`, all of them.

        Raises:
            ValueError: a column is missing or unknown, or the columns differ in length.
        """
        save_table(self.entries, SCHEMA, key, ingredients, columns)

    def load(self, key: str) -> pl.DataFrame | None:
        """The health under a key, as `SCHEMA`; None if it is not stored.

        Raises:
            CorruptEntry: the file or its manifest is damaged.
        """
        return load_table(self.entries, SCHEMA, key)
