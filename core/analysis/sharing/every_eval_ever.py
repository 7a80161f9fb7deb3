"""Results as Every Eval Ever keeps them: a JSON file for each model, and one line for each answer.

Schema 0.3 (`every_eval_ever/schemas`). It has no place for ablation: the mask stands in the details of the
model, AIS and AIS_p with their intervals in the details of each score. p, q and specificity are left out.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from cache.files import write_atomically
from core.analysis.results import OfBenchmark, Results
from core.analysis.sharing.model_runs import ModelRun, first_metric, hub_id, model_runs
from core.analysis.statistics.accuracy import mean_score
from core.analysis.statistics.cells import clusters_of
from core.benchmarks.tasks.catalogue import TASKS

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
        document = _document(results, run, evaluation)
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


def _document(results: Results, run: ModelRun, evaluation: str) -> dict[str, Any]:
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
            yield _sample(results, evaluation, benchmark.id, row)


def _sample(results: Results, evaluation: str, benchmark: str, row: Mapping[str, Any]) -> dict[str, Any]:
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
