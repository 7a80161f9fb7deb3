"""The workers of a profile on Ray, as the driver sees them. No torch here."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any

from cache.files import write_atomically
from core.cluster.ray_errors import DIED, reason_of
from core.cluster.ray_options import Machine, RayOptions, sizes
from core.cluster.ray_worker import SIGNALS, Errand, Order, OutOfMemory, Place, Worker
from core.cluster.transfer import Folders
from core.cluster.units import Unit
from core.inference.cancelling import Cancelled
from core.models.spec import AskedLevel, AskedPrompt
from core.run.asked import Asked
from core.run.events import Event
from core.run.runner import Runner

RESTARTS = 3
"""How often Ray starts a worker again whose process died; after that the others go on without it."""

LEAVE_S = 10.0
"""Seconds that workers have to clean up after themselves."""

STOP_S = 30.0
"""Seconds that a worker has to stop; then its process is ended, and Ray starts it again."""

LOOK_EVERY_S = 0.25
"""Seconds between two looks at workers and events."""


class Crew:
    """The workers."""

    def __init__(
        self,
        ray: ModuleType,
        runner: Runner,
        options: RayOptions,
        note: Callable[[str], None] = lambda text: None,
        *,
        is_live: bool = False,
    ) -> None:
        """Asks Ray for them; those that no node has room for begin when one has.

        Args:
            ray: the module, started.
            runner: the driver's.
            options: how many, and where they may work.
            note: receives a sentence about each worker that dies or can do no more.
            is_live: whether outcomes and answers are sent as they come.
        """
        from ray.util.queue import Queue
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self._ray, self._note = ray, note
        self._here = here = {
            "num_cpus": 0,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(
                ray.get_runtime_context().get_node_id(), soft=False
            ),
        }
        # Where memory is scarce, Ray may end any process of its own: these two lose nothing by it.
        lasting = {**here, "max_restarts": -1, "max_task_retries": -1}
        self._queue = Queue(actor_options=lasting)
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        on_gpu = runner.identity.device != "cpu"
        machines = [Machine(int(one.get("CPU", 0)), int(one.get("GPU", 0))) for one in nodes]
        n, cpus = sizes(machines, options.workers, options.cpus_per_worker, on_gpu)
        if not any(one.cpus >= cpus and one.gpus >= on_gpu for one in machines):
            gpu = " and a GPU" if on_gpu else ""
            note(f"No machine of the cluster has {cpus} CPUs{gpu} for a worker: waiting for one that has.")
        self._token = runner.store.root / "locks" / f"ray-{uuid.uuid4().hex}"
        write_atomically(self._token, b"")
        token = self._token.name if options.is_shared else ""
        self._order = order = Order.of(runner, cpus, token, is_live=is_live)
        self._keeper = ray.remote(Folders).options(**lasting).remote(order.root)
        self._kind = ray.remote(
            num_cpus=cpus,
            num_gpus=int(on_gpu),
            max_restarts=RESTARTS,
            max_task_retries=-1,
            concurrency_groups={SIGNALS: 1},
        )(Worker)
        self._errand: Errand | None = None
        self._job = 0
        self._actors: dict[int, Any] = {}
        """Those that are not out for good, by number."""
        self._names = {number: f"Worker {number + 1}" for number in range(n)}
        self._idle: set[int] = set()
        self._out: set[int] = set()
        """Those that cannot do the job in hand."""
        self._doing: dict[Any, tuple[int, Unit | None]] = {}
        self.problem = ""
        """Why the last worker that is out is out."""
        self._hire()

    def _hire(self) -> None:
        """Asks for a worker in place of each that is missing."""
        for number in sorted(self._names.keys() - self._actors.keys()):
            actor = self._kind.remote(self._order, number, self._queue.actor, self._keeper)
            self._actors[number] = actor
            self._doing[actor.ready.remote()] = number, None

    def close(self) -> None:
        """Lets the workers clean up after themselves, and ends them."""
        self._token.unlink(missing_ok=True)
        if leaving := [self._actors[number].leave.remote() for number in self._idle]:
            self._ray.wait(leaving, num_returns=len(leaving), timeout=LEAVE_S)

    # Jobs.

    def begin(self, asked: Asked, runner: Runner) -> None:
        """Begins a job: what units are of from now on. Whoever was out for good or for the last job is back.

        Args:
            asked: a plan, or single runs.
            runner: the driver's; its prompts are settled.
        """
        self._job += 1
        self._errand = Errand(asked, runner.spec.prompt, runner.spec.level, runner.importance, self._job)
        self._order = replace(self._order, spec=runner.spec, importance=runner.importance)
        self._idle |= self._out
        self._out.clear()
        self._hire()

    def stop(self) -> None:
        """Ends the units in hand within a layer of their batches; what is finished of them is stored."""
        self._signal(self.in_hand, "stop", self._job)
        until = time.monotonic() + STOP_S
        while self.in_hand and time.monotonic() < until:
            self.ended()
        for number in self.in_hand:
            self._ray.kill(self._actors[number], no_restart=False)
        while self.in_hand:
            self.ended()

    @contextmanager
    def held(self) -> Iterator[None]:
        """A context in which workers do nothing: they stop within a layer, and go on afterwards."""
        numbers = self.present
        self._signal(numbers, "hold")
        try:
            yield
        finally:
            self._signal(numbers, "go_on")

    def _signal(self, numbers: Iterable[int], name: str, *arguments: Any) -> None:
        """Calls a method of some workers while they do something else."""
        for number in numbers:
            if number in self._actors:
                method = getattr(self._actors[number], name)
                method.options(concurrency_group=SIGNALS).remote(*arguments)

    # Workers.

    @property
    def present(self) -> list[int]:
        """The workers that have their model."""
        return sorted(self._idle | self._out | self.in_hand.keys())

    @property
    def is_whole(self) -> bool:
        """Whether no worker is on its way."""
        return all(unit is not None for _, unit in self._doing.values())

    def idle(self) -> list[int]:
        """The workers that have their model and no unit."""
        return sorted(self._idle)

    @property
    def in_hand(self) -> dict[int, Unit]:
        """The unit of each worker that does one."""
        return {number: unit for number, unit in self._doing.values() if unit is not None}

    def arrive(self, check_cancelled: Callable[[], None]) -> None:
        """Waits for the first worker.

        Raises:
            ValueError: no worker can do anything.
        """
        while self._doing and not self._idle:
            check_cancelled()
            self.ended()
        self.require_some()

    def settled(self, check_cancelled: Callable[[], None]) -> tuple[AskedPrompt, AskedLevel]:
        """Prompt form and level by the answers of a worker's model, which are stored.

        Raises:
            ValueError: no worker can do anything, or the model cannot be asked.
        """
        self.arrive(check_cancelled)
        self._job, number = self._job + 1, min(self._idle)
        asking = self._actors[number].settle.remote(self._job)
        try:
            while not self._ray.wait([asking], timeout=LOOK_EVERY_S)[0]:
                check_cancelled()
            prompt, level = self._ray.get(asking)
        except Cancelled:
            self._signal([number], "stop", self._job)
            raise
        except self._ray.exceptions.RayError as error:
            raise ValueError(f"The model cannot be probed on Ray: {reason_of(error)}") from None
        return prompt, level

    def start(self, number: int, unit: Unit, asked: Asked) -> None:
        """Gives a worker a unit.

        Args:
            number: the worker's.
            unit: one of the job in hand.
            asked: what is asked for, as far as the unit is concerned: all of the job, or a part of it.
        """
        assert self._errand is not None, "a job has begun"
        errand = replace(self._errand, asked=asked)
        self._idle.remove(number)
        # Not tried again by Ray: if its process dies, another worker may have room sooner than this one.
        once = self._actors[number].do.options(max_task_retries=0)
        self._doing[once.remote(unit, errand)] = number, unit

    def ended(self, wait_s: float = LOOK_EVERY_S) -> list[tuple[Unit, str]]:
        """The units that ended since, each with what went wrong; waits a moment if none has."""
        if not self._doing:
            return []
        done, _ = self._ray.wait(list(self._doing), num_returns=1, timeout=wait_s)
        found = []
        for ref in done:
            number, unit = self._doing.pop(ref)
            problem = self._result(number, ref, unit)
            if unit is not None:
                found.append((unit, problem))
        return found

    def _result(self, number: int, ref: Any, unit: Unit | None) -> str:
        """What went wrong with a worker's work; empty if nothing did.

        A worker whose process died is waited for, as Ray starts it again; any other is out.
        """
        errors = self._ray.exceptions
        try:
            found = self._ray.get(ref)
        except errors.RayActorError as error:
            if unit is None:
                return self._dismiss(number, error)
            self._doing[self._actors[number].ready.remote()] = number, None
            self._note(f"{self._names[number]} starts again: {reason_of(error)}")
            return DIED
        except errors.RayError as error:
            cause = getattr(error, "cause", None)
            is_sound = isinstance(cause, ValueError) and not isinstance(cause, OutOfMemory)
            return self._dismiss(number, error, for_good=unit is None or not is_sound)
        if isinstance(found, Place):
            self._names[number] = f"Worker {number + 1} on {found.machine}"
        self._idle.add(number)
        return "" if found else "it was stopped"

    def _dismiss(self, number: int, error: Exception, *, for_good: bool = True) -> str:
        """Leaves a worker out of the job, or ends it; why, in a sentence."""
        self.problem = f"{self._names[number]} is out: {reason_of(error)}"
        self._note(self.problem)
        if for_good:
            self._ray.kill(self._actors.pop(number))
        else:
            self._out.add(number)
        return self.problem

    def events(self) -> list[tuple[int, Event]]:
        """The events that came since."""
        waiting = self._queue.qsize()
        return self._queue.get_nowait_batch(waiting) if waiting else []

    def require_some(self) -> None:
        """Checks that there are workers.

        Raises:
            ValueError: none is left.
        """
        if not self._actors.keys() - self._out:
            raise ValueError(f"No worker is left. {self.problem}")
