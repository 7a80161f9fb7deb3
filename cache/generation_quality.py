"""Generation quality: what a masked model makes of neutral texts, and how it writes on. Knows no model."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cache.entries import GENERATION_QUALITY
from cache.tables import Tables

SCHEMA = pl.Schema(
    {
        "logprobs": pl.List(pl.Float32()),
        "written": pl.String(),
        "finish": pl.String(),
        "tokens": pl.List(pl.Int32()),
        "written_logprobs": pl.List(pl.Float32()),
    }
)
"""One row per neutral text, in their order. `logprobs` are the log-probabilities of the text's tokens under
the mask, in nats, and may be no finite numbers. `written`, `finish` and `tokens` are what the model under the
mask writes after the text's beginning, and `written_logprobs` what the intact model thinks of each of its
tokens."""


class Health(Tables):
    """The stored generation quality of masks: `generation_quality/<key>.parquet` with its manifest."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, GENERATION_QUALITY, SCHEMA)
