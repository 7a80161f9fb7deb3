"""A profile's results in formats that others read: Every Eval Ever's, and lm-evaluation-harness's layout.

Each mask is a model of its own beside the intact one. AIS and AIS_p with their intervals stand in the details
of each score (Every Eval Ever, schema 0.3), or beside the metrics under names of their own (the harness).
p, q and specificity are left out.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from cache.files import write_atomically
from core.analysis.results import OfBenchmark, Results
from core.analysis.statistics.cells import clusters_of
from core.analysis.statistics.scores import mean_score
from core.analysis.table import RUN
from core.benchmarks.tasks.catalogue import TASKS

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


def hub_id(model: str) -> tuple[str, str]:
    """The owner of a model, `unknown` of a file or folder, and its name."""
    owner, _, name = model.rpartition("/")
    is_local = not owner or "/" in owner or owner.startswith((".", "~"))
    return ("unknown", Path(model).name) if is_local else (owner, name)


def first_metric(benchmark: str) -> str:
    """The name of the metric that a score is."""
    return TASKS[benchmark].metrics[0] if benchmark in TASKS else "acc"


SCHEMA_VERSION = "0.3.0"

PROGRAM = "abilityscope"


def write_every_eval_ever(results: Results, folder: Path) -> list[Path]:
    """Writes `data/<program>/<developer>/<model>/<uuid>.json` and `<uuid>_samples.jsonl` for each model.

    Raises:
        OSError: the folder cannot be written to.
    """
    written = []
    place = Path("data", PROGRAM, *map(_part, hub_id(results.model)))
    for run in model_runs(results):
        # The same results have the same names, so that a second export replaces the first.
        seed = f"{msgspec.structs.asdict(results.settings.model.identity)}{run.name}"
        own = str(uuid.UUID(bytes=hashlib.sha256(seed.encode()).digest()[:16], version=4))
        path, samples = place / f"{own}.json", place / f"{own}_samples.jsonl"
        evaluation = f"{PROGRAM}/{results.model}/{run.name}/{results.date}"
        lines = [json.dumps(one, ensure_ascii=False) for one in _samples(results, run, evaluation)]
        write_atomically(folder / samples, ("\n".join(lines) + "\n").encode())
        document = _eval_document(results, run, evaluation)
        document["detailed_evaluation_results"] = {
            "format": "jsonl",
            "file_path": samples.as_posix(),
            "hash_algorithm": "sha256",
            "checksum": hashlib.sha256((folder / samples).read_bytes()).hexdigest(),
            "total_rows": len(lines),
        }
        write_atomically(folder / path, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
        written += [folder / path, folder / samples]
    return written


def _part(word: str) -> str:
    """A word as one part of a path."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in word).strip(".") or "unknown"


def _eval_document(results: Results, run: ModelRun, evaluation: str) -> dict[str, Any]:
    versions = results.settings.versions
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": evaluation,
        "evaluation_timestamp": results.date,
        "retrieved_timestamp": results.date,
        "source_metadata": {
            "source_name": PROGRAM,
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "third_party",
        },
        "eval_library": {"name": PROGRAM, "version": versions[PROGRAM]},
        "model_info": {
            "name": results.model if run.is_base else f"{results.model} without {run.mask['ability']}",
            "id": results.model,
            "inference_engine": {"name": "transformers", "version": versions["transformers"]},
            "additional_details": _details(results, run),
        },
        "evaluation_results": [_result(run, evaluation, one) for one in results.settings.benchmarks],
    }


def _details(results: Results, run: ModelRun) -> dict[str, str]:
    """What else is known of the model: its form, and the weights that were zeroed."""
    settings = results.settings
    details = {
        "deployment_type": "self_deployed",
        "model_availability": "open_weights",
        **msgspec.structs.asdict(settings.model.identity),
        "prompt_form": settings.prompt,
    }
    if not run.is_base:
        scoring = msgspec.structs.asdict(settings.importance)
        details |= {f"ablated_{name}": str(value) for name, value in run.mask.items() if value is not None}
        details |= {f"importance_{name}": str(value) for name, value in scoring.items()}
    return details


def _result(run: ModelRun, evaluation: str, benchmark: OfBenchmark) -> dict[str, Any]:
    name = benchmark.id
    frame = run.of(name)
    scores = frame["score"].to_numpy().astype(np.float64)
    found = mean_score(scores, clusters_of(frame))
    metric = first_metric(name)
    details = {key: str(value) for key, value in run.effects(name).items()}
    return {
        "evaluation_result_id": f"{evaluation}/{name}/{metric}",
        "evaluation_name": name,
        "source_data": _source(name, len(frame)),
        "metric_config": {
            "metric_id": metric,
            "metric_name": metric,
            "metric_unit": "proportion",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
        },
        "score_details": {
            "score": found.score,
            "details": {"chance": str(benchmark.chance), "version": str(benchmark.version), **details},
            "uncertainty": {
                "confidence_interval": {
                    "lower": found.low,
                    "upper": found.high,
                    "confidence_level": 0.95,
                    "method": "Wilson, at the effective number of items",
                },
                "num_samples": len(frame),
            },
        },
    }


def _source(benchmark: str, n: int) -> dict[str, Any]:
    task = TASKS.get(benchmark)
    if task is None:
        return {"dataset_name": benchmark, "source_type": "other", "additional_details": {"samples": str(n)}}
    return {
        "dataset_name": benchmark,
        "source_type": "hf_dataset",
        "hf_repo": task.data.path,
        "hf_split": task.split,
        "samples_number": n,
    }


def _samples(results: Results, run: ModelRun, evaluation: str) -> Iterator[dict[str, Any]]:
    for benchmark in results.settings.benchmarks:
        for row in run.of(benchmark.id).to_dicts():
            yield _eval_sample(results, evaluation, benchmark.id, row)


def _eval_sample(results: Results, evaluation: str, benchmark: str, row: Mapping[str, Any]) -> dict[str, Any]:
    options = list(row["options"] or ())
    if options:
        reference, chosen, method = [options[row["gold"]]], options[row["prediction"]], "log-likelihood"
    else:
        reference, chosen, method = list(row["targets"] or ()), row["answer"] or "", "filter"
    raw = row["prompt"] or ""
    said = row["text"] if row["text"] is not None else chosen
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": evaluation,
        "model_id": results.model,
        "evaluation_name": benchmark,
        "sample_id": row["item_id"],
        "sample_hash": hashlib.sha256((raw + "".join(reference)).encode()).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": raw, "formatted": raw, "reference": reference, "choices": options or None},
        "output": {"raw": [said]},
        "messages": None,
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": chosen,
                "extraction_method": method,
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": float(row["score"]), "is_correct": bool(row["correct"])},
        "metadata": _metadata(row),
    }


def _metadata(row: Mapping[str, Any]) -> dict[str, str]:
    found = {name: row.get(name) for name in ("family", "cluster", "finish")}
    if row["loglikelihoods"] is not None:
        found["loglikelihoods"] = json.dumps([round(value, 4) for value in row["loglikelihoods"]])
    return {name: str(value) for name, value in found.items() if value}


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
        write_atomically(path, (json.dumps(_harness_document(results, run), indent=2) + "\n").encode())
        written.append(path)
        for benchmark in results.settings.benchmarks:
            rows = run.of(benchmark.id).to_dicts()
            lines = [json.dumps(_harness_sample(n, row), ensure_ascii=False) for n, row in enumerate(rows)]
            path = own / f"samples_{NOT_IN_NAMES.sub('__', task_name(benchmark.id))}_{stamp}.jsonl"
            write_atomically(path, ("\n".join(lines) + "\n").encode())
            written.append(path)
    return written


def task_name(benchmark: str) -> str:
    """The harness's name of a benchmark; our own where it has none."""
    task = TASKS.get(benchmark)
    return benchmark if task is None or task.harness is None else task.harness


def _harness_document(results: Results, run: ModelRun) -> dict[str, Any]:
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
    """Items of the whole benchmark, and those that were evaluated."""
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


def _harness_sample(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
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
