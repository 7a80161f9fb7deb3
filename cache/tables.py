"""Entries that are one Parquet table: the schemas of their kinds, and how tables are stored and read.

Measured with 200 rows per entry: polars reads an entry in 0.4 to 0.8 ms, Parquet or Arrow IPC alike, and in
0.1 to 0.2 ms when one scan reads all of them. So the outcomes of a profile are loaded together.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from cache.entries import (
    DIVERGENCES,
    GENERATION_QUALITY,
    ITEMS,
    LOCALIZATIONS,
    OUTCOMES,
    EntryFolder,
    Kind,
    Payload,
)
from cache.files import CorruptEntry

GROUP_ROWS = 2048
"""Rows per row group of a Parquet file: what has to be read, at least, to show one item."""

_DIVERGENCES = pl.Schema(
    {
        "item_id": pl.String(),
        "index": pl.Int32(),
        "base_token": pl.String(),
        "ablated_token": pl.String(),
        "base_p_base": pl.Float32(),
        "base_p_ablated": pl.Float32(),
        "ablated_p_base": pl.Float32(),
        "ablated_p_ablated": pl.Float32(),
        "base_logprobs": pl.List(pl.Float32()),
        "ablated_logprobs": pl.List(pl.Float32()),
    }
)
"""Where the written answers of a base and an ablated model diverge. One row per item, in item order.

`index` is the first token that differs, from 0; null: the tokens are the same, and the next six columns are
null too. `base_token` and `ablated_token` are the texts of the two tokens at the index; null: the answer ends
there. `base_p_ablated` is the probability that the base model gives to the ablated model's token (to the end
token, where the answer ends by itself), and so on; null where the answer was cut off, or the probability is
not finite. `base_logprobs` and `ablated_logprobs` are the log-probabilities, in nats, of each token of the
base and of the ablated answer under the base model."""

_GENERATION_QUALITY = pl.Schema(
    {
        "logprobs": pl.List(pl.Float32()),
        "written": pl.String(),
        "finish": pl.String(),
        "tokens": pl.List(pl.Int32()),
        "written_logprobs": pl.List(pl.Float32()),
    }
)
"""How a masked model reads and continues neutral texts. One row per text, in their order.

`logprobs` are the log-probabilities of the text's tokens under the mask, in nats, and may not be finite.
`written`, `finish` and `tokens` are the masked model's continuation of the text's beginning, and
`written_logprobs` the log-probabilities of its tokens under the intact model."""

_ITEMS = pl.Schema(
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
"""The first n items of a benchmark, as a model gets them. One row per item, in item order.

`beginning` is what a list of items shows of one; `gold` is the index of the right option, null where the
answer is written, and `options` is then empty; `targets` are the right written answers, empty where there are
options; `steps` is the worked solution, or empty. Items of one `cluster` share a passage; empty: the item is
on its own."""

_LOCALIZATIONS = pl.Schema(
    {
        "ability": pl.String(),
        "selection": pl.String(),
        "neurons": pl.Float64(),
        "weights": pl.Float64(),
    }
)
"""How well scores tell a phantom's planted neurons from others. One row per ability and selection.

`neurons` and `weights` are areas under the ROC curve, 0 to 1, of the ability's own block against the other
private ones, by the scores from which the selection is made."""

SCHEMAS = {
    DIVERGENCES: _DIVERGENCES,
    GENERATION_QUALITY: _GENERATION_QUALITY,
    ITEMS: _ITEMS,
    LOCALIZATIONS: _LOCALIZATIONS,
}
"""The schema of each small kind."""


class Tables:
    """The stored tables of one kind: `<kind>/<key>.parquet` with its manifest."""

    def __init__(self, root: Path, kind: Kind, schema: pl.Schema, shipped: Path | None = None) -> None:
        self.entries, self.schema = EntryFolder(root, kind, shipped=shipped), schema

    def save(self, key: str, key_inputs: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> None:
        """Stores a table, atomically.

        Args:
            key: see `keys.key_of`.
            key_inputs: what the key was made of.
            columns: all columns of the schema, by name.

        Raises:
            ValueError: a column is missing or unknown, or the columns differ in length.
        """
        kind, schema = self.entries.kind.name, self.schema
        if odd := sorted(set(columns) ^ set(schema)):
            known = ", ".join(schema)
            raise ValueError(f"The {kind} column '{odd[0]}' is missing or unknown. Known: {known}.")
        if len({len(values) for values in columns.values()}) != 1:
            raise ValueError(f"The {kind} columns differ in length.")
        self.save_frame(key, key_inputs, pl.DataFrame({name: columns[name] for name in schema}, schema))

    def save_frame(self, key: str, key_inputs: Mapping[str, Any], frame: pl.DataFrame) -> None:
        """Stores a table of the kind's schema, atomically."""
        content = io.BytesIO()
        frame.write_parquet(content, compression="zstd", statistics=False, row_group_size=GROUP_ROWS)
        self.entries.write(key, content.getvalue(), key_inputs, {"n": frame.height})

    def load(self, key: str) -> pl.DataFrame | None:
        """The table under a key; None if it is not stored.

        Raises:
            CorruptEntry: the file or its manifest is damaged, or it is no table of the schema.
        """
        manifest = self.entries.read_manifest(key)
        if manifest is None:
            return None
        return self.parsed(key, self.entries.read_payload(key, manifest), manifest.details.get("n"))

    def parsed(self, key: str, content: bytes, n: object) -> pl.DataFrame:
        """The table in a payload whose manifest says n rows.

        Raises:
            CorruptEntry: it is no table of the schema with n rows.
        """
        path = self.entries.read_path(key)
        try:
            frame = pl.read_parquet(content)
        except pl.exceptions.PolarsError as error:
            raise CorruptEntry(path, f"it is no table ({' '.join(str(error).split())})") from None
        if frame.schema != self.schema or frame.height != n:
            raise CorruptEntry(path, f"it is not a table of {self.entries.kind.name} with {n} rows")
        return frame

    def path(self, key: str) -> Payload | None:
        """What to scan for the table of a key, verified whole; None if it is not stored.

        Raises:
            CorruptEntry: the file or its manifest is damaged.
        """
        return self.entries.whole_payload(key)


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
the benchmark's form; null where there is none, and for multiple choice."""


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
        rows = pl.scan_parquet(list(contents.values()), schema=SCHEMA).collect()
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
