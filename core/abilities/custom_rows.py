"""Reads raw rows of JSON lines, Parquet or a hub data set. Knows no item."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

MAX_LINE_BYTES = 32 * 2**20
"""Longest line of a JSON lines file that is read into memory, in bytes."""

HUB_TIMEOUT_S = 10.0
"""How long the hub may take to say whether it has a data set, in seconds."""

MAX_FIELD_CHARACTERS = 1_000_000
"""Longest text of a field; far above any context window."""

SUFFIXES = (".jsonl", ".parquet")
"""The two kinds of file that are read."""


class Row(NamedTuple):
    """One row as it was read."""

    where: str
    """File and line (or row), counted from 1, as an error message names them."""
    fields: Mapping[str, Any]


def short(value: Any) -> str:
    """The value's repr cut to 60 characters; for a list or object, its type."""
    if isinstance(value, list | dict | tuple):
        return f"a {type(value).__name__}"
    text = repr(value[:80] if isinstance(value, str) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def text_or_problem(value: Any) -> tuple[str, str]:
    """The text of a field and nothing, or nothing and why it is no text that a tokenizer accepts."""
    if not isinstance(value, str):
        return "", f"has to hold text, not {short(value)}"
    if len(value) > MAX_FIELD_CHARACTERS:
        return "", f"is {len(value):,} characters long, more than {MAX_FIELD_CHARACTERS:,}"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "", "holds half of a surrogate pair, which is no valid text"
    return value, ""


def read_rows(source: str | Path) -> Iterator[Row]:
    """The rows of a `.jsonl` or `.parquet` file or, if the source looks like no path, of a hub data set.

    Raises:
        ValueError: the file or data set does not exist, or a line cannot be read.
    """
    try:
        path = Path(source).expanduser()
        is_here = path.exists()
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else _first_line(error)
        raise ValueError(f"{str(source)[:80]!r} is no path: {reason.rstrip('.')}.") from error
    return _file_rows(path) if is_here or _looks_like_path(source) else _hub_rows(str(source))


def _looks_like_path(source: str | Path) -> bool:
    """Whether a source that does not exist was meant as a file: a Path, a suffix or more than one slash."""
    if isinstance(source, Path):
        return True
    starts = (".", "~", os.sep)
    return source.startswith(starts) or source.count("/") > 1 or source.lower().endswith(SUFFIXES)


def _file_rows(path: Path) -> Iterator[Row]:
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise ValueError(f"{path} {what}: give a .jsonl or .parquet file, or the id of a hub data set.")
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"{path} is neither JSON lines nor Parquet: its name has to end in .jsonl or .parquet."
        )
    return _jsonl_rows(path) if path.suffix.lower() == ".jsonl" else _parquet_rows(path)


def _jsonl_rows(path: Path) -> Iterator[Row]:
    try:
        with path.open("rb") as file:
            lines = iter(lambda: file.readline(MAX_LINE_BYTES + 1), b"")
            for number, line in enumerate(lines, start=1):
                where = f"{path}, line {number}"
                if len(line) > MAX_LINE_BYTES:
                    raise ValueError(
                        f"{where} is longer than {MAX_LINE_BYTES // 2**20} MB: is this JSON lines?"
                    )
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if text.strip():
                    yield Row(where, _parsed(where, text))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{where}: byte {error.start + 1} is not valid UTF-8: save the file as UTF-8."
        ) from error


def _parsed(where: str, text: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{where} is not valid JSON: {error.msg} at character {error.pos + 1}.") from error
    except (RecursionError, ValueError) as error:
        raise ValueError(f"{where} is not a row: it is nested too deeply or has a huge number.") from error
    if not isinstance(row, dict):
        raise ValueError(f"{where} holds a {type(row).__name__}, not an object with the fields of an item.")
    return row


def _parquet_rows(path: Path) -> Iterator[Row]:
    import polars as pl

    try:
        table = pl.read_parquet(path, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ValueError(f"{path} cannot be read as Parquet: {_first_line(error).rstrip('.')}.") from error
    for number, fields in enumerate(table.iter_rows(named=True), start=1):
        yield Row(f"{path}, row {number}", fields)


def _hub_rows(hub_id: str) -> Iterator[Row]:
    """The rows of the data set's `train` split, or of its only one; datasets runs no code of a repository."""
    _check_hub(hub_id)
    import datasets
    from huggingface_hub import constants

    try:
        splits = datasets.load_dataset(hub_id)
    except Exception as error:  # whatever datasets raises, the person gets one sentence and the cause
        reason = _first_line(error).rstrip(".")
        if constants.HF_HUB_OFFLINE and "OfflineModeIsEnabled" in reason:
            raise ValueError(
                f"{hub_id!r} is no file here, and no hub data set that was loaded before: give a file, or "
                "unset HF_HUB_OFFLINE."
            ) from error
        raise ValueError(f"The hub data set {hub_id!r} cannot be loaded: {reason}.") from error
    if "train" not in splits and len(splits) > 1:
        raise ValueError(
            f"The hub data set {hub_id!r} has no split 'train' but {', '.join(splits)}: "
            "save the one you mean as .jsonl or .parquet and give that file."
        )
    split = splits["train"] if "train" in splits else next(iter(splits.values()))
    for number, fields in enumerate(split, start=1):
        yield Row(f"{hub_id}, row {number}", fields)


def _check_hub(hub_id: str) -> None:
    """Asks the hub once, because datasets itself tries for half a minute when there is no network."""
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    if constants.HF_HUB_OFFLINE:
        return
    neither = f"{hub_id!r} is no file here, and "
    try:
        HfApi().dataset_info(hub_id, timeout=HUB_TIMEOUT_S)
    except HFValidationError as error:
        raise ValueError(neither + "not the id of a hub data set either (owner/name).") from error
    except RepositoryNotFoundError as error:
        raise ValueError(neither + "the hub has no data set of this id that you may read.") from error
    except Exception as error:  # the HTTP library, and so its errors, differs between hub versions
        raise ValueError(
            neither + f"the hub cannot be reached ({_first_line(error)}); "
            "to use a copy that was loaded before, set HF_HUB_OFFLINE=1."
        ) from error


def _first_line(error: Exception) -> str:
    """What an error says, cut to one line of at most 200 characters."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]
