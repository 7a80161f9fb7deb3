"""The workers of a profile on Ray, as the driver sees them. No torch here."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from itertools import pairwise
from types import ModuleType
from typing import Any, NamedTuple

from cache.files import write_atomically
from core.cluster.ray_worker import Order, OutOfMemory, Place, Worker
from core.cluster.transfer import Folders
from core.cluster.units import Unit, WantedRanking
from core.experiment.events import Event, Progressed
from core.importance.plan import Group
from core.runner.runner import Runner

RESTARTS = 3
"""How often Ray starts a worker again whose process died; after that the others go on without it."""

LEAVE_S = 10.0
"""Seconds that workers have to clean up after themselves."""

LOOK_EVERY_S = 0.25
"""Seconds between two looks at workers and events."""

ARRIVE_S = 60.0
"""Seconds that layers wait to be divided after the first worker is there: others come about then, or late."""


LOW_MEMORY = "low on memory"
"""Part of what Ray says when it ended a process, lest its machine's memory is used up."""

DIED = "its process died."


class Machine(NamedTuple):
    """What a machine of a cluster has."""

    cpus: int
    gpus: int


def sizes(machines: Sequence[Machine], n: int | None, cpus: int | None, on_gpu: bool) -> tuple[int, int]:
    """How many workers there are, and the CPUs of each.

    Args:
        machines: those of the cluster.
        n: workers that are asked for; None for one on each GPU, or without GPUs on each machine with CPUs.
        cpus: CPUs that are asked for; None for the most with which all workers have room.
        on_gpu: whether the model is on a GPU.
    """
    places = [one for one in machines if one.gpus or (one.cpus and not on_gpu)]
    workers = n or max(1, sum(one.gpus for one in places) if on_gpu else len(places))

    def room(each: int) -> int:
        """Workers of so many CPUs that have room."""
        own = ((one.cpus // each, one.gpus if on_gpu else workers) for one in places)
        return sum(map(min, own))

    most = max((one.cpus for one in places), default=1)
    fitting = next((each for each in range(most, 0, -1) if room(each) >= workers), 1)
    return workers, cpus or fitting


class Crew:
    """The workers."""

    def __init__(
        self,
        ray: ModuleType,
        runner: Runner,
        n: int | None,
        cpus: int | None,
        *,
        is_shared: bool,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Asks Ray for them; those that no node has room for begin when one has.

        Args:
            ray: the module, started.
            runner: the driver's.
            n: how many; None for one on each GPU, or without any on each node.
            cpus: threads of each; None for all that there are, divided.
            is_shared: whether machines use the driver's cache folder where they see it.
            note: receives a sentence about each worker that can do no more.
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
        n, cpus = sizes(machines, n, cpus, on_gpu)
        if not any(one.cpus >= cpus and one.gpus >= on_gpu for one in machines):
            gpu = " and a GPU" if on_gpu else ""
            note(f"No machine of the cluster has {cpus} CPUs{gpu} for a worker: waiting for one that has.")
        self._token = runner.store.root / "locks" / f"ray-{uuid.uuid4().hex}"
        write_atomically(self._token, b"")
        self._order = order = Order.of(runner, cpus, self._token.name if is_shared else "")
        self._keeper = ray.remote(Folders).options(**lasting).remote(order.root)
        kind = ray.remote(Worker).options(
            num_cpus=cpus, num_gpus=int(on_gpu), max_restarts=RESTARTS, max_task_retries=-1
        )
        self.actors = [kind.remote(order, number, self._queue.actor, self._keeper) for number in range(n)]
        self._names = [f"Worker {number + 1}" for number in range(len(self.actors))]
        self._idle: set[int] = set()
        self._left = set(range(len(self.actors)))
        self._doing: dict[Any, tuple[int, Unit | None]] = {
            actor.ready.remote(): (number, None) for number, actor in enumerate(self.actors)
        }
        self._problem = ""
        self.is_apart = False
        """Whether a worker does not see the driver's cache folder."""

    def close(self) -> None:
        """Lets the workers clean up after themselves, and ends them."""
        self._token.unlink(missing_ok=True)
        if leaving := [self.actors[number].leave.remote() for number in self._idle]:
            self._ray.wait(leaving, num_returns=len(leaving), timeout=LEAVE_S)

    def idle(self) -> list[int]:
        """The workers that have their model and no unit."""
        return sorted(self._idle)

    @property
    def busy(self) -> list[int]:
        """The workers that do a unit."""
        return sorted(number for number, unit in self._doing.values() if unit is not None)

    def arrive(self, cancelled: Callable[[], bool]) -> None:
        """Waits for the first worker, and for the others a while if it does not see the cache folder.

        Raises:
            ValueError: no worker can do anything.
        """
        until = float("inf")
        while self._doing and time.monotonic() < until and not cancelled():
            self.ended()
            if self._idle and until == float("inf"):
                until = time.monotonic() + (ARRIVE_S if self.is_apart else 0.0)
        self.require_some()

    def merge(
        self,
        layers: int,
        wanted: Sequence[WantedRanking],
        cancelled: Callable[[], bool],
        emit: Callable[[Event], None],
    ) -> bool:
        """Ranks contrasts over the workers that are here, each of which scores its share of the layers.

        Where they see the cache folder, or only one is here, nothing is done: units do it.

        Args:
            layers: how many the model has.
            wanted: the contrasts.
            cancelled: asked now and then.
            emit: receives the events meanwhile; of the phases those of the first worker.

        Returns:
            False if it was cancelled.
        """
        here = self.idle()[:layers]
        if not self.is_apart or len(here) < 2:
            return True
        ends = [layers * number // len(here) for number in range(len(here) + 1)]
        groups = [
            _GroupAt(self._names[number], self.actors[number], group)
            for number, group in zip(here, pairwise(ends), strict=True)
        ]
        merge = self._ray.remote(_merge).options(**self._here)
        merging = merge.remote(self._order, groups, list(wanted))
        while not self._ray.wait([merging], timeout=LOOK_EVERY_S)[0]:
            if cancelled():
                return False
            for number, event in self.events():
                if number == here[0] or not isinstance(event, Progressed):
                    emit(event)
        try:
            self._ray.get(merging)
        except self._ray.exceptions.RayError as error:
            self._note(f"Contrasts are ranked by each machine on its own: {reason_of(error)}")
        return True

    def start(self, number: int, unit: Unit, plan: Any) -> None:
        """Gives a worker a unit."""
        self._idle.remove(number)
        # Not tried again by Ray: if its process dies, another worker may have room sooner than this one.
        once = self.actors[number].do.options(max_task_retries=0)
        self._doing[once.remote(unit, plan)] = number, unit

    def ended(self) -> list[tuple[Unit, str]]:
        """The units that ended since, each with what went wrong; waits a moment if none has."""
        if not self._doing:
            return []
        done, _ = self._ray.wait(list(self._doing), num_returns=1, timeout=LOOK_EVERY_S)
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
        try:
            found = self._ray.get(ref)
        except self._ray.exceptions.RayActorError as error:
            if unit is None:
                return self._dismiss(number, error)
            self._doing[self.actors[number].ready.remote()] = number, None
            self._note(f"{self._names[number]} starts again: {reason_of(error)}")
            return DIED
        except self._ray.exceptions.RayError as error:
            return self._dismiss(number, error)
        if isinstance(found, Place):
            self._names[number] = f"Worker {number + 1} on {found.machine}"
            self.is_apart |= not found.sees_folder
        self._idle.add(number)
        return ""

    def _dismiss(self, number: int, error: Exception) -> str:
        """Ends a worker; why, in a sentence."""
        self._left.remove(number)
        self._problem = f"{self._names[number]} is out: {reason_of(error)}"
        self._note(self._problem)
        self._ray.kill(self.actors[number])
        return self._problem

    def events(self) -> list[tuple[int, Event]]:
        """The events that came since."""
        waiting = self._queue.qsize()
        return self._queue.get_nowait_batch(waiting) if waiting else []

    def require_some(self) -> None:
        """Checks that there are workers.

        Raises:
            ValueError: none is left.
        """
        if not self._left:
            raise ValueError(f"No worker is left. {self._problem}")


class _GroupAt(NamedTuple):
    """Some layers, and the worker that has them."""

    name: str
    actor: Any
    layers: Group


class _RayGroups:
    """The layer groups of some workers; see `core.cluster.merging.Groups`."""

    def __init__(self, ray: ModuleType, groups: Sequence[_GroupAt]) -> None:
        self._ray, self._groups = ray, groups

    def all(self, name: str, *arguments: Any) -> list[Any]:
        """What all of them give."""
        refs = [(one, one.actor.of_layers.remote(one.layers, name, *arguments)) for one in self._groups]
        return [self._given(one, ref) for one, ref in refs]

    def one(self, index: int, name: str, *arguments: Any) -> Any:
        """What one of them gives."""
        own = self._groups[index]
        return self._given(own, own.actor.of_layers.remote(own.layers, name, *arguments))

    def _given(self, group: _GroupAt, ref: Any) -> Any:
        try:
            return self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            raise ValueError(f"{group.name} cannot: {reason_of(error)}") from None


def _merge(order: Order, groups: Sequence[_GroupAt], wanted: Sequence[WantedRanking]) -> None:
    """Ranks contrasts over workers, in a process beside the driver."""
    import ray

    from core.cluster.merging import rank_contrasts

    rank_contrasts(order.experiment, _RayGroups(ray, groups), len(groups), wanted)


def reason_of(error: Exception) -> str:
    """What went wrong on a worker, in a sentence."""
    cause: Any = error
    while (inner := getattr(cause, "cause", None)) is not None:
        cause = inner
    kind, text = type(cause).__name__, str(cause).strip()
    if kind == "OutOfMemoryError" or LOW_MEMORY in text:
        return str(OutOfMemory())
    if kind == "ActorDiedError":
        return DIED
    first = text.split("\n")[0]
    return first if isinstance(cause, ValueError) else f"{kind}: {first}"
