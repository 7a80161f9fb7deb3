"""How long the units of a profile take, one after the other and at the least. No torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from core.cluster.units import Unit, needs_of
from core.cluster.work import Survey, Work
from core.run.estimate import rough_seconds
from core.run.experiment import Experiment
from core.run.kept_paces import known_paces

Assumed = Literal["h100"]
"""Hardware whose times may be assumed."""

Basis = Literal["measured", "size", "h100"]
"""What times are estimated from: measurements on this machine, the model's size, or what is assumed."""


@dataclass(frozen=True)
class Timing:
    """Seconds of work, and what they are estimated from."""

    basis: Basis
    seconds: Callable[[Work], float]


def timing_of(experiment: Experiment, assumed: Assumed | None = None) -> Timing:
    """How to estimate the seconds of work on a model.

    Args:
        experiment: the model, with settled prompts; on a GPU where one is assumed.
        assumed: hardware in place of this machine.
    """
    paces = known_paces(experiment)
    if assumed is not None or not paces.measured():
        return Timing(assumed or "size", lambda work: rough_seconds(experiment, work))
    return Timing("measured", lambda work: paces.seconds(work) or 0.0)


class Chain(NamedTuple):
    """Units of which each needs the one before it."""

    units: tuple[Unit, ...]
    seconds: float


def critical_path(survey: Survey, experiment: Experiment, timing: Timing) -> Chain:
    """The longest path through what the cache lacks: however many machines there are, it takes no less."""
    first = {one.unit: timing.seconds(one.lacking) for one in survey.first}
    unit = max(first, key=first.__getitem__)
    longest = Chain((unit,), first[unit])
    for one in survey.masks:
        own = timing.seconds(one.lacking)
        before = max(needs_of(one.unit, survey.asked, experiment), key=first.__getitem__, default=None)
        waits = 0.0 if before is None else first[before]
        if waits + own > longest.seconds:
            units = (one.unit,) if before is None or not waits else (before, one.unit)
            longest = Chain(units, waits + own)
    return longest
