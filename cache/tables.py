"""Entries that are one table with a fixed schema: how it is written and read."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from cache.entries import GROUP_ROWS, EntryFolder


def save_table(
    entries: EntryFolder,
    schema: pl.Schema,
    key: str,
    ingredients: Mapping[str, Any],
    columns: Mapping[str, Sequence[Any]],
) -> None:
    """Stores a table, atomically.

    Args:
        entries: where.
        schema: the kind's.
        key: see `keys.key_of`.
        ingredients: what the key was made of.
        columns: by the names of the schema, all of them.

    Raises:
        ValueError: a column is missing or unknown, or the columns differ in length.
    """
    kind = entries.kind.name
    if set(columns) != set(schema):
        odd = sorted(set(columns) ^ set(schema))
        raise ValueError(f"The {kind} column '{odd[0]}' is missing or unknown. Known: {', '.join(schema)}.")
    if len({len(values) for values in columns.values()}) != 1:
        raise ValueError(f"The {kind} columns differ in length.")
    frame = pl.DataFrame({name: columns[name] for name in schema}, schema=schema)
    save_frame(entries, key, ingredients, frame)


def save_frame(entries: EntryFolder, key: str, ingredients: Mapping[str, Any], frame: pl.DataFrame) -> None:
    """Stores a table that is made already, atomically."""
    content = io.BytesIO()
    frame.write_parquet(content, compression="zstd", statistics=False, row_group_size=GROUP_ROWS)
    entries.write(key, content.getvalue(), ingredients, {"n": frame.height})


def load_table(entries: EntryFolder, key: str) -> pl.DataFrame | None:
    """The table under a key; None if it is not stored.

    Raises:
        CorruptEntry: the file or its manifest is damaged.
    """
    manifest = entries.read_manifest(key)
    return None if manifest is None else pl.read_parquet(entries.read_payload(key, manifest))
