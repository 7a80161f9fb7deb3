"""`profile --ray`: the options, and the run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from tui import output
from tui.options import UsageError

if TYPE_CHECKING:
    from core.cluster.ray_options import LocalWorkers, RayOptions
    from core.run.plan import Plan
    from core.run.runner import Runner

ADDRESS = re.compile(r"local|auto|(ray://)?[\w.\[\]:-]+:\d{1,5}")


@dataclass(frozen=True)
class RayFlags:
    """Whether a profile uses Ray, and how."""

    ray: Annotated[
        str | None,
        typer.Option(
            help="Spread the work with Ray (extra ray): local starts it on this machine, HOST:PORT joins a "
            "cluster.",
            metavar="local|HOST:PORT",
            show_default=False,
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="With --ray: processes with a model each.",
            metavar="N",
            show_default="one on each GPU, without any on each machine",
        ),
    ] = None
    cpus_per_worker: Annotated[
        int | None,
        typer.Option(
            min=1, help="With --ray: threads of each of them.", metavar="N", show_default="all, divided"
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.ray is None and (self.workers or self.cpus_per_worker):
            option = "--workers" if self.workers else "--cpus-per-worker"
            raise UsageError(f"{option} is about --ray: give --ray too.")
        if self.ray is not None and not ADDRESS.fullmatch(self.ray):
            raise UsageError(f"'{self.ray}' is no address of Ray: give local or HOST:PORT.")

    @property
    def options(self) -> RayOptions | None:
        """The same for the driver; None without Ray."""
        from core.cluster.ray_options import RayOptions

        return None if self.ray is None else RayOptions(self.ray, self.workers, self.cpus_per_worker)


def ray_text(version: str | None, workers: LocalWorkers) -> str:
    """Which Ray is installed and what `--ray local` starts here, or how to install it."""
    if version is None:
        return "not installed, for --ray: pip install 'abilityscope[ray]'"
    on_gpu = "1 worker on the GPU" if workers.n == 1 else f"{workers.n} workers, one on each GPU"
    started = on_gpu if workers.on_gpu else f"1 worker for all CPUs ({workers.threads})"
    return f"{version}, --ray local starts {started}"


def settle_on(runner: Runner, options: RayOptions) -> None:
    """Settles prompt form and level by what is stored, else by a worker's answers."""
    from core.cluster.on_ray import settle_on_ray

    settle_on_ray(runner, options)


def run_on(plan: Plan, runner: Runner, options: RayOptions) -> None:
    """Does what the cache lacks of a plan on Ray.

    Raises:
        Exit: it was cancelled.
    """
    from core.cluster.on_ray import run_on_ray

    if not run_on_ray(plan, runner, options, output.note):
        raise typer.Exit(1)
