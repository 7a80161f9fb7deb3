"""What masks do to one benchmark: on all items, or on as many as it took to settle the cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.analysis.statistics import NO_PROBABILITY
from core.analysis.statistics.intervals import (
    Intervals,
    Losses,
    Scores,
    anytime_interval,
    anytime_p,
    losses_beyond,
    losses_of,
    paired_bootstrap,
)
from core.analysis.statistics.scores import (
    PlausibleRange,
    Verdict,
    chance_probability,
    identifiable,
    is_plausible,
    mcnemar_exact,
    minimum_detectable_drop,
    option_chances,
    probability_identifiable,
    right_probabilities,
)
from core.benchmarks.benchmark import Benchmark


@dataclass(frozen=True)
class CellStatistics:
    """What one mask does to one benchmark."""

    n: int
    """Number of items."""
    score: float
    """The mean over the items under the mask, fraction in [0, 1]."""
    base_score: float
    """The same of the unmodified model."""
    chance: float | None
    """The score of guessing; None if the benchmark has no usable chance level."""
    ais: float | None
    """The Ability Impact Score; None if it is not defined."""
    ais_low: float | None
    """Lower end of its 95 % interval; -inf if the data do not bound it."""
    ais_high: float | None
    """Upper end of its 95 % interval; inf if the data do not bound it."""
    p_value: float
    """Exact McNemar test of the flips, two-sided, before any correction."""
    defined: bool
    """Whether there is an AIS."""
    reason: str
    """Why there is none; empty if there is."""
    detectable_ais: float | None = None
    """Minimum detectable AIS (80 % power, if all flips go one way); None if the AIS is not defined, or the
    items are too few to show any."""
    truncated: int = 0
    """Items whose prompt was cut from the left, because it is too long for the model."""
    p_right: float | None = None
    """The mean probability of the right answer under the mask; None where it is not known."""
    base_p_right: float | None = None
    """The same of the unmodified model."""
    ais_p: float | None = None
    """The AIS made of p(right) in place of the score; None if it is not defined."""
    ais_p_low: float | None = None
    """Lower end of its 95 % interval; -inf if the data do not bound it."""
    ais_p_high: float | None = None
    """Upper end of its 95 % interval; inf if the data do not bound it."""
    ais_p_reason: str = ""
    """Why there is none; empty if there is."""
    until: float | None = None
    """The least AIS of interest, at which the run stopped once it was settled: intervals and p hold however
    often it was looked at. None: the number of items was fixed."""


class Paired(NamedTuple):
    """One measure of the same items, intact and under masks."""

    base: Scores
    """(N,) of the unmodified model, 0 to 1."""
    ablated: Scores
    """(M, N) under each mask."""
    chance: float
    """Its mean if the model guesses."""


def cell_statistics(
    base: NDArray[np.bool_],
    ablated: NDArray[np.bool_],
    chance: float | None,
    *,
    resamples: int = 2000,
    seed: int = 0,
    clusters: NDArray[Any] | None = None,
    scores: tuple[Scores, Scores] | None = None,
    limits: PlausibleRange | None = None,
    truncated: int = 0,
) -> list[CellStatistics]:
    """The statistics of each mask on one benchmark, in the order of the masks.

    Args:
        base: (N,) whether the unmodified model answered each item right.
        ablated: (M, N) the same under each of M masks.
        chance: accuracy of guessing; None if the benchmark has no usable chance level.
        clusters: (N,) labels of items to resample together.
        scores: (N,) and (M, N) scores 0 to 1, of which the AIS is made; None: right and wrong.
        limits: plausible base scores, outside of which there is no AIS; None: all are.
        truncated: items whose prompt was cut.

    Raises:
        ValueError: there are no items, or the shapes do not fit.
    """
    n = len(base)
    if n == 0 or ablated.ndim != 2 or ablated.shape[1] != n:
        raise ValueError(f"Base has {n} items and ablated answers the shape {ablated.shape}: no cells.")
    base_scores, ablated_scores = scores or (base, ablated)
    base_score = float(np.mean(base_scores, dtype=np.float64))
    verdict = ais_verdict(base_score, chance, n, limits)
    intervals, detectable = None, None
    if verdict.holds and chance is not None:
        intervals = paired_bootstrap(
            base_scores, ablated_scores, chance, resamples=resamples, seed=seed, clusters=clusters
        )
        drop = minimum_detectable_drop(n)
        detectable = None if drop is None else drop / (base_score - chance)
    p_values = mcnemar_exact(base, ablated)
    means = ablated_scores.mean(axis=1, dtype=np.float64)
    return [
        CellStatistics(
            n=n,
            score=float(means[mask]),
            base_score=base_score,
            chance=chance,
            **_ais_fields(intervals, mask),
            p_value=float(p_values[mask]),
            defined=verdict.holds,
            reason=verdict.reason,
            detectable_ais=detectable,
            truncated=truncated,
        )
        for mask in range(len(ablated))
    ]


def ais_verdict(base_score: float, chance: float | None, n: int, limits: PlausibleRange | None) -> Verdict:
    """Whether a base score allows an AIS; a broken set-up is reported before a model that is too weak."""
    verdict = Verdict(True, "") if limits is None else is_plausible(base_score, limits, n)
    return identifiable(base_score, chance, n) if verdict.holds else verdict


def _ais_fields(intervals: Intervals | None, mask: int) -> dict[str, Any]:
    if intervals is None:
        return {"ais": None, "ais_low": None, "ais_high": None}
    ais, low, high = (float(values[mask]) for values in intervals)
    return {"ais": ais, "ais_low": low, "ais_high": high}


def frame_statistics(
    base: pl.DataFrame, ablated: Sequence[pl.DataFrame], benchmark: Benchmark, seed: int = 0
) -> list[CellStatistics]:
    """What each mask does to one benchmark, in the order of the masks.

    Args:
        base: the intact model's outcomes, `cache.outcomes.SCHEMA`.
        ablated: those under each mask, of the same items in the same order.
        benchmark: gives the chance level and the plausible range.

    Raises:
        ValueError: there are no items, or the frames differ in length.
    """
    cells = cell_statistics(
        base["correct"].to_numpy(),
        np.stack([frame["correct"].to_numpy() for frame in ablated]),
        benchmark.chance,
        seed=seed,
        clusters=clusters_of(base),
        scores=_scores(base, ablated),
        limits=limits_of(benchmark),
        truncated=truncated_of(base),
    )
    plausible = is_plausible(cells[0].base_score, limits_of(benchmark), len(base))
    paired = paired_probabilities(base, ablated, benchmark)
    if paired is None:
        return [replace(cell, ais_p_reason=NO_PROBABILITY) for cell in cells]
    return with_probabilities(cells, paired, plausible, seed=seed, clusters=clusters_of(base))


def with_probabilities(
    cells: Sequence[CellStatistics],
    paired: Paired,
    plausible: Verdict,
    *,
    resamples: int = 2000,
    seed: int = 0,
    clusters: NDArray[Any] | None = None,
) -> list[CellStatistics]:
    """The cells with what they say of p(right).

    A model that is not above chance in its answers can be so in its probabilities. A broken set-up, a score
    that is not plausible, has neither AIS.

    Args:
        cells: one for each mask.
        paired: p(right) of their items.
        plausible: whether the intact model's score is.
        clusters: (N,) labels of items to resample together.
    """
    base, ablated, chance = paired
    verdict = probability_identifiable(base, chance) if plausible.holds else plausible
    base_mean, means = float(base.mean()), ablated.mean(axis=1).tolist()
    known = [replace(cell, base_p_right=base_mean, p_right=p) for cell, p in zip(cells, means, strict=True)]
    if not verdict.holds:
        return [replace(cell, ais_p_reason=verdict.reason) for cell in known]
    found = paired_bootstrap(base, ablated, chance, resamples=resamples, seed=seed, clusters=clusters)
    rows = np.column_stack(found).tolist()
    return [
        replace(cell, ais_p=ais, ais_p_low=low, ais_p_high=high)
        for cell, (ais, low, high) in zip(known, rows, strict=True)
    ]


def paired_scores(base: pl.DataFrame, ablated: Sequence[pl.DataFrame], benchmark: Benchmark) -> Paired | None:
    """The first metric of each item; None if the benchmark has no usable chance level."""
    return None if benchmark.chance is None else Paired(*_scores(base, ablated), benchmark.chance)


def paired_probabilities(
    base: pl.DataFrame, ablated: Sequence[pl.DataFrame], benchmark: Benchmark
) -> Paired | None:
    """p(right) of each item; None where a frame has none."""
    found = [right_probabilities(frame) for frame in (base, *ablated)]
    known = [one for one in found if one is not None]
    if benchmark.chance is None or len(known) < len(found):
        return None
    return Paired(known[0], np.stack(known[1:]), chance_probability(base))


def _scores(base: pl.DataFrame, ablated: Sequence[pl.DataFrame]) -> tuple[Scores, Scores]:
    return base["score"].to_numpy(), np.stack([frame["score"].to_numpy() for frame in ablated])


def truncated_of(frame: pl.DataFrame) -> int:
    """Number of items whose prompt was cut."""
    return int((frame["cut"].fill_null(0) > 0).sum())


def limits_of(benchmark: Benchmark) -> PlausibleRange:
    """The plausible range of a benchmark, with its name."""
    return PlausibleRange(benchmark.id, *benchmark.plausible_range)


def clusters_of(frame: pl.DataFrame) -> NDArray[Any] | None:
    """(N,) numbers, equal for items of one cluster; None if every item is on its own."""
    if frame["cluster"].null_count() == len(frame):
        return None
    own = pl.concat_str(pl.lit("item "), pl.int_range(pl.len()))
    labels = frame.select(pl.concat_str(pl.lit("cluster "), "cluster").fill_null(own)).to_series()
    return np.unique(labels.to_numpy(), return_inverse=True)[1]


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
        return self.probability if self.probability is not None and self.probability.is_of(ablated) else None

    def _losses(self, measure: Measure, ablated: pl.DataFrame) -> Losses:
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
