"""A worker on Ray: loads the model once, and does units of a profile one after the other.

A worker is an actor, so Ray starts it again when its process or its node dies, and gives it the unit once
more; what was finished of it is in the cache, batch by batch.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cache.folder import Store
from core.analysis.probe import settle
from core.cluster.shards import Share
from core.cluster.sharing import run_share
from core.cluster.transfer import Courier
from core.cluster.units import INTACT, Unit
from core.cluster.used_entries import entries_of
from core.importance.memory import MemoryOptions
from core.inference.batching import is_out_of_memory
from core.models.spec import AskedLevel, AskedPrompt, ModelSpec
from core.run.asked import Asked
from core.run.cache_keys import VERSIONS, KeyKind
from core.run.events import (
    AnswerWritten,
    BatchFinished,
    EntryReplaced,
    Event,
    ImportancePlanned,
    NotStored,
    Probing,
    Progressed,
    RunFinished,
    RunStarted,
)
from core.run.experiment import Experiment
from core.run.runner import Runner
from core.run.specs import ImportanceSpec

if TYPE_CHECKING:
    from core.inference.choice_plan import BatchSize

PASSED_ON = (RunFinished, Progressed, EntryReplaced, NotStored)
"""Events that every driver shows."""

LIVE = (*PASSED_ON, RunStarted, BatchFinished, AnswerWritten, ImportancePlanned, Probing)
"""Events that a driver shows on whose screen outcomes appear as they come."""

SIGNALS = "signals"
"""Concurrency group of the methods that are called while a unit is done."""

SENT_EVERY_S = 0.25
"""Seconds between two messages with events."""


@dataclass(frozen=True)
class Order:
    """What a worker needs to know of the driver's experiment."""

    spec: ModelSpec
    """The model: the worker's node has its files under the same name."""
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
    """Threads of a worker."""
    token: str
    """A file that the driver has in the cache folder's `locks`; empty if no machine is to use the folder."""
    is_live: bool = False
    """Whether the driver shows outcomes as they come."""

    @classmethod
    def of(cls, runner: Runner, threads: int, token: str, *, is_live: bool = False) -> Order:
        """The order of a driver with this runner."""
        return cls(
            runner.spec,
            runner.importance,
            runner.batch_size,
            runner.memory_options,
            runner.store.root.absolute(),
            runner.store.shipped,
            runner.identity.fingerprint,
            dict(VERSIONS),
            threads,
            token,
            is_live,
        )

    @property
    def experiment(self) -> Experiment:
        """The driver's experiment, with its cache."""
        return Experiment(
            self.spec,
            Store(self.root, self.shipped),
            self.importance,
            batch_size=self.batch_size,
            memory_options=self.memory_options,
        )

    @property
    def is_shared(self) -> bool:
        """Whether this machine sees the driver's cache folder."""
        return bool(self.token) and (self.root / "locks" / self.token).is_file()


@dataclass(frozen=True)
class Errand:
    """What a worker needs to know of the job that its units belong to."""

    asked: Asked
    prompt: AskedPrompt
    level: AskedLevel
    """Form and level of the items, settled."""
    importance: ImportanceSpec
    job: int
    """Its number among the driver's jobs, from 1."""


def own_folder() -> Path:
    """The cache folder of a machine that does not see the driver's, for as long as the driver runs."""
    import ray

    here = ray.get_runtime_context()
    return Path(tempfile.gettempdir(), f"abilityscope-ray-{here.get_job_id()}-{here.get_node_id()[:12]}")


def courier_of(root: Path, keeper: Any) -> Courier:
    """What brings entries to a machine's folder and from there to the driver's."""
    import ray

    return Courier(root, keeper, ray)


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


class Place(NamedTuple):
    """Where a worker is."""

    machine: str
    sees_folder: bool
    """Whether that is the driver's machine, or shares its cache folder."""


class Worker:
    """A process with a model."""

    def __init__(self, order: Order, number: int, inbox: Any, keeper: Any) -> None:
        """Loads nothing yet.

        Args:
            order: what the driver does.
            number: its number among the workers.
            inbox: the actor of the queue that takes events.
            keeper: the actor with the driver's cache folder.
        """
        self._order, self._number, self._inbox = order, number, inbox
        own_root = None if order.is_shared else own_folder()
        self._courier = None if own_root is None else courier_of(own_root, keeper)
        self._events: list[tuple[int, Event]] = []
        self._sent = 0.0
        store = Store(own_root or order.root, order.shipped)
        self._runner = Runner(
            order.spec,
            store,
            order.importance,
            batch_size=order.batch_size,
            memory_options=order.memory_options,
            emit=self._take,
            cancelled=self._is_cancelled,
            is_cancelled=self._is_cancelled,
        )
        self._passed_on = LIVE if order.is_live else PASSED_ON
        self._job, self._stopped = 0, -1
        """The job in hand, and the last one that was stopped."""
        self._may_go = threading.Event()
        self._may_go.set()
        self._is_ready = False

    @memory_in_words()
    def ready(self) -> Place:
        """Loads the model; where the worker is.

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
        return Place(socket.gethostname(), sees_folder=self._courier is None)

    @memory_in_words()
    def settle(self, job: int) -> tuple[AskedPrompt, AskedLevel]:
        """Prompt form and level by the model's answers, which are stored; a job of this number."""
        self.ready()
        self._job = job
        settle(self._runner)
        self._flush(wait=True)
        return self._runner.spec.prompt, self._runner.spec.level

    def _begin(self, errand: Errand) -> None:
        """Takes up a job, unless it is the one in hand."""
        if not self._is_ready:  # Ray has started this process again
            self.ready()
        if errand.job != self._job:
            self._runner.settle(errand.prompt, errand.level)
            self._runner.score_as(errand.importance)
            self._job = errand.job

    @memory_in_words()
    def do(self, unit: Unit, errand: Errand) -> bool:
        """Does a unit, and stores what it makes; False if it was stopped.

        Raises:
            ValueError: the model cannot be used, or a mask cannot be made.
        """
        self._begin(errand)
        is_mask = unit.kind == "mask"
        if self._courier:
            units = [unit, *([INTACT] if is_mask else [])]
            self._courier.fetch(entries_of(errand.asked, self._runner, units))
        share = Share(() if is_mask else (unit,), (unit,) if is_mask else ())
        try:
            return run_share(errand.asked, self._runner, share)
        finally:
            self._flush(wait=True)

    # Signals, in a thread of their own.

    def stop(self, job: int) -> None:
        """Ends what is being done for a job."""
        self._stopped = job
        self._may_go.set()

    def hold(self) -> None:
        """Holds what is being done."""
        self._may_go.clear()

    def go_on(self) -> None:
        """Goes on with it."""
        self._may_go.set()

    def _is_cancelled(self) -> bool:
        """Whether the job in hand was stopped; waits while it is held."""
        if not self._may_go.is_set():
            self._flush()
            with self._runner.progress.stopped():
                self._may_go.wait()
        return self._job <= self._stopped

    def leave(self) -> None:
        """Deletes the folder of this machine, if it has one of its own."""
        if self._courier:
            shutil.rmtree(self._runner.store.root, ignore_errors=True)

    def _take(self, event: Event) -> None:
        if isinstance(event, self._passed_on):
            self._events.append((self._number, event))
        if time.monotonic() - self._sent > SENT_EVERY_S:
            self._flush()

    def _flush(self, *, wait: bool = False) -> None:
        """Sends what has happened since, and what was stored.

        Args:
            wait: until it is there.
        """
        if self._courier:
            self._courier.ship(wait=wait)
        if self._events:
            sent = self._inbox.put_nowait_batch.remote(self._events)
            if wait:
                import ray

                ray.get(sent)
        self._events, self._sent = [], time.monotonic()
