"""`abilityscope cache`: lists, checks and deletes cached results."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui import output
from tui.names import VERSION_WORDS
from tui.numbers import age_text, size_bytes, size_text
from tui.options import CacheDir, Json, checked_arguments, open_store
from tui.safe_text import shown

if TYPE_CHECKING:
    from rich.table import Table

    from cache.entries import Manifest
    from cache.upkeep import Entry

KeyPrefix = Annotated[str, typer.Argument(help="The key, or its beginning.", metavar="ID")]

SHOWN_KEY_LENGTH = 12
"""Characters of a key that the table shows."""

app = typer.Typer(help="List, check and delete cached results.", rich_markup_mode=None)


@app.callback()
def cache() -> None:
    """List, check and delete cached results."""


@app.command()
def ls(cache_dir: CacheDir = None, as_json: Json = False) -> None:
    """List the entries of the cache."""
    from cache.upkeep import entries

    folder = open_store(cache_dir).root
    found = entries(folder)
    if as_json:
        rows = [asdict(entry) for entry in found]
        output.write_document({"folder": str(folder), "size_bytes": _total(found), "entries": rows})
        return
    if found:
        output.write_table(_table(found))
    output.write(f"{_count(found)}, {size_text(_total(found))}, in {shown(str(folder))}\n")


@app.command()
def info(key: KeyPrefix, cache_dir: CacheDir = None, as_json: Json = False) -> None:
    """Show an entry and everything it was made from."""
    from cache.upkeep import manifest_of

    found, manifest = manifest_of(open_store(cache_dir).root, key)
    # A large ranking has hundreds of block checksums, which nobody reads.
    details = {name: value for name, value in manifest.details.items() if name != "blocks"}
    document = {"kind": found.kind.name, **asdict(manifest), "details": details}
    if as_json:
        output.write_document(document)
        return
    for line in _info_lines(document, manifest):
        output.write(f"{shown(line)}\n")


@app.command()
def verify(cache_dir: CacheDir = None, as_json: Json = False) -> None:
    """Read every entry in full and list the damaged ones; exit code 1 if there are any."""
    from cache.upkeep import entries
    from cache.upkeep import verify as damaged_entries
    from tui.progress import shown_counting

    folder = open_store(cache_dir).root
    with shown_counting("entries read") as emit:
        damaged = damaged_entries(folder, emit)
    if as_json:
        rows = [{"path": str(error.path), "reason": error.reason} for error in damaged]
        output.write_document({"folder": str(folder), "damaged": rows})
    else:
        for error in damaged:
            output.write(f"{shown(f'{error.path}: {error.reason}')}\n")
        words = "Every entry is intact." if not damaged else f"{len(damaged)} damaged."
        output.write(f"{words}\n")
    versions = Counter(entry.version for entry in entries(folder))
    for version, words in VERSION_WORDS.items():
        if words and versions[version]:
            output.note(f"{versions[version]} {words}'cache prune' deletes them first.")
    if damaged:
        output.note("Damaged entries are not used, and computed anew when needed; 'cache rm' deletes them.")
        raise typer.Exit(1)


@app.command()
def rm(key: KeyPrefix, cache_dir: CacheDir = None, as_json: Json = False) -> None:
    """Delete one entry."""
    from cache.upkeep import delete, find

    folder = open_store(cache_dir).root
    found = find(folder, key)
    freed = delete(folder, found.key)
    if as_json:
        output.write_document({"kind": found.kind.name, "key": found.key, "freed_bytes": freed})
    else:
        output.write(f"Deleted {found.kind.name} {found.key}, {size_text(freed)}.\n")


@app.command()
def prune(
    max_size: Annotated[str, typer.Option(help="Size to shrink the cache to, such as 10GB.", metavar="SIZE")],
    cache_dir: CacheDir = None,
    as_json: Json = False,
) -> None:
    """Delete the oldest entries until the cache is small enough, and leftovers of killed writers."""
    from cache.upkeep import entries
    from cache.upkeep import prune as deleted_entries

    with checked_arguments():
        largest = size_bytes(max_size)
    folder = open_store(cache_dir).root
    deleted = deleted_entries(folder, largest)
    left = entries(folder)
    if as_json:
        output.write_document(
            {
                "folder": str(folder),
                "deleted": [asdict(entry) for entry in deleted],
                "freed_bytes": _total(deleted),
                "size_bytes": _total(left),
            }
        )
        return
    output.write(f"Deleted {_count(deleted)}, {size_text(_total(deleted))}; ")
    output.write(f"left: {_count(left)}, {size_text(_total(left))}, in {shown(str(folder))}\n")


def _total(found: Sequence[Entry]) -> int:
    return sum(entry.size_bytes for entry in found)


def _count(found: Sequence[Entry]) -> str:
    return "1 entry" if len(found) == 1 else f"{len(found)} entries"


def _info_lines(document: Mapping[str, Any], manifest: Manifest) -> Iterator[str]:
    """The manifest in lines, names padded to one width."""
    age_s = (datetime.now(UTC) - datetime.fromisoformat(manifest.created)).total_seconds()
    yield f"{document['kind']} {manifest.key}"
    yield f"  {size_text(manifest.size_bytes)}, made {age_text(age_s)} ago, on {manifest.created}"
    for title, values in (("made from", manifest.key_inputs), ("with", document["details"])):
        if values:
            yield f"{title}:"
        width = max(map(len, values), default=0)
        for name, value in values.items():
            for i, part in enumerate(value if isinstance(value, list) else [value]):
                text = part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
                yield f"  {name if i == 0 else '':{width}}  {text}"


def _table(found: Sequence[Entry]) -> Table:
    from rich.text import Text

    table = output.list_table(("kind", "key"), ("size", "age"), "what")
    now = datetime.now(UTC)
    for entry in found:
        age = age_text((now - datetime.fromisoformat(entry.created)).total_seconds()) if entry.created else ""
        what = f"broken: {entry.broken}" if entry.broken else entry.summary
        if entry.is_unfinished and not entry.broken:
            what = f"unfinished: {what}"
        what = f"{VERSION_WORDS[entry.version]}{what}"
        cells = (entry.kind, entry.key[:SHOWN_KEY_LENGTH], size_text(entry.size_bytes), age, what)
        table.add_row(*(Text(shown(cell)) for cell in cells))
    return table
