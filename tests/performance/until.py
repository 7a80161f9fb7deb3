"""`profile --until 0.05`, replayed on the results of profiles: `python -m tests.performance.until DIR...`.

A DIR is the `--out` of a profile without `--until`, of as many items as there are. Its items are put into
several drawn orders, and each cell stops where it would have. For each kind of mask: how the fixed-n interval
over all items decides (link, no link, open), how the run that stops does, how many of the cells that the
fixed-n interval settles are settled the other way or left open, and what share of the items was used.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from core.analysis.statistics import LEAST_EFFECT
from core.analysis.statistics.cells import CellStatistics, StoppedBenchmark, frame_statistics
from core.analysis.table import SIZE
from core.benchmarks.drawn import part_ends
from core.benchmarks.registry import find_benchmarks

ORDERS = 5
"""Drawn orders of the items of each benchmark."""

WORDS = {True: "link", False: "no link", None: "open"}
MASK = ["ability", *SIZE, "seed"]


def main(folders: list[str]) -> None:
    """Prints one table for each profile."""
    for folder in folders:
        sys.stdout.write("\n".join([folder, "", *table(Path(folder)), ""]) + "\n")


def table(folder: Path) -> list[str]:
    """One row per kind of mask, and one of all."""
    lines = [
        "| mask | cells | fixed n: link, no link, open | until: link, no link, open "
        "| settled by both: the other way | settled by fixed n, open | items used | of the settled |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    rows = pl.DataFrame(list(replayed(folder)), orient="row", schema=["kind", "fixed", "until", "share"])
    for (kind,), part in sorted(rows.group_by("kind"), key=lambda pair: str(pair[0])):
        lines.append(f"| {kind} {_figures(part)}")
    return [*lines, f"| all {_figures(rows)}"]


def _figures(rows: pl.DataFrame) -> str:
    fixed, until = pl.col("fixed"), pl.col("until")
    settled = rows.filter(fixed != "open")
    other_way = settled.filter((until != "open") & (until != fixed))
    left_open = settled.filter(until == "open")
    known = max(len(settled), 1)
    return (
        f"| {len(rows) // ORDERS} | {_counts(rows, 'fixed')} | {_counts(rows, 'until')} "
        f"| {len(other_way) / known:.1%} | {len(left_open) / known:.1%} "
        f"| {rows['share'].mean():.2f} | {settled['share'].mean() or np.nan:.2f} |"
    )


def _counts(rows: pl.DataFrame, column: str) -> str:
    counts = Counter(rows[column])
    return ", ".join(f"{counts[word] / ORDERS:.3g}" for word in WORDS.values())


def replayed(folder: Path) -> Iterator[tuple[str, str, str, float]]:
    """Kind of mask, both decisions, and the share of items used, of each cell in each order."""
    outcomes = pl.read_parquet(folder / "outcomes.parquet")
    for (name,), rows in outcomes.group_by("benchmark", maintain_order=True):
        (benchmark,) = find_benchmarks([str(name)])
        base, *masks = rows.partition_by(MASK, maintain_order=True)
        fixed = frame_statistics(base, masks, benchmark)
        for seed in range(ORDERS):
            order = np.random.default_rng(seed).permutation(len(base))
            stopped, ends = StoppedBenchmark(base[order], benchmark), part_ends(len(base))
            for mask, whole in zip(masks, fixed, strict=True):
                if whole.ais_p is None:
                    continue
                drawn = mask[order]
                n = stopped.stop(drawn, ends, LEAST_EFFECT) or len(drawn)
                cell = stopped.statistics(drawn.head(n), LEAST_EFFECT)
                kind = " ".join(str(value) for value in mask.select(SIZE).row(0))
                yield kind, _decided(whole), _decided(cell), n / len(drawn)


def _decided(cell: CellStatistics) -> str:
    """What the interval of a cell that has an AIS_p says of it."""
    low, high = cell.ais_p_low, cell.ais_p_high
    if low is None or high is None or low <= LEAST_EFFECT <= high:
        return WORDS[None]
    return WORDS[low > LEAST_EFFECT]


if __name__ == "__main__":
    main(sys.argv[1:])
