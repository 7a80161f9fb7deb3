"""Whether a mask hurts a benchmark more than the other abilities' masks of the same size do."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.analysis.statistics.accuracy import impact
from core.analysis.statistics.bootstrap import Scores, percentile_interval, resampled_impacts


class Specificity(NamedTuple):
    """One mask against the masks of the other abilities, on one benchmark."""

    own: float
    """Its AIS."""
    others: float
    """The mean of theirs."""
    masks: int
    """How many others there are."""
    difference: float
    """Own minus others."""
    low: float
    """Lower end of the difference's 95 % interval; -inf if the data do not bound it."""
    high: float
    """Upper end; inf if the data do not bound it."""


def specificity(
    base: Scores,
    own: Scores,
    others: Scores,
    chance: float,
    *,
    resamples: int = 2000,
    seed: int = 0,
    clusters: NDArray[Any] | None = None,
) -> Specificity:
    """The AIS of a mask minus the mean AIS of the others, with its paired bootstrap interval.

    Own, others and base are resampled together, as `paired_bootstrap` does it.

    Args:
        base: (N,) the unmodified model's score of each item, 0 to 1, or whether it is right.
        own: (N,) the same under the mask.
        others: (M, N) under each of M other masks of as many weights.
        chance: accuracy of guessing, fraction in [0, 1].
        resamples: how often to resample.
        seed: with the same seed as the cells' intervals, the same resamples.
        clusters: (N,) labels of items to draw together.

    Raises:
        ValueError: there is no other mask, the base score is not above chance, or the shapes do not fit.
    """
    if others.ndim != 2 or not len(others):
        raise ValueError("Specificity needs at least one mask of another ability: run one.")
    masks: Scores = np.vstack([own, others], dtype=np.float64)
    found = specificities(base, masks, chance, resamples=resamples, seed=seed, clusters=clusters)
    return found[0]


def specificities(
    base: Scores,
    ablated: Scores,
    chance: float,
    *,
    groups: NDArray[Any] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    clusters: NDArray[Any] | None = None,
) -> list[Specificity]:
    """The specificity of each mask among those of its group: columns of matrices at once, as `specificity`.

    Args:
        base: (N,) the unmodified model's score of each item.
        ablated: (M, N) under the mask of each of at least two abilities.
        chance: accuracy of guessing, fraction in [0, 1].
        groups: (M,) labels; masks of one label have as many weights, and are compared. None: all are.
        resamples: how often to resample.
        seed: of the resamples.
        clusters: (N,) labels of items to draw together.

    Raises:
        ValueError: a group has fewer than two masks, the base score is not above chance, or the shapes do not
            fit.
    """
    n = len(base)
    if ablated.ndim != 2 or ablated.shape[1] != n or (clusters is not None and len(clusters) != n):
        raise ValueError(f"Base has {n} items: ablated answers have to be (masks, {n}), clusters ({n},).")
    labels = np.zeros(len(ablated)) if groups is None else groups
    if not len(ablated) or np.unique(labels, return_counts=True)[1].min() < 2:
        raise ValueError("Specificity needs at least one mask of another ability: run one.")
    base_score = float(np.mean(base, dtype=np.float64))
    scores = ablated.mean(axis=1, dtype=np.float64)
    ais = np.array([impact(base_score, float(score), chance) for score in scores])
    drops, others, rivals = np.empty(ablated.shape), np.empty(len(ais)), np.empty(len(ais), np.int64)
    for label in np.unique(labels):
        of_group = labels == label
        masks = int(of_group.sum())
        # What this mask loses and the others on average keep; the base answers cancel out.
        kept = ablated[of_group].sum(axis=0, dtype=np.float64)
        drops[of_group] = (kept - masks * ablated[of_group].astype(np.float64)) / (masks - 1)
        others[of_group] = (ais[of_group].sum() - ais[of_group]) / (masks - 1)
        rivals[of_group] = masks - 1
    values = resampled_impacts(base, drops, chance, resamples=resamples, seed=seed, clusters=clusters)
    low, high = percentile_interval(values)
    rows = np.column_stack([ais, others, ais - others, low, high]).tolist()
    return [
        Specificity(own, mean, n, gap, *ends)
        for n, (own, mean, gap, *ends) in zip(rivals.tolist(), rows, strict=True)
    ]
