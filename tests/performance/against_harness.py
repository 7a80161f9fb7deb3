"""Our speed, scores and memory against lm-evaluation-harness's `hf` backend at its best batch size.

Every run is a process of its own, on one thread, so that the peak of its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from core.benchmarks.benchmark import ChoiceDocument, Document
from core.benchmarks.tasks import TASKS
from tests.core.benchmarks.conftest import choice_scores
from tests.performance.harness_cases import (
    CASES,
    RANDOM,
    Case,
    Measured,
    documents,
    longest_answer,
    run_harness,
    run_ours,
)
from tests.performance.machine import machine_facts

BATCH_SIZES = (1, 4, 16, 64)
TRIAL_ITEMS = 16
"""On which the harness's best batch size is found."""
TOLERANCE = 1e-4
"""Logprobs."""
MIB = 2**20


def main() -> int:
    """0, or 1 if a score differs; a slow result is no failure."""
    options = _options()
    torch.set_num_threads(1)
    if options.side:
        case = CASES[options.only[0]]
        items = documents(case, options.data_dir)[: options.items]
        what = (options.model, items, options.data_dir, longest_answer(options.model, case))
        found = run_ours(*what) if options.side == "ours" else run_harness(*what, options.batch_size)
        options.out.write_text(found.to_json(), encoding="utf-8")
        return 0
    results = []
    for name in options.only or _cases_of(options.model):
        results.append(_compare(name, options))
        sys.stdout.write(_lines(results[-1]))
        sys.stdout.flush()
    sys.stdout.write(", ".join(f"{name} {value}" for name, value in machine_facts().items()) + "\n")
    if options.json:
        options.json.write_text(
            json.dumps({"machine": machine_facts(), "cases": results}, indent=2) + "\n", encoding="utf-8"
        )
    return 0 if all(result["equal"] for result in results) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.performance.against_harness", description=__doc__)
    here = Path(__file__).parents[1] / "data" / "benchmarks"
    parser.add_argument(
        "--data-dir", type=Path, default=here, metavar="DIR", help="of JSONL files of the hub's rows"
    )
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=[], help="some of the comparisons")
    parser.add_argument(
        "--model",
        default=RANDOM,
        metavar="NAME",
        help="smollm2, a folder or a GGUF file; a random model if not given",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all numbers")
    parser.add_argument(
        "--items", type=int, metavar="N", help="of each benchmark, at most; each its own number if not given"
    )
    parser.add_argument(
        "--batch-size", type=int, metavar="N", help="the harness's; the fastest of some if not given"
    )
    for name in ("--side", "--out"):  # of the processes that this one starts
        kind = {"--side": str, "--out": Path}[name]
        parser.add_argument(name, type=kind, default=None, help=argparse.SUPPRESS)
    return parser.parse_args()


def _cases_of(model: str) -> list[str]:
    return [name for name, case in CASES.items() if model != RANDOM or not case.real_only]


def _compare(name: str, options: argparse.Namespace) -> dict[str, object]:
    """The numbers of one comparison."""
    items = documents(CASES[name], options.data_dir)[: options.items]

    def run(side: str, n: int, batch_size: int) -> Measured:
        return _run(name, options, side, n, batch_size)

    sizes = _sizes(items[:TRIAL_ITEMS]) if options.batch_size is None else []
    trials = {size: run("harness", TRIAL_ITEMS, size).cpu_seconds for size in sizes}
    best = options.batch_size or min(trials, key=trials.__getitem__)
    harness = run("harness", len(items), best)
    ours = run("ours", len(items), 0)
    return {
        "case": name,
        "what": CASES[name].what,
        "aim": CASES[name].aim,
        "items": len(items),
        "trials_cpu_s": trials,
        "best_batch_size": best,
        **{f"ours_{key}": value for key, value in _speeds(ours, len(items)).items()},
        **{f"harness_{key}": value for key, value in _speeds(harness, len(items)).items()},
        "times_as_fast": harness.seconds / ours.seconds,
        "times_as_fast_cpu": harness.cpu_seconds / ours.cpu_seconds,
        **_agreement(CASES[name], items, ours, harness),
    }


def _sizes(items: Sequence[Document]) -> list[int]:
    """The batch sizes that are no larger than the requests; requests of single tokens go once a context."""
    requests = sum(len(item.continuations) if isinstance(item, ChoiceDocument) else 1 for item in items)
    return [size for size in BATCH_SIZES if size <= requests]


def _speeds(found: Measured, items: int) -> dict[str, float | None]:
    return {
        "items_per_s": items / found.seconds,
        "items_per_cpu_s": items / found.cpu_seconds,
        "peak_mib": None if found.peak_bytes is None else found.peak_bytes / MIB,
    }


def _agreement(
    case: Case, items: Sequence[Document], ours: Measured, harness: Measured
) -> dict[str, float | bool]:
    """What has to be equal: log-likelihoods and every metric of each item, or the texts."""
    pairs = list(zip(ours.answers, harness.answers, strict=True))
    if not isinstance(items[0], ChoiceDocument):
        same = sum(left == right for left, right in pairs)
        return {"equal": same == len(pairs), "equal_texts": same / len(pairs)}
    difference = max(
        abs(left - right)
        for pair in pairs
        for left, right in zip(*pair, strict=True)  # type: ignore[arg-type]
    )
    scores = [
        [choice_scores(TASKS[case.task], item, values) for values in pair]  # type: ignore[arg-type]
        for item, pair in zip(items, pairs, strict=True)
    ]
    same = sum(left == right for left, right in scores)
    return {
        "equal": same == len(pairs) and difference <= TOLERANCE,
        "equal_scores": same / len(pairs),
        "largest_difference_logprobs": difference,
    }


def _run(name: str, options: argparse.Namespace, side: str, items: int, batch_size: int) -> Measured:
    """One side's run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "measured.json"
        command = [
            *(sys.executable, "-m", "tests.performance.against_harness"),
            *("--data-dir", str(options.data_dir), "--model", options.model, "--only", name, "--side", side),
            *("--items", str(items), "--batch-size", str(batch_size), "--out", str(out)),
        ]
        settings = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        done = subprocess.run(command, env={**os.environ, **settings}, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr.decode(errors='replace')}")
        return Measured(**json.loads(out.read_text(encoding="utf-8")))


def _lines(result: dict[str, object]) -> str:
    numbers = {key: f"{value:.3g}" if isinstance(value, float) else value for key, value in result.items()}
    return "\n  ".join(f"{key}: {value}" for key, value in numbers.items()) + "\n"


if __name__ == "__main__":
    sys.exit(main())
