"""Finds and reads a benchmark's rows in one's own folder.

The rule, for a data set whose files are called `gsm8k` and which the hub calls `openai/gsm8k`, config `main`;
the first that is there is taken:

- `DIR/gsm8k_train.jsonl`, the split's name behind the file's;
- `DIR/gsm8k.jsonl`, for the split that is evaluated, whichever it is;
- `DIR/openai/gsm8k/main/train.parquet` or `DIR/gsm8k/main/train.parquet`, also in parts as the hub names them
  (`train-00000-of-00002.parquet`), also without the config's folder or in one called `data`.

Everywhere `.jsonl` and `.parquet` are both understood, with the hub's field names. Where every family is a
config of its own (BIG-Bench Hard), one file with a field for it serves as well as a folder for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.abilities.custom_rows import SUFFIXES, Row, read_rows
from core.benchmarks.tasks.task import DataSet, Task


class MissingRowsError(ValueError):
    """A folder has no file with the rows that are wanted."""


def folder_rows(task: Task, split: str, folder: Path) -> tuple[Row, ...]:
    """The rows of a split, in their order.

    Raises:
        MissingRowsError: the folder has no file for them.
        ValueError: a file cannot be read; the message names file and line.
    """
    found = files_of(task, split, folder)
    if not found:
        raise MissingRowsError(_missing(task, split, folder))
    return tuple(row for file, family in found for row in _rows(task, file, family))


def files_of(task: Task, split: str, folder: Path) -> list[tuple[Path, str | None]]:
    """The files of a split, each with the family of its rows where only its folder says so; maybe none."""
    flat = _first_of(_flat_files(task, split, folder))
    if flat:
        return [(file, None) for file in flat]
    if not task.data.configs:
        return [(file, None) for file in _hub_files(task.data, split, folder, task.data.config)]
    return [
        (file, config)
        for config in task.data.configs
        for file in _hub_files(task.data, split, folder, config)
    ]


def _rows(task: Task, file: Path, family: str | None) -> Iterator[Row]:
    for row in read_rows(file):
        yield row if family is None else Row(row.place, {**row.fields, task.family or "": family})


def _flat_files(task: Task, split: str, folder: Path) -> Iterator[list[Path]]:
    stems = [f"{task.data.file}_{split}", *([task.data.file] if split == task.split else [])]
    for stem in stems:
        for suffix in SUFFIXES:
            yield [folder / f"{stem}{suffix}"]


def _hub_files(data: DataSet, split: str, folder: Path, config: str | None) -> list[Path]:
    """The files of a split where they lie as on the hub; the parts in their order."""
    if data.path.count("/") != 1:
        return []
    homes = (folder / data.path, folder / data.path.split("/")[1])
    inner = (*([config] if config else []), *(["data", "."] if not data.configs else []))
    places = (home / name for home in homes for name in inner)
    return _first_of(
        [Path(file) for file in sorted(place.glob(f"{split}{part}{suffix}"))]
        for place in places
        for part in ("", "-*-of-*")
        for suffix in SUFFIXES
    )


def _first_of(candidates: Iterator[list[Path]]) -> list[Path]:
    for files in candidates:
        if files and all(file.is_file() for file in files):
            return files
    return []


def _missing(task: Task, split: str, folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder} is no folder: give one with the benchmarks' files."
    stem = task.data.file if split == task.split else f"{task.data.file}_{split}"
    config = f"/{task.data.config}" if task.data.config else ""
    name = task.data.path.rsplit("/", 1)[-1]
    return (
        f"{folder} has no rows of '{task.id}', split '{split}': put them in {stem}.jsonl or {stem}.parquet, "
        f"or as the hub has them in {name}{config}/{split}.parquet."
    )
