"""Profiles on Ray: two workers beside one, and what Ray takes for a task.

`python -m tests.performance.ray` runs the demo model: without Ray in one process and in two, each with half
of the masks, which is as fast as two workers can be here; then on Ray with one worker and with two. `--long`
takes a job of some minutes, in which beginning and end do not count. Every run is a process of its own, on an
empty cache, with one thread for each worker.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from cache.folder import Store
from core.abilities import ABILITIES
from core.benchmarks.registry import find_benchmarks
from core.cluster.on_ray import run_on_ray
from core.cluster.ray_options import RayOptions
from core.cluster.sharing import run_tasks
from core.cluster.tasks import Shard, share_of
from core.models.spec import ModelSpec
from core.run.events import Event, RunFinished
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec
from tests.performance.peaks import peak_mb

IDS = tuple(ability.id for ability in ABILITIES)

SHORT = Plan(
    abilities=IDS,
    variants=("mlp",),
    selections=("random",),
    ks=(0.01,),
    benchmarks=find_benchmarks(IDS[:4]),
    limit=100,
)
"""Ten masks that need nothing but the model."""

LONG = replace(SHORT, ks=(0.003, 0.01, 0.03), benchmarks=find_benchmarks(["diagnostic"]), limit=500)
"""Thirty masks on all ten benchmarks."""


def cpu_seconds() -> Counter[str]:
    """CPU seconds so far of this process, of workers, and of all other processes below it."""
    found: Counter[str] = Counter()
    own = psutil.Process()
    for one in (own, *own.children(recursive=True)):
        try:
            is_worker, times = "ray::Worker" in " ".join(one.cmdline()), one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        kind = "driver" if one == own else "workers" if is_worker else "Ray"
        found[kind] += times.user + times.system
    return found


@dataclass
class Heard:
    """When the first and the last run of a job were finished, and what was used between."""

    began: float = field(default_factory=time.time)
    first: float = 0.0
    last: float = 0.0
    used: Counter[str] = field(default_factory=Counter)
    _before: Counter[str] = field(default_factory=Counter)

    def __call__(self, event: Event) -> None:
        """Takes an event in."""
        if isinstance(event, RunFinished):
            self.last = time.time()
            if not self.first:
                self.first, self._before = self.last, cpu_seconds()
            if event.done == event.total:
                self.used = cpu_seconds() - self._before

    def figures(self) -> dict[str, Any]:
        """The figures of this process."""
        whole = {"began": self.began, "first": self.first, "last": self.last, "end": time.time()}
        return {**whole, "cpu": self.used, "mb": peak_mb()}


def alone(plan: Plan, root: Path, share: Shard) -> dict[str, Any]:
    """A process without Ray that does a share of a job."""
    import torch

    torch.set_num_threads(1)
    heard = Heard()
    runner = Runner(ModelSpec(device="cpu"), Store(root), ImportanceSpec(n_items=10), emit=heard)
    run_tasks(plan, runner, [task for task in share_of(plan, runner, share) if task.mask])
    return heard.figures()


def on_ray(plan: Plan, root: Path, workers: int) -> dict[str, Any]:
    """A driver with some workers."""
    heard = Heard()
    runner = Runner(ModelSpec(device="cpu"), Store(root), ImportanceSpec(n_items=10), emit=heard)
    assert run_on_ray(plan, runner, RayOptions("local", workers, 1))
    return heard.figures()


def processes(job: str, *commands: list[str]) -> list[dict[str, Any]]:
    """What some processes that run at once find out, with an empty cache between them."""
    with tempfile.TemporaryDirectory() as folder:
        begin = [sys.executable, "-m", "tests.performance.ray", "--job", job, "--root", folder]
        going = [subprocess.Popen([*begin, *command], stdout=subprocess.PIPE) for command in commands]
        return [json.loads(one.communicate()[0]) for one in going]


def measure(job: str, plan: Plan) -> None:
    """One process and two, without Ray and with it."""
    masks, seconds = len(plan.masks()), dict[str, float]()
    for name, commands in (
        ("one process", [["--share", "1/1"]]),
        ("two processes", [["--share", "1/2"], ["--share", "2/2"]]),
        ("Ray, one worker", [["--workers", "1"]]),
        ("Ray, two workers", [["--workers", "2"]]),
    ):
        found = processes(job, *commands)
        first, last = min(one["first"] for one in found), max(one["last"] for one in found)
        seconds[name] = last - first
        used = sum((Counter(one["cpu"]) for one in found), Counter[str]())
        sys.stdout.write(
            f"{name}: first run after {first - found[0]['began']:.1f} s, from then to the last "
            f"{last - first:.1f} s, the end {max(one['end'] for one in found) - last:.1f} s; CPU seconds "
            f"{ {kind: round(value, 1) for kind, value in used.items()} }; at most {found[0]['mb']:.0f} MB\n"
        )
        sys.stdout.flush()
    sys.stdout.write(
        f"{masks} masks: two processes {seconds['one process'] / seconds['two processes']:.2f} times as fast "
        f"as one; on Ray two workers {seconds['Ray, one worker'] / seconds['Ray, two workers']:.2f} times\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.performance.ray", description=__doc__)
    parser.add_argument("--long", dest="job", action="store_const", const="long", default="short")
    parser.add_argument("--job", choices=("short", "long"), help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--share", type=Shard.parsed, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    plan = LONG if options.job == "long" else SHORT
    if options.share is not None:
        sys.stdout.write(json.dumps(alone(plan, options.root, options.share)))
    elif options.workers is not None:
        sys.stdout.write(json.dumps(on_ray(plan, options.root, options.workers)))
    else:
        measure(options.job, plan)


if __name__ == "__main__":
    main()
