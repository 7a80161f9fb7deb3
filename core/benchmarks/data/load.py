"""Loads the rows of a benchmark, and renders them."""

from __future__ import annotations

from pathlib import Path

from core.abilities.custom_rows import Row, read_rows
from core.benchmarks.data.folder import files_of, folder_rows
from core.benchmarks.data.hub import hub_rows, is_cached
from core.benchmarks.tasks.documents import Document
from core.benchmarks.tasks.render import ChatTemplate, render
from core.benchmarks.tasks.task import HARNESS_SEED, Task


def load_rows(task: Task, split: str, data_dir: Path | None = None) -> tuple[Row, ...]:
    """The rows of a split, in their order: of one's own folder if one is given, else of the hub.

    A benchmark of one's own brings its files with it, whatever the folder.

    Raises:
        MissingRowsError: the folder has no file for them.
        HubError: neither the hub nor the cache of what was loaded before gives them.
        ValueError: a file cannot be read; the message names file and line.
    """
    if task.custom_files is not None:
        return tuple(read_rows(task.custom_files[split]))
    return folder_rows(task, split, data_dir) if data_dir is not None else hub_rows(task, split)


def is_at_hand(task: Task, data_dir: Path | None = None) -> bool:
    """Whether the rows that are evaluated seem to be here, without reading them or asking the hub."""
    if task.custom_files is not None:
        return task.custom_files[task.split].is_file()
    return bool(files_of(task, task.split, data_dir)) if data_dir is not None else is_cached(task.data)


def load_documents(
    task: Task,
    *,
    data_dir: Path | None = None,
    limit: int | None = None,
    shots: int | None = None,
    seed: int = HARNESS_SEED,
    chat: ChatTemplate | None = None,
) -> tuple[Document, ...]:
    """The documents of a benchmark: rows loaded, worked examples too where they are wanted, and rendered.

    Args:
        task: the benchmark.
        data_dir: as of load_rows.
        limit: as of render.
        shots: as of render.
        seed: as of render.
        chat: as of render.

    Raises:
        ValueError: as of load_rows and render.
    """
    count = task.shots.count if shots is None else shots
    split = task.shots.split if count > 0 and task.shots.own is None else None
    shot_rows = load_rows(task, split, data_dir) if split else ()
    rows = load_rows(task, task.split, data_dir)
    return render(task, rows, limit=limit, shots=shots, shot_rows=shot_rows, seed=seed, chat=chat)
