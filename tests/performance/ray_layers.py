"""A contrast on a real model, whose layers two workers score that share no folder, beside one process.

`python -m tests.performance.ray_layers` scores SmolLM2 for all ten abilities on a few items, ranks, and says
whether the rankings are the same to the byte, in how many seconds, and how much memory each process took at
most. `--part` runs only one of the two, on a cache folder that it leaves, in `--root`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from cache.folder import Store
from core.benchmarks.registry import find_benchmarks
from core.cluster.on_ray import run_on_ray
from core.cluster.ray_options import RayOptions
from core.models.spec import ModelSpec
from core.run.events import Event
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec
from tests.performance.peaks import peak_mb, peaks_below

ABILITY = "commonsense_causal"

PLAN = Plan(
    abilities=(ABILITY,),
    variants=("all",),
    selections=("max_minus_shared",),
    ks=(0.001,),
    benchmarks=find_benchmarks([ABILITY]),
    limit=2,
)


class Peaks:
    """The most memory of each worker, and of the process that merges, by its title."""

    def __init__(self) -> None:
        self.mb: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        """Looks at all processes below this one."""
        self.mb.update(peaks_below("ray::Worker", "ray::_merge", "ray::Folders"))


def runner_of(options: argparse.Namespace, peaks: Peaks | None = None) -> Runner:
    """The runner of either part."""
    spec = ModelSpec(options.model, dtype=options.dtype, device="cpu").settled("text", "plain")
    root = options.root / options.part
    root.mkdir(parents=True, exist_ok=True)
    emit = (lambda event: None) if peaks is None else peaks
    return Runner(spec, Store(root), ImportanceSpec(options.n_items), emit=emit)


def run(options: argparse.Namespace) -> None:
    """Runs one part in this process."""
    began, peaks = time.monotonic(), Peaks()
    if options.part == "one":
        import torch

        torch.set_num_threads(1)
        (mask,) = PLAN.masks()
        runner_of(options).mask(mask)
    else:
        found = RayOptions(workers=options.workers, cpus_per_worker=1, is_shared=False)
        assert run_on_ray(PLAN, runner_of(options, peaks), found, sys.stderr.write)
    most = peak_mb()
    of_others = ", ".join(f"{name} {mb:,.0f} MB" for name, mb in peaks.mb.items())
    seconds = time.monotonic() - began
    sys.stdout.write(f"{options.part}: {seconds:.0f} s, this process {most:,.0f} MB; {of_others}\n")


def main() -> None:
    """Runs both parts, each in a process of its own, and compares the rankings."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.ray_layers", description=__doc__)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--n-items", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--root", type=Path, default=Path("ray_layers"))
    parser.add_argument("--part", choices=("one", "ray"))
    options = parser.parse_args()
    if options.part:
        run(options)
        return
    for part in ("one", "ray"):
        own = [sys.executable, "-m", "tests.performance.ray_layers", *sys.argv[1:], "--part", part]
        subprocess.run(own, check=True)
    rankings = [
        {path.name: path.read_bytes() for path in (options.root / part / "rankings").glob("*.safetensors")}
        for part in ("one", "ray")
    ]
    is_same = bool(rankings[0]) and rankings[0] == rankings[1]
    sys.stdout.write(f"the ranking is {'the same to the byte' if is_same else 'NOT the same'}\n")


if __name__ == "__main__":
    main()
