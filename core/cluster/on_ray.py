"""A profile on Ray: workers do its units, the driver hands them out and shows how far they are. No torch."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import msgspec

from cache.files import write_atomically
from core.cluster.estimates import timing_of
from core.cluster.ray_worker import Order, Worker
from core.cluster.schedule import Schedule
from core.cluster.transfer import Folders
from core.cluster.units import Unit
from core.cluster.work import Survey
from core.experiment.events import Event, Progressed, RunFinished, RunsFound
from core.experiment.plan import Plan
from core.runner.runner import Runner

LOCAL = "local"
"""Address of a Ray that is started on this machine, and ends with the driver."""

RESTARTS = 3
"""How often Ray starts a worker again whose process died; after that the others go on without it."""

STORE_BYTES = 100_000_000
"""Ray's shared memory for objects on this machine: next to nothing goes through it."""

SURROUNDINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}
"""Environment variables of Ray where they are not set: no reports, and no log on stderr."""

LEAVE_S = 10.0
"""Seconds that workers have to clean up after themselves."""

LOOK_EVERY_S = 0.25
"""Seconds between two looks at workers and events."""


@dataclass(frozen=True)
class RayOptions:
    """How a profile uses Ray."""

    address: str = LOCAL
    """Of a cluster's head node, or `local`."""
    workers: int | None = None
    """None for one on each GPU; without any GPU, on each node."""
    cpus_per_worker: int | None = None
    """None for all processors, divided among the workers of a node."""
    is_shared: bool = True
    """Whether machines use the driver's cache folder where they see it."""


class RayMissing(ValueError):  # noqa: N818 (it names what is wrong)
    """The extra is not installed."""

    def __init__(self) -> None:
        super().__init__("Ray is not installed: install the extra 'ray', as 'pip install abilityscope[ray]'.")


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
    try:
        ray.init(options.address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise ValueError(f"Ray cannot be used at '{options.address}': {reason}.") from None
    try:
        yield ray
    finally:
        ray.shutdown()


def run_on_ray(
    plan: Plan, runner: Runner, options: RayOptions, note: Callable[[str], None] = lambda text: None
) -> bool:
    """Does all units of a plan that the cache lacks; False if it was cancelled.

    Args:
        plan: what is asked for.
        runner: the driver's, which loads no model; its prompts are settled.
        options: where.
        note: receives a sentence about each worker that can do no more.

    Raises:
        ValueError: Ray cannot be used, or no worker is left that can do a unit.
    """
    survey = Survey(plan, runner)
    schedule = Schedule(survey, runner)
    if schedule.is_done():
        return True
    with started(options) as ray, closing(_Crew(ray, runner, options, note)) as crew:
        shown = _Shown(survey, runner)
        plan_ref = ray.put(plan)
        while not schedule.is_done():
            if runner.cancelled():
                return False
            for worker in crew.idle():
                if unit := schedule.take():
                    crew.start(worker, unit, plan_ref)
            for unit, problem in crew.ended():
                if problem:
                    schedule.give_back(unit)
                else:
                    schedule.finish(unit)
                    shown.finish(unit)
            shown.take(crew.events(), busy=crew.busy)
            crew.require_some()
    return True


def settle_on_ray(runner: Runner, options: RayOptions) -> None:
    """Settles prompt form and level by the answers of a worker's model.

    Raises:
        ValueError: Ray or the model cannot be used.
    """
    one = replace(options, workers=1)
    with started(one) as ray, closing(_Crew(ray, runner, one)) as crew:
        try:
            prompt, level = ray.get(crew.actors[0].settle.remote())
        except ray.exceptions.RayError as error:
            raise ValueError(f"The model cannot be probed on Ray: {_reason(error)}") from None
    runner.settle(prompt, level)


class _Crew:
    """The workers."""

    def __init__(
        self,
        ray: ModuleType,
        runner: Runner,
        options: RayOptions,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Asks Ray for them; those that no node has room for begin when one has."""
        from ray.util.queue import Queue
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self._ray, self._note = ray, note
        here = {
            "num_cpus": 0,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(
                ray.get_runtime_context().get_node_id(), soft=False
            ),
        }
        self._queue = Queue(actor_options=here)
        total = ray.cluster_resources()
        gpus, nodes = int(total.get("GPU", 0)), sum(node["Alive"] for node in ray.nodes())
        on_gpu = runner.identity.device != "cpu"
        n = options.workers or max(1, gpus if on_gpu else nodes)
        cpus = options.cpus_per_worker or max(1, int(total.get("CPU", 1)) // n)
        self._token = runner.store.root / "locks" / f"ray-{uuid.uuid4().hex}"
        write_atomically(self._token, b"")
        order = Order.of(runner, cpus, self._token.name if options.is_shared else "")
        self._keeper = ray.remote(Folders).options(**here).remote(order.root)
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

    def start(self, number: int, unit: Unit, plan: Any) -> None:
        """Gives a worker a unit."""
        self._idle.remove(number)
        self._doing[self.actors[number].do.remote(unit, plan)] = number, unit

    def ended(self) -> list[tuple[Unit, str]]:
        """The units that ended since, each with what went wrong; waits a moment if none has."""
        if not self._doing:
            return []
        done, _ = self._ray.wait(list(self._doing), num_returns=1, timeout=LOOK_EVERY_S)
        found = []
        for ref in done:
            number, unit = self._doing.pop(ref)
            problem = self._result(number, ref)
            if unit is not None:
                found.append((unit, problem))
        return found

    def _result(self, number: int, ref: Any) -> str:
        """What went wrong with a worker's work, which ends the worker; empty if nothing did."""
        try:
            machine = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            self._left.remove(number)
            self._problem = f"{self._names[number]} is out: {_reason(error)}"
            self._note(self._problem)
            self._ray.kill(self.actors[number])
            return self._problem
        if machine is not None:
            self._names[number] = f"Worker {number + 1} on {machine}"
        self._idle.add(number)
        return ""

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


def _reason(error: Exception) -> str:
    """What went wrong on a worker, in a sentence."""
    cause = getattr(error, "cause", None)
    text = str(cause if cause is not None else error).strip().split("\n")[0]
    if isinstance(cause, MemoryError) or "out of memory" in text.lower():
        return "it has run out of memory; give more CPUs or GPUs to each worker, or fewer workers."
    return text if isinstance(cause, ValueError) else f"{type(cause or error).__name__}: {text}"


class _Shown:
    """The events of all workers as those of one job."""

    def __init__(self, survey: Survey, runner: Runner) -> None:
        """Emits how many runs there are."""
        self._emit, self._began = runner.emit, time.monotonic()
        timing = timing_of(runner)
        self._seconds = {one.unit: timing.seconds(one.lacking) for one in survey.every}
        self._done_s = 0.0
        benchmarks = len(survey.plan.benchmarks)
        runs = [one for one in survey.every if one.unit.ability is None]
        self._total = sum(not one.is_stored for one in runs) * benchmarks
        self._done = 0
        self._emit(RunsFound(len(runs) * benchmarks, len(runs) * benchmarks - self._total))

    def finish(self, unit: Unit) -> None:
        """Notes that a unit is done."""
        self._done_s += self._seconds[unit]

    def take(self, events: Sequence[tuple[int, Event]], busy: Sequence[int]) -> None:
        """Emits events; of the phases those of the first worker that is busy."""
        elapsed = time.monotonic() - self._began
        left = sum(self._seconds.values()) - self._done_s
        left_s = elapsed * left / self._done_s if self._done_s else None
        for number, event in events:
            match event:
                case RunFinished():
                    self._done += 1
                    changes = {"done": self._done, "total": max(self._total, self._done)}
                    self._emit(msgspec.structs.replace(event, **changes))
                case Progressed():
                    if number in busy[:1]:
                        self._emit(msgspec.structs.replace(event, elapsed_s=elapsed, left_s=left_s))
                case _:
                    self._emit(event)
