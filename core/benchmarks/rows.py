"""Finds and reads a task's rows: in a local folder, or on the Hugging Face hub and in its local cache.

Rule for a local folder, with a data set whose files are called `gsm8k` and which the hub calls
`openai/gsm8k`, config `main`; the first match wins:

- `DIR/gsm8k_train.jsonl`: the file's name and the split's;
- `DIR/gsm8k.jsonl`: the evaluated split, whichever it is;
- `DIR/openai/gsm8k/main/train.parquet` or `DIR/gsm8k/main/train.parquet`, also in parts as the hub names them
  (`train-00000-of-00002.parquet`), also without the config's folder or in one called `data`.

`.jsonl` and `.parquet` both work everywhere, with the hub's field names. Where every family is a config of
its own (BIG-Bench Hard), one file with a field for it works as well as a folder per family.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from core.abilities.custom_rows import SUFFIXES, Row, read_rows, short, text_or_problem
from core.benchmarks.task import DataSet, Task


def value_of(row: Row, path: tuple[str, ...]) -> Any:
    """The value of a field of any type; a path of several names goes into objects.

    Raises:
        ValueError: the field is missing or null.
    """
    value: Any = row.fields
    for depth, name in enumerate(path, start=1):
        if not isinstance(value, dict) or value.get(name) is None:
            fail(row, path[:depth], "is missing")
        value = value[name]
    return value


def text_of(row: Row, *path: str) -> str:
    """The text of a field, unchanged.

    Raises:
        ValueError: the field is missing or does not hold text that a tokenizer accepts.
    """
    return _checked_text(row, path, value_of(row, path))


def texts_of(row: Row, *path: str, least: int = 1) -> tuple[str, ...]:
    """The list of texts in a field, at least `least` of them.

    Raises:
        ValueError: the field is missing, is not a list, is too short, or holds anything but text.
    """
    values = value_of(row, path)
    if not isinstance(values, list | tuple):
        fail(row, path, f"has to be a list of texts, not {short(values)}")
    if len(values) < least:
        fail(row, path, f"has {len(values)} texts, but at least {least} are needed")
    return tuple(_checked_text(row, path, value) for value in values)


def number_of(row: Row, *path: str, below: int, start: int = 0) -> int:
    """The whole number in a field, from `start` to `below - 1`; digits as text are accepted too.

    Raises:
        ValueError: the field is missing or holds anything else.
    """
    value = value_of(row, path)
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if not isinstance(number, int) or isinstance(number, bool) or not start <= number < below:
        fail(row, path, f"has to be a whole number from {start} to {below - 1}, not {short(value)}")
    return number


def index_of(row: Row, word: str, words: tuple[str, ...], *path: str) -> int:
    """The index of a field's word among the allowed words.

    Raises:
        ValueError: it is none of them.
    """
    if word not in words:
        fail(row, path, f"is {short(word)}, which is none of {', '.join(words)}")
    return words.index(word)


def fail(row: Row, path: tuple[str, ...], what: str) -> NoReturn:
    """Raises a ValueError that names file, line and field of a malformed row."""
    raise ValueError(f"{row.where}, field '{'.'.join(path)}': {what}.")


@functools.cache
def bundled(file: str) -> dict[str, Any]:
    """The content of a JSON file of this folder."""
    text = resources.files(__package__).joinpath(file).read_text("utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


@functools.cache
def bundled_examples(file: str, family: str) -> tuple[Row, ...]:
    """The few-shot examples of a family in such a file; empty for an unknown family."""
    rows = bundled(file)["examples"].get(family, ())
    return tuple(Row(f"{file}, {family} {number}", row) for number, row in enumerate(rows, start=1))


def _checked_text(row: Row, path: tuple[str, ...], value: Any) -> str:
    text, problem = text_or_problem(value)
    if problem:
        fail(row, path, problem)
    return text


HUB_TIMEOUT_S = 5.0
"""Time the hub has to say whether it has a data set, in seconds."""


class MissingRowsError(ValueError):
    """A folder has no file with the rows."""


class HubError(ValueError):
    """The hub does not provide the rows; the message says what to do instead."""


def load_rows(task: Task, split: str, data_dir: Path | None = None) -> tuple[Row, ...]:
    """The rows of a split in order: from a custom benchmark's own files, else the folder, else the hub.

    Raises:
        MissingRowsError: the folder has no file for them.
        HubError: neither the hub nor its local cache provides them.
        ValueError: a file cannot be read; the message names file and line.
    """
    if task.custom_files is not None:
        return tuple(read_rows(task.custom_files[split]))
    return folder_rows(task, split, data_dir) if data_dir is not None else hub_rows(task, split)


def is_at_hand(task: Task, data_dir: Path | None = None) -> bool:
    """Whether the evaluated rows seem to be on this machine; reads no rows and does not ask the hub."""
    if task.custom_files is not None:
        return task.custom_files[task.split].is_file()
    return bool(files_of(task, task.split, data_dir)) if data_dir is not None else is_cached(task.data)


def folder_rows(task: Task, split: str, folder: Path) -> tuple[Row, ...]:
    """The rows of a split from a local folder, in order.

    Raises:
        MissingRowsError: the folder has no file for them.
        ValueError: a file cannot be read; the message names file and line.
    """
    found = files_of(task, split, folder)
    if not found:
        raise MissingRowsError(_missing(task, split, folder))
    return tuple(row for file, family in found for row in _file_rows(task, file, family))


def files_of(task: Task, split: str, folder: Path) -> list[tuple[Path, str | None]]:
    """The files of a split, possibly none; each with its rows' family if only its folder names it."""
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


def _file_rows(task: Task, file: Path, family: str | None) -> Iterator[Row]:
    for row in read_rows(file):
        yield row if family is None else Row(row.where, {**row.fields, task.family or "": family})


def _flat_files(task: Task, split: str, folder: Path) -> Iterator[list[Path]]:
    stems = [f"{task.data.file}_{split}", *([task.data.file] if split == task.split else [])]
    for stem in stems:
        for suffix in SUFFIXES:
            yield [folder / f"{stem}{suffix}"]


def _hub_files(data: DataSet, split: str, folder: Path, config: str | None) -> list[Path]:
    """The files of a split in the hub's layout, parts in order."""
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
        return f"{folder} is not a folder: give one with the benchmarks' files."
    stem = task.data.file if split == task.split else f"{task.data.file}_{split}"
    config = f"/{task.data.config}" if task.data.config else ""
    name = task.data.path.rsplit("/", 1)[-1]
    return (
        f"{folder} has no rows of '{task.id}', split '{split}': put them in {stem}.jsonl or {stem}.parquet, "
        f"or as the hub has them in {name}{config}/{split}.parquet."
    )


def hub_rows(task: Task, split: str) -> tuple[Row, ...]:
    """The rows of a split from the hub, in order. `datasets` runs no code of a repository.

    If the hub cannot be reached, or HF_HUB_OFFLINE is set, its local cache is used.

    Raises:
        HubError: neither the hub nor the cache provides the rows.
    """
    data = task.data
    reason = why_not_online(data)
    if not data.configs:
        return tuple(_split_rows(task, split, data.config, reason))
    return tuple(
        Row(row.where, {**row.fields, task.family or "": config})
        for config in data.configs
        for row in _split_rows(task, split, config, reason)
    )


def is_cached(data: DataSet) -> bool:
    """Whether the cache of `datasets` seems to hold a data set; imports and asks nobody."""
    owner, _, name = data.path.partition("/")
    home = Path(os.environ.get("HF_HOME", Path("~/.cache/huggingface").expanduser()))
    cache = Path(os.environ.get("HF_DATASETS_CACHE", home / "datasets"))
    config = data.configs[-1] if data.configs else data.config or "default"
    return any((cache / f"{owner}___{name.lower()}" / config).glob("*/*/*.arrow"))


def _split_rows(task: Task, split: str, config: str | None, reason: str) -> Iterator[Row]:
    try:
        with cache_only(bool(reason)):
            table = _table(task.data, split, config, is_pinned=bool(reason) and bool(task.data.revision))
    except Exception as error:  # whatever datasets raises becomes one sentence with the cause
        raise HubError(
            f"No rows of '{task.id}' ({task.data.path}, split '{split}'): {reason or first_line(error)}. "
            "Give a folder that has them with --data-dir, or run once where the hub can be reached."
        ) from error
    name = "/".join(part for part in (task.data.path, config, split) if part)
    for number, fields in enumerate(table, start=1):
        yield Row(f"{name}, row {number}", fields)


def _table(data: DataSet, split: str, config: str | None, is_pinned: bool) -> Any:
    """The split as `datasets` returns it; with `is_pinned`, the cache has to hold the pinned revision."""
    import datasets

    builder = datasets.load_dataset_builder(data.path, config, revision=data.revision)
    if is_pinned and data.revision not in Path(builder.cache_dir).parts:
        raise ValueError(f"the cache has another revision than {data.revision}")
    builder.download_and_prepare()
    return builder.as_dataset(split=split)


def why_not_online(data: DataSet) -> str:
    """Why the hub cannot be used; empty if it can. `datasets` itself would retry for half a minute.

    Raises:
        HubError: the hub answers, but has no such data set.
    """
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set, and it was not loaded before"
    try:
        HfApi().dataset_info(data.path, revision=data.revision, timeout=HUB_TIMEOUT_S)
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise HubError(f"The hub has no data set '{data.path}' that you may read: use --data-dir.") from error
    except Exception as error:  # the HTTP library, and so its errors, differs between hub versions
        return f"the hub cannot be reached ({first_line(error)}), and it was not loaded before"
    return ""


@contextlib.contextmanager
def cache_only(wanted: bool) -> Iterator[None]:
    """Makes `datasets` use its cache right away, without minutes of attempts to reach the hub."""
    import datasets

    before = datasets.config.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = before or wanted
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE = before


def first_line(error: Exception) -> str:
    """The first line of an error's message, at most 200 characters."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200].rstrip(". ")
