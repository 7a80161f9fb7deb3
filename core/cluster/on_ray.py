"""A profile on Ray: workers do its units, the driver hands them out and shows how far they are. No torch."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import msgspec

from core.analysis.cache_status import has_ranking
from core.cluster.estimates import timing_of
from core.cluster.ray_crew import Crew, reason_of
from core.cluster.schedule import Schedule
from core.cluster.units import Unit, WantedRanking, is_contrast, wanted_rankings
from core.cluster.work import Survey
from core.experiment.events import Event, Progressed, RunFinished, RunsFound
from core.experiment.plan import Plan
from core.runner.runner import Runner

LOCAL = "local"
"""Address of a Ray that is started on this machine, and ends with the driver."""

STORE_BYTES = 100_000_000
"""Ray's shared memory for objects on this machine: next to nothing goes through it."""

REACH_S = 10.0
"""Seconds that a cluster has to answer."""

SURROUNDINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
"""Environment variables of Ray where they are not set: no reports, no log on stderr; and where `uv run`
started the driver, workers do not have it make their environment anew."""


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

    def crew(self, ray: ModuleType, runner: Runner, note: Callable[[str], None] = lambda text: None) -> Crew:
        """The workers."""
        return Crew(ray, runner, self.workers, self.cpus_per_worker, is_shared=self.is_shared, note=note)


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
    if ":" in options.address:
        _require_listener(options.address)
    try:
        ray.init(options.address, **quiet)
    except Exception as error:  # bare ones, too, where a slow machine takes too long to start it
        ray.shutdown()
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise ValueError(f"Ray cannot be used at '{options.address}': {reason}.") from None
    try:
        yield ray
    finally:
        ray.shutdown()


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
    with started(options) as ray, closing(options.crew(ray, runner, note)) as crew:
        if wanted := _contrasts_to_merge(survey, runner):
            crew.arrive(runner.cancelled)
            if not crew.merge(runner.info.layers or 1, wanted, runner.cancelled, runner.emit):
                return False
            survey = Survey(plan, runner)
            schedule = Schedule(survey, runner)
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


def _contrasts_to_merge(survey: Survey, runner: Runner) -> list[WantedRanking]:
    """The contrasts that several workers may rank together, where no folder has the scores of all."""
    lacking = (one for one in wanted_rankings(runner, survey.plan.masks()) if is_contrast(one))
    usual = runner.importance.n_items
    return [
        one for one in lacking if runner.n_items_of(one.mask) == usual and not has_ranking(runner, one.mask)
    ]


def settle_on_ray(runner: Runner, options: RayOptions) -> None:
    """Settles prompt form and level by the answers of a worker's model.

    Raises:
        ValueError: Ray or the model cannot be used.
    """
    one = replace(options, workers=1)
    with started(one) as ray, closing(one.crew(ray, runner)) as crew:
        try:
            prompt, level = ray.get(crew.actors[0].settle.remote())
        except ray.exceptions.RayError as error:
            raise ValueError(f"The model cannot be probed on Ray: {reason_of(error)}") from None
    runner.settle(prompt, level)


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
