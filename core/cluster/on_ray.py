"""A profile's tasks on Ray: a worker is an actor with the model, the driver hands tasks out. No torch.

Ray starts a worker again when its process or its machine dies; the task that it had goes to the next worker
without one. What was finished of it is in the cache, batch by batch.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import msgspec
import psutil

from cache.bundles import export_entries, import_entries
from cache.entries import KINDS, SCORES, EntryFolder
from cache.files import write_atomically
from cache.folder import Store
from cache.upkeep import Found, delete
from core.analysis.probe import known_prompts, settle
from core.cluster.ray_options import LOCAL, Machine, RayMissing, RayOptions, sizes
from core.cluster.sharing import run_tasks
from core.cluster.tasks import (
    INTACT,
    Survey,
    Task,
    entries_of,
    needs_of,
    requests_of,
    scoring_tasks,
    timing_of,
    wanted_rankings,
)
from core.importance.memory import MemoryOptions
from core.inference.batching import is_out_of_memory
from core.inference.cancelling import Cancelled
from core.models.spec import AskedLevel, AskedPrompt, ModelSpec
from core.run.cache_keys import VERSIONS, KeyKind
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
from core.run.pace import Countdown
from core.run.plan import Asked, Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec

if TYPE_CHECKING:
    from core.inference.choice_plan import BatchSize

RESTARTS = 3
"""How often Ray starts a worker again whose process died; after that the others go on without it."""

LOOK_EVERY_S = 0.25
"""Seconds between two looks at workers and events."""

STOP_S = 30.0
"""Seconds that a worker has to stop; then its process is ended, and Ray starts it again."""

LEAVE_S = 10.0
"""Seconds that workers have to clean up after themselves."""

REACH_S = 10.0
"""Seconds that a cluster has to answer."""

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

PASSED_ON = (RunFinished, Progressed, EntryReplaced, NotStored)
"""Events that every driver shows."""

LIVE = (*PASSED_ON, RunStarted, BatchFinished, AnswerWritten, ImportancePlanned, Probing)
"""Events that a driver shows on whose screen outcomes appear as they come."""

DIED = "its process died."


class OutOfMemory(ValueError):  # noqa: N818 (it names what is wrong)
    """A worker has run out of memory."""

    def __init__(self, *_: object) -> None:
        super().__init__("it has run out of memory: give fewer --workers, or a smaller --batch-size.")


NO_THREAD = (os.strerror(errno.EAGAIN), "can't start new thread")
"""Parts of what libraries and Python say when there is no memory for the stack of a thread."""


@contextmanager
def memory_in_words() -> Iterator[None]:
    """A context whose lack of memory is a sentence. The driver could not read torch's own without torch.

    Raises:
        OutOfMemory: a GPU or the main memory is full.
    """
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
    if kind == "OutOfMemoryError" or "low on memory" in text:  # Ray's own word for a process that it ended
        return str(OutOfMemory())
    if kind in ("ActorDiedError", "ActorUnavailableError"):
        return DIED
    first = text.split("\n")[0]
    return first if isinstance(cause, ValueError) else f"{kind}: {first}"


# The worker.


@dataclass(frozen=True)
class Order:
    """What a worker needs to know of the driver."""

    spec: ModelSpec
    """The model: the worker's machine has its files under the same name."""
    importance: ImportanceSpec
    batch_size: BatchSize
    memory_options: MemoryOptions
    root: Path
    """The driver's cache folder, which other machines may see or not."""
    shipped: Path | None
    fingerprint: str
    """The fingerprint of the weights that the driver's keys are made with."""
    versions: Mapping[KeyKind, int]
    """Versions of what is stored."""
    threads: int
    token: str
    """A file that the driver has in the cache folder's `locks`; empty if no machine is to use the folder."""
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
        """Loads nothing yet."""
        import ray

        self._order, self._ray = order, ray.get_runtime_context()
        is_shared = bool(order.token) and (order.root / "locks" / order.token).is_file()
        self._own_folder = None if is_shared else self._folder_of_machine()
        self._sent: set[Found] = set()
        """Entries that the driver has, too."""
        self._events: list[Event] = []
        self._lock, self._may_go, self._news = threading.Lock(), threading.Event(), threading.Event()
        self._may_go.set()
        self._is_ready = False
        self._runner = Runner(
            order.spec,
            Store(self._own_folder or order.root, order.shipped),
            order.importance,
            batch_size=order.batch_size,
            memory_options=order.memory_options,
            emit=self._take,
            cancelled=self._is_cancelled,
            is_cancelled=self._is_cancelled,
        )

    def _folder_of_machine(self) -> Path:
        """The cache folder of a machine that does not see the driver's, for as long as the driver runs."""
        here = self._ray
        name = f"abilityscope-ray-{here.get_job_id()}-{here.get_node_id()[:12]}"
        return Path(tempfile.gettempdir(), name)

    @memory_in_words()
    def ready(self) -> tuple[str, bool]:
        """Loads the model; gives its machine, and whether that sees the driver's cache folder.

        Raises:
            ValueError: its weights or its version differ from the driver's, or they cannot be loaded.
        """
        import torch

        order, runner = self._order, self._runner
        torch.set_num_threads(order.threads)
        if order.versions != dict(VERSIONS):
            raise ValueError("another version of abilityscope is installed there: install the driver's.")
        if runner.identity.fingerprint != order.fingerprint:
            raise ValueError(f"its weights of {order.spec.name} differ from the driver's: copy them there.")
        _ = runner.loaded
        self._is_ready = True
        return socket.gethostname(), self._own_folder is None

    @memory_in_words()
    def settle(self) -> tuple[AskedPrompt, AskedLevel, bytes]:
        """Prompt form and level by the model's answers; these as a bundle."""
        settle(self._runner)
        return self._runner.spec.prompt, self._runner.spec.level, self._made()

    @memory_in_words()
    def do(self, task: Task, job: Job, needed: bytes) -> tuple[bool, bytes]:
        """Does a task, and stores what it makes.

        Args:
            task: which.
            job: what it is of.
            needed: a bundle of entries that this machine lacks for it; may be empty.

        Returns:
            Whether it was done, and a bundle of what it made, where the driver does not see that.

        Raises:
            ValueError: the model cannot be used, or a mask cannot be made.
        """
        if not self._is_ready:  # Ray has started this process again
            self.ready()
        runner = self._runner
        runner.settle(job.prompt, job.level)
        n_items = task.n_items if task.mask is None else task.mask.n_items
        runner.score_as(replace(job.importance, n_items=n_items or job.importance.n_items))
        if needed:
            _unpack(runner.store.root, needed)
            self._sent.update(_stored(runner.store.root))
        return run_tasks(job.asked, runner, [task]), self._made()

    def _made(self) -> bytes:
        """A bundle of what was stored since, on a machine of its own; scores stay there, being so large."""
        if self._own_folder is None:
            return b""
        made = [one for one in _stored(self._own_folder) if one not in self._sent]
        self._sent.update(made)
        return _packed(self._own_folder, made)

    def leave(self) -> None:
        """Deletes the folder of this machine, if it has one of its own."""
        if self._own_folder:
            shutil.rmtree(self._own_folder, ignore_errors=True)

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
        return bool(self._ray.is_canceled())

    # Called while a task is done.

    def hold(self, is_held: bool) -> None:
        """Holds what is being done, or lets it go on."""
        (self._may_go.clear if is_held else self._may_go.set)()

    def events(self, wait_s: float) -> list[Event]:
        """What has happened since; waits a moment if nothing has."""
        if self._news.wait(wait_s):
            time.sleep(wait_s / 2)  # more of them at once
        with self._lock:
            found, self._events = self._events, []
            self._news.clear()
        return found


def _stored(root: Path) -> list[Found]:
    """What may travel of a cache folder."""
    kinds = (kind for kind in KINDS if kind != SCORES)
    return [Found(kind, key) for kind in kinds for key in EntryFolder(root, kind).stored_keys()]


def _packed(root: Path, found: Sequence[Found]) -> bytes:
    """A bundle of entries; empty if there are none."""
    if not found:
        return b""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bundle.tar")
        export_entries(root, found, path)
        return path.read_bytes()


def _unpack(root: Path, bundle: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bundle.tar")
        path.write_bytes(bundle)
        import_entries(root, path)


# The driver.


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
        """Those that are not out for good, by number."""
        self._loading: dict[Any, int] = {}
        self._idle: set[int] = set()
        self._out: set[int] = set()
        """Those that cannot do the job in hand."""
        self._doing: dict[Any, tuple[int, Task]] = {}
        self._polls: dict[Any, int] = {}
        """What asks each worker with a task for its events."""
        self._apart: dict[int, set[Found]] = {}
        """By the number of a worker that does not see the cache folder: the entries that it has."""
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
            gpu = " and a GPU" if on_gpu else ""
            self._note(
                f"No machine of the cluster has {cpus} CPUs{gpu} for a worker: waiting for one that has."
            )
        token = driver.store.root / "locks" / f"ray-{uuid.uuid4().hex}"
        write_atomically(token, b"")
        self._open.callback(token.unlink, missing_ok=True)
        self._threads, self._token = cpus, token.name if options.is_shared else ""
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
        driver = self.driver
        order = Order(
            driver.spec,
            driver.importance,
            driver.batch_size,
            driver.memory_options,
            driver.store.root.absolute(),
            driver.store.shipped,
            driver.identity.fingerprint,
            dict(VERSIONS),
            self._threads,
            self._token,
            self._is_live,
        )
        for number in self._names.keys() - self._actors.keys():
            self._actors[number] = actor = self._kind.remote(order)
            self._loading[actor.ready.remote()] = number

    def close(self) -> None:
        """Ends the workers, and Ray if it was started on this machine; deletes the scores they kept."""
        if self._ray is not None:
            if leaving := [self._actors[number].leave.remote() for number in self._idle & self._apart.keys()]:
                self._ray.wait(leaving, num_returns=len(leaving), timeout=LEAVE_S)
            self._ray = None
            for one in (self._actors, self._loading, self._doing, self._polls, self._apart):
                one.clear()
            self._idle.clear()
            self._out.clear()
        self._open.close()
        entries = self.driver.store.scores.entries
        for key in filter(entries.has, self._scores):
            delete(self.driver.store.root, key)
        self._scores.clear()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """A context in which a failure of Ray itself is a sentence, and Ray is started anew the next time."""
        ray = self._ray
        try:
            yield
        except ray.exceptions.RayError as error:
            reason = reason_of(error).rstrip(".")
            problem = f"Ray failed ({reason}): run it again, which goes on with what is stored."
            self._idle.clear()  # nobody is left to clean up
            self.close()
            self.driver.emit(ModelFailed(problem))
            raise ValueError(problem) from error

    # Jobs.

    def settle(self) -> None:
        """Settles prompt form and level by stored answers, else by those of a worker's model.

        Raises:
            Cancelled: the driver was cancelled.
            ValueError: Ray or the model cannot be used.
        """
        driver = self.driver
        if (known := known_prompts(driver)) is not None:
            driver.settle(*known)
            return
        self.start()
        with self._failing():
            while not self._idle:
                driver.check_cancelled()
                self._ended(lambda number, event: driver.emit(event))
                self._require_some()
            actor = self._actors[min(self._idle)]
            asking = actor.settle.remote()
            try:
                while not self._ray.wait([asking], timeout=LOOK_EVERY_S)[0]:
                    driver.check_cancelled()
                    for event in self._ray.get(self._signal(actor, "events", 0.0)):
                        driver.emit(event)
                prompt, level, made = self._ray.get(asking)
            except Cancelled:
                self._ray.cancel(asking)
                raise
            except self._ray.exceptions.RayTaskError as error:
                raise ValueError(f"The model cannot be probed on Ray: {reason_of(error)}") from None
        if made:
            _unpack(driver.store.root, made)
        driver.settle(prompt, level)

    def do(self, asked: Asked) -> Iterator[Task | None]:
        """Does all tasks that the cache lacks; yields each that is done, and None now and then.

        What workers have in hand when this ends early is stopped within a layer of its batch.

        Raises:
            Cancelled: the driver was cancelled; what was finished is stored.
            ValueError: Ray cannot be used, or no worker is left that can do a task.
        """
        driver, survey = self.driver, Survey(asked, self.driver)
        waiting = [one.task for one in survey.by_cost if not one.is_stored]
        shown = _Shown(survey, driver)
        if not waiting:
            return
        needs = {task: set(needs_of(task, asked, driver)) for task in waiting}
        self.start()
        self._idle |= self._out
        self._out.clear()
        self._hire()
        for one in scoring_tasks(driver, wanted_rankings(asked.masks())):
            key, _ = driver.scores_request(one.ability or "", one.n_items)
            if self._is_live and not driver.store.scores.entries.has(key):
                self._scores.add(key)
        job = Job(asked, driver.spec.prompt, driver.spec.level, driver.importance)
        with self._failing():
            try:
                while waiting or self._doing:
                    driver.check_cancelled()
                    for number in sorted(self._idle):
                        left = {*waiting, *(task for _, task in self._doing.values())}
                        task = next((one for one in waiting if not needs[one] & left), None)
                        if task is None:
                            break
                        waiting.remove(task)
                        self._begin(number, task, job)
                        shown.begin(number, task)
                    for task, is_done in self._ended(shown.take):
                        if is_done:
                            shown.finish(task)
                            yield task
                        else:
                            waiting.insert(0, task)
                    self._require_some()
                    yield None
            finally:
                if self._ray is not None:
                    self._stop(shown.take)

    def _begin(self, number: int, task: Task, job: Job) -> None:
        needed = b""
        if number in self._apart:
            needed = self._needed(number, entries_of(job.asked, self.driver, [task, INTACT]))
        self._idle.remove(number)
        actor = self._actors[number]
        # Not tried again by Ray: if its process dies, another worker may have room sooner than this one.
        self._doing[actor.do.options(max_task_retries=0).remote(task, job, needed)] = number, task
        self._polls[self._signal(actor, "events", LOOK_EVERY_S)] = number

    def _needed(self, number: int, keys: Iterator[tuple[str, str]]) -> bytes:
        """A bundle of the entries that a worker apart lacks."""
        kinds, root = {kind.name: kind for kind in KINDS if kind != SCORES}, self.driver.store.root
        wanted = [Found(kinds[kind], key) for kind, key in dict.fromkeys(keys)]
        missing = [one for one in wanted if one not in self._apart[number]]
        found = [one for one in missing if EntryFolder(root, one.kind).has(one.key)]
        self._apart[number].update(found)
        return _packed(root, found)

    def _stop(self, take: Callable[[int, Event], None]) -> None:
        """Ends the tasks in hand within a layer of their batches; what is finished of them is stored."""
        for ref in self._doing:
            self._ray.cancel(ref)
        until = time.monotonic() + STOP_S
        while self._doing:
            if time.monotonic() > until:
                for number, _ in self._doing.values():
                    self._ray.kill(self._actors[number], no_restart=False)
                until = float("inf")
            self._ended(take)

    @contextmanager
    def held(self) -> Iterator[None]:
        """A context in which the workers do nothing: they stop within a layer, and go on afterwards."""
        actors = [self._actors[number] for number, _ in self._doing.values()]
        for actor in actors:
            self._signal(actor, "hold", True)
        try:
            yield
        finally:
            for actor in actors:
                self._signal(actor, "hold", False)

    @staticmethod
    def _signal(actor: Any, name: str, *arguments: Any) -> Any:
        """Calls a method of a worker while it does something else."""
        once = getattr(actor, name).options(concurrency_group=SIGNALS, max_task_retries=0)
        return once.remote(*arguments)

    # Workers.

    def look(self) -> bool:
        """Takes in, without a job, which workers have come; whether others are on their way."""
        if self._ray is not None:
            self._ended(lambda number, event: None, 0.0)
        return bool(self._loading)

    def _ended(
        self, take: Callable[[int, Event], None], wait_s: float = LOOK_EVERY_S
    ) -> list[tuple[Task, bool]]:
        """The tasks that ended since, each with whether it was done; waits a moment for any."""
        found = []
        refs = [*self._loading, *self._doing, *self._polls]
        for ref in self._ray.wait(refs, timeout=wait_s)[0] if refs else ():
            if ref in self._polls:
                number = self._polls.pop(ref)
                self._hear(number, ref, take)
                if any(number == one for one, _ in self._doing.values()):
                    self._polls[self._signal(self._actors[number], "events", LOOK_EVERY_S)] = number
            elif ref in self._loading:
                self._arrive(self._loading.pop(ref), ref)
            else:
                number, task = self._doing.pop(ref)
                for poll in [one for one, of in self._polls.items() if of == number]:
                    del self._polls[poll]
                    self._hear(number, poll, take)
                self._hear(number, self._signal(self._actors[number], "events", 0.0), take)
                found.append((task, self._is_done(number, ref)))
        self._say()
        return found

    def _hear(self, number: int, ref: Any, take: Callable[[int, Event], None]) -> None:
        try:
            for event in self._ray.get(ref):
                take(number, event)
        except self._ray.exceptions.RayActorError:
            pass  # its task says so

    def _arrive(self, number: int, ref: Any) -> None:
        try:
            machine, sees_folder = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            self._require_raylet(error)
            self._dismiss(number, error)
            return
        self._names[number] = f"Worker {number + 1} on {machine}"
        if not sees_folder:
            self._apart[number] = set()
        self._idle.add(number)

    def _is_done(self, number: int, ref: Any) -> bool:
        """Whether a worker has done its task. If its process died, Ray starts it again."""
        errors = self._ray.exceptions
        try:
            is_done, made = self._ray.get(ref)
        except errors.TaskCancelledError:
            is_done, made = False, b""
        except errors.RayActorError as error:
            self._require_raylet(error)
            self._loading[self._actors[number].ready.remote()] = number
            self._note(f"{self._names[number]} starts again: {reason_of(error)}")
            return False
        except errors.RayTaskError as error:
            cause = getattr(error, "cause", None)
            is_sound = isinstance(cause, ValueError) and not isinstance(cause, OutOfMemory)
            self._dismiss(number, error, for_good=not is_sound)
            return False
        if made:
            _unpack(self.driver.store.root, made)
        self._idle.add(number)
        return bool(is_done)

    def _require_raylet(self, error: Exception) -> None:
        """Raises the error if Ray's own process on this machine is dead: no worker would come back."""
        here = self._ray.get_runtime_context().get_node_id()
        if not any(node["Alive"] for node in self._ray.nodes() if node["NodeID"] == here):
            raise error

    def _dismiss(self, number: int, error: Exception, *, for_good: bool = True) -> None:
        """Leaves a worker out of the job, or ends it."""
        self._problem = f"{self._names[number]} is out: {reason_of(error)}"
        self._note(self._problem)
        if for_good:
            self._ray.kill(self._actors.pop(number))
            self._apart.pop(number, None)
        else:
            self._out.add(number)

    def _require_some(self) -> None:
        if not self._actors.keys() - self._out:
            raise ValueError(f"No worker is left. {self._problem}")

    def _say(self) -> None:
        """Emits how many workers have the model, if that has changed."""
        present, driver = len(self._actors) - len(self._loading), self.driver
        if present == self._said:
            return
        self._said = present
        if present:
            driver.emit(self._loaded())
        elif not self._loading:
            driver.emit(ModelFailed(self._problem))
        else:
            driver.emit(ModelLoading(driver.spec.name, "loading on Ray's workers"))

    def _loaded(self) -> ModelLoaded:
        driver, n = self.driver, self._said
        where = f"ray: {n} {'worker' if n == 1 else 'workers'}"
        return ModelLoaded(driver.spec.name, time.monotonic() - self._began, where, driver.info.bytes)

    def as_shown(self, event: Event) -> Event:
        """An event of the engine's own model as a screen takes it: jobs go to the workers all the same."""
        return self._loaded() if isinstance(event, ModelLoaded) and self._said else event


class _Shown:
    """The events of all workers as those of one job."""

    def __init__(self, survey: Survey, driver: Runner) -> None:
        """Emits how many runs there are."""
        self._emit, self._began, self._countdown = driver.emit, time.monotonic(), Countdown()
        self._timing = timing_of(driver)
        self._seconds = {one.task: self._timing.seconds(one.lacking) for one in survey.tasks}
        """The estimated time of each task that is not done."""
        self._going: dict[int, tuple[Task, float]] = {}
        """The task of each worker and when it began it."""
        self._expected: dict[int, float] = {}
        """How long each will have taken for it, as it says."""
        self._estimated = self._taken = 0.0
        """Seconds of all tasks that are done, as was estimated, and as it was."""
        found = _found(survey, driver)
        self._total, self._done = found.total - found.cached, 0
        self._emit(found)

    def begin(self, number: int, task: Task) -> None:
        self._going[number] = task, time.monotonic()
        self._expected.pop(number, None)

    def finish(self, task: Task) -> None:
        number = next(one for one, (own, _) in self._going.items() if own == task)
        self._estimated += self._seconds.pop(task)
        self._taken += time.monotonic() - self._going.pop(number)[1]

    def take(self, number: int, event: Event) -> None:
        """Emits an event: phases, and answers that are being written, from one worker only."""
        now = time.monotonic()
        is_first = number == min(self._going, default=number)
        match event:
            case RunFinished():
                self._done += 1
                total = max(self._total, self._done)
                self._emit(msgspec.structs.replace(event, done=self._done, total=total, worker=number))
            case Progressed():
                if event.left_s is not None and number in self._going:
                    self._expected[number] = now - self._going[number][1] + event.left_s
                if is_first:
                    left_s = self._countdown.at(now, self._left(now))
                    elapsed_s = now - self._began
                    self._emit(msgspec.structs.replace(event, elapsed_s=elapsed_s, left_s=left_s))
            case ImportancePlanned() | AnswerWritten():
                if is_first:
                    self._emit(event)
            case RunStarted() | BatchFinished():
                self._emit(msgspec.structs.replace(event, worker=number))
            case _:
                self._emit(event)

    def _left(self, now: float) -> float | None:
        """Seconds that are left; None as long as there is nothing to tell from."""
        own = {number: self._seconds[task] for number, (task, _) in self._going.items()}
        estimated = self._estimated + sum(own[number] for number in self._expected if number in own)
        taken = self._taken + sum(self._expected[number] for number in self._expected if number in own)
        if not own or not (estimated or self._timing.is_measured):
            return None
        pace = taken / estimated if estimated else 1.0
        lefts = [
            max(0.0, self._expected.get(number, pace * own[number]) - (now - begun))
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
    """Does all tasks of a plan that the cache lacks; False if it was cancelled. Arguments as for `Crew`.

    Raises:
        ValueError: Ray cannot be used, or no worker is left that can do a task.
    """
    with Crew(options, runner, note) as crew:
        try:
            for _ in crew.do(plan):
                pass
        except Cancelled:
            return False
    return True


def settle_on_ray(runner: Runner, options: RayOptions) -> None:
    """Settles prompt form and level by stored answers, else by those of a worker's model.

    Raises:
        ValueError: Ray or the model cannot be used.
    """
    with Crew(replace(options, workers=1), runner) as crew:
        crew.settle()


# Ray itself.


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
