"""Scores of the intact model in the hub's `.eval_results` format, which its model pages read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from cache.files import write_atomically
from core.analysis.results import Results
from core.analysis.sharing.model_runs import model_runs
from core.benchmarks.tasks.catalogue import TASKS

NAME = ".eval_results/abilityscope.yaml"


def write_hub_results(results: Results, folder: Path) -> tuple[list[Path], list[str]]:
    """Writes the file, and says which benchmarks it has no place for: those whose data is not on the hub.

    Nothing of a mask is written: an ablated model is not the model of the page.

    Raises:
        OSError: the folder cannot be written to.
        ValueError: none of the benchmarks is on the hub.
    """
    base = next(run for run in model_runs(results) if run.is_base)
    entries: list[dict[str, Any]] = []
    without: list[str] = []
    for benchmark in results.settings.benchmarks:
        task = TASKS.get(benchmark.id)
        if task is None:
            without.append(benchmark.id)
            continue
        frame = base.of(task.id)
        items = f"{len(frame):,} items"
        if len(frame) != task.n_items:
            items = f"the first {len(frame):,} of {task.n_items:,} items, not a whole run"
        dataset = {"id": task.data.path, "task_id": task.data.config or task.id}
        revision = {} if task.data.revision is None else {"revision": task.data.revision}
        entries.append(
            {
                "dataset": {**dataset, **revision},
                "value": round(float(frame["score"].to_numpy().mean(dtype=float)), 6),
                "date": results.date,
                "notes": f"{task.metrics[0]}, 0 to 1, split {task.split}, {items}; abilityscope",
            }
        )
    if not entries:
        raise ValueError("None of these benchmarks has its data on the hub: there is nothing to write.")
    path = folder / NAME
    text = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True)
    write_atomically(path, text.encode())
    return [path], without
