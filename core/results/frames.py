"""The statistics of stored outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.statistics import CellStatistics, cell_statistics


def frame_statistics(
    base: pl.DataFrame, ablated: Sequence[pl.DataFrame], chance: float | None, seed: int = 0
) -> list[CellStatistics]:
    """What each mask does to one benchmark, in the order of the masks.

    Args:
        base: the intact model's outcomes, as `cache.outcomes.SCHEMA`.
        ablated: those under each mask, of the same items in the same order.
        chance: the score of guessing; None if the benchmark has no usable level.
        seed: of the bootstrap.

    Raises:
        ValueError: there are no items, or the frames differ in length.
    """
    return cell_statistics(
        base["correct"].to_numpy(),
        np.stack([frame["correct"].to_numpy() for frame in ablated]),
        chance,
        seed=seed,
        clusters=clusters_of(base),
        scores=(base["score"].to_numpy(), np.stack([frame["score"].to_numpy() for frame in ablated])),
    )


def clusters_of(frame: pl.DataFrame) -> NDArray[Any] | None:
    """(N,) numbers, equal for items of one cluster; None if every item is on its own."""
    if frame["cluster"].null_count() == len(frame):
        return None
    own = pl.concat_str(pl.lit("item "), pl.int_range(pl.len()))
    labels = frame.select(pl.concat_str(pl.lit("cluster "), "cluster").fill_null(own)).to_series()
    return np.unique(labels.to_numpy(), return_inverse=True)[1]
