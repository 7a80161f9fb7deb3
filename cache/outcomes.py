"""Outcomes: what one model, under one mask, did on each item of one benchmark.

Measured with 200 rows per entry: polars reads an entry in 0.4 to 0.8 ms, Parquet or Arrow IPC alike, and in
0.1 to 0.2 ms when one scan reads all of them. So the entries of a profile are loaded together.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from cache.entries import OUTCOMES
from cache.files import CorruptEntry
from cache.tables import Tables

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
        "cut": pl.Int32(),
        "gold_logprob": pl.Float32(),
    }
)
"""One row per item, in item order.

`gold` and `prediction` are option indices, `loglikelihoods` one sum in nats per option; these and
`correct_norm` are null for generation. `text` is what was written, `answer` the part of it that was judged,
`finish` why it ended and `tokens` the ids of all new tokens, an end token included; these are null for
multiple choice. `cut` is the number of tokens that were cut from the left of a prompt too long for the model,
0 as a rule. `score` is the first metric, 0 to 1. Items of one `cluster` are resampled together; null: the
item is on its own. `gold_logprob` is the mean log-probability, in nats, of the tokens of a right answer in
the benchmark's form; null where there is none, for multiple choice, and in entries from before it."""

ADDED = "gold_logprob"
"""A column that entries of the same format may lack."""


class Loaded(NamedTuple):
    """What was found under many keys."""

    frames: dict[str, pl.DataFrame]
    """The outcomes of each key that is stored and whole, in the order of the keys."""
    corrupt: tuple[CorruptEntry, ...]
    """The entries that are damaged."""


class Outcomes(Tables):
    """The stored outcomes: `outcomes/<key>.parquet` with its manifest."""

    def __init__(self, root: Path, shipped: Path | None = None) -> None:
        super().__init__(root, OUTCOMES, SCHEMA, shipped)

    def save(self, key: str, key_inputs: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> None:
        """Stores the outcomes of a run, atomically.

        Args:
            key: see `keys.key_of`.
            key_inputs: what the key was made of.
            columns: columns of `SCHEMA`, by name. A missing column becomes null, but `score` becomes 1 for
                correct items and 0 for the others.

        Raises:
            ValueError: a column has an unknown name, or the columns differ in length.
        """
        self.save_frame(key, key_inputs, _frame(columns))

    def read(self, content: bytes) -> pl.DataFrame:
        """The table in a payload, with the column that it may lack."""
        frame = super().read(content)
        return (
            frame if ADDED in frame.columns else frame.with_columns(pl.lit(None, SCHEMA[ADDED]).alias(ADDED))
        )

    def load_many(self, keys: Sequence[str]) -> Loaded:
        """The outcomes under many keys at once; keys that are not stored are left out."""
        contents: dict[str, bytes] = {}
        heights: dict[str, Any] = {}
        corrupt: list[CorruptEntry] = []
        for key in dict.fromkeys(keys):
            try:
                manifest = self.entries.read_manifest(key)
                if manifest is not None:
                    contents[key] = self.entries.read_payload(key, manifest)
                    heights[key] = manifest.details.get("n")
            except CorruptEntry as error:
                corrupt.append(error)
        frames = _read_together(contents, heights)
        if frames is None:  # one of them is no table of outcomes: which one?
            frames = {}
            for key, content in contents.items():
                try:
                    frames[key] = self.parsed(key, content, heights[key])
                except CorruptEntry as error:
                    corrupt.append(error)
        return Loaded(frames, tuple(corrupt))


def _read_together(
    contents: Mapping[str, bytes], heights: Mapping[str, Any]
) -> dict[str, pl.DataFrame] | None:
    """The rows of each key, read in one scan; None if a payload does not fit its manifest."""
    if not contents:
        return {}
    try:
        rows = pl.scan_parquet(list(contents.values()), schema=SCHEMA, missing_columns="insert").collect()
    except pl.exceptions.PolarsError:
        return None
    known = [height for height in heights.values() if isinstance(height, int)]
    if len(known) < len(heights) or sum(known) != rows.height or rows["item_id"].null_count():
        return None
    ends = itertools.accumulate(known)
    return {key: rows.slice(end - n, n) for key, n, end in zip(heights, known, ends, strict=True)}


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
    """The rows as a column of lists. Going through a padded array is four times as fast."""
    widths = [len(row) for row in rows]
    widest = max(widths, default=0)
    padded = np.array([(*row, *[0.0] * (widest - len(row))) for row in rows], dtype=np.float32)
    table = pl.DataFrame({"row": padded.reshape(len(rows), widest), "width": widths})
    return table.select(pl.col("row").arr.to_list().list.head(pl.col("width"))).to_series()
