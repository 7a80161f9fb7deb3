"""A profile of a real model through Ray beside one without it: the same outcomes, and memory of each process.

`python -m tests.performance.ray_real` takes SmolLM2 in bfloat16: one ability, two masks, two benchmarks of 20
items, on two workers of one thread.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time

import polars as pl

from tests.performance.peaks import peak_mb, peaks_below

ASKED = (
    "--prompt text --level plain --device cpu --abilities commonsense_causal --variants mlp --k 0.001 "
    "--selections max_minus_shared,random --benchmarks commonsense_causal,spatial_reasoning"
)

ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}
"""A product of matrices is rounded otherwise on two threads."""

ON_RAY = "--ray local --workers 2 --cpus-per-worker 1"


class Peaks(threading.Thread):
    """Looks each second how much memory the workers below this process took at most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.mb: dict[str, float] = {}

    def run(self) -> None:
        """Looks, for as long as the process lives."""
        while True:
            self.mb.update(peaks_below("ray::Worker"))
            time.sleep(1)


def run_one(arguments: list[str]) -> None:
    """Runs one command of the program in this process, and says what it took."""
    from tui.command_line import run

    peaks, began = Peaks(), time.monotonic()
    peaks.start()
    assert run(arguments) == 0
    most, cpu = peak_mb(), time.process_time()
    workers = " and ".join(f"{mb:,.0f} MB" for mb in peaks.mb.values())
    sys.stderr.write(
        f"{time.monotonic() - began:.0f} s, {cpu:.0f} CPU seconds and {most:,.0f} MB in this process"
        f"{f', workers {workers}' if workers else ''}; torch imported: {'torch' in sys.modules}\n"
    )


def main() -> None:
    """Runs both, each in a process of its own, and compares."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.ray_real", description=__doc__)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--limit", default="10", help="items of each benchmark")
    parser.add_argument("--one", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one)
        return
    with tempfile.TemporaryDirectory() as folder:
        asked = f"profile --model {options.model} --dtype {options.dtype} --limit {options.limit} {ASKED}"
        for name, more in (("without", ""), ("with", ON_RAY)):
            places = f"--cache-dir {folder}/{name} --out {folder}/{name}-out"
            own = [sys.executable, "-m", "tests.performance.ray_real", "--one"]
            command = [*own, *f"{asked} {more} {places}".split()]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=ONE_THREAD)
            sys.stdout.write(f"{name} Ray: {done.stderr.strip().split(chr(10))[-1]}\n")
        for table in ("outcomes", "cells"):
            with_ray, without = (
                pl.read_parquet(f"{folder}/{name}-out/{table}.parquet") for name in ("with", "without")
            )
            is_same = "the same" if with_ray.equals(without) else "NOT the same"
            sys.stdout.write(f"{table}: {len(without)} rows, {is_same}\n")


if __name__ == "__main__":
    main()
