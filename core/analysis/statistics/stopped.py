"""Cells whose runs stop when it is known: when that is, and what is then stated.

Every interval and p-value here holds wherever a run stops, however often it was looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.analysis.statistics import NO_PROBABILITY
from core.analysis.statistics.accuracy import Verdict, is_plausible
from core.analysis.statistics.cells import (
    CellStatistics,
    ais_verdict,
    clusters_of,
    limits_of,
    truncated_of,
)
from core.analysis.statistics.probability import (
    option_chances,
    probability_identifiable,
    right_probabilities,
)
from core.analysis.statistics.sequential import Losses, anytime_interval, anytime_p, losses_beyond, losses_of
from core.benchmarks.benchmark import Benchmark

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measure:
    """One measure of items under the intact model: the score, or p(right)."""

    is_probability: bool
    base: Values
    """(N,) 0 to 1, of all items in the order drawn."""
    chance: Values
    """(N,) its mean if the model guesses."""
    verdict: Verdict
    """Whether all items together allow an AIS."""

    def is_of(self, outcomes: pl.DataFrame) -> bool:
        """Whether outcomes under a mask have it: those of an earlier version may lack p(right)."""
        return not self.is_probability or right_probabilities(outcomes) is not None

    def of(self, outcomes: pl.DataFrame) -> Values:
        """(n,) of the first items under a mask, which have it."""
        values = right_probabilities(outcomes) if self.is_probability else outcomes["score"].to_numpy()
        assert values is not None, "asked of outcomes that have it"
        return values.astype(np.float64)


class Effect(NamedTuple):
    """An AIS, or by how much it is above that of other masks, with its interval."""

    value: float | None
    """None if it is not defined."""
    low: float | None
    high: float | None


class StoppedBenchmark:
    """A benchmark in an order drawn by seed, of which the intact model has answered all items."""

    def __init__(self, base: pl.DataFrame, benchmark: Benchmark) -> None:
        """Takes the intact model's outcomes of all items, `cache.outcomes.SCHEMA`, in the order drawn."""
        self._benchmark = benchmark
        self.outcomes = base
        """The intact model's."""
        scores, chance = base["score"].to_numpy().astype(np.float64), benchmark.chance
        verdict = ais_verdict(float(scores.mean()), chance, len(base), limits_of(benchmark))
        self.score = Measure(False, scores, np.full(len(base), chance or 0.0), verdict)
        self.probability = _probability(base, benchmark)
        clusters = clusters_of(base)
        changes = np.ones(len(base), bool) if clusters is None else np.diff(clusters, prepend=-1) != 0
        self._starts = np.append(np.flatnonzero(changes), len(base))
        """Where each cluster begins, and the last one ends; without clusters each item is its own."""

    def stop(self, ablated: pl.DataFrame, ends: Sequence[int], least: float) -> int | None:
        """How many items of a mask count: those after which its run stops; None if it has to go on.

        It stops as soon as the interval of its AIS_p (of its AIS where there is no p(right)) lies wholly
        above or below the least AIS of interest, or is narrow enough. Where there is no AIS, at once.

        Args:
            ablated: the outcomes under the mask, of the first items.
            ends: the numbers of items at which it may stop, in order; the last is all.
            least: the least AIS of interest.
        """
        measure = self._probability_of(ablated) or self.score
        losses = self._losses(measure, ablated)
        for end in ends:
            if end > len(ablated):
                return None
            if end == ends[-1] or not measure.verdict.holds or self._is_known(losses, end, least):
                return end
        return None

    def statistics(self, ablated: pl.DataFrame, least: float) -> CellStatistics:
        """What one mask does, from the outcomes of its first items."""
        n = len(ablated)
        effect, losses = self._effect(self.score, ablated), self._losses(self.score, ablated)
        cell = CellStatistics(
            n=n,
            score=float(self.score.of(ablated).mean()),
            base_score=float(self.score.base[:n].mean()),
            chance=self._benchmark.chance,
            ais=effect.value,
            ais_low=effect.low,
            ais_high=effect.high,
            p_value=anytime_p(self._clustered(losses, n)),
            defined=effect.value is not None,
            reason=self._reason(self.score, effect, n),
            truncated=truncated_of(self.outcomes.head(n)),
            ais_p_reason=NO_PROBABILITY,
            until=least,
        )
        probability = self._probability_of(ablated)
        if probability is None:
            return cell
        effect = self._effect(probability, ablated)
        return replace(
            cell,
            p_right=float(probability.of(ablated).mean()),
            base_p_right=float(probability.base[:n].mean()),
            ais_p=effect.value,
            ais_p_low=effect.low,
            ais_p_high=effect.high,
            ais_p_reason=self._reason(probability, effect, n),
        )

    def beyond(
        self, measure: Measure, ablated: pl.DataFrame, others: Sequence[pl.DataFrame]
    ) -> tuple[float | None, ...]:
        """The mean AIS of other masks, and by how much a mask's is above it, with its interval.

        On the items that all of them have; None where the AIS is not defined.
        """
        n = min(len(one) for one in (ablated, *others))
        base, own = measure.base[:n], measure.of(ablated.head(n))
        controls = np.mean([measure.of(one.head(n)) for one in others], axis=0)
        of_others = self._stated(measure, losses_of(base, controls, measure.chance))
        return of_others.value, *self._stated(measure, losses_beyond(base, own, controls, measure.chance))

    def _probability_of(self, ablated: pl.DataFrame) -> Measure | None:
        """p(right), if the intact model and the mask have one."""
        return self.probability if self.probability is not None and self.probability.is_of(ablated) else None

    def _losses(self, measure: Measure, ablated: pl.DataFrame) -> Losses:
        """What the first items lose under a mask, item by item."""
        n = len(ablated)
        return losses_of(measure.base[:n], measure.of(ablated), measure.chance)

    def _effect(self, measure: Measure, ablated: pl.DataFrame) -> Effect:
        return self._stated(measure, self._losses(measure, ablated))

    def _stated(self, measure: Measure, losses: Losses) -> Effect:
        room = float(losses.room.sum())
        if not measure.verdict.holds or room <= 0:
            return Effect(None, None, None)
        interval = anytime_interval(self._clustered(losses, len(losses.lost)))
        return Effect(float(losses.lost.sum()) / room, *interval)

    def _is_known(self, losses: Losses, n: int, least: float) -> bool:
        first = losses.first(n)
        return bool(first.room.sum() > 0) and anytime_interval(self._clustered(first, n)).settles(least)

    def _clustered(self, losses: Losses, n: int) -> Losses:
        """The losses of the first n items, those of each whole cluster as one, -1 to 1 as well."""
        whole = self._starts[: np.searchsorted(self._starts, n, side="right")]
        largest = int(np.diff(self._starts).max())
        if len(whole) < 2:
            return Losses(np.zeros(0), np.zeros(0), losses.corners)
        lost, room = (
            np.add.reduceat(values[: whole[-1]], whole[:-1]) / largest
            for values in (losses.lost, losses.room)
        )
        return Losses(lost, room, losses.corners)

    def _reason(self, measure: Measure, effect: Effect, n: int) -> str:
        if effect.value is not None or not measure.verdict.holds:
            return measure.verdict.reason
        return f"not identifiable: the intact model is not above chance on the first {n} items"


def _probability(base: pl.DataFrame, benchmark: Benchmark) -> Measure | None:
    """p(right); None where there is none."""
    values = right_probabilities(base)
    if values is None or benchmark.chance is None:
        return None
    chances = option_chances(base)
    score = float(base["score"].to_numpy().mean(dtype=np.float64))
    plausible = is_plausible(score, limits_of(benchmark), len(base))
    verdict = probability_identifiable(values, float(chances.mean())) if plausible.holds else plausible
    return Measure(True, values, chances, verdict)
