"""Progress of the work: each phase has a name, a count and a clock, the whole job a time left. No torch."""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from core.run.events import Event, Phase, Progressed
from core.run.pace import SCORING, Countdown, Kind, Paces, Step

RATE_S = 5.0
"""Seconds over which a rate is taken."""

AHEAD_OF_PLAN: tuple[Phase, ...] = ("preparing", *SCORING, "ranking", "checking")
"""Phases that may run before their place in the plan: all contrasts of a variant are ranked together, and
checksums of the weights are taken before the first mask."""


class _Job:
    """A job and its plan."""

    def __init__(self, job: str, started: float, steps: Sequence[Step] = ()) -> None:
        self.id, self.started = job, started
        self.ahead = deque(steps)
        """Steps that have not begun, in order."""
        self.units: dict[Kind, int] = defaultdict(int)
        """Their units, by kind."""
        for step in steps:
            self.units[step.kind] += step.units
        self.counts = Counter(step.phase for step in steps)
        """Steps of each phase, all together."""
        self.begun = Counter[Phase]()
        self.countdown = Countdown()

    def begin(self, kind: Kind) -> None:
        """Takes a step out of the plan.

        Those before it turned out not to be needed, unless its phase may run ahead of the plan.
        """
        self.begun[kind[0]] += 1
        if not self.units.get(kind):
            return
        index = next(i for i, step in enumerate(self.ahead) if step.kind == kind)
        if kind[0] in AHEAD_OF_PLAN:
            self.units[kind] -= self.ahead[index].units
            del self.ahead[index]
            return
        for _ in range(index + 1):
            step = self.ahead.popleft()
            self.units[step.kind] -= step.units


class Progress:
    """Emits how far the work is; learns from it how long work takes."""

    def __init__(self, emit: Callable[[Event], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.paces = Paces()
        self._emit, self._clock = emit, clock
        self._stopped_s = 0.0
        self._job = _Job("", clock())

    @property
    def now(self) -> float:
        """Seconds of a clock that stands still while work is stopped."""
        return self._clock() - self._stopped_s

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """A context whose time counts for no phase."""
        before = self._clock()
        try:
            yield
        finally:
            self._stopped_s += self._clock() - before

    @contextmanager
    def job(self, job: str) -> Iterator[None]:
        """A context in which everything belongs to a job; afterwards to the one before, which was paused."""
        before, self._job = self._job, _Job(job, self.now)
        try:
            yield
        finally:
            self._job = before

    def expect(self, steps: Sequence[Step]) -> None:
        """Sets what the job will do from now on. Without a plan there is no time left."""
        self._job = _Job(self._job.id, self._job.started, steps)

    @contextmanager
    def phase(self, phase: Phase, about: str = "", total: int = 1) -> Iterator[Running]:
        """A context in which one phase runs.

        Args:
            phase: which.
            about: an ability or a benchmark.
            total: its units.
        """
        self._job.begin((phase, about))
        running = Running(self, phase, about, total, self.now)
        self.emit(running)
        yield running
        running.note(float(total))

    def emit(self, running: Running) -> None:
        """Emits how far a phase is, and with it the job."""
        job, now = self._job, self.now
        ahead = {**job.units, running.kind: job.units.get(running.kind, 0) + running.total - running.units}
        estimate = self.paces.seconds(ahead) if job.counts else None
        number = job.begun[running.phase]
        self._emit(
            Progressed(
                job=job.id,
                phase=running.phase,
                about=running.about,
                done=running.done,
                total=running.total,
                seconds=now - running.started,
                tokens=running.tokens,
                rate=running.rate(now),
                number=number,
                of=max(job.counts[running.phase], number),
                elapsed_s=now - job.started,
                left_s=job.countdown.at(now, estimate),
            )
        )


class Running:
    """A phase that runs."""

    def __init__(self, progress: Progress, phase: Phase, about: str, total: int, started: float) -> None:
        self._progress = progress
        self.phase, self.about, self.total, self.started = phase, about, total, started
        self.done = 0
        """Units that are finished, as they are shown."""
        self.units = 0.0
        """Units that the work so far is worth: the longest items come first."""
        self.tokens = 0
        """Tokens written so far."""
        self._noted_at = started
        self._seen = [(started, 0)]
        """The last times, and units or tokens by then."""

    @property
    def kind(self) -> Kind:
        """What its pace depends on."""
        return self.phase, self.about

    def advance(self, done: int, share: float | None = None, tokens: int = 0) -> None:
        """Says how far it is.

        Args:
            done: units that are finished.
            share: of the phase's work that is done, 0 to 1; without it, that of the units.
            tokens: written so far.
        """
        self.done, self.tokens = done, tokens
        self.note(float(done) if share is None else share * self.total)
        now = self._progress.now
        self._seen.append((now, tokens or done))
        while len(self._seen) > 2 and now - self._seen[1][0] > RATE_S:
            del self._seen[0]
        self._progress.emit(self)

    def skip(self, done: int, share: float | None = None) -> None:
        """Says how much of it was done before, without any time."""
        self.done, self.units = done, float(done) if share is None else share * self.total
        self._seen = [(self._progress.now, done)]
        self._progress.emit(self)

    def note(self, units: float) -> None:
        """Takes the time since the last note as that of the units since then."""
        now = self._progress.now
        if units > self.units:
            self._progress.paces.note(self.kind, units - self.units, now - self._noted_at)
            self._noted_at = now
        self.units = units

    def rate(self, now: float) -> float | None:
        """Units, or tokens where there are any, per second over the last seconds."""
        (first, before), (_, count) = self._seen[0], self._seen[-1]
        return (count - before) / (now - first) if count > before and now > first else None
