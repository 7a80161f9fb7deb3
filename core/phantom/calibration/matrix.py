"""How like the matrix that ablation finds is to the true one. Numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(abilities, abilities) points of accuracy, 100 to the whole, that an ability (column) loses when something
(row) is taken away."""

RESAMPLES = 2000
"""Resamples of the bootstrap over items."""

LEVEL = 0.95
"""Coverage that the intervals aim at."""


class Estimate(NamedTuple):
    """A figure with its 95 % interval over resampled items."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Recovered:
    """A matrix that ablation found, beside the true one."""

    drops: Points
    items: int
    """Items per benchmark."""
    correlation: Estimate | None
    """Pearson's, over all cells of both matrices; None where all cells of one are the same."""
    diagonal: Estimate
    """Mean, in points."""
    off_diagonal: Estimate
    """Mean, in points."""

    def figures(self) -> dict[str, Any]:
        """The matrix as plain values."""
        return {
            "n": self.items,
            "r": None if self.correlation is None else self.correlation._asdict(),
            "rows": self.rows,
            "columns": self.columns,
            "diagonal": self.diagonal._asdict(),
            "off_diagonal": self.off_diagonal._asdict(),
            "drops": self.drops.tolist(),
        }

    @property
    def rows(self) -> int:
        """How many rows have their maximum on the diagonal; a tie counts against."""
        return rows_on_diagonal(self.drops)

    @property
    def columns(self) -> int:
        """How many columns have; a tie counts against."""
        return rows_on_diagonal(self.drops.T)


def recovered(
    true: Points, intact: Sequence[NDArray[np.bool_]], ablated: Sequence[NDArray[np.bool_]], seed: int = 0
) -> Recovered:
    """The matrix of masks by benchmarks beside the true one.

    The intervals say what other items would give, not other diagnostic items: the masks stay as they are.

    Args:
        true: the true matrix.
        intact: for each benchmark (items,) what the intact model answers right.
        ablated: for each benchmark (masks, items) what it answers right under each mask.
        seed: of the bootstrap.
    """
    lost = [base.astype(float) - under for base, under in zip(intact, ablated, strict=True)]
    drops = 100 * np.stack([one.mean(axis=1) for one in lost], axis=1)
    drawn = _resampled(lost, np.random.default_rng(seed))
    is_own = np.eye(len(drops), dtype=bool)
    correlation = _correlations(true, drops[None])[0]
    return Recovered(
        drops=drops,
        items=min(len(one) for one in intact),
        correlation=None if np.isnan(correlation) else _estimate(correlation, _correlations(true, drawn)),
        diagonal=_estimate(drops[is_own].mean(), drawn[:, is_own].mean(axis=1)),
        off_diagonal=_estimate(drops[~is_own].mean(), drawn[:, ~is_own].mean(axis=1)),
    )


def correlation(first: Points, second: Points) -> float | None:
    """Pearson's correlation over all cells; None where all cells of one matrix are the same."""
    found = float(_correlations(first, second[None])[0])
    return None if np.isnan(found) else found


def rows_on_diagonal(drops: Points) -> int:
    """How many rows have their one maximum on the diagonal."""
    others = np.where(np.eye(len(drops), dtype=bool), -np.inf, drops)
    return int((drops.diagonal() > others.max(axis=1)).sum())


def _resampled(lost: Sequence[NDArray[np.float64]], rng: np.random.Generator) -> NDArray[np.float64]:
    """(resamples, masks, benchmarks) the drops on items drawn anew, the same for all masks of a benchmark.

    Args:
        lost: for each benchmark (masks, items) 1 for a right answer that is lost, -1 for one that is won.
        rng: draws the items.
    """
    columns = []
    for one in lost:
        n = one.shape[1]
        times = rng.multinomial(n, np.full(n, 1 / n), RESAMPLES)
        columns.append(100 * (times @ one.T) / n)
    return np.stack(columns, axis=2)


def _correlations(true: Points, matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """(matrices,) the correlation of each with the true one; NaN where one of the two is all the same."""
    others = matrices.reshape(len(matrices), -1)
    vary = (np.ptp(others, axis=1) > 0) & (np.ptp(true) > 0)
    centred = true.ravel() - true.mean()
    others = others - others.mean(axis=1, keepdims=True)
    sizes = np.sqrt((centred**2).sum() * (others**2).sum(axis=1))
    found: NDArray[np.float64] = np.full(len(others), np.nan)
    np.divide(others @ centred, sizes, out=found, where=vary)
    return found


def _estimate(value: float, drawn: NDArray[np.float64]) -> Estimate:
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(value), float(low), float(high))
