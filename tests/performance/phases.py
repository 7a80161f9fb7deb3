"""Where the CPU seconds of scoring one ability and of one cell go, on a real model.

`python -m tests.performance.phases --model smollm2` prints a table for each way of storing the weights. Every
way is a process of its own with an empty cache, on one thread. What is timed is the program itself: its
functions are wrapped, and what one of them takes within another counts for the inner one alone.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

PROMPT_FORM, LEVEL = "text", "plain"
STORED = ("float32", "bfloat16", "nf4")
ABILITY = "commonsense_causal"


class Timed(NamedTuple):
    """A function and the phase that its time counts for."""

    phase: str
    module: str
    name: str
    """The name of a function, or of a class and its method."""


TIMED = (
    Timed("describe the files", "core.run.experiment", "describe_model"),
    Timed("fingerprint the files", "core.models.description", "fingerprint_files"),
    Timed("load", "core.models.loading", "load"),
    Timed("prepare items", "core.benchmarks.evaluation", "prepare"),
    Timed("score", "core.run.rankings", "score_importance"),
    Timed("rank", "core.run.rankings", "MaskMaker._rank"),
    Timed("store", "cache.rankings", "Rankings.save"),
    Timed("store", "cache.tables", "Tables.save"),
    Timed("checksums of the weights", "core.models.weight_space", "LoadedWeights.__init__"),
    Timed("check of the weights", "core.models.weight_space", "LoadedWeights.changed"),
    Timed("apply", "core.masks.ablation", "Ablator.apply"),
    Timed("restore", "core.masks.ablation", "Ablator.restore"),
    Timed("evaluate", "core.run.evaluation", "evaluate_run"),
    Timed("divergences, ablated", "core.inference.loglikelihood", "ablated_probabilities"),
    Timed("divergences, intact", "core.run.runs", "store_divergences"),
    Timed("quality, ablated", "core.run.runs", "measure_generation_quality"),
    Timed("quality, intact", "core.run.runs", "store_generation_quality"),
)


class Spans:
    """Seconds by phase, of nested spans each second once."""

    def __init__(self, clock: Callable[[], float] = time.process_time) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._clock, self._open = clock, list[str]()
        self._since = clock()

    @contextmanager
    def span(self, phase: str) -> Iterator[None]:
        """A context whose time counts for a phase, but for that of spans within."""
        self._count()
        self._open.append(phase)
        try:
            yield
        finally:
            self._count()
            self._open.pop()

    def _count(self) -> None:
        now = self._clock()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def wrap(self, timed: Timed) -> None:
        """Has every call of a function count for its phase."""
        owner: Any = importlib.import_module(timed.module)
        *classes, name = timed.name.split(".")
        for one in classes:
            owner = getattr(owner, one)
        plain = getattr(owner, name)

        @functools.wraps(plain)
        def counted(*arguments: Any, **named: Any) -> Any:
            with self.span(timed.phase):
                return plain(*arguments, **named)

        setattr(owner, name, counted)


def main() -> int:
    """Prints a table of all ways to store the weights; of one, as the process that measures it, JSON."""
    options = _options()
    if options.one:
        found = measure(options)
        options.out.write_text(json.dumps(found), encoding="utf-8")
        return 0
    tables = {stored: _in_a_process(stored) for stored in options.stored}
    phases = list(dict.fromkeys(phase for table in tables.values() for phase in table))
    lines = ["| CPU seconds | " + " | ".join(tables) + " |", "| --- " * (len(tables) + 1) + "|"]
    for phase in phases:
        cells = [f"{table[phase]:.2f}" if phase in table else "" for table in tables.values()]
        lines.append(f"| {phase} | " + " | ".join(cells) + " |")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def measure(options: argparse.Namespace) -> dict[str, float]:
    """Seconds by phase: first all that a score of an ability takes, then those of a cell."""
    spans = Spans()
    with spans.span("import torch and transformers"):
        import torch
        import transformers  # noqa: F401

        torch.set_num_threads(1)
        for timed in TIMED:
            importlib.import_module(timed.module)
    from cache.folder import Store
    from core.benchmarks.benchmark import BenchmarkOptions
    from core.benchmarks.registry import find_benchmarks
    from core.models.spec import ModelSpec
    from core.run.runner import Runner
    from core.run.runs import all_outcomes
    from core.run.specs import ImportanceSpec, MaskSpec

    for timed in TIMED:
        spans.wrap(timed)
    stored = options.one
    quantization, dtype = (stored, "bfloat16") if stored in ("nf4", "fp4") else ("none", stored)
    spec = ModelSpec(options.model, quantization, dtype, "cpu").settled(PROMPT_FORM, LEVEL)
    with tempfile.TemporaryDirectory() as folder, spans.span("all else"):
        runner = Runner(spec, Store(Path(folder)), ImportanceSpec(options.n_items))
        mask = MaskSpec(ABILITY, "all", options.selection, options.k)
        if options.selection != "random":
            runner.mask(mask)
        given = BenchmarkOptions(data_dir=options.data_dir)
        (benchmark,) = find_benchmarks([options.benchmark], given)
        asked = [runner.request(one, benchmark, options.limit) for one in (None, mask)]
        all_outcomes(runner, asked[:1])
        spans.seconds["evaluate, intact"] = spans.seconds.pop("evaluate")
        all_outcomes(runner, asked[1:])
        spans.seconds["evaluate, ablated"] = spans.seconds.pop("evaluate")
    return dict(spans.seconds)


def _in_a_process(stored: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "seconds.json"
        command = [sys.executable, "-m", "tests.performance.phases", *sys.argv[1:]]
        settings = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        subprocess.run(
            [*command, "--one", stored, "--out", str(out)], env={**os.environ, **settings}, check=True
        )
        found: dict[str, float] = json.loads(out.read_text(encoding="utf-8"))
        return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.performance.phases", description=__doc__)
    parser.add_argument("--model", default="smollm2", help="as the program takes it")
    parser.add_argument("--stored", nargs="+", choices=STORED, default=list(STORED[:2]))
    parser.add_argument("--benchmark", default=ABILITY)
    parser.add_argument("--data-dir", default=None, metavar="DIR", help="of JSONL files")
    parser.add_argument("--limit", type=int, default=20, help="items of the cell")
    parser.add_argument("--n-items", type=int, default=20, help="items that the ability is scored on")
    parser.add_argument("--selection", default="top", help="`random` scores nothing")
    parser.add_argument("--k", type=float, default=1e-5)
    parser.add_argument("--one", choices=STORED, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
