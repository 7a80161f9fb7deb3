"""What each unit of a profile takes: what the cache has of it, and what it adds. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from core.abilities.neutral_texts import neutral_texts
from core.cluster.units import (
    Unit,
    WantedRanking,
    first_units,
    is_contrast,
    lacking_scorings,
    mask_units,
    requests_of,
    scorings,
    wanted_rankings,
)
from core.run.asked import Asked
from core.run.experiment import Experiment, OutcomesRequest, divergences_request
from core.run.pace import COSTS, Kind, Phase, answering
from core.run.selected import has_ranking
from core.run.specs import MaskSpec, mask_weights

WEIGHT_BYTES = 6
"""A weight of a stored ranking."""

SCORE_BYTES = 4
"""A candidate weight of kept scores."""

UNIT_BYTES = 12
"""A unit's stored scores."""

ENTRY_BYTES = 6000
"""A stored table without its rows: manifest, and the columns' heads."""

CHOICE_BYTES, WRITTEN_BYTES, TEXT_BYTES = 40, 400, 400
"""A row of a stored table: an item with options, a written answer, a continued text."""

Work = Mapping[Kind, float]
"""Units of work by kind."""


@dataclass(frozen=True)
class UnitWork:
    """What one unit takes."""

    unit: Unit
    whole: Work
    """On an empty cache."""
    lacking: Work
    """What the cache lacks of it."""
    lacking_bytes: int
    """What that adds to the cache."""

    @property
    def cost(self) -> float:
        """Rough cost on an empty cache, that of an evaluated item being 1: the same on every machine."""
        return sum(COSTS[phase] * units for (phase, _), units in self.whole.items())

    @property
    def is_stored(self) -> bool:
        """Whether the cache has all of it."""
        return not self.lacking


class Survey:
    """The units of what is asked for with what each takes, by the names of the cache's files."""

    def __init__(self, asked: Asked, experiment: Experiment, *, keeps_scores: bool = False) -> None:
        """Reads nothing yet.

        Args:
            asked: a plan, or single runs.
            experiment: the model, with settled prompts, and the cache.
            keeps_scores: whether scores are kept for contrasts that other processes make.
        """
        self.asked, self._experiment, self._keeps_scores = asked, experiment, keeps_scores

    @cached_property
    def first(self) -> list[UnitWork]:
        """Scoring, and the intact model."""
        return [
            self._evaluation(unit) if unit.ability is None else self._scoring(unit, unit.ability)
            for unit in first_units(self.asked, self._experiment)
        ]

    @cached_property
    def masks(self) -> list[UnitWork]:
        """The evaluation of each mask."""
        return [self._evaluation(unit) for unit in mask_units(self.asked)]

    @property
    def every(self) -> list[UnitWork]:
        """All units."""
        return [*self.first, *self.masks]

    @cached_property
    def _rankings(self) -> list[WantedRanking]:
        return wanted_rankings(self._experiment, self.asked.masks())

    @cached_property
    def _is_ranked(self) -> dict[MaskSpec, bool]:
        return {one.mask: has_ranking(self._experiment, one.mask) for one in self._rankings}

    @cached_property
    def _unranked(self) -> list[WantedRanking]:
        return [one for one in self._rankings if not self._is_ranked[one.mask]]

    def _scoring(self, unit: Unit, ability: str) -> UnitWork:
        """The rankings from one ability's importance alone; and its scores, if contrasts are to come."""
        experiment = self._experiment
        own = [one for one in self._rankings if not is_contrast(one) and one.mask.ability == ability]
        missing = [one for one in own if not self._is_ranked[one.mask]]
        phases = lacking_scorings(experiment, self._unranked, ability)
        whole = self._scoring_of(ability, scorings(experiment, self._rankings, ability))
        lacking = self._scoring_of(ability, phases) + Counter(self._ranking_of(missing))
        size = sum(self._ranking_bytes(one) for one in missing)
        if "scoring_units" in phases:
            size += ENTRY_BYTES + UNIT_BYTES * self._units
        contrasts = (one for one in self._unranked if is_contrast(one) and one.mask.scope != "units")
        if self._keeps_scores and any(contrasts) and experiment.lacks_scores(ability, of_units=False):
            size += SCORE_BYTES * experiment.info.candidates["all"]
        return UnitWork(unit, whole + Counter(self._ranking_of(own)), lacking, size)

    def _scoring_of(self, ability: str, phases: Sequence[Phase]) -> Counter[Kind]:
        n = self._experiment.diagnostic_set(ability).n
        return Counter({(phase, ability): n for phase in phases})

    @property
    def _units(self) -> int:
        """About as many as the model has: nearly all are neurons."""
        info = self._experiment.info
        return info.candidates["mlp"] // info.unit_sizes["mlp"]

    def _ranking_of(self, rankings: Sequence[WantedRanking]) -> dict[Kind, int]:
        n = sum(3 if one.mask.selection == "top" else 1 for one in rankings)
        return {("ranking", ""): n} if n else {}

    def _ranking_bytes(self, one: WantedRanking) -> int:
        n = self._units if one.mask.scope == "units" else mask_weights(one.mask, self._experiment.info)
        return ENTRY_BYTES + WEIGHT_BYTES * n

    def _evaluation(self, unit: Unit) -> UnitWork:
        """A mask's runs, its generation quality, the divergences of its answers, and a contrast's ranking."""
        experiment, entries = self._experiment, self._experiment.store.outcomes.entries
        whole, lacking, size = Counter[Kind](), Counter[Kind](), 0
        for request in requests_of(self.asked, experiment, unit.mask):
            run = {answering(request.benchmark): request.n}
            compared = self._compared(request)
            whole += Counter(run) + Counter(compared)
            if not entries.has(request.key):
                lacking += Counter(run)
                size += ENTRY_BYTES + request.n * _row_bytes(request)
            if compared and not self._has_divergences(request):
                lacking += Counter(compared)
                size += ENTRY_BYTES + request.n * WRITTEN_BYTES
        for work, is_stored, its_bytes in (self._quality(unit.mask), *self._contrast(unit.mask)):
            whole += Counter(work)
            if not is_stored:
                lacking, size = lacking + Counter(work), size + its_bytes
        return UnitWork(unit, whole, lacking, size)

    def _compared(self, request: OutcomesRequest) -> dict[Kind, int]:
        is_written = request.benchmark.kind != "multiple_choice"
        return {("comparing", request.benchmark.id): 2 * request.n} if is_written and request.mask else {}

    def _has_divergences(self, request: OutcomesRequest) -> bool:
        base = self._experiment.request(None, request.benchmark, request.n)
        return self._experiment.store.divergences.entries.has(divergences_request(base, request)[0])

    def _quality(self, mask: MaskSpec | None) -> tuple[Work, bool, int]:
        n = len(neutral_texts(self._experiment.spec.level)) if self.asked.measures(mask) else 0
        work: dict[Kind, float] = {("quality", ""): n, ("quality", "intact"): n} if n else {}
        key, _ = self._experiment.generation_quality_request(mask)
        is_stored = not n or self._experiment.store.generation_quality.entries.has(key)
        return work, is_stored, ENTRY_BYTES + n * TEXT_BYTES

    @cached_property
    def _rankers(self) -> dict[MaskSpec, WantedRanking]:
        """The mask that makes each contrast's ranking: the first that is cut from it."""
        left = {replace(one.mask, k=0.0): one for one in filter(is_contrast, self._rankings)}
        found: dict[MaskSpec, WantedRanking] = {}
        for mask in self.asked.masks():
            one = left.pop(replace(mask, k=0.0, seed=0), None)
            if one is not None:
                found[mask] = one
        return found

    def _contrast(self, mask: MaskSpec | None) -> list[tuple[Work, bool, int]]:
        one = None if mask is None else self._rankers.get(mask)
        if one is None:
            return []
        return [(self._ranking_of([one]), self._is_ranked[one.mask], self._ranking_bytes(one))]


def _row_bytes(request: OutcomesRequest) -> int:
    return CHOICE_BYTES if request.benchmark.kind == "multiple_choice" else WRITTEN_BYTES
