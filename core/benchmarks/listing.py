"""What there is to say of every benchmark before it is run. Reads no rows and asks no hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.benchmarks.compound import compound_benchmarks
from core.benchmarks.data.load import is_at_hand
from core.benchmarks.description import Benchmark
from core.benchmarks.diagnostic import diagnostic_benchmarks
from core.benchmarks.registry import custom_tasks
from core.benchmarks.tasks.catalogue import TASKS
from core.benchmarks.tasks.task import Kind, Task
from core.models.spec import Level


@dataclass(frozen=True)
class Listed:
    """One benchmark in the list."""

    id: str
    name: str
    about: str
    kind: Kind
    metrics: tuple[str, ...]
    """The first is the score."""
    n_items: int | None
    """Of the whole split on the hub; None of one's own."""
    chance: float | None
    """The score of guessing; None: no usable level, or it varies from item to item."""
    chance_varies: bool
    """Whether it is the mean over the items."""
    shots: int
    """Worked examples before each item."""
    harness: str | None
    """lm-evaluation-harness's name of it."""
    source: str
    """The data set on the hub, one's own file, or `generated`."""
    runs_code: bool
    """Whether it runs programs that the model writes."""
    at_hand: bool
    """Whether its rows are here."""
    needs: tuple[str, ...] = ()
    """Ids of the abilities that its items need, by the way they are made; empty where nobody knows."""


def listed_benchmarks(level: Level, data_dir: str | None) -> list[Listed]:
    """Every benchmark: the diagnostic ones and their compounds, those that everyone uses, one's own.

    Raises:
        ValueError: a description in the folder is not whole.
    """
    generated = (*diagnostic_benchmarks(level), *compound_benchmarks(level))
    own = custom_tasks(data_dir, [benchmark.id for benchmark in generated])
    folder = None if data_dir is None else Path(data_dir)
    return [
        *map(_generated, generated),
        *(_of_task(task, folder) for task in (*TASKS.values(), *own.values())),
    ]


def _generated(benchmark: Benchmark) -> Listed:
    return Listed(
        id=benchmark.id,
        name=benchmark.name,
        about=benchmark.about,
        kind=benchmark.kind,
        metrics=benchmark.metrics,
        n_items=benchmark.n_items,
        chance=benchmark.chance,
        chance_varies=False,
        shots=0,
        harness=None,
        source="generated",
        runs_code=False,
        at_hand=True,
        needs=benchmark.needs,
    )


def _of_task(task: Task, folder: Path | None) -> Listed:
    return Listed(
        id=task.id,
        name=task.name,
        about=task.about,
        kind=task.kind,
        metrics=task.metrics,
        n_items=task.n_items,
        chance=None if task.chance == "by item" else task.chance,
        chance_varies=task.chance == "by item",
        shots=task.shots.count,
        harness=task.harness,
        source=task.data.path,
        runs_code=task.runs_code,
        at_hand=is_at_hand(task, folder),
    )
