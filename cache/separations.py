"""Separations: how well scores tell a phantom's planted neurons from others. Knows no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from cache.entries import SEPARATIONS, EntryFolder
from cache.tables import load_table, save_table

SCHEMA = pl.Schema(
    {
        "ability": pl.String(),
        "selection": pl.String(),
        "neurons": pl.Float64(),
        "weights": pl.Float64(),
    }
)
"""One row per ability and selection. `neurons` and `weights` are areas under the ROC curve, 0 to 1, of the
ability's own block against the other private ones, by the scores from which the selection is made."""


class Separations:
    """The stored separations of one loss and form: `separations/<key>.parquet` with its manifest."""

    def __init__(self, root: Path) -> None:
        self.entries = EntryFolder(root, SEPARATIONS)

    def save(self, key: str, ingredients: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> None:
        """Stores the separations of all abilities, atomically.

        Args:
            key: see `keys.key_of`.
            ingredients: what the key was made of.
            columns: by the names of `SCHEMA`, all of them.

        Raises:
            ValueError: a column is missing or unknown, or the columns differ in length.
        """
        save_table(self.entries, SCHEMA, key, ingredients, columns)

    def load(self, key: str) -> pl.DataFrame | None:
        """The separations under a key, as `SCHEMA`; None if they are not stored.

        Raises:
            CorruptEntry: the file or its manifest is damaged.
        """
        return load_table(self.entries, SCHEMA, key)
