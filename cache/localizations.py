"""Separations: how well scores tell a phantom's planted neurons from others. Knows no model."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cache.entries import SEPARATIONS
from cache.tables import Tables

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


class Localizations(Tables):
    """The stored localizations of one loss and form: `localizations/<key>.parquet` with its manifest."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, SEPARATIONS, SCHEMA)
