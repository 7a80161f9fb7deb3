"""Entries that are one table with a fixed schema: how it is written and read."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from cache.entries import GROUP_ROWS, EntryFolder, Kind
from cache.files import CorruptEntry


def save_table(
    entries: EntryFolder,
    schema: pl.Schema,
    key: str,
    key_inputs: Mapping[str, Any],
    columns: Mapping[str, Sequence[Any]],
) -> None:
    """Stores a table, atomically.

    Args:
        entries: where.
        schema: the kind's.
        key: see `keys.key_of`.
        key_inputs: what the key was made of.
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
    save_frame(entries, key, key_inputs, frame)


def save_frame(entries: EntryFolder, key: str, key_inputs: Mapping[str, Any], frame: pl.DataFrame) -> None:
    """Stores a table that is made already, atomically."""
    content = io.BytesIO()
    frame.write_parquet(content, compression="zstd", statistics=False, row_group_size=GROUP_ROWS)
    entries.write(key, content.getvalue(), key_inputs, {"n": frame.height})


def load_table(entries: EntryFolder, schema: pl.Schema, key: str) -> pl.DataFrame | None:
    """The table under a key; None if it is not stored.

    Raises:
        CorruptEntry: the file or its manifest is damaged, or it is no table of the schema.
    """
    manifest = entries.read_manifest(key)
    if manifest is None:
        return None
    return read_table(entries, schema, key, entries.read_payload(key, manifest), manifest.details.get("n"))


def read_table(entries: EntryFolder, schema: pl.Schema, key: str, content: bytes, n: object) -> pl.DataFrame:
    """The table that a payload holds.

    Args:
        entries: where it is from.
        schema: the kind's.
        key: its key.
        content: the payload.
        n: its rows, as its manifest says.

    Raises:
        CorruptEntry: it is no table of the schema with so many rows.
    """
    path = entries.payload_path(key)
    try:
        frame = pl.read_parquet(content)
    except pl.exceptions.PolarsError as error:
        raise CorruptEntry(path, f"it is no table ({' '.join(str(error).split())})") from None
    if frame.schema != schema or frame.height != n:
        raise CorruptEntry(path, f"it is not a table of {entries.kind.name} with {n} rows")
    return frame


class Tables:
    """The stored tables of one kind: `<kind>/<key>.parquet` with its manifest."""

    def __init__(self, root: Path, kind: Kind, schema: pl.Schema) -> None:
        self.entries, self._schema = EntryFolder(root, kind), schema

    def save(self, key: str, key_inputs: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> None:
        """Stores a table, atomically.

        Args:
            key: see `keys.key_of`.
            key_inputs: what the key was made of.
            columns: by the names of the schema, all of them.

        Raises:
            ValueError: a column is missing or unknown, or the columns differ in length.
        """
        save_table(self.entries, self._schema, key, key_inputs, columns)

    def load(self, key: str) -> pl.DataFrame | None:
        """The table under a key, of the kind's schema; None if it is not stored.

        Raises:
            CorruptEntry: the file or its manifest is damaged.
        """
        return load_table(self.entries, self._schema, key)
