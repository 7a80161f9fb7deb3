"""An engine's worker in a thread of the test's own process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from core.engine.jobs import JobQueue
from core.engine.protocol import EngineSpec, Start
from core.engine.worker import Worker
from core.models.spec import ModelSpec
from core.run.events import ENDED, Event, Job, JobChanged
from core.run.runner import Runner
from tests.core.engine.talk import IMPORTANCE

WAIT_S = 120.0


class Engine:
    """A worker in a thread of this process; tests intervene where it emits its events."""

    def __init__(self, root: Path, model: ModelSpec = ModelSpec()) -> None:  # noqa: B008 (frozen)
        self.events: list[Event] = []
        self.spec = EngineSpec(model, str(root), IMPORTANCE)
        self.on_event: Callable[[Event], None] = lambda event: None
        self.queue = JobQueue("test", self.emit)
        self.worker = Worker(self.spec, self.queue, root / "log", self.emit, lambda: None)
        self.worker.start()

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self.on_event(event)

    @property
    def runner(self) -> Runner:
        return self.worker._runner

    def ended(self) -> list[Job]:
        return [e.job for e in self.events if isinstance(e, JobChanged) and e.job.state in ENDED]

    def do(self, start: Start, jobs: int = 1) -> Job:
        """The last of so many jobs as it ended, this one the first that is asked for."""
        before = len(self.ended())
        self.queue.add(start)
        deadline = time.monotonic() + WAIT_S
        while len(self.ended()) < before + jobs:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return self.ended()[-1]

    def stored(self) -> list[str]:
        store = self.runner.store
        kinds = (store.outcomes, store.generation_quality, store.rankings)
        return [key for kind in kinds for key in kind.entries.stored_keys()]
