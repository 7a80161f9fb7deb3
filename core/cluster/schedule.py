"""Which unit of a profile comes next, while several workers do some at once. No torch, no Ray."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from core.cluster.units import Unit, needs_of
from core.cluster.work import Survey, Work
from core.masks.choices import CONTRASTS
from core.run.asked import Asked
from core.run.experiment import Experiment
from core.run.specs import MaskSpec


class Schedule:
    """The units that the cache lacks, in the order in which workers should take them."""

    works: Mapping[Unit, Work] = MappingProxyType({})
    """What each unit takes that the survey does not know of."""
    later: Work = MappingProxyType({})
    """What may be left to do after all units that are known by now, at most."""

    def __init__(self, survey: Survey, experiment: Experiment) -> None:
        self.survey, self._experiment = survey, experiment
        first = sorted(survey.first, key=lambda one: -one.cost)
        lacking = [one for one in (*first, *survey.masks) if not one.is_stored]
        self.waiting = [one.unit for one in lacking]
        """Those that nobody has begun."""
        self.going: list[Unit] = []
        """Those that a worker has."""
        self._needs = {
            unit: set(needs_of(unit, survey.asked, experiment)) & set(self.waiting) for unit in self.waiting
        }

    def asked_of(self, unit: Unit) -> Asked:
        """What is asked for, as far as a unit is concerned."""
        return self.survey.asked

    def is_done(self) -> bool:
        """Whether nothing is left."""
        return not self.waiting and not self.going

    def take(self) -> Unit | None:
        """The next unit for a worker without one; None if all that are left need one that is going on.

        A mask whose contrast another worker is ranking would wait for that: it comes after all others.
        """
        open_ = {*self.waiting, *self.going}
        free = [unit for unit in self.waiting if not self._needs[unit] & open_]
        free.sort(key=lambda unit: unit.part if unit.mask else 0)
        ranked = {_contrast(unit) for unit in self.going} - {None}
        unit = next((one for one in free if _contrast(one) not in ranked), free[0] if free else None)
        if unit is not None:
            self.waiting.remove(unit)
            self.going.append(unit)
        return unit

    def finish(self, unit: Unit) -> None:
        """Notes that a unit is done."""
        self.going.remove(unit)

    def give_back(self, unit: Unit) -> None:
        """Puts a unit that its worker could not do before all others."""
        self.going.remove(unit)
        self.waiting.insert(0, unit)


def _contrast(unit: Unit) -> MaskSpec | None:
    """The contrast that a mask is cut from, whatever its k; None if it is ranked by then."""
    is_contrast = unit.mask is not None and unit.mask.selection in CONTRASTS and unit.part <= 1
    return replace(unit.mask, k=0.0, seed=0) if unit.mask is not None and is_contrast else None
