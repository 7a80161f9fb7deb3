"""A profile in the layout of lm-evaluation-harness: `results_*.json`, and `samples_<task>_*.jsonl` by task.

Every mask is a model of its own, so that trackers that read the layout show it beside the intact one. AIS and
AIS_p with their intervals stand beside the metrics under names of their own; p, q and specificity are left
out. Whether an option is what greedy decoding would write is not known, and left empty.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from cache.files import write_atomically
from core.analysis.results import OfBenchmark, Results
from core.analysis.table import RUN
from core.benchmarks.tasks import TASKS

EFFECTS = ("ais", "ais_low", "ais_high", "ais_p", "ais_p_low", "ais_p_high")
"""The columns of a cell that other formats have no place for, and get all the same."""

NOT_IN_NAMES = re.compile(r'["<>:/|\\?*\[\]]+')
"""What lm-evaluation-harness replaces in a model's name to make a folder's; no name leaves its folder."""

MASK = [name for name in RUN if name != "benchmark"]
"""The columns that say which weights were zeroed."""


@dataclass(frozen=True, eq=False)
class ModelRun:
    """One model on all benchmarks."""

    mask: Mapping[str, Any]
    """The values of `MASK`."""
    outcomes: pl.DataFrame
    """One row for each benchmark and item."""
    cells: pl.DataFrame
    """One row for each benchmark; empty for the intact model beside ablated ones."""

    @property
    def is_base(self) -> bool:
        """Whether nothing was ablated."""
        return bool(self.mask["variant"] == "base")

    @property
    def name(self) -> str:
        """`base`, or a word for the mask that can be part of a file's name."""
        if self.is_base:
            return "base"
        words = [self.mask["ability"], self.mask["variant"], self.mask["selection"], f"k{self.mask['k']:g}"]
        words += [] if self.mask["seed"] is None else [f"seed{self.mask['seed']}"]
        return NOT_IN_NAMES.sub("_", "-".join(words))

    def of(self, benchmark: str) -> pl.DataFrame:
        """The outcomes on one benchmark."""
        return self.outcomes.filter(pl.col("benchmark") == benchmark)

    def effects(self, benchmark: str) -> dict[str, float]:
        """The `EFFECTS` on one benchmark that are defined; none of the intact model."""
        rows = self.cells.filter(pl.col("benchmark") == benchmark).to_dicts()
        cell = rows[0] if rows and not self.is_base else {}
        return {name: cell[name] for name in EFFECTS if cell.get(name) is not None}


def model_runs(results: Results) -> Iterator[ModelRun]:
    """The intact model, then one model for each mask."""
    for names, outcomes in results.outcomes.collect().group_by(MASK, maintain_order=True):
        matches = [pl.col(name).eq_missing(value) for name, value in zip(MASK, names, strict=True)]
        yield ModelRun(dict(zip(MASK, names, strict=True)), outcomes, results.cells.filter(matches))


def first_metric(benchmark: str) -> str:
    """The name of the metric that a score is."""
    return TASKS[benchmark].metrics[0] if benchmark in TASKS else "acc"


def write_harness_layout(results: Results, folder: Path) -> list[Path]:
    """Writes one folder for each model.

    Raises:
        OSError: the folder cannot be written to.
    """
    stamp = results.date.replace(":", "-")
    written = []
    for run in model_runs(results):
        name = NOT_IN_NAMES.sub("__", results.model)
        own = folder / (name if run.is_base else f"{name}__{run.name}")
        path = own / f"results_{stamp}.json"
        write_atomically(path, (json.dumps(_document(results, run), indent=2) + "\n").encode())
        written.append(path)
        for benchmark in results.settings.benchmarks:
            rows = run.of(benchmark.id).to_dicts()
            lines = [json.dumps(_sample(n, row), ensure_ascii=False) for n, row in enumerate(rows)]
            path = own / f"samples_{NOT_IN_NAMES.sub('__', task_name(benchmark.id))}_{stamp}.jsonl"
            write_atomically(path, ("\n".join(lines) + "\n").encode())
            written.append(path)
    return written


def task_name(benchmark: str) -> str:
    """The harness's name of a benchmark; our own where it has none."""
    task = TASKS.get(benchmark)
    return benchmark if task is None or task.harness is None else task.harness


def _document(results: Results, run: ModelRun) -> dict[str, Any]:
    settings = results.settings
    tasks = {task_name(one.id): one for one in settings.benchmarks}
    versions = {name: one.version for name, one in tasks.items()}
    return {
        "results": {name: _metrics(name, run, one) for name, one in tasks.items()},
        "group_subtasks": {name: [] for name in tasks},
        "configs": {name: {"task": name, "metadata": {"version": versions[name]}} for name in tasks},
        "versions": versions,
        "n-shot": dict.fromkeys(tasks),
        "higher_is_better": {name: {"acc": True} for name in tasks},
        "n-samples": {name: _counts(run, one) for name, one in tasks.items()},
        "config": {
            "model": "hf",
            "model_args": {"pretrained": results.model, "dtype": settings.model.identity.dtype},
            "model_revision": settings.model.spec.revision,
            "ablated": None if run.is_base else dict(run.mask),
        },
        "model_source": "hf",
        "model_name": results.model if run.is_base else f"{results.model} without {run.mask['ability']}",
        "date": results.date,
        "transformers_version": settings.versions["transformers"],
        "abilityscope_version": settings.versions["abilityscope"],
    }


def _counts(run: ModelRun, benchmark: OfBenchmark) -> dict[str, int]:
    task = TASKS.get(benchmark.id)
    whole = benchmark.n if task is None or task.n_items is None else task.n_items
    return {"original": int(whole), "effective": len(run.of(benchmark.id))}


def _metrics(name: str, run: ModelRun, benchmark: OfBenchmark) -> dict[str, Any]:
    frame = run.of(benchmark.id)
    columns = {first_metric(benchmark.id): frame["score"]}
    if frame["correct_norm"].null_count() == 0:
        columns |= {"acc": frame["correct"], "acc_norm": frame["correct_norm"]}
    found: dict[str, Any] = {"alias": name}
    for metric, values in columns.items():
        scores = values.cast(pl.Float64).to_numpy()
        found[f"{metric},none"] = float(scores.mean())
        error = float(scores.std(ddof=1)) / math.sqrt(len(scores)) if len(scores) > 1 else "N/A"
        found[f"{metric}_stderr,none"] = error
    known = run.effects(benchmark.id)
    return found | {f"{key},abilityscope": value for key, value in known.items() if math.isfinite(value)}


def _sample(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    options = list(row["options"] or ())
    values = row["loglikelihoods"]
    prompt = row["prompt"] or ""
    target = options[row["gold"]] if options else (row["targets"] or [""])[0]
    answers = [row["text"] or ""] if values is None else [[str(value), ""] for value in values]
    given = options if values is not None else [""]
    arguments = {f"gen_args_{n}": {"arg_0": prompt, "arg_1": option} for n, option in enumerate(given)}
    found = {
        "doc_id": number,
        "doc": {"id": row["item_id"], "prompt": prompt, "options": options},
        "target": target,
        "arguments": arguments,
        "resps": [[answer] for answer in answers],
        "filtered_resps": answers,
        "filter": "none",
        "metrics": ["score"],
        "doc_hash": _hash(row["item_id"]),
        "prompt_hash": _hash(prompt),
        "target_hash": _hash(target),
        "score": float(row["score"]),
    }
    if row["correct_norm"] is not None:
        found |= {"metrics": ["acc", "acc_norm"], "acc": float(row["correct"])}
        found["acc_norm"] = float(row["correct_norm"])
    return found


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
