"""Outcomes: what one model, under one mask, did on each item of one benchmark. Knows no model.

Tried for the layout, 200 rows an entry: read entry by entry, polars takes 0.4 to 0.8 ms each, whether Parquet
or Arrow IPC file; in one scan over all of them, 0.1 to 0.2 ms. So a profile's entries are loaded together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from cache.entries import OUTCOMES, EntryFolder
from cache.files import CorruptEntry
from cache.tables import read_table, save_frame

SCHEMA = pl.Schema(
    {
        "item_id": pl.String(),
        "gold": pl.Int16(),
        "prediction": pl.Int16(),
        "correct": pl.Boolean(),
        "correct_norm": pl.Boolean(),
        "loglikelihoods": pl.List(pl.Float32()),
        "text": pl.String(),
        "score": pl.Float32(),
        "answer": pl.String(),
        "finish": pl.String(),
        "cluster": pl.String(),
        "tokens": pl.List(pl.Int32()),
    }
)
"""One row per item, in item order. `gold` and `prediction` are option indices, `loglikelihoods` one sum in
nats per option; these and `correct_norm` are null for generation. `text` is what was written, `answer` what
of it was judged, `finish` why it ended and `tokens` the ids of all new tokens, an end token included; these
are null for multiple choice. `score` is the first metric, 0 to 1. Items of one `cluster` are resampled
together; null: the item is on its own."""


_NO_ROWS = pl.DataFrame(schema=SCHEMA)


class Loaded(NamedTuple):
    """What was found under many keys."""

    frames: dict[str, pl.DataFrame]
    """The outcomes of each key that is stored and whole, in the order asked for."""
    rows: pl.DataFrame
    """All of them together; the first column, `key`, says whose each row is."""
    corrupt: tuple[CorruptEntry, ...]
    """The entries that are damaged."""


class Outcomes:
    """The stored outcomes: `outcomes/<key>.parquet` with its manifest."""

    def __init__(self, root: Path) -> None:
        self.entries = EntryFolder(root, OUTCOMES)

    def save(self, key: str, key_inputs: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> None:
        """Stores the outcomes of a run, atomically.

        Args:
            key: see `keys.key_of`.
            key_inputs: what the key was made of.
            columns: by the names of `SCHEMA`; a column that is not given is null, but `score`, which is
                then 1 for what is correct and 0 for the rest.

        Raises:
            ValueError: a column has an unknown name, or the columns differ in length.
        """
        save_frame(self.entries, key, key_inputs, _frame(columns))

    def load(self, key: str) -> pl.DataFrame | None:
        """The outcomes under a key; None if they are not stored.

        Raises:
            CorruptEntry: the file or its manifest is damaged.
        """
        loaded = self.load_many([key])
        if loaded.corrupt:
            raise loaded.corrupt[0]
        return loaded.frames.get(key)

    def load_many(self, keys: Sequence[str]) -> Loaded:
        """The outcomes under many keys at once; keys that are not stored are left out."""
        contents: dict[str, bytes] = {}
        heights: list[Any] = []
        corrupt: list[CorruptEntry] = []
        for key in dict.fromkeys(keys):
            try:
                manifest = self.entries.read_manifest(key)
                if manifest is None:
                    continue
                contents[key] = self.entries.read_payload(key, manifest)
                heights.append(manifest.details.get("n"))
            except CorruptEntry as error:
                corrupt.append(error)
        rows = _together(contents, heights)
        if rows is None:
            frames, odd = self._one_by_one(contents, heights)
            rows, corrupt = pl.concat([_NO_ROWS, *frames.values()]), [*corrupt, *odd]
            known = {key: frame.height for key, frame in frames.items()}
        else:
            known = dict(zip(contents, heights, strict=True))
        return Loaded(
            frames=_split(rows, known),
            rows=rows.select(_key_column(known), pl.all()),
            corrupt=tuple(corrupt),
        )

    def _one_by_one(
        self, contents: Mapping[str, bytes], heights: Sequence[Any]
    ) -> tuple[dict[str, pl.DataFrame], list[CorruptEntry]]:
        """The payloads that are tables of outcomes, and those that are not."""
        frames: dict[str, pl.DataFrame] = {}
        odd: list[CorruptEntry] = []
        for (key, content), height in zip(contents.items(), heights, strict=True):
            try:
                frames[key] = read_table(self.entries, SCHEMA, key, content, height)
            except CorruptEntry as error:
                odd.append(error)
        return frames, odd


def _together(contents: Mapping[str, bytes], heights: Sequence[Any]) -> pl.DataFrame | None:
    """The rows of many payloads in one scan; None if one of them is not what its manifest says."""
    if not contents:
        return _NO_ROWS
    try:
        rows = pl.scan_parquet(list(contents.values())).collect()
    except pl.exceptions.PolarsError:
        return None
    known = [height for height in heights if isinstance(height, int)]
    is_whole = len(known) == len(heights) and sum(known) == rows.height
    return rows if is_whole and rows.schema == SCHEMA else None


def _frame(columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """The columns as a frame of `SCHEMA`."""
    if unknown := sorted(set(columns) - set(SCHEMA)):
        raise ValueError(f"There is no outcome column '{unknown[0]}'. Known: {', '.join(SCHEMA)}.")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"The outcome columns differ in length: {lengths}.")
    n = next(iter(lengths.values()))
    values: dict[str, Any] = {name: columns.get(name, [None] * n) for name in SCHEMA}
    if "score" not in columns and "correct" in columns:
        values["score"] = [None if correct is None else float(correct) for correct in columns["correct"]]
    if "loglikelihoods" in columns:
        values["loglikelihoods"] = _list_column(columns["loglikelihoods"])
    return pl.DataFrame(values, schema=SCHEMA)


def _list_column(rows: Sequence[Sequence[float]]) -> pl.Series:
    """The rows as a column of lists; by way of a padded array, four times as fast."""
    widths = [len(row) for row in rows]
    widest = max(widths, default=0)
    padded = np.array([(*row, *[0.0] * (widest - len(row))) for row in rows], dtype=np.float32)
    table = pl.DataFrame({"row": padded.reshape(len(rows), widest), "width": widths})
    return table.select(pl.col("row").arr.to_list().list.head(pl.col("width"))).to_series()


def _split(rows: pl.DataFrame, heights: Mapping[str, int]) -> dict[str, pl.DataFrame]:
    """The rows of each key, without copying."""
    frames, start = {}, 0
    for key, height in heights.items():
        frames[key] = rows.slice(start, height)
        start += height
    return frames


def _key_column(heights: Mapping[str, int]) -> pl.Series:
    """The key of every row."""
    owners = np.repeat(np.arange(len(heights)), np.array(list(heights.values()), dtype=np.int64))
    return pl.Series("key", list(heights), dtype=pl.String).gather(owners)
