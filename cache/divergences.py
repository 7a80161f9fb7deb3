"""Divergences: where the written answers of a base and an ablated run part, item by item. Knows no model."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cache.entries import DIVERGENCES
from cache.tables import Tables

SCHEMA = pl.Schema(
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
"""One row per item, in item order. `index` is the first token that differs, from 0; null: the tokens are the
same, and the next six columns are null too. `base_token` and `ablated_token` are the texts of the two tokens
there; null: the answer ends there. `base_p_ablated` is the base model's probability of the ablated token
there (of the end token, where the answer ends by itself), and so on; null where the answer was ended from
outside, or the model gives no finite number. `base_logprobs` and `ablated_logprobs` are the
log-probabilities, in nats, of each token of the base and of the ablated answer under the base model."""


class Divergences(Tables):
    """The stored divergences: `divergences/<key>.parquet` with its manifest."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, DIVERGENCES, SCHEMA)
