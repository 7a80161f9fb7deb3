"""A profile on Ray: workers do its units, the driver hands them out and shows how far they are. No torch."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from core.cluster.ray_crew import Crew
from core.cluster.ray_errors import failed
from core.cluster.ray_options import LOCAL, RayMissing, RayOptions
from core.cluster.schedule import Schedule
from core.cluster.shown import Shown
from core.cluster.units import Unit
from core.cluster.work import Survey
from core.inference.cancelling import Cancelled
from core.run.plan import Plan
from core.run.runner import Runner

STORE_BYTES = 100_000_000
"""Ray's shared memory for objects on this machine: next to nothing goes through it."""

REACH_S = 10.0
"""Seconds that a cluster has to answer."""

SURROUNDINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_max_direct_call_object_size": "8388608",
}
"""Environment variables of Ray where they are not set: no reports, no log on stderr, and workers run what is
installed on their machine, also where `uv run` has started the driver: Ray would send them its folder. What
jobs ask for (a megabyte at most) travels with each unit: if something of a driver is in Ray's shared memory
when its raylet dies, Ray ends the driver, which then says nothing."""


@contextmanager
def started(options: RayOptions) -> Iterator[ModuleType]:
    """A context with Ray, started on this machine or joined to a cluster.

    On this machine nothing of it listens to others. Dashboard and usage reports are off.

    Raises:
        RayMissing: the extra is not installed.
        ValueError: there is no cluster at the address, or its versions differ; or Ray failed meanwhile.
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
        except ray.exceptions.RayError as error:
            raise failed(error) from error
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
    if (schedule := Schedule(Survey(plan, runner), runner)).is_done():
        return True
    with started(options) as ray, closing(Crew(ray, runner, options, note)) as crew:
        try:
            for _ in doing_units(schedule, runner, crew):
                pass
        except Cancelled:
            return False
    return True


def doing_units(schedule: Schedule, runner: Runner, crew: Crew) -> Iterator[Sequence[Unit]]:
    """Does all units that the cache lacks; yields those that are done since, several times a second.

    What workers have in hand when this ends early is stopped within a layer of its batch.

    Args:
        schedule: what is asked for, in order, without what the cache has of it.
        runner: the driver's, which loads no model; its prompts are settled.
        crew: the workers.

    Raises:
        Cancelled: the runner was cancelled; what was finished is stored.
        ValueError: no worker is left that can do a unit.
    """
    shown = Shown(schedule.survey, runner)
    shown.look_ahead(schedule)
    if schedule.is_done():
        return
    crew.begin(schedule.survey.asked, runner)

    try:
        while not schedule.is_done():
            runner.check_cancelled()
            yield _turn(schedule, crew, shown)
    finally:
        crew.stop()
        shown.take(crew.events(), crew.in_hand)


def _turn(schedule: Schedule, crew: Crew, shown: Shown) -> list[Unit]:
    """Gives units to workers without one, and takes in what happened since; the units that are done."""
    for worker in crew.idle():
        if unit := schedule.take():
            crew.start(worker, unit, schedule.asked_of(unit))
            shown.begin(worker, unit)
    done = []
    for unit, problem in crew.ended():
        if problem:
            schedule.give_back(unit)
        else:
            schedule.finish(unit)
            shown.finish(unit)
            done.append(unit)
            shown.look_ahead(schedule)
    shown.take(crew.events(), crew.in_hand)
    crew.require_some()
    return done


def settle_on_ray(runner: Runner, options: RayOptions) -> None:
    """Settles prompt form and level by the answers of a worker's model.

    Raises:
        ValueError: Ray or the model cannot be used.
    """
    one = replace(options, workers=1)
    with started(one) as ray, closing(Crew(ray, runner, one)) as crew:
        runner.settle(*crew.settled(runner.check_cancelled))
