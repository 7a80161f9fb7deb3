"""The statistics of stored outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.analysis.statistics.accuracy import PlausibleRange
from core.analysis.statistics.cells import CellStatistics, cell_statistics
from core.analysis.statistics.specificity import Specificity, specificities
from core.benchmarks.description import Benchmark


def frame_statistics(
    base: pl.DataFrame, ablated: Sequence[pl.DataFrame], benchmark: Benchmark, seed: int = 0
) -> list[CellStatistics]:
    """What each mask does to one benchmark, in the order of the masks.

    Args:
        base: the intact model's outcomes, as `cache.outcomes.SCHEMA`.
        ablated: those under each mask, of the same items in the same order.
        benchmark: says what guessing gives, and which base scores can be believed.
        seed: of the bootstrap.

    Raises:
        ValueError: there are no items, or the frames differ in length.
    """
    return cell_statistics(
        base["correct"].to_numpy(),
        np.stack([frame["correct"].to_numpy() for frame in ablated]),
        benchmark.chance,
        seed=seed,
        clusters=clusters_of(base),
        scores=(base["score"].to_numpy(), np.stack([frame["score"].to_numpy() for frame in ablated])),
        limits=limits_of(benchmark),
    )


def limits_of(benchmark: Benchmark) -> PlausibleRange:
    """The base scores of a benchmark that can be believed."""
    return PlausibleRange(benchmark.id, *benchmark.plausible_range)


def frame_specificities(
    base: pl.DataFrame,
    ablated: Sequence[pl.DataFrame],
    groups: Sequence[int],
    benchmark: Benchmark,
    seed: int = 0,
) -> list[Specificity]:
    """How much more each mask does to one benchmark than the other masks of its group do on average.

    Args:
        base: the intact model's outcomes; their AIS is defined.
        ablated: those under each mask, of the same items in the same order.
        groups: for each mask the number of its group: abilities' masks of one variant, selection and size.
        benchmark: the one.
        seed: of the bootstrap, the cells'.

    Raises:
        ValueError: a group has a single mask, or the AIS is not defined.
    """
    if benchmark.chance is None:
        raise ValueError(f"'{benchmark.id}' has no usable chance level, so no AIS.")
    return specificities(
        base["score"].to_numpy(),
        np.stack([frame["score"].to_numpy() for frame in ablated]),
        benchmark.chance,
        groups=np.asarray(groups),
        seed=seed,
        clusters=clusters_of(base),
    )


def clusters_of(frame: pl.DataFrame) -> NDArray[Any] | None:
    """(N,) numbers, equal for items of one cluster; None if every item is on its own."""
    if frame["cluster"].null_count() == len(frame):
        return None
    own = pl.concat_str(pl.lit("item "), pl.int_range(pl.len()))
    labels = frame.select(pl.concat_str(pl.lit("cluster "), "cluster").fill_null(own)).to_series()
    return np.unique(labels.to_numpy(), return_inverse=True)[1]
