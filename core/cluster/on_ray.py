"""A profile's tasks on Ray: a worker is an actor with the model, the driver hands tasks out. No torch.

All of them work in one cache folder, as shards do, so nothing large goes through Ray. A worker whose process
dies is started again by Ray; the task that it had goes to the next one that is free, and goes on where its
journals end.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import msgspec
import psutil

from cache.files import write_atomically
from cache.folder import Store
from cache.upkeep import delete
from core.analysis.probe import known_prompts, settle
from core.cluster.ray_options import LOCAL, Machine, RayMissing, RayOptions, sizes
from core.cluster.sharing import run_tasks
from core.cluster.tasks import (
    INTACT,
    Survey,
    Task,
    TaskWork,
    needs_of,
    requests_of,
    scoring_tasks,
    timing_of,
    wanted_rankings,
)
from core.inference.batching import is_out_of_memory
from core.inference.cancelling import Cancelled
from core.models.spec import AskedLevel, AskedPrompt, ModelSpec
from core.run.events import (
    AnswerWritten,
    BatchFinished,
    EntryReplaced,
    Event,
    ImportancePlanned,
    ModelFailed,
    ModelLoaded,
    ModelLoading,
    NotStored,
    Probing,
    Progressed,
    RunFinished,
    RunsFound,
    RunStarted,
)
from core.run.experiment import VERSIONS, KeyKind
from core.run.pace import Countdown
from core.run.plan import Asked, Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec

if TYPE_CHECKING:
    from core.inference.choice_plan import BatchSize

RESTARTS = 3
"""How often Ray starts a worker again whose process died; after that the others go on without it."""

LOOK_EVERY_S, REACH_S = 0.25, 10.0
"""Seconds between two looks at workers and events, and those that a cluster has to answer."""

STOP_S = 30.0
"""Seconds that a worker has to stop; then its process is ended, and Ray starts it again."""

STORE_BYTES = 100_000_000
"""Ray's shared memory for objects on this machine: next to nothing goes through it."""

SURROUNDINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_max_direct_call_object_size": "8388608",
}
"""Environment variables of Ray where they are not set: no reports, no log on stderr, and workers run what is
installed on their machine, also where `uv run` has started the driver: Ray would send them its folder. What
jobs ask for (a megabyte at most) travels with each task: if something of a driver is in Ray's shared memory
when its raylet dies, Ray ends the driver, which then says nothing."""

SIGNALS = "signals"
"""Concurrency group of the methods that are called while a task is done."""

PASSED_ON = (RunFinished, Progressed, EntryReplaced, NotStored, Probing)
LIVE = (*PASSED_ON, RunStarted, BatchFinished, AnswerWritten, ImportancePlanned)
"""Events that every driver shows, and those of one on whose screen outcomes appear as they come."""

NO_THREAD = (os.strerror(errno.EAGAIN), "can't start new thread")
"""Parts of what libraries and Python say when there is no memory for the stack of a thread."""


class OutOfMemory(ValueError):  # noqa: N818 (it names what is wrong)
    """A worker has run out of memory."""

    def __init__(self, *_: object) -> None:
        super().__init__("it has run out of memory: give fewer --workers, or a smaller --batch-size.")


@contextmanager
def memory_in_words() -> Iterator[None]:
    """A context whose lack of memory is `OutOfMemory`: the driver cannot read torch's own without torch."""
    try:
        yield
    except BaseException as error:  # a panic of Polars is no Exception
        has_room = not isinstance(error, MemoryError) and not any(words in str(error) for words in NO_THREAD)
        if has_room and not (isinstance(error, (RuntimeError, OSError)) and is_out_of_memory(error)):
            raise
        raise OutOfMemory from None


def reason_of(error: Exception) -> str:
    """What went wrong on a worker, in a sentence."""
    cause: Any = error
    while (inner := getattr(cause, "cause", None)) is not None:
        cause = inner
    kind, text = type(cause).__name__, str(cause).strip()
    if kind == "OutOfMemoryError" or "low on memory" in text:  # Ray's own words for a process that it ended
        return str(OutOfMemory())
    if kind in ("ActorDiedError", "ActorUnavailableError", "LocalRayletDiedError"):
        return "its process died."
    first = text.split("\n")[0]
    return first if isinstance(cause, ValueError) else f"{kind}: {first}"


@dataclass(frozen=True)
class Order:
    """What a worker needs to know of the driver."""

    spec: ModelSpec
    """The model: the worker's machine has its files under the same name."""
    store: Store
    importance: ImportanceSpec
    batch_size: BatchSize
    fingerprint: str
    """The fingerprint of the weights that the driver's keys are made with."""
    versions: Mapping[KeyKind, int]
    """Versions of what is stored."""
    threads: int
    token: str
    """A file that the driver has in the cache folder's `locks`."""
    is_live: bool


@dataclass(frozen=True)
class Job:
    """What tasks are of."""

    asked: Asked
    prompt: AskedPrompt
    level: AskedLevel
    """Form and level of the items, settled."""
    importance: ImportanceSpec


class Worker:
    """A process with a model, which does one task after the other."""

    def __init__(self, order: Order) -> None:
        import ray

        self._order, self._task = order, ray.get_runtime_context()
        self._events: list[Event] = []
        self._lock, self._may_go, self._news = threading.Lock(), threading.Event(), threading.Event()
        self._may_go.set()
        self._is_ready = False
        self._runner = Runner(
            order.spec,
            order.store,
            order.importance,
            batch_size=order.batch_size,
            emit=self._take,
            cancelled=self._is_cancelled,
            is_cancelled=self._is_cancelled,
        )

    @memory_in_words()
    def ready(self) -> str:
        """Loads the model; gives the name of the machine.

        Raises:
            ValueError: what the machine has differs from the driver's, or the model cannot be loaded.
        """
        import torch

        order, runner = self._order, self._runner
        torch.set_num_threads(order.threads)
        if order.versions != dict(VERSIONS):
            raise ValueError("another version of abilityscope is installed there: install the driver's.")
        if not (order.store.root / "locks" / order.token).is_file():
            raise ValueError(
                f"its machine does not see the cache folder {order.store.root}: give a --cache-dir that all "
                "machines share, or do a --shard there."
            )
        if runner.identity.fingerprint != order.fingerprint:
            raise ValueError(f"its weights of {order.spec.name} differ from the driver's: copy them there.")
        _ = runner.loaded
        self._is_ready = True
        return socket.gethostname()

    @memory_in_words()
    def do(self, task: Task, job: Job | None) -> bool:
        """Does a task, without a job: settles prompt form and level; False if it was cancelled.

        Raises:
            ValueError: the model cannot be used, or a mask cannot be made.
        """
        if not self._is_ready:  # Ray has started this process again
            self.ready()
        if job is None:
            settle(self._runner)
            return True
        n_items = task.n_items if task.mask is None else task.mask.n_items
        self._runner.settle(job.prompt, job.level)
        self._runner.score_as(replace(job.importance, n_items=n_items or job.importance.n_items))
        return run_tasks(job.asked, self._runner, [task])

    def _take(self, event: Event) -> None:
        if isinstance(event, LIVE if self._order.is_live else PASSED_ON):
            with self._lock:
                self._events.append(event)
            self._news.set()

    def _is_cancelled(self) -> bool:
        """Whether the task in hand was cancelled; waits while it is held."""
        if not self._may_go.is_set():
            with self._runner.progress.stopped():
                self._may_go.wait()
        return bool(self._task.is_canceled())

    # Called while a task is done.

    def hold(self, is_held: bool) -> None:
        """Holds what is being done, or lets it go on."""
        (self._may_go.clear if is_held else self._may_go.set)()

    def events(self, wait_s: float) -> list[Event]:
        """What has happened since; waits a moment if nothing has, and half of it for more."""
        if self._news.wait(wait_s):
            time.sleep(wait_s / 2)
        with self._lock:
            found, self._events = self._events, []
            self._news.clear()
        return found


class Crew:
    """The workers as the driver has them: they load the model once, and do one job after the other.

    All of it is used in one thread.
    """

    def __init__(
        self,
        options: RayOptions,
        driver: Runner,
        note: Callable[[str], None] = lambda text: None,
        *,
        is_live: bool = False,
    ) -> None:
        """Starts nothing yet.

        Args:
            options: where the workers are, and how many.
            driver: the runner that knows what is asked for; it loads no model.
            note: receives a sentence about each worker that dies or can do no more.
            is_live: whether outcomes and answers are sent as they come.
        """
        self.driver, self._options, self._note, self._is_live = driver, options, note, is_live
        self._open = ExitStack()
        self._ray: Any = None
        self._names: dict[int, str] = {}
        self._actors: dict[int, Any] = {}
        """Those that are not out, by number."""
        self._idle: set[int] = set()
        self._asked: dict[Any, tuple[int, Task | None]] = {}
        """What workers were asked to do; None is to load the model."""
        self._polls: dict[Any, int] = {}
        """What asks each worker with a task for its events."""
        self._scores: set[str] = set()
        """Keys of the scores that are kept for the contrasts of later jobs."""
        self._problem = ""
        self._began, self._said = 0.0, 0

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Starts Ray and asks for workers, unless that was done; they load the model meanwhile.

        Raises:
            ValueError: Ray cannot be used.
        """
        if self._ray is not None:
            return
        driver, options = self.driver, self._options
        self._began, self._said = time.monotonic(), 0
        driver.emit(ModelLoading(driver.spec.name, "starting Ray"))
        self._ray = self._open.enter_context(started(options))
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        on_gpu = driver.identity.device != "cpu"
        machines = [Machine(int(one.get("CPU", 0)), int(one.get("GPU", 0))) for one in nodes]
        n, cpus = sizes(machines, options.workers, options.cpus_per_worker, on_gpu)
        if not any(one.cpus >= cpus and one.gpus >= on_gpu for one in machines):
            needed = f"{cpus} CPUs{' and a GPU' if on_gpu else ''}"
            self._note(f"No machine of the cluster has {needed} for a worker: waiting for one that has.")
        root = driver.store.root.absolute()
        token = root / "locks" / f"ray-{uuid.uuid4().hex}"
        write_atomically(token, b"")
        self._open.callback(token.unlink, missing_ok=True)
        self._order = Order(
            driver.spec,
            Store(root, driver.store.shipped),
            driver.importance,
            driver.batch_size,
            driver.identity.fingerprint,
            dict(VERSIONS),
            cpus,
            token.name,
            self._is_live,
        )
        self._kind = self._ray.remote(
            num_cpus=cpus,
            num_gpus=int(on_gpu),
            max_restarts=RESTARTS,
            max_task_retries=-1,
            concurrency_groups={SIGNALS: 2},
        )(Worker)
        self._names = {number: f"Worker {number + 1}" for number in range(n)}
        self._hire()
        driver.emit(ModelLoading(driver.spec.name, "loading on Ray's workers"))

    def _hire(self) -> None:
        """Asks for a worker in place of each that is missing; those without room begin when there is some."""
        for number in self._names.keys() - self._actors.keys():
            self._actors[number] = actor = self._kind.remote(self._order)
            self._asked[actor.ready.remote()] = number, None

    def close(self) -> None:
        """Ends the workers, and Ray if it was started on this machine; deletes the scores they kept."""
        self._ray = None
        for one in (self._actors, self._asked, self._polls, self._idle):
            one.clear()
        self._open.close()
        entries = self.driver.store.scores.entries
        for key in filter(entries.has, self._scores):
            delete(self.driver.store.root, key)
        self._scores.clear()

    # Jobs.

    def settle(self) -> None:
        """Settles prompt form and level by stored answers, else by those of a worker's model.

        Raises: as `do`.
        """
        if known_prompts(self.driver) is None:
            for _ in self._each([INTACT], {}, None, _Shown(self.driver, [], 0)):
                pass
        known = known_prompts(self.driver)
        assert known is not None, "a worker has just stored it"
        self.driver.settle(*known)

    def do(self, asked: Asked) -> Iterator[Task | None]:
        """Does all tasks that the cache lacks; yields each that is done, and None now and then.

        What workers have in hand when this ends early is stopped within a layer of its batch.

        Raises:
            Cancelled: the driver was cancelled; what was finished is stored.
            ValueError: Ray cannot be used, or no worker is left that can do a task.
        """
        driver, survey = self.driver, Survey(asked, self.driver)
        found = _found(survey, driver)
        driver.emit(found)
        lacking = [one for one in survey.by_cost if not one.is_stored]
        if not lacking:
            return
        for one in scoring_tasks(driver, wanted_rankings(asked.masks())) if self._is_live else ():
            key, _ = driver.scores_request(one.ability or "", one.n_items)
            if not driver.store.scores.entries.has(key):
                self._scores.add(key)
        tasks = [one.task for one in lacking]
        needs = {task: needs_of(task, asked, driver) for task in tasks}
        job = Job(asked, driver.spec.prompt, driver.spec.level, driver.importance)
        yield from self._each(tasks, needs, job, _Shown(driver, lacking, found.total - found.cached))

    def _each(
        self, waiting: list[Task], needs: Mapping[Task, Collection[Task]], job: Job | None, shown: _Shown
    ) -> Iterator[Task | None]:
        """Does tasks in their order, each after those that it needs."""
        self.start()
        self._hire()
        with self._failing():
            try:
                while waiting or self._in_hand:
                    self.driver.check_cancelled()
                    for number in sorted(self._idle):
                        left = {*waiting, *self._in_hand.values()}
                        task = next((one for one in waiting if left.isdisjoint(needs.get(one, ()))), None)
                        if task is not None:
                            waiting.remove(task)
                            self._begin(number, task, job)
                            shown.begin(number, task)
                    for task, is_done in self._look(shown.take):
                        if is_done:
                            shown.finish(task)
                            yield task
                        else:
                            waiting.insert(0, task)
                    if not self._actors:
                        raise ValueError(f"No worker is left. {self._problem}")
                    yield None
            finally:
                if self._ray is not None:
                    self._stop(shown.take)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """A context in which a failure of Ray itself is a sentence, and Ray is started anew the next time."""
        ray = self._ray
        try:
            yield
        except ray.exceptions.RayError as error:
            reason = reason_of(error).rstrip(".")
            problem = f"Ray failed ({reason}): run it again, which goes on with what is stored."
            self.close()
            self.driver.emit(ModelFailed(problem))
            raise ValueError(problem) from error

    def _begin(self, number: int, task: Task, job: Job | None) -> None:
        self._idle.remove(number)
        # Not tried again by Ray: if its process dies, another worker may have room sooner than this one.
        once = self._actors[number].do.options(max_task_retries=0)
        self._asked[once.remote(task, job)] = number, task
        self._polls[self._signal(number, "events", LOOK_EVERY_S)] = number

    def _stop(self, take: Callable[[int, Event], None]) -> None:
        """Ends the tasks in hand within a layer of their batches; what is finished of them is stored."""
        for ref, (_, task) in self._asked.items():
            if task is not None:
                self._ray.cancel(ref)
        until = time.monotonic() + STOP_S
        while self._in_hand:
            if time.monotonic() > until:
                for number in self._in_hand:
                    self._ray.kill(self._actors[number], no_restart=False)
                until = float("inf")
            self._look(take)

    @contextmanager
    def held(self) -> Iterator[None]:
        """A context in which the workers do nothing: they stop within a layer, and go on afterwards."""
        numbers = list(self._in_hand)
        for number in numbers:
            self._signal(number, "hold", True)
        try:
            yield
        finally:
            for number in numbers:
                self._signal(number, "hold", False)

    def _signal(self, number: int, name: str, *arguments: Any) -> Any:
        """Calls a method of a worker while it does something else."""
        method = getattr(self._actors[number], name)
        return method.options(concurrency_group=SIGNALS, max_task_retries=0).remote(*arguments)

    # Workers.

    @property
    def _in_hand(self) -> dict[int, Task]:
        """The task of each worker that does one."""
        return {number: task for number, task in self._asked.values() if task is not None}

    def look(self) -> bool:
        """Takes in, without a job, which workers have come; whether others are on their way."""
        if self._ray is not None:
            self._look(lambda number, event: None, 0.0)
        return bool(self._asked)

    def _look(
        self, take: Callable[[int, Event], None], wait_s: float = LOOK_EVERY_S
    ) -> list[tuple[Task, bool]]:
        """Waits a moment for workers, and takes in what they said; the tasks that ended: were they done?"""
        ended, refs = [], [*self._asked, *self._polls]
        for ref in self._ray.wait(refs, timeout=wait_s)[0] if refs else ():
            if ref in self._polls:
                number = self._polls.pop(ref)
                if self._hear(number, ref, take) and number in self._in_hand:
                    self._polls[self._signal(number, "events", LOOK_EVERY_S)] = number
                continue
            number, task = self._asked.pop(ref)
            polls = [one for one, whose in self._polls.items() if whose == number]
            result = self._result(number, ref, task)
            if number in self._idle:  # what it said before its end comes first
                for poll in [*polls, *([self._signal(number, "events", 0.0)] if task else [])]:
                    self._hear(number, poll, take)
            for poll in polls:
                del self._polls[poll]
            if task is not None:
                ended.append((task, result is True))
            elif result is not None:
                self._names[number] = f"Worker {number + 1} on {result}"
        if not self._idle and not self._in_hand:
            self._require_raylet()
        self._say()
        return ended

    def _hear(self, number: int, ref: Any, take: Callable[[int, Event], None]) -> bool:
        """Takes in what a worker said; False if its process has died, as its task will say, too."""
        try:
            for event in self._ray.get(ref):
                take(number, event)
        except self._ray.exceptions.RayActorError:
            return False
        return True

    def _require_raylet(self) -> None:
        """Checks Ray's own process on this machine: without it no worker comes, or comes back.

        Raises:
            RayError: Ray takes it for dead.
        """
        here = self._ray.get_runtime_context().get_node_id()
        if not any(node["Alive"] for node in self._ray.nodes() if node["NodeID"] == here):
            raise self._ray.exceptions.LocalRayletDiedError

    def _result(self, number: int, ref: Any, task: Task | None) -> Any:
        """What a worker gives back, which is free then; None if it failed: it starts again, or it is out."""
        errors = self._ray.exceptions
        try:
            found = self._ray.get(ref)
        except errors.TaskCancelledError:
            found = None
        except errors.RayActorError as error:
            self._require_raylet()
            if task is None:
                return self._dismiss(number, error)
            self._asked[self._actors[number].ready.remote()] = number, None
            return self._note(f"{self._names[number]} starts again: {reason_of(error)}")
        except errors.RayTaskError as error:
            return self._dismiss(number, error)
        self._idle.add(number)
        return found

    def _dismiss(self, number: int, error: Exception) -> None:
        """Ends a worker; the next job asks for another one."""
        self._problem = f"{self._names[number]} is out: {reason_of(error)}"
        self._note(self._problem)
        self._ray.kill(self._actors.pop(number))

    def _say(self) -> None:
        """Emits how many workers have the model, if that has changed."""
        present, driver = len(self._idle) + len(self._in_hand), self.driver
        if present == self._said:
            return
        self._said = present
        if present:
            driver.emit(self._loaded())
        elif self._actors:
            driver.emit(ModelLoading(driver.spec.name, "loading on Ray's workers"))
        else:
            driver.emit(ModelFailed(self._problem))

    def _loaded(self) -> ModelLoaded:
        where = f"ray: {self._said} {'worker' if self._said == 1 else 'workers'}"
        seconds = time.monotonic() - self._began
        return ModelLoaded(self.driver.spec.name, seconds, where, self.driver.info.bytes)

    def as_shown(self, event: Event) -> Event:
        """An event of the engine's own model as a screen takes it: jobs go to the workers all the same."""
        return self._loaded() if isinstance(event, ModelLoaded) and self._said else event


class _Shown:
    """The events of all workers as those of one job."""

    def __init__(self, driver: Runner, lacking: Sequence[TaskWork], runs: int) -> None:
        """Takes the tasks and the number of the runs that are lacking."""
        self._emit, self._began, self._countdown = driver.emit, time.monotonic(), Countdown()
        self._is_measured, seconds = timing_of(driver)
        self._seconds = {one.task: seconds(one.lacking) for one in lacking}
        """The estimated time of each task that is not done."""
        self._going: dict[int, tuple[Task, float]] = {}
        """The task of each worker, and when it began it."""
        self._expected: dict[int, float] = {}
        """Seconds that each will have taken for it, as it says."""
        self._estimated = self._taken = 0.0
        """Seconds of all tasks that are done, as was estimated, and as it was."""
        self._total, self._done = runs, 0

    def begin(self, number: int, task: Task) -> None:
        self._going[number] = task, time.monotonic()
        self._expected.pop(number, None)

    def finish(self, task: Task) -> None:
        number = next(one for one, (own, _) in self._going.items() if own == task)
        self._estimated += self._seconds.pop(task, 0.0)
        self._taken += time.monotonic() - self._going.pop(number)[1]

    def take(self, number: int, event: Event) -> None:
        """Emits an event: phases, and answers that are being written, from one worker only."""
        now, is_first = time.monotonic(), number == min(self._going, default=number)
        match event:
            case RunFinished():
                self._done += 1
                total = max(self._total, self._done)
                event = msgspec.structs.replace(event, done=self._done, total=total, worker=number)
            case RunStarted() | BatchFinished():
                event = msgspec.structs.replace(event, worker=number)
            case Progressed():
                if event.left_s is not None and number in self._going:
                    self._expected[number] = now - self._going[number][1] + event.left_s
                left_s = self._countdown.at(now, self._left(now)) if is_first else None
                event = msgspec.structs.replace(event, elapsed_s=now - self._began, left_s=left_s)
        if is_first or not isinstance(event, (Progressed, ImportancePlanned, AnswerWritten)):
            self._emit(event)

    def _left(self, now: float) -> float | None:
        """Seconds that are left; None as long as there is nothing to tell from."""
        own = {number: self._seconds.get(task, 0.0) for number, (task, _) in self._going.items()}
        said = {number: taken for number, taken in self._expected.items() if number in own}
        estimated = self._estimated + sum(own[number] for number in said)
        if not own or not (estimated or self._is_measured):
            return None
        pace = (self._taken + sum(said.values())) / estimated if estimated else 1.0
        lefts = [
            max(0.0, said.get(number, pace * own[number]) - (now - begun))
            for number, (_, begun) in self._going.items()
        ]
        waiting = sum(self._seconds.values()) - sum(own.values())
        return max(*lefts, (sum(lefts) + pace * waiting) / len(lefts))


def _found(survey: Survey, driver: Runner) -> RunsFound:
    """How many runs there are, and how many of them are stored."""
    asked, entries = survey.asked, driver.store.outcomes.entries
    evaluations = [one for one in survey.tasks if one.task.ability is None]
    if asked.until is None:
        keys = [one.key for each in evaluations for one in requests_of(asked, driver, each.task.mask)]
        return RunsFound(len(keys), sum(map(entries.has, keys)))
    n = len(asked.benchmarks)
    return RunsFound(len(evaluations) * n, sum(one.is_stored for one in evaluations) * n)


def run_on_ray(
    plan: Plan, runner: Runner, options: RayOptions, note: Callable[[str], None] = lambda text: None
) -> bool:
    """Does all tasks of a plan that the cache lacks; False if it was cancelled. See `Crew`."""
    with Crew(options, runner, note) as crew:
        try:
            for _ in crew.do(plan):
                pass
        except Cancelled:
            return False
    return True


def settle_on_ray(runner: Runner, options: RayOptions) -> None:
    """Settles prompt form and level by stored answers, else by those of a worker's model. See `Crew`."""
    with Crew(replace(options, workers=1), runner) as crew:
        crew.settle()


@contextmanager
def started(options: RayOptions) -> Iterator[ModuleType]:
    """A context with Ray, started on this machine or joined to a cluster.

    On this machine nothing of it listens to others. Dashboard and usage reports are off.

    Raises:
        RayMissing: the extra is not installed.
        ValueError: there is no cluster at the address, or its versions differ.
    """
    for name, value in SURROUNDINGS.items():
        os.environ.setdefault(name, value)
    if options.address == LOCAL:  # read when Ray is imported: its own address is then 127.0.0.1
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    try:
        import ray
    except ImportError:
        raise RayMissing from None
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "configure_logging": True}
    if options.address == LOCAL:
        cpus = (options.workers or 1) * (options.cpus_per_worker or 1)
        quiet |= {
            "num_cpus": max(cpus, os.cpu_count() or 1),
            "object_store_memory": STORE_BYTES,
            "include_dashboard": False,
        }
    if ":" in options.address:
        _require_listener(options.address)
    try:
        ray.init(options.address, **quiet)
    except Exception as error:  # bare ones, too, where a slow machine takes too long to start it
        ray.shutdown()
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise ValueError(f"Ray cannot be used at '{options.address}': {reason}.") from None
    # Where a worker dies, Ray prints its own words to stdout, which is for results.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        try:
            yield ray
        finally:
            if options.address == LOCAL:
                _end_dead_raylet(ray)
            ray.shutdown()


def _end_dead_raylet(ray: ModuleType) -> None:
    """Ends the raylet that was started here if Ray takes it for dead: shutdown would wait for its answer.

    Ray does so 15 s after a raylet has died, and 65 s after one was stopped or has hung.
    """
    try:
        is_alive = any(node["Alive"] for node in ray.nodes())
    except ray.exceptions.RayError:
        is_alive = False
    if not is_alive:
        for one in psutil.Process().children():
            if one.name() == "raylet":
                one.kill()


def _require_listener(address: str) -> None:
    """Checks that something listens at an address: Ray itself would try for minutes.

    Raises:
        ValueError: nothing does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH_S).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"Nothing answers at '{address}' ({reason}): give the address that 'ray start' "
            "printed on the head."
        ) from None
