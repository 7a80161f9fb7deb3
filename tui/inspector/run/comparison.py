"""Base, ablated and random control side by side, from the cache and from a live run.

Reads files and computes intervals with numpy and polars: to be imported and used in a thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cache.files import CorruptEntry
from core.analysis.answers import (
    Answers,
    ItemTable,
    comparable_scores,
    continued,
    item_clusters,
    live_answers,
    mean_scores,
    probability_columns,
)
from core.analysis.generation_quality import GenerationQuality, mask_generation_qualities
from core.analysis.matrix import beside_random
from core.analysis.samples import Samples
from core.analysis.statistics import NO_PROBABILITY
from core.analysis.statistics.cells import (
    CellStatistics,
    cell_statistics,
    limits_of,
    paired_probabilities,
    with_probabilities,
)
from core.analysis.statistics.scores import EmpiricalP, Verdict, is_plausible
from core.benchmarks.benchmark import Benchmark
from core.run.events import ItemOutcome
from core.run.experiment import Experiment
from core.run.pace import Estimate
from core.run.specs import Run
from core.run.storing import ensure_items
from tui.inspector.run.figures import Curve, Figures, ItemLine, Listing, Side, SideFigures
from tui.inspector.run.stored_runs import estimated, mask_of, scorings_of, stopped_cells, stored_answers

LIVE_RESAMPLES = 400
"""Bootstrap resamples for a live run: enough for two digits, and quick."""

STORED_RESAMPLES = 2000

CURVE_POINTS = 120
"""Most points of a curve: about the columns of a plot."""

LINES = 60
"""Most listed items: more than a screen's rows."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What the cache has of a lens's runs; read again when it has more."""

    benchmark: Benchmark
    items: ItemTable
    runs: Mapping[Side, Run]
    answers: Mapping[Side, Answers]
    """Answers of stored runs, and those that live runs have so far."""
    stored: frozenset[Side]
    """The sides in the cache."""
    scorings: int
    """Abilities whose importance has to be computed before the mask is known."""
    clusters: NDArray[Any] | None
    """(N,) equal for items that share a passage; None if none do."""
    problems: tuple[str, ...] = ()
    """Damage of stored answers, which count as missing."""
    quality: GenerationQuality | None = None
    """Generation quality under the mask, beside the intact model's; None where it was not measured."""
    empirical: EmpiricalP | None = None
    """The mask beside all stored random masks of its size."""
    estimate: Estimate | None = None
    """How long the missing runs take; None if none is missing."""
    until: float | None = None
    """The least AIS of interest, at which runs stop as soon as it is settled; None: all items count."""
    effects: Mapping[Side, CellStatistics] = field(default_factory=dict)
    """With `until`: what is stated of the stored items of each run, whether or not it is over."""

    @classmethod
    def read(
        cls,
        experiment: Experiment,
        benchmark: Benchmark,
        runs: Mapping[Side, Run],
        before: Comparison | None,
        until: float | None = None,
    ) -> Comparison:
        """Reads what is stored of the runs.

        Args:
            experiment: model and cache.
            benchmark: the benchmark of the runs; with `until` drawn.
            runs: all with the same number of items.
            before: an earlier answer: what it has is not read again.
            until: the least AIS of interest, at which runs stop; None: all items count.

        Raises:
            CorruptEntry: the table of items is damaged.
            ValueError: k asks for more weights than there are candidates.
            OSError: the cache cannot be read, or the table of items cannot be written.
        """
        n = runs["base"].n
        asked = (runs["base"], until)
        usable = before if before is not None and (before.runs["base"], before.until) == asked else None
        items = usable.items if usable else ItemTable(ensure_items(experiment, benchmark, n))
        clusters = usable.clusters if usable else item_clusters(items)
        known = {usable.runs[side]: usable.answers[side] for side in usable.stored} if usable else {}
        cells = {} if until is None else stopped_cells(experiment, benchmark, runs, until)
        answers: dict[Side, Answers] = {}
        problems = []
        for side, run in runs.items():
            most = cells[side].statistics.n if side in cells else None
            try:
                found = stored_answers(experiment, benchmark, run, items, known.get(run), most)
            except CorruptEntry as error:
                problems.append(f"{error} (r recomputes it)")
            else:
                answers |= {} if found is None else {side: found}
        scorings, mask = scorings_of(experiment, runs), mask_of(runs)
        stored = {s for s, a in answers.items() if a.n_known == n or (s in cells and cells[s].is_over)}
        return cls(
            benchmark,
            items,
            runs,
            answers,
            frozenset(stored),
            scorings,
            clusters,
            tuple(problems),
            None if mask is None else mask_generation_qualities(experiment, [mask]).get(mask),
            None if mask is None else beside_random(experiment, mask, benchmark, n, until),
            None if stored == runs.keys() else estimated(experiment, runs, benchmark, scorings),
            until,
            {side: cell.statistics for side, cell in cells.items()},
        )

    def is_same(self, other: Comparison | None) -> bool:
        """Whether the other has the same runs and answers."""
        return (
            other is not None
            and self.runs == other.runs
            and (self.until, self.stored, self.scorings) == (other.until, other.stored, other.scorings)
            and (self.quality, self.empirical) == (other.quality, other.empirical)
            and {s: id(a) for s, a in self.answers.items()} == {s: id(a) for s, a in other.answers.items()}
        )

    def with_live(self, live: Mapping[Side, Sequence[ItemOutcome]]) -> Comparison:
        """The same with the outcomes of runs that are not stored, or not whole.

        Raises:
            ValueError: an outcome belongs to none of the items.
        """
        n = len(self.items)
        given = {side: live_answers(tuple(outcomes), n) for side, outcomes in live.items() if outcomes}
        longer = {
            side: continued(self.answers[side], answers)
            for side, answers in given.items()
            if side in self.answers and side not in self.stored
        }
        return replace(self, answers={**given, **self.answers, **longer})

    def figures(self, live: Side | None, arrived: Sequence[int], resamples: int) -> Figures:
        """Everything that is shown.

        Args:
            live: the side that is running; None if none is.
            arrived: indices of its items in order of arrival.
            resamples: bootstrap resamples.
        """
        order = np.asarray(arrived, np.int64) if live else np.arange(len(self.items))
        return Figures(
            n=len(self.items),
            chance=self.benchmark.chance,
            sides=self._sides(resamples),
            curves=tuple(self._curves(order if self.until is None else np.arange(len(self.items)))),
            stored=frozenset(self.stored),
            live=live,
            scorings=self.scorings,
            listing=self._listing(live, order),
            truncated=int(np.any([one.cut for one in self.answers.values()], axis=0).sum()),
            is_graded=any((scores % 1 != 0).any() for scores in self._scores.values()),
            quality=self.quality,
            empirical=self.empirical,
            estimate=self.estimate,
            until=self.until,
        )

    @cached_property
    def _scores(self) -> Mapping[Side, NDArray[np.float32]]:
        """(N,) score of each side's answers, 0 to 1."""
        return comparable_scores(self.answers)

    def _sides(self, resamples: int) -> dict[Side, SideFigures]:
        base = self.answers.get("base")
        means = mean_scores(self.answers, self.clusters)
        found = {}
        for side, run in self.runs.items():
            answers = self.answers.get(side)
            effect, broken, fixed = None, 0, 0
            if answers is not None and base is not None and side != "base":
                both = base.known & answers.known
                before, after = base.correct[both], answers.correct[both]
                broken, fixed = int((before & ~after).sum()), int((~before & after).sum())
                if self.until is not None:
                    effect = self.effects.get(side)
                else:
                    effect = self._effect(side, run, both, resamples) if both.any() else None
            found[side] = SideFigures(run, means.get(side), effect, broken, fixed)
        return found

    def _effect(self, side: Side, run: Run, both: NDArray[np.bool_], resamples: int) -> CellStatistics:
        """AIS and AIS_p with their intervals against base, over the items that both answered."""
        seed, clusters = run.mask.seed if run.mask else 0, self._of(both)
        # The first few answers of a base run can be all right or all wrong by chance.
        limits = limits_of(self.benchmark) if both.all() else None
        cells = cell_statistics(
            self.answers["base"].correct[both],
            self.answers[side].correct[None, both],
            self.benchmark.chance,
            resamples=resamples,
            seed=seed,
            clusters=clusters,
            scores=(self._scores["base"][both], self._scores[side][None, both]),
            limits=limits,
        )
        base, ablated = (self._probability_columns[one].filter(both) for one in ("base", side))
        paired = paired_probabilities(base, [ablated], self.benchmark)
        if paired is None:
            return replace(cells[0], ais_p_reason=NO_PROBABILITY)
        score, n = cells[0].base_score, cells[0].n
        plausible = Verdict(True, "") if limits is None else is_plausible(score, limits, n)
        return with_probabilities(
            cells, paired, plausible, resamples=resamples, seed=seed, clusters=clusters
        )[0]

    @cached_property
    def _probability_columns(self) -> Mapping[Side, pl.DataFrame]:
        """N rows of each side's answers with what p(right) is made of."""
        return {side: probability_columns(answers, self.items) for side, answers in self.answers.items()}

    def _of(self, which: NDArray[np.bool_]) -> NDArray[Any] | None:
        """The clusters of some items; None without clusters."""
        return None if self.clusters is None else self.clusters[which]

    def _curves(self, order: NDArray[np.int64]) -> list[Curve]:
        """The running mean score of each side over its answered items, in this order."""
        curves = []
        for side, answers in self.answers.items():
            answered = order[answers.known[order]]
            n = len(answered)
            if not n:
                continue
            shares = np.cumsum(self._scores[side][answered], dtype=np.float64) / np.arange(1, n + 1)
            shown = np.unique(np.linspace(0, n - 1, min(n, CURVE_POINTS)).astype(int))
            curves.append(Curve(side, tuple((shown + 1).tolist()), tuple(shares[shown].tolist())))
        return curves

    def _listing(self, live: Side | None, order: NDArray[np.int64]) -> Listing:
        """The items to list: of a live run the last ones; else those that flipped, or that base has wrong."""
        side: Side = live or ("ablated" if "ablated" in self.answers else "base")
        pair = Samples(self.items, self.answers.get("base"), self.answers.get(side))
        if live:
            return Listing("arrived", side, self._lines(pair, order[-LINES:]), len(order), len(order))
        if side == "ablated" and pair.base_answers is not None:
            flipped = pair.select("flipped")
            answered = int((pair.base_answers.known & self.answers[side].known).sum())
            return Listing("flipped", side, self._lines(pair, flipped[:LINES]), len(flipped), answered)
        answers = self.answers.get(side)
        wrong = np.flatnonzero(answers.known & ~answers.correct) if answers else order[:0]
        answered = answers.n_known if answers else 0
        return Listing("wrong", side, self._lines(pair, wrong[:LINES]), len(wrong), answered)

    def _lines(self, pair: Samples, indices: NDArray[np.int64]) -> tuple[ItemLine, ...]:
        if not len(indices):
            return ()
        options = self.items.lazy.select("options").collect()["options"].gather(indices).to_list()
        return tuple(
            ItemLine(
                row.index,
                row.beginning,
                tuple(choices or ()),
                row.gold,
                row.base,
                row.ablated,
                _right(pair.base_answers, row.index),
                _right(pair.ablated_answers, row.index),
            )
            for row, choices in zip(pair.rows(indices), options, strict=True)
        )


def _right(answers: Answers | None, index: int) -> bool | None:
    return None if answers is None or not answers.known[index] else bool(answers.correct[index])
