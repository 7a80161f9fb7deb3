"""The samples of 100,000 stored items, opened, filtered, searched and shown, against reading all at once."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.analysis.samples import Samples
from core.benchmarks.benchmark import Benchmark
from core.run.runner import Runner
from core.run.storing import ensure_items
from tests.core.analysis.samples.stored_samples import MASK, made_up_benchmark, stored_samples
from tests.performance.clock import Clock
from tests.performance.figures import Aim, Figure, Measured, ratio
from tests.performance.peaks import peak_memory_bytes

ITEMS = 100_000
LONGEST_FILTER_MS = 100
MOST_MEMORY_MB = 150
PAGE = 50
"""Rows that a tall screen shows."""


def measure_samples(clock: Clock, items: int = ITEMS) -> Measured:
    """Opening and one filter, against a join of the three files and the same filter of the join."""
    with tempfile.TemporaryDirectory() as folder:
        runner, benchmark = stored_samples(Path(folder), items)
        ensure_items(runner, benchmark, items)
        samples = _open(runner, benchmark, items)
        seconds, plain_s = clock.best_of_both(
            lambda: _open(runner, benchmark, items).select("broken"), lambda: _plain(runner, benchmark, items)
        )
        near = [np.arange(start, start + PAGE) for start in np.linspace(0, items - PAGE, 10).astype(np.int64)]
        scattered = np.linspace(0, items - 1, PAGE).astype(np.int64)
        first_search_s = clock.seconds_of(lambda: samples.select("broken", search="no such text"))
        figures = (
            Figure("open, ms", 1e3 * clock.best(lambda: _open(runner, benchmark, items)), Aim(1000)),
            Figure("open and filter, x as fast as joining all", plain_s / seconds),
            Figure("first search, ms", 1e3 * first_search_s),
            _worst_of("search, ms", clock, lambda i: samples.select("broken", search=f"item {i}99,")),
            _worst_of("filter and tag, ms", clock, lambda i: samples.select("broken", tag="groups")),
            Figure("page of rows, ms", _worst(clock, lambda i: samples.rows(near[i]))),
            Figure("scattered page, ms", _worst(clock, lambda i: samples.rows(scattered))),
            Figure("whole item, ms", _worst(clock, lambda i: samples.sample(items // 10 * i))),
        )
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            memory = pool.submit(_memory_of_use, folder, items).result()
        equal = np.array_equal(samples.select("broken"), _plain(runner, benchmark, items))
    return Measured(
        "samples",
        (*figures, Figure("memory, MB", ratio(memory, 1e6), Aim(MOST_MEMORY_MB))),
        {"open and filter, seconds": seconds},
        {"the places are those of the join": equal},
        size=f"{items:,} stored items",
    )


def _open(runner: Runner, benchmark: Benchmark, n: int) -> Samples:
    samples = Samples.open(runner, benchmark, n, MASK)
    assert samples is not None
    return samples


def _plain(runner: Runner, benchmark: Benchmark, n: int) -> NDArray[np.int64]:
    """The places of what the ablation broke."""
    frames = [runner.store.outcomes.load(runner.request(mask, benchmark, n).key) for mask in (None, MASK)]
    base, ablated = (frame for frame in frames if frame is not None)
    items = pl.read_parquet(ensure_items(runner, benchmark, n)).with_row_index("place")
    joined = items.join(base, on="item_id").join(
        ablated, on="item_id", suffix="_ablated", maintain_order="left"
    )
    broken = joined.filter(pl.col("correct") & ~pl.col("correct_ablated"))
    return broken["place"].cast(pl.Int64).sort().to_numpy()


def _worst_of(name: str, clock: Clock, call: Callable[[int], object]) -> Figure:
    return Figure(name, _worst(clock, call), Aim(LONGEST_FILTER_MS))


def _worst(clock: Clock, call: Callable[[int], object]) -> float:
    """Milliseconds of the longest of ten calls, each with another number."""
    return 1e3 * max(clock.seconds_of(lambda i=i: call(i)) for i in range(10))


def _memory_of_use(folder: str, items: int) -> int | None:
    """By how much the peak of a fresh process rises that opens the samples, searches them and shows some."""
    from cache.folder import Store
    from core.models.spec import ModelSpec

    runner, benchmark = Runner(ModelSpec(), Store(Path(folder))), made_up_benchmark(items)
    pl.LazyFrame({"a": ["x"]}).select(pl.col("a").str.to_lowercase()).collect()  # starts polars' threads
    before = peak_memory_bytes()
    samples = _open(runner, benchmark, items)
    samples.select("broken", search="zorps")
    samples.rows(np.linspace(0, items - 1, PAGE).astype(np.int64))
    samples.sample(items - 1)
    after = peak_memory_bytes()
    return None if before is None or after is None else after - before
