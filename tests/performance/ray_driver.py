"""The memory of the process that hands out a profile's units and at the end writes it, by the profile's size.

`python -m tests.performance.ray_driver` stores the outcomes of some masks as if they had been evaluated: the
intact model's, with a tenth of the answers turned over. Then `profile --ray local` finds all of them but one
mask's, which it has Ray evaluate, and writes tables and files. Each size is a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from cache.folder import Store
from core.abilities import ABILITIES
from core.analysis.rounds import run_part
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec
from tests.performance.peaks import peak_mb

KS = (0.001, 0.002, 0.003, 0.01, 0.02, 0.03)

DRAWS = (1, 4, 12)
"""Random masks of each ability, variant and k: 120, 480 and 1,440 masks in all."""

TURNED = 0.1
"""Share of the answers that a mask turns over."""


def plan_of(draws: int, limit: int) -> Plan:
    """Random masks on the ten diagnostic benchmarks."""
    return Plan(
        abilities=tuple(ability.id for ability in ABILITIES),
        variants=("mlp", "all"),
        selections=("random",),
        ks=KS,
        benchmarks=find_benchmarks(["diagnostic"]),
        limit=limit,
        random_seeds=draws,
    )


def fill(root: Path, plan: Plan) -> None:
    """Stores outcomes and generation quality of the intact model and of all masks but the last."""
    runner = Runner(ModelSpec(device="cpu"), Store(root), ImportanceSpec(n_items=10))
    masks, store, random = plan.masks(), runner.store, np.random.default_rng(0)
    run_part(plan, runner, [None, masks[0]])
    intact = [store.outcomes.load(request.key) for request in plan.requests(runner, None)]
    quality = store.generation_quality.load(runner.generation_quality_request(masks[0])[0])
    assert quality is not None
    for mask in masks[1:-1]:
        for request, frame in zip(plan.requests(runner, mask), intact, strict=True):
            assert frame is not None
            is_turned = pl.Series(random.random(frame.height) < TURNED)
            correct = frame["correct"] ^ is_turned
            turned = frame.with_columns(correct, correct.cast(pl.Float32).alias("score"))
            store.outcomes.save_frame(request.key, request.key_inputs, turned)
        store.generation_quality.save_frame(*runner.generation_quality_request(mask), quality)


def write(root: Path, draws: int, limit: int) -> None:
    """Runs the profile in this process, and says how much memory it took at most."""
    from tui.command_line import run

    ks = ",".join(map(str, KS))
    options = f"--ray local --workers 1 --cpus-per-worker 1 --selections random --k {ks} --limit {limit}"
    places = ["--cache-dir", str(root), "--out", str(root / "out"), "--device", "cpu"]
    assert run(["profile", *options.split(), *places, "--random-seeds", str(draws), "--n-items", "10"]) == 0
    most = peak_mb()
    sys.stderr.write(f"at most {most:.0f} MB; torch imported: {'torch' in sys.modules}\n")


def main() -> None:
    """Fills a cache for each size, and has a process write its profile."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.ray_driver", description=__doc__)
    parser.add_argument("--draws", type=int, nargs="+", default=list(DRAWS))
    parser.add_argument("--limit", type=int, default=500, help="items of each benchmark")
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.root is not None:
        write(options.root, options.draws[0], options.limit)
        return
    for draws in options.draws:
        plan = plan_of(draws, options.limit)
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), plan)
            sys.stdout.write(f"{len(plan.masks()):,} masks, {(len(plan.masks()) + 1) * 10:,} runs: ")
            sys.stdout.flush()
            own = ["--draws", str(draws), "--limit", str(options.limit), "--root", folder]
            command = [sys.executable, "-m", "tests.performance.ray_driver", *own]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            sys.stdout.write(done.stderr.strip().split("\n")[-1] + "\n")


if __name__ == "__main__":
    main()
