"""Loads a benchmark's rows from the Hugging Face hub, or from the cache that `datasets` keeps of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.abilities.custom_rows import Row
from core.benchmarks.tasks.task import DataSet, Task

HUB_TIMEOUT_S = 5.0
"""How long the hub may take to say whether it has a data set, in seconds."""


class HubError(ValueError):
    """The hub does not give the rows; the message says what to do instead."""


def hub_rows(task: Task, split: str) -> tuple[Row, ...]:
    """The rows of a split, in their order. `datasets` runs no code of a repository.

    Where the hub cannot be reached, or HF_HUB_OFFLINE says not to try, what was loaded before is taken.

    Raises:
        HubError: neither the hub nor the cache gives the rows.
    """
    data = task.data
    reason = why_not_online(data)
    if not data.configs:
        return tuple(_split_rows(task, split, data.config, reason))
    return tuple(
        Row(row.place, {**row.fields, task.family or "": config})
        for config in data.configs
        for row in _split_rows(task, split, config, reason)
    )


def is_cached(data: DataSet) -> bool:
    """Whether `datasets` seems to have kept something of a data set; asks neither the hub nor `datasets`."""
    owner, _, name = data.path.partition("/")
    home = Path(os.environ.get("HF_HOME", Path("~/.cache/huggingface").expanduser()))
    cache = Path(os.environ.get("HF_DATASETS_CACHE", home / "datasets"))
    config = data.configs[-1] if data.configs else data.config or "default"
    return any((cache / f"{owner}___{name.lower()}" / config).glob("*/*/*.arrow"))


def _split_rows(task: Task, split: str, config: str | None, reason: str) -> Iterator[Row]:
    try:
        with cache_only(bool(reason)):
            table = _table(task.data, split, config, is_pinned=bool(reason) and bool(task.data.revision))
    except Exception as error:  # whatever datasets raises, the person gets one sentence and the cause
        raise HubError(_advice(task, split, reason or first_line(error))) from error
    name = "/".join(part for part in (task.data.path, config, split) if part)
    for number, fields in enumerate(table, start=1):
        yield Row(f"{name}, row {number}", fields)


def _table(data: DataSet, split: str, config: str | None, is_pinned: bool) -> Any:
    """The split as `datasets` gives it; from the cache only in the pinned revision, if there is one."""
    import datasets

    builder = datasets.load_dataset_builder(data.path, config, revision=data.revision)
    if is_pinned and data.revision not in Path(builder.cache_dir).parts:
        raise ValueError(f"the cache has another revision than {data.revision}")
    builder.download_and_prepare()
    return builder.as_dataset(split=split)


def why_not_online(data: DataSet) -> str:
    """Why the hub is not asked; empty if it can be. `datasets` itself would try for half a minute.

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
    """Lets `datasets` look into its cache at once, without minutes of attempts to reach the hub."""
    import datasets

    before = datasets.config.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = before or wanted
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE = before


def _advice(task: Task, split: str, reason: str) -> str:
    return (
        f"The rows of '{task.id}' ({task.data.path}, split '{split}') are not here: {reason}. "
        "Give a folder that has them with --data-dir, or run once where the hub can be reached."
    )


def first_line(error: Exception) -> str:
    """What an error says, cut to one line of at most 200 characters."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200].rstrip(". ")
