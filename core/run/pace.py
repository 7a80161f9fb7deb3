"""How long work takes: measured, kept in the cache folder, and from that what is left. No torch."""

from __future__ import annotations

import math
import platform
from collections import defaultdict, deque
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from cache.files import write_atomically
from core.abilities.neutral_texts import neutral_texts
from core.benchmarks.benchmark import Benchmark
from core.run.events import Phase
from core.run.experiment import Experiment

if TYPE_CHECKING:
    from core.benchmarks.benchmark import Benchmark

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


MOST_KEPT = 100
"""Most models and settings to remember: the least recent are forgotten."""

WEIGHT = 20.0
"""Units that what was measured before counts for: less than a run of today."""

Kept = dict[str, dict[str, tuple[float, float]]]
"""By model and settings: for each kind of work its units and their seconds."""


def known_paces(experiment: Experiment) -> Paces:
    """The paces of the model on this machine, as far as they were measured before.

    Raises:
        ValueError: the model's files are unusable.
    """
    paces = Paces()
    take_in_known(experiment, paces)
    return paces


def take_in_known(experiment: Experiment, paces: Paces) -> None:
    """Takes what was measured before into paces that lack it, with little weight."""
    for name, (units, seconds) in _read(experiment).get(_key(experiment), {}).items():
        phase, _, about = name.partition("/")
        kind: Kind = cast(Phase, phase), about
        if units > 0 and not paces.has(kind):
            paces.note(kind, min(units, WEIGHT), seconds * min(units, WEIGHT) / units)


def keep_paces(experiment: Experiment, paces: Paces) -> None:
    """Remembers paces for the next time; where nothing can be written, nothing is remembered."""
    kept, key = _read(experiment), _key(experiment)
    kept[key] = kept.pop(key, {}) | {"/".join(kind): measured for kind, measured in paces.measured().items()}
    newest = dict(list(kept.items())[-MOST_KEPT:])
    with suppress(OSError):  # as with fingerprints: only convenience is lost
        write_atomically(experiment.store.pace_memory, msgspec.json.format(msgspec.json.encode(newest)))


def _key(experiment: Experiment) -> str:
    """Everything that a pace depends on much."""
    model, spec = experiment.identity, experiment.spec
    parts = (model.fingerprint, model.quantization, model.dtype, model.device, spec.prompt, spec.level_asked)
    return " ".join([*parts, platform.node()])


def _read(experiment: Experiment) -> Kept:
    """What is kept; nothing if the file is missing or damaged, which costs only an estimate."""
    try:
        return msgspec.json.decode(experiment.store.pace_memory.read_bytes(), type=Kept)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}


ITEM_S = 0.002
"""Seconds that an evaluated item takes however small the model is."""

CPU_PARAMETER_S, GPU_PARAMETER_S = 4e-10, 1e-12
"""Seconds that it takes beyond that for each parameter: on two cores as SmolLM2 did; on a GPU a guess, 200
tokens at 2 operations each on an H100 in bfloat16 at 40 % of its 989e12 a second."""


class Estimate(NamedTuple):
    """Seconds that a lens's runs take."""

    scoring_s: float
    """To score the abilities that the mask needs, which is done once."""
    cell_s: float
    """For one mask on one benchmark after that, its generation quality included."""
    is_measured: bool
    """Whether scoring and this kind of benchmark were measured; else partly or wholly a guess."""


def estimate(
    experiment: Experiment,
    benchmark: Benchmark,
    n: int,
    scored: int,
    n_items: int,
    paces: Paces,
    *,
    of_units: bool = False,
) -> Estimate:
    """The estimate for one mask.

    Args:
        experiment: the model, with settled prompts.
        benchmark: what it is evaluated on.
        n: items of it.
        scored: abilities whose importance has to be computed first.
        n_items: diagnostic items of each of them.
        paces: as far as they were measured.
        of_units: whether it is whole units that are scored.
    """
    evaluation, phase = answering(benchmark), scoring_phase(of_units=of_units)
    texts = 2 * len(neutral_texts(experiment.spec.level))
    scoring: dict[Kind, float] = {(phase, ""): scored * n_items, ("ranking", ""): 1.0} if scored else {}
    cell: dict[Kind, float] = {evaluation: n, ("quality", ""): texts}
    scoring_s, cell_s = paces.seconds(scoring), paces.seconds(cell)
    if scoring_s is not None and cell_s is not None:
        measured = {kind[0] for kind in paces.measured()}
        needed = {evaluation[0], phase} if scored else {evaluation[0]}
        return Estimate(scoring_s, cell_s, is_measured=needed <= measured)
    return Estimate(rough_seconds(experiment, scoring), rough_seconds(experiment, cell), is_measured=False)


def rough_seconds(experiment: Experiment, work: Mapping[Kind, float]) -> float:
    """Seconds of some work where nothing was measured, from the model's size alone."""
    per_parameter_s = CPU_PARAMETER_S if experiment.identity.device == "cpu" else GPU_PARAMETER_S
    item_s = ITEM_S + per_parameter_s * experiment.info.parameters
    return sum(COSTS[phase] * units * item_s for (phase, _), units in work.items())
