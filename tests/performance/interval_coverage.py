"""How often the 95 % interval of the AIS holds the true AIS, by base score, items and kind of mask.

`python -m tests.performance.interval_coverage` takes some minutes; `test_intervals.py` is its short form.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.analysis.statistics.intervals import paired_bootstrap
from core.analysis.statistics.scores import identifiable, impact

CHANCE = 0.25
BASES = (0.35, 0.5, 0.7, 0.85, 0.95)
ITEMS = (50, 100, 200, 500, 1000)


class Damage(NamedTuple):
    """What a mask does to the answers, each on its own."""

    name: str
    kept: float
    """Share of the right answers that stay right."""
    gained: float
    """Share of the wrong ones that become right."""


DAMAGES = (
    Damage("collapses", 0.2, 0.2),
    Damage("hurts", 0.6, 0.1),
    Damage("grazes", 0.9, 0.02),
    Damage("one in 50", 0.98, 0.0),
    Damage("one in 200", 0.995, 0.0),
    Damage("flips both ways", 0.97, 0.1),
)


def coverage(
    base: float,
    n: int,
    damages: Sequence[Damage],
    *,
    runs: int,
    resamples: int = 1000,
    seed: int = 0,
    per_cluster: int = 1,
) -> NDArray[np.float64]:
    """(damages,) share of the runs, of those with an identifiable base score, whose interval holds the truth.

    Args:
        base: accuracy of the unmodified model.
        n: items of a run.
        damages: what masks do.
        runs: simulated benchmarks.
        resamples: of each interval.
        seed: of the simulation.
        per_cluster: so many items share one passage, and with it half of their luck.
    """
    rng = np.random.default_rng(seed)
    clusters = np.arange(n) // per_cluster if per_cluster > 1 else None
    truth = [impact(base, base * kept + (1 - base) * gained, CHANCE) for _, kept, gained in damages]
    hits, counted = np.zeros(len(damages)), 0
    for run in range(runs):
        before = _luck(rng, n, per_cluster) < base
        if not identifiable(float(before.mean()), CHANCE, n).holds:
            continue
        after = np.stack([np.where(before, *_flips(rng, n, per_cluster, damage)) for damage in damages])
        found = paired_bootstrap(before, after, CHANCE, resamples=resamples, seed=run, clusters=clusters)
        hits += (found.low <= truth) & (truth <= found.high)
        counted += 1
    return hits / counted


def _luck(rng: np.random.Generator, n: int, per_cluster: int) -> NDArray[np.float64]:
    """(n,) uniform in [0, 1); items of one cluster have the same with probability 1/2 each."""
    own, shared = rng.random(n), np.repeat(rng.random(-(-n // per_cluster)), per_cluster)[:n]
    return np.where((rng.random(n) < 0.5) & (per_cluster > 1), shared, own)


def _flips(
    rng: np.random.Generator, n: int, per_cluster: int, damage: Damage
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(n,) whether each answer is right under the mask if it was right, and if it was wrong."""
    luck = _luck(rng, n, per_cluster)
    return luck < damage.kept, luck < damage.gained


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="simulated benchmarks for each line")
    runs = parser.parse_args().runs
    names = "  ".join(f"{damage.name:>15}" for damage in DAMAGES)
    sys.stdout.write(f"{'items':>12} {'base':>5}  {names}\n")
    lines = [(n, base, 1) for n in ITEMS for base in BASES] + [(200, 0.8, 5), (1000, 0.8, 5)]
    for n, base, size in lines:
        found = "  ".join(
            f"{share:15.3f}" for share in coverage(base, n, DAMAGES, runs=runs, per_cluster=size)
        )
        items = f"{n}" if size == 1 else f"{n // size} x {size}"
        sys.stdout.write(f"{items:>12} {base:5.2f}  {found}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
