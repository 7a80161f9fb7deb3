"""The units of a profile: an ability to score, or one mask on all its benchmarks. No torch.

A unit loads nothing that another one needs, and stores what it makes under content keys: it can be done
anywhere, twice, or again after half of it was done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from core.abilities import ABILITIES
from core.benchmarks.drawn import parts_of
from core.masks.choices import CONTRASTS
from core.run.asked import Asked, AskedRuns
from core.run.experiment import Experiment, OutcomesRequest
from core.run.pace import Phase, scoring_phase
from core.run.specs import MaskSpec

UnitKind = Literal["scoring", "intact", "mask"]


@dataclass(frozen=True)
class Unit:
    """What one process does at a time."""

    ability: str | None = None
    """The ability to score; None for a unit of evaluation."""
    mask: MaskSpec | None = None
    """The mask to evaluate; None for the intact model, if nothing is scored."""
    part: int = 0
    """Which part of the runs, from 1, where these stop when it is known; 0 for all of them."""

    @property
    def kind(self) -> UnitKind:
        """What is done."""
        if self.ability is not None:
            return "scoring"
        return "intact" if self.mask is None else "mask"

    def __str__(self) -> str:
        """The unit in words."""
        if self.ability is not None:
            return f"score {self.ability}"
        return "intact model" if self.mask is None else str(self.mask)


INTACT = Unit()
"""The intact model on all benchmarks: written answers under a mask are compared with its."""


class WantedRanking(NamedTuple):
    """A ranking that masks of a plan are cut from."""

    mask: MaskSpec
    """With the largest k that is cut from it."""
    ks: tuple[float, ...]
    """All k that are cut from it, in ascending order."""


def wanted_rankings(experiment: Experiment, masks: Sequence[MaskSpec]) -> list[WantedRanking]:
    """The rankings that some masks are cut from, each once, in the order of the masks."""
    found: dict[MaskSpec, set[float]] = {}
    for mask in masks:
        for one in experiment.rankings_of(mask):
            found.setdefault(replace(one, k=0.0, seed=0), set()).add(one.k)
    return [WantedRanking(replace(one, k=max(ks)), tuple(sorted(ks))) for one, ks in found.items()]


def abilities_to_score(experiment: Experiment, rankings: Sequence[WantedRanking]) -> list[str]:
    """The abilities whose importance some rankings are made from, in the order in which shares are added."""
    needed = {ability for one in rankings for ability in experiment.scored_abilities(one.mask)}
    return [ability.id for ability in ABILITIES if ability.id in needed]


def scorings(experiment: Experiment, rankings: Sequence[WantedRanking], ability: str) -> list[Phase]:
    """The phases in which an ability is scored for rankings: its weights, its whole units, or both."""
    needing = [one.mask for one in rankings if ability in experiment.scored_abilities(one.mask)]
    return [scoring_phase(of_units=kind) for kind in sorted({mask.scope == "units" for mask in needing})]


def lacking_scorings(experiment: Experiment, unranked: Sequence[WantedRanking], ability: str) -> list[Phase]:
    """The same for rankings that are not stored, of scores that are not."""
    own = [one for one in unranked if not is_contrast(one)]
    return [
        phase
        for phase in scorings(experiment, unranked, ability)
        if experiment.lacks_scores(ability, of_units=phase == "scoring_units")
        # Kept scores of weights serve contrasts alone.
        or (phase == "scoring" and phase in scorings(experiment, own, ability))
    ]


def first_units(asked: Asked, experiment: Experiment) -> list[Unit]:
    """The units that others need: the abilities to score, and the intact model."""
    abilities = abilities_to_score(experiment, wanted_rankings(experiment, asked.masks()))
    return [*(Unit(ability) for ability in abilities), INTACT]


def mask_units(asked: Asked) -> list[Unit]:
    """The units of evaluation under a mask; those that are cut from one ranking come one after the other."""
    return [Unit(mask=mask) for mask in asked.masks()]


def every_unit(asked: Asked, experiment: Experiment) -> list[Unit]:
    """All units of what is asked for."""
    return [*first_units(asked, experiment), *mask_units(asked)]


def needs_of(unit: Unit, asked: Asked, experiment: Experiment) -> list[Unit]:
    """The units that have to be done before another, lest it does their work as well."""
    if unit.mask is None:
        return []
    scored = abilities_to_score(experiment, wanted_rankings(experiment, [unit.mask]))
    is_compared = any(benchmark.kind != "multiple_choice" for benchmark in asked.benchmarks)
    return [*(Unit(ability) for ability in scored), *([INTACT] if is_compared else [])]


def is_contrast(ranking: WantedRanking) -> bool:
    """Whether a ranking is made from the importance of all abilities."""
    return ranking.mask.selection in CONTRASTS


def requests_of(asked: Asked, experiment: Experiment, mask: MaskSpec | None) -> Iterator[OutcomesRequest]:
    """The runs of one mask (None: of the intact model); of a plan with `until` all that may be needed."""
    if isinstance(asked, AskedRuns) or asked.until is None:
        yield from asked.requests(experiment, mask)
        return
    for benchmark in asked.drawn().benchmarks:
        for part in parts_of(benchmark):
            yield experiment.request(mask, part, part.n_items)
