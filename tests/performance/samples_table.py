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

from core.benchmarks import Benchmark
from core.results.items import ensure_items
from core.results.samples import Samples
from core.workbench import Workbench
from tests.core.results.stored_samples import MASK, made_up_benchmark, stored_samples
from tests.performance.comparison import Comparison, seconds_of, time_both
from tests.performance.machine import peak_memory_bytes

ITEMS = 100_000
LONGEST_OPEN_S = 1.0
LONGEST_FILTER_S = 0.1
MOST_MEMORY_BYTES = 150_000_000
PAGE = 50
"""Rows that a tall screen shows."""


def compare_samples() -> Comparison:
    """Opening and one filter, against a join of the three files and the same filter of the join."""
    with tempfile.TemporaryDirectory() as folder:
        bench, benchmark = stored_samples(Path(folder), ITEMS)
        ensure_items(bench, benchmark, ITEMS)
        samples = _open(bench, benchmark)
        times = time_both(lambda: _open(bench, benchmark).select("broken"), lambda: _plain(bench, benchmark))
        scattered = np.linspace(0, ITEMS - 1, PAGE).astype(np.int64)
        first_search_s = seconds_of(lambda: samples.select("broken", search="no such text"))
        facts = {
            "open, s": min(seconds_of(lambda: _open(bench, benchmark)) for _ in range(3)),
            "first search, s": first_search_s,
            "search, s": _worst(lambda i: samples.select("broken", search=f"item {i}99,")),
            "filter and tag, s": _worst(lambda i: samples.select("broken", tag="groups")),
            "page of rows, s": _worst(lambda i: samples.rows(np.arange(1000 * i, 1000 * i + PAGE))),
            "scattered page, s": _worst(lambda i: samples.rows(scattered)),
            "whole item, s": _worst(lambda i: samples.sample(9000 * i)),
        }
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            memory = pool.submit(_memory_of_use, folder).result()
        equal = np.array_equal(samples.select("broken"), _plain(bench, benchmark))
    return Comparison(
        f"samples, {ITEMS:,} items: open and filter",
        "read and join all",
        *times,
        checks={
            "equal places": equal,
            "opened in time": facts["open, s"] < LONGEST_OPEN_S,
            "filtered in time": max(facts["search, s"], facts["filter and tag, s"]) < LONGEST_FILTER_S,
            "little memory": memory is None or memory < MOST_MEMORY_BYTES,
        },
        facts={**facts, "peak extra bytes": memory},
    )


def _open(bench: Workbench, benchmark: Benchmark) -> Samples:
    samples = Samples.open(bench, benchmark, ITEMS, MASK)
    assert samples is not None
    return samples


def _plain(bench: Workbench, benchmark: Benchmark) -> NDArray[np.int64]:
    """The places of what the ablation broke."""
    frames = [bench.store.outcomes.load(bench.request(mask, benchmark, ITEMS).key) for mask in (None, MASK)]
    base, ablated = (frame for frame in frames if frame is not None)
    items = pl.read_parquet(ensure_items(bench, benchmark, ITEMS)).with_row_index("place")
    joined = items.join(base, on="item_id").join(
        ablated, on="item_id", suffix="_ablated", maintain_order="left"
    )
    broken = joined.filter(pl.col("correct") & ~pl.col("correct_ablated"))
    return broken["place"].cast(pl.Int64).sort().to_numpy()


def _worst(call: Callable[[int], object]) -> float:
    """The longest of ten calls, each with another number."""
    return max(seconds_of(lambda i=i: call(i)) for i in range(10))


def _memory_of_use(folder: str) -> int | None:
    """By how much the peak of a fresh process rises that opens the samples, searches them and shows some."""
    from cache.folder import Store
    from core.models.spec import ModelSpec

    bench, benchmark = Workbench(ModelSpec(), Store(Path(folder))), made_up_benchmark(ITEMS)
    pl.LazyFrame({"a": ["x"]}).select(pl.col("a").str.to_lowercase()).collect()  # starts polars' threads
    before = peak_memory_bytes()
    samples = _open(bench, benchmark)
    samples.select("broken", search="zorps")
    samples.rows(np.linspace(0, ITEMS - 1, PAGE).astype(np.int64))
    samples.sample(ITEMS - 1)
    after = peak_memory_bytes()
    return None if before is None or after is None else after - before
