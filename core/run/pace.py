"""How long work takes: seconds per unit of each phase, measured, and from them what is left. No torch."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from core.benchmarks.benchmark import Benchmark

Phase = Literal[
    "preparing",
    "scoring",
    "scoring_units",
    "ranking",
    "evaluating",
    "writing",
    "comparing",
    "quality",
    "checking",
]
"""`preparing`: items become tokens; `scoring`: importance of all weights for an ability, `scoring_units`:
of all whole units; `ranking`: weights are ordered by it; `evaluating`: options of a benchmark's items;
`writing`: answers; `comparing`: written answers with those of the intact model; `quality`: whether a mask
leaves the model able to write; `checking`: that the weights are as loaded."""

COSTS: Mapping[Phase, float] = {
    "preparing": 0.01,
    "scoring": 5.0,
    "scoring_units": 2.5,
    "ranking": 10.0,
    "evaluating": 1.0,
    "writing": 10.0,
    "comparing": 2.0,
    "quality": 2.0,
    "checking": 0.02,
}
"""Rough cost of a unit (an item, an answer, a text, a matrix), that of an evaluated item being 1. It counts
until the phase itself was measured."""

UNTELLING: frozenset[Phase] = frozenset({"preparing", "checking"})
"""Phases whose pace tells nothing of the others': their first units may take a thousand times their cost, as
where a tokenizer wakes up."""

SCORING: tuple[Phase, ...] = ("scoring", "scoring_units")
"""Phases in which importance is computed."""

REMEMBERED = 50
"""Measurements of a kind of work that its pace is taken from, the last: a machine gets more or less busy."""

SETTLING_S = 5.0
SETTLING_SHARE = 0.05
"""Seconds, and share of the time left, in which a countdown takes in most of a new estimate."""


def scoring_phase(*, of_units: bool) -> Phase:
    """The phase in which whole units, or single weights, are scored."""
    return "scoring_units" if of_units else "scoring"


Kind = tuple[Phase, str]
"""A phase, and what tells its pace from that of others like it: an ability or a benchmark; may be empty."""


def answering(benchmark: Benchmark) -> Kind:
    """The kind of work that a benchmark's items are."""
    return "evaluating" if benchmark.kind == "multiple_choice" else "writing", benchmark.id


class Step(NamedTuple):
    """A part of a plan."""

    phase: Phase
    about: str
    units: int

    @property
    def kind(self) -> Kind:
        """What its pace depends on."""
        return self.phase, self.about


class _Measured:
    """The last measurements of one kind of work."""

    def __init__(self) -> None:
        self._last: deque[tuple[float, float]] = deque()
        self.units = self.seconds = 0.0

    def note(self, units: float, seconds: float) -> None:
        self._last.append((units, seconds))
        if len(self._last) > REMEMBERED:
            self._last.popleft()
        self.units, self.seconds = (math.fsum(column) for column in zip(*self._last, strict=True))

    def pace(self, expected: float) -> float:
        """Seconds per unit: those expected count as one more unit that was measured."""
        return (self.seconds + expected) / (self.units + 1.0)


class Paces:
    """Seconds per unit of every kind of work on one model and machine, as far as they were measured."""

    def __init__(self) -> None:
        self._phases: dict[Phase, _Measured] = defaultdict(_Measured)
        self._kinds: dict[Kind, _Measured] = defaultdict(_Measured)

    def note(self, kind: Kind, units: float, seconds: float) -> None:
        """Takes in that some units, more than 0, took some seconds."""
        self._phases[kind[0]].note(units, seconds)
        self._kinds[kind].note(units, seconds)

    def has(self, kind: Kind) -> bool:
        """Whether a kind of work was measured."""
        return kind in self._kinds

    def measured(self) -> dict[Kind, tuple[float, float]]:
        """Units and seconds of the last measurements of each kind."""
        return {kind: (one.units, one.seconds) for kind, one in self._kinds.items()}

    def seconds(self, work: Mapping[Kind, float]) -> float | None:
        """The estimated seconds of units of several kinds; None as long as nothing that tells was measured.

        The pace of a kind is taken from its own measurements, as far as there are any, else from those of
        its phase, else from all others but `UNTELLING` ones and `COSTS`; each is blended into the next, so
        that none jumps.
        """
        telling = {phase: one for phase, one in self._phases.items() if phase not in UNTELLING}
        cost = math.fsum(COSTS[phase] * measured.units for phase, measured in telling.items())
        if not cost:
            return None
        per_cost = math.fsum(measured.seconds for measured in telling.values()) / cost
        return math.fsum(units * self._pace(kind, per_cost) for kind, units in work.items())

    def _pace(self, kind: Kind, per_cost: float) -> float:
        pace = per_cost * COSTS[kind[0]]
        for measured in (self._phases.get(kind[0]), self._kinds.get(kind)):
            pace = pace if measured is None else measured.pace(pace)
        return pace


class Countdown:
    """Seconds left as they are shown: they run down with the clock, and follow estimates without a jump."""

    def __init__(self) -> None:
        self._shown: float | None = None
        self._at = 0.0

    def at(self, now: float, estimate: float | None) -> float | None:
        """What to show now.

        Args:
            now: seconds of a clock.
            estimate: as of now; None if there is none, and then none is shown.
        """
        if estimate is None or self._shown is None:
            self._shown = estimate
        else:
            passed = now - self._at
            expected = max(0.0, self._shown - passed)
            weight = 1.0 - math.exp(-passed / (SETTLING_S + SETTLING_SHARE * estimate))
            self._shown = expected + (estimate - expected) * weight
        self._at = now
        return self._shown
