"""The thread that owns the model: it loads it, then does one job after the other."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cache.files import CorruptEntry
from core.analysis.probe import settle
from core.engine import work
from core.engine.gpus import Gpus
from core.engine.jobs import JobQueue
from core.engine.protocol import EngineSpec, Start, StartGeneration, StartRankings, StartRuns
from core.inference.batching import is_out_of_memory
from core.inference.cancelling import Cancelled
from core.run.events import Event, Job, JobState, ModelFailed, WorkerLost
from core.run.runner import Runner
from core.run.selected import has_ranking

if TYPE_CHECKING:
    from core.cluster.on_ray import Crew


class Worker(threading.Thread):
    """Does the jobs of a queue until it is closed. All use of torch is in this thread."""

    def __init__(
        self,
        spec: EngineSpec,
        queue: JobQueue,
        log: Path,
        emit: Callable[[Event], None],
        on_idle: Callable[[], None],
    ) -> None:
        """Starts nothing yet; `log` is where stderr goes to, `on_idle` is called after each job."""
        # A daemon: a model that takes minutes to load must not hold up an engine that is told to end.
        super().__init__(name="worker", daemon=True)
        self._spec, self._queue, self._log = spec, queue, log
        self._emit, self._on_idle = emit, on_idle
        self._gpus: Gpus | None = None
        self._has_settled = False
        self._runner = self._made_runner(self._is_cancelled, self._is_cancelled_in_batch)
        self._crew = self._made_crew()
        if self._crew is not None:
            shown = self._crew.as_shown
            self._runner.emit = lambda event: emit(shown(event))

    def _made_runner(self, cancelled: Callable[[], bool], is_cancelled: Callable[[], bool]) -> Runner:
        spec = self._spec
        return Runner(
            spec.model,
            spec.store,
            spec.importance,
            batch_size=spec.batch_size,
            emit=self._emit,
            cancelled=cancelled,
            is_cancelled=is_cancelled,
        )

    def _made_crew(self) -> Crew | None:
        """Ray's workers, if the engine has any, with a runner of their own that loads no model."""
        if self._spec.ray is None:
            return None
        from core.cluster.on_ray import Crew

        driver = self._made_runner(self._is_cancelled_on_ray, self._is_cancelled_on_ray)
        return Crew(self._spec.ray, driver, lambda problem: driver.emit(WorkerLost(problem)), is_live=True)

    def run(self) -> None:
        """Loads the model and does jobs."""
        crew = self._crew
        try:
            self._load()
            while (taken := self._queue.take(crew.look if crew else lambda: False)) is not None:
                self._do(*taken)
                self._on_idle()
        finally:
            if crew is not None:
                crew.close()

    @property
    def is_leaving(self) -> bool:
        """Whether Ray's workers are still to be let go."""
        return self._crew is not None and self.is_alive()

    @property
    def gpus(self) -> Gpus:
        """The GPUs that the model is on; none on a CPU and until it is loaded."""
        loaded = vars(self._runner).get("loaded")
        if loaded is None:
            return Gpus(())
        if self._gpus is None:
            self._gpus = Gpus(parameter.device for parameter in loaded.model.parameters())
        return self._gpus

    # Asked by the runner, in this thread.

    def _is_cancelled(self) -> bool:
        """Whether the running job is cancelled; while it is paused, does what can be done meanwhile."""
        if self._queue.is_paused:
            with self._runner.progress.stopped():
                while (taken := self._queue.take_in_pause(self._may_run_in_pause)) is not None:
                    with self._runner.mask_set_aside():
                        self._do(*taken)
        return self._queue.is_cancelled

    def _is_cancelled_on_ray(self) -> bool:
        """Whether the job that Ray's workers do is cancelled; does what the engine's own model can do beside.

        While the job is paused they do nothing.
        """
        while (taken := self._queue.take_beside(self._may_run_in_pause)) is not None:
            self._do(*taken)
        if self._queue.is_paused and self._crew is not None:
            with self._crew.held():
                return self._is_cancelled()
        return self._queue.is_cancelled

    def _is_cancelled_in_batch(self) -> bool:
        """The same within a batch: while paused it waits, unless another job could be done at its end."""
        if self._queue.is_paused:
            with self._runner.progress.stopped():
                self._queue.hold(self._may_run_in_pause)
        return self._queue.is_cancelled

    def _may_run_in_pause(self, start: Start) -> bool:
        """Whether a job only writes, under masks whose rankings are stored: scoring would disturb scoring."""
        if not isinstance(start, StartGeneration) or not self._runner.spec.is_settled:
            return False
        try:
            return all(mask is None or has_ranking(self._runner, mask) for mask in start.masks)
        except ValueError:  # said when the job's turn comes
            return False

    def _load(self) -> None:
        """Loads the model, or starts Ray's workers, and settles the prompts.

        A failure is emitted, and the first job that needs the model tries again.
        """
        try:
            if self._crew is not None:
                self._crew.start()
            else:
                _ = self._runner.loaded
            self._settle()
        except Cancelled:
            pass  # the engine ends
        except Exception as error:
            self._emit(ModelFailed(sentence_of(error, self._spec, self._log)))

    def _settle(self) -> None:
        """Settles prompt form and level, unless that was done."""
        if not self._has_settled:
            if self._crew is not None:
                self._crew.settle()
            settle(self._runner)
            self._has_settled = True

    def _do(self, job: Job, start: Start) -> None:
        """Does one job; whatever happens in it, it ends and the thread goes on."""
        state: JobState = "completed"
        problem = ""
        try:
            self._settle()
            if self._crew is not None and isinstance(start, StartRuns | StartRankings):
                options = self._spec.benchmarks
                work.do_on_ray(self._crew, job.id, start, self._queue.advance, options)
            else:
                work.do(self._runner, job.id, start, self._queue.advance, self._spec.benchmarks)
        except Cancelled:
            state = "cancelled"
        except Exception as error:
            state, problem = "failed", sentence_of(error, self._spec, self._log)
        changed = self._problem_of_weights()
        self._queue.end("failed" if changed else state, changed or problem)
        if changed:
            self._load()

    def _problem_of_weights(self) -> str:
        """What is wrong with the weights after a job, in a sentence; empty if they were restored."""
        try:
            self._runner.verify_restored()
        except Exception as error:
            return sentence_of(error, self._spec, self._log)
        return ""


def sentence_of(error: Exception, spec: EngineSpec, log: Path) -> str:
    """What went wrong and what to do, on one line; tracebacks of unforeseen errors go to stderr, the log."""
    message = " ".join(str(error).split())
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and is_out_of_memory(error)):
        traceback.print_exception(error, file=sys.stderr)
        return f"Memory ran out on the model's device: {_smaller(spec)}, or close what else uses that memory."
    if message and isinstance(error, (ValueError, OSError, CorruptEntry)):
        return message
    traceback.print_exception(error, file=sys.stderr)
    return f"{type(error).__name__}: {message or 'no message'} (the log says where: {log})"


def _smaller(spec: EngineSpec) -> str:
    """How to start again with less memory."""
    if spec.batch_size == "auto":
        return "start again with --batch-size 8"
    if spec.batch_size > 1:
        return f"start again with --batch-size {spec.batch_size // 2}"
    return "use a smaller model"
