"""Entries that are one Parquet table: the schemas of the small kinds, and how tables are stored and read."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from cache.entries import DIVERGENCES, GENERATION_QUALITY, ITEMS, LOCALIZATIONS, EntryFolder, Kind, Payload
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
            frame = self.read(content)
        except pl.exceptions.PolarsError as error:
            raise CorruptEntry(path, f"it is no table ({' '.join(str(error).split())})") from None
        if frame.schema != self.schema or frame.height != n:
            raise CorruptEntry(path, f"it is not a table of {self.entries.kind.name} with {n} rows")
        return frame

    def read(self, content: bytes) -> pl.DataFrame:
        """The table in a payload.

        Raises:
            PolarsError: it is no table.
        """
        return pl.read_parquet(content)

    def path(self, key: str) -> Payload | None:
        """What to scan for the table of a key, verified whole; None if it is not stored.

        Raises:
            CorruptEntry: the file or its manifest is damaged.
        """
        return self.entries.whole_payload(key)
