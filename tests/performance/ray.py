"""Profiles on Ray: two workers beside one, what Ray takes for a unit, and a plan for many GPUs, simulated.

`python -m tests.performance.ray` runs the demo model; `--simulate` only works out the plan of Llama-3.1-8B.
"""

from __future__ import annotations

import argparse
import heapq
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil

from cache.folder import Store
from core.abilities import ABILITIES
from core.benchmarks.registry import find_benchmarks
from core.cluster.estimates import critical_path, timing_of
from core.cluster.on_ray import RayOptions, run_on_ray
from core.cluster.schedule import Schedule
from core.cluster.units import Unit
from core.cluster.work import Survey
from core.experiment.events import Event, RunFinished
from core.experiment.experiment import Experiment
from core.experiment.plan import Plan
from core.experiment.specs import GPU_ITEMS, ImportanceSpec, ModelIdentity
from core.models.description import ModelInfo, describe_model
from core.models.spec import ModelSpec
from core.runner.runner import Runner
from core.runner.runs import run_part

IDS = tuple(ability.id for ability in ABILITIES)

DEMO = Plan(
    abilities=IDS,
    variants=("mlp",),
    selections=("random",),
    ks=(0.01,),
    benchmarks=find_benchmarks(IDS[:4]),
    limit=100,
)
"""Ten masks that need nothing but the model."""

LLAMA = Plan(
    abilities=IDS,
    variants=("mlp", "all"),
    selections=("top", "contrast_max", "random", "bottom"),
    ks=(1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2),
    benchmarks=find_benchmarks(["diagnostic"]),
    limit=500,
)
"""480 masks."""

PARAMETERS, MLP, ALL = 8_030_261_248, 5_637_144_576, 6_979_321_856
"""Of Llama-3.1-8B, and its candidates."""


class Heard:
    """When the first run was finished, the CPU time of the workers, and the most memory of the driver."""

    def __init__(self) -> None:
        self.began, self.first, self.rss, self.cpu = time.monotonic(), 0.0, 0, 0.0

    def __call__(self, event: Event) -> None:
        """Takes an event in."""
        self.rss = max(self.rss, psutil.Process().memory_info().rss)
        if isinstance(event, RunFinished):
            self.first = self.first or time.monotonic() - self.began
            below = psutil.Process().children(recursive=True)
            workers = [one for one in below if "ray::Worker" in " ".join(one.cmdline())]
            self.cpu = sum(one.cpu_times().user + one.cpu_times().system for one in workers)


def runner_of(root: Path, heard: Heard | None = None) -> Runner:
    """A runner of the demo model."""
    root.mkdir(parents=True, exist_ok=True)
    emit = (lambda event: None) if heard is None else heard
    return Runner(ModelSpec(device="cpu"), Store(root), ImportanceSpec(n_items=10), emit=emit)


def measure(folder: Path) -> None:
    """One process, then Ray with one worker and with two, on empty caches, one thread each."""
    import torch

    torch.set_num_threads(1)
    warm = runner_of(folder / "plain")
    run_part(replace(DEMO, abilities=IDS[:1]), warm, [None])
    began, cpu = time.monotonic(), time.process_time()
    run_part(DEMO, warm, list(DEMO.masks()))
    plain = f"{time.monotonic() - began:.1f} s, {time.process_time() - cpu:.1f} CPU seconds"
    sys.stdout.write(f"one process without Ray: {plain} for {len(DEMO.masks())} masks" + "\n")
    for workers in (1, 2):
        heard = Heard()
        assert run_on_ray(DEMO, runner_of(folder / f"ray{workers}", heard), RayOptions("local", workers, 1))
        whole = time.monotonic() - heard.began
        sys.stdout.write(
            f"{workers} workers: first run after {heard.first:.1f} s, all after {whole:.1f} s, so "
            f"{whole - heard.first:.1f} s of work; {heard.cpu:.1f} CPU seconds of workers; driver "
            f"{heard.rss / 1e6:.0f} MB\n"
        )


def llama(folder: Path) -> Experiment:
    """An experiment on Llama-3.1-8B on a GPU, whose files are not here."""
    experiment = Experiment(
        ModelSpec("llama", device="cuda", prompt="letters", level_asked="standard"),
        Store(folder),
        ImportanceSpec(n_items=GPU_ITEMS),
    )
    known: ModelInfo = describe_model(ModelSpec(), folder / "models" / "fingerprints.json")
    candidates = {"mlp": MLP, "all": ALL}
    experiment.info = replace(known, parameters=PARAMETERS, candidates=candidates)
    experiment.identity = ModelIdentity("0" * 64, "none", "bfloat16", "cuda")
    return experiment


def makespan(survey: Survey, experiment: Experiment, seconds: dict[Unit, float], workers: int) -> float:
    """Seconds until the last of some workers has nothing left, which take units as they do on Ray."""
    schedule, now = Schedule(survey, experiment), 0.0
    going: list[tuple[float, int, Unit]] = []
    while not schedule.is_done():
        while len(going) < workers and (unit := schedule.take()):
            heapq.heappush(going, (now + seconds[unit], id(unit), unit))
        now, _, unit = heapq.heappop(going)
        schedule.finish(unit)
    return now


def simulate(folder: Path) -> None:
    """The plan of Llama-3.1-8B on 1, 8 and 64 H100, from assumed times."""
    experiment = llama(folder)
    survey, timing = Survey(LLAMA, experiment), timing_of(experiment, "h100")
    seconds = {one.unit: timing.seconds(one.lacking) for one in survey.every}
    total, path = sum(seconds.values()), critical_path(survey, experiment, timing).seconds
    sys.stdout.write(
        f"{len(seconds)} units, {total / 3600:.1f} h in all, critical path {path / 60:.1f} min" + "\n"
    )
    for workers in (1, 8, 64):
        took, bound = makespan(survey, experiment, seconds, workers), max(path, total / workers)
        sys.stdout.write(f"{workers:3} GPUs: {took / 3600:.2f} h, {took / bound:.3f} times the bound" + "\n")


def main() -> None:
    """Measures or simulates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulate", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not arguments.simulate:
            measure(Path(folder))
        simulate(Path(folder))


if __name__ == "__main__":
    main()
