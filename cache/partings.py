"""Partings: where the written answers of a base and an ablated run part, item by item. Knows no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from cache.entries import PARTINGS, EntryFolder
from cache.tables import load_table, save_table

SCHEMA = pl.Schema(
    {
        "item_id": pl.String(),
        "place": pl.Int32(),
        "base_token": pl.String(),
        "ablated_token": pl.String(),
        "base_p_base": pl.Float32(),
        "base_p_ablated": pl.Float32(),
        "ablated_p_base": pl.Float32(),
        "ablated_p_ablated": pl.Float32(),
        "base_nats": pl.List(pl.Float32()),
        "ablated_nats": pl.List(pl.Float32()),
    }
)
"""One row per item, in item order. `place` is the first token that differs, from 0; null: the tokens are the
same, and the next six columns are null too. `base_token` and `ablated_token` are the texts of the two tokens
there; null: the answer ends there. `base_p_ablated` is the base model's probability of the ablated token
there (of the end token, where the answer ends by itself), and so on; null where the answer was ended from
outside, or the model gives no finite number. `base_nats` and `ablated_nats` are the log-probabilities, in
nats, of each token of the base and of the ablated answer under the base model."""


class Partings:
    """The stored partings: `partings/<key>.parquet` with its manifest."""

    def __init__(self, root: Path) -> None:
        self.entries = EntryFolder(root, PARTINGS)

    def save(self, key: str, ingredients: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> None:
        """Stores the partings of two runs, atomically.

        Args:
            key: see `keys.key_of`.
            ingredients: what the key was made of.
            columns: by the names of `SCHEMA`, all of them.

        Raises:
            ValueError: a column is missing or unknown, or the columns differ in length.
        """
        save_table(self.entries, SCHEMA, key, ingredients, columns)

    def load(self, key: str) -> pl.DataFrame | None:
        """The partings under a key, as `SCHEMA`; None if they are not stored.

        Raises:
            CorruptEntry: the file or its manifest is damaged.
        """
        return load_table(self.entries, SCHEMA, key)
