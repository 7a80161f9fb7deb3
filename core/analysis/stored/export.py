"""Writes samples into a file for other tools: JSON lines, CSV or Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cache.files import write_atomically
from core.analysis.stored.records import FLIPS

if TYPE_CHECKING:
    from core.analysis.stored.samples import Samples

ExportFormat = Literal["jsonl", "csv", "parquet"]

JOINT = " | "
"""Between the parts of a list in CSV, which has no lists."""


def write_samples(
    samples: Samples,
    path: Path,
    places: NDArray[np.int64],
    format: ExportFormat,  # noqa: A002
) -> None:
    """Writes the items at the places, in the benchmark's order; the table is never in memory as a whole.

    The columns are `place` (from 0), `flip`, those of the items, and those of the answers as `base_…` and
    `ablated_…` where there are any.

    Raises:
        OSError: the file cannot be written.
    """
    table = _table(samples, places)
    if format == "jsonl":
        write_atomically(path, lambda temporary: table.sink_ndjson(temporary))
    elif format == "parquet":
        write_atomically(path, lambda temporary: table.sink_parquet(temporary))
    else:
        flat = table.with_columns(pl.selectors.list().cast(pl.List(pl.String)).list.join(JOINT))
        write_atomically(path, lambda temporary: flat.sink_csv(temporary))


def _table(samples: Samples, places: NDArray[np.int64]) -> pl.LazyFrame:
    chosen = np.zeros(samples.n, bool)
    chosen[places] = True
    flips = pl.Series(FLIPS, dtype=pl.String).gather(samples.flips.astype(np.uint32))
    parts = [
        pl.LazyFrame({"chosen": chosen, "place": np.arange(samples.n), "flip": flips}),
        samples.items.lazy.drop("beginning"),
    ]
    for name, answers in (("base", samples.base_answers), ("ablated", samples.ablated_answers)):
        if answers is not None:
            parts.append(answers.rows().select(pl.all().name.prefix(f"{name}_")))
    return pl.concat(parts, how="horizontal").filter("chosen").drop("chosen")
