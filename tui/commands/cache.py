"""`abilityscope cache`: lists, checks and deletes cached results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.models.spec import one_of, shortened
from tui import output
from tui.bundle_commands import export, take_in
from tui.names import OTHER_VERSION
from tui.numbers import age_text, size_bytes, size_text
from tui.options import CacheDir, Json, checked_arguments, open_store
from tui.safe_text import shown

if TYPE_CHECKING:
    from cache.entries import Manifest
    from cache.upkeep import Entry

KeyPrefix = Annotated[str, typer.Argument(help="The key, or its beginning.", metavar="ID")]

SHOWN_KEY_LENGTH = 12
"""Characters of a key or a fingerprint that lists show."""

KIND_WIDTH = 18
"""Columns for the longest kind."""

app = typer.Typer(help="List, check, delete and move cached results.", rich_markup_mode=None)
app.command("export")(export)
app.command("import")(take_in)


@app.callback()
def cache() -> None:
    """List, check, delete and move cached results."""


@app.command()
def ls(
    kind: Annotated[
        str | None, typer.Option(help="List the entries of this kind.", metavar="KIND", show_default=False)
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="List the entries of this model: its name, or the beginning of its fingerprint.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="List so many entries, the newest.", metavar="N", show_default=False),
    ] = None,
    cache_dir: CacheDir = None,
    as_json: Json = False,
) -> None:
    """Sum the cache up by model and kind; with --kind, --model or --limit, list entries, newest first."""
    from cache.upkeep import entries, model_names, shipped_entries

    store = open_store(cache_dir)
    folder, shipped, names = store.root, shipped_entries(store), model_names(store)
    with checked_arguments():
        found = _chosen([*entries(folder), *shipped], names, kind, model)
    is_summary = not (kind or model or limit)
    listed = found if limit is None else sorted(found, key=_newest_first)[:limit]
    own = [entry for entry in found if not entry.is_shipped]
    if as_json:
        groups = [asdict(group) for group in _groups(found, names)]
        document = {"folder": str(folder), "size_bytes": _total(own), "groups": groups}
        output.write_document(document | {"entries": [asdict(entry) for entry in listed]})
        return
    if is_summary:
        _write_groups(_groups(found, names))
    elif listed:
        _write_entries(sorted(listed, key=_newest_first))
    shown_own = sum(not entry.is_shipped for entry in listed)
    count = _count(own) if shown_own == len(own) else f"{shown_own} of {_count(own)}"
    output.write(f"{count}, {size_text(_total(own))}, in {shown(str(folder))}\n")
    if is_summary and found:
        output.write(
            output.wrapped("--kind, --model and --limit list entries, such as --kind outcomes --limit 20.")
            + "\n"
        )


@app.command()
def info(key: KeyPrefix, cache_dir: CacheDir = None, as_json: Json = False) -> None:
    """Show an entry and everything it was made from."""
    from cache.upkeep import manifest_of, root_of

    store = open_store(cache_dir)
    found, manifest = manifest_of(root_of(store, key), key)
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
    from cache.upkeep import damaged_shipped, entries
    from cache.upkeep import verify as damaged_entries
    from tui.progress import shown_counting

    store = open_store(cache_dir)
    folder = store.root
    with shown_counting("entries read") as emit:
        damaged = [*damaged_entries(folder, emit), *damaged_shipped(store)]
    if as_json:
        rows = [{"path": str(error.path), "reason": error.reason} for error in damaged]
        output.write_document({"folder": str(folder), "damaged": rows})
    else:
        for error in damaged:
            output.write(f"{shown(f'{error.path}: {error.reason}')}\n")
        words = "Every entry is intact." if not damaged else f"{len(damaged)} damaged."
        output.write(f"{words}\n")
    if others := sum(entry.is_of_other_version for entry in entries(folder)):
        output.note(f"{others} {OTHER_VERSION}'cache prune' deletes them first.")
    if damaged:
        output.note("Damaged entries are not used, and computed anew when needed; 'cache rm' deletes them.")
        raise typer.Exit(1)


@app.command()
def rm(key: KeyPrefix, cache_dir: CacheDir = None, as_json: Json = False) -> None:
    """Delete one entry."""
    from cache.upkeep import delete, find, require_own

    store = open_store(cache_dir)
    folder = store.root
    require_own(store, key)
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
    freed = f"Deleted {_count(deleted)}, {size_text(_total(deleted))}; "
    output.write(f"{freed}left: {_count(left)}, {size_text(_total(left))}, in {shown(str(folder))}\n")


def _total(found: Sequence[Entry]) -> int:
    return sum(entry.size_bytes for entry in found)


def _count(found: Sequence[Entry]) -> str:
    return "1 entry" if len(found) == 1 else f"{len(found)} entries"


def _info_lines(document: Mapping[str, Any], manifest: Manifest) -> Iterator[str]:
    """The manifest in lines, names padded to one width."""
    yield f"{document['kind']} {manifest.key}"
    yield f"  {size_text(manifest.size_bytes)}, made {_age(manifest.created)} ago, on {manifest.created}"
    for title, values in (("made from", manifest.key_inputs), ("with", document["details"])):
        if values:
            yield f"{title}:"
        width = max(map(len, values), default=0)
        for name, value in values.items():
            for i, part in enumerate(value if isinstance(value, list) else [value]):
                text = part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
                yield f"  {name if i == 0 else '':{width}}  {text}"


@dataclass(frozen=True)
class Group:
    """The entries of one kind and one model."""

    model: str
    """Fingerprint; empty for entries of no model."""
    name: str
    """What the model was called last; empty if that is unknown."""
    kind: str
    entries: int
    size_bytes: int
    created: str | None
    """When the newest was made, ISO 8601, UTC; None if that is unknown."""
    not_used: int
    """Broken, unfinished, or of another version."""
    is_shipped: bool
    """Whether they came with abilityscope, and are not in the cache folder."""


def _chosen(
    found: Sequence[Entry], names: Mapping[str, str], kind: str | None, model: str | None
) -> list[Entry]:
    """The entries of a kind and a model.

    Raises:
        ValueError: there is no such kind, or no entry of such a model.
    """
    from cache.entries import KINDS

    if kind is not None:
        kind = one_of(kind, [one.name for one in KINDS], "kind of entries")
        found = [entry for entry in found if entry.kind == kind]
    if model is None:
        return list(found)
    of_model = [
        entry
        for entry in found
        if entry.model and (names.get(entry.model) == model or entry.model.startswith(model))
    ]
    if not of_model:
        known = sorted(
            {names.get(entry.model, entry.model[:SHOWN_KEY_LENGTH]) for entry in found if entry.model}
        )
        raise ValueError(
            f"No entry is of the model '{shortened(model)}'. There is: {', '.join(known) or 'none'}."
        )
    return of_model


def _groups(found: Sequence[Entry], names: Mapping[str, str]) -> list[Group]:
    """The entries summed up by model and kind, those of no model last."""
    by_name: dict[tuple[str, str, bool], list[Entry]] = {}
    for entry in found:
        by_name.setdefault((entry.model, entry.kind, entry.is_shipped), []).append(entry)
    groups = [
        Group(
            model,
            names.get(model, ""),
            kind,
            len(some),
            _total(some),
            max((entry.created for entry in some if entry.created), default=None),
            sum(bool(entry.broken) or entry.is_unfinished or entry.is_of_other_version for entry in some),
            is_shipped,
        )
        for (model, kind, is_shipped), some in by_name.items()
    ]
    return sorted(groups, key=lambda one: (one.is_shipped, not one.model, one.name, one.model, one.kind))


def _write_groups(groups: Sequence[Group]) -> None:
    """A heading for each model, and a line for each of its kinds."""
    for index, group in enumerate(groups):
        heading = (group.is_shipped, group.model)
        if index == 0 or heading != (groups[index - 1].is_shipped, groups[index - 1].model):
            of_model = [one for one in groups if (one.is_shipped, one.model) == heading]
            name = " · ".join(filter(None, (group.name, group.model[:SHOWN_KEY_LENGTH]))) or "of no model"
            name = f"shipped · {name}" if group.is_shipped else name
            size = size_text(sum(one.size_bytes for one in of_model))
            output.write(f"{shown(name)} · {size}\n")
        age = f"newest {_age(group.created)} ago" if group.created else ""
        not_used = f"{group.not_used:,} not used" if group.not_used else ""
        line = f"  {group.kind:<{KIND_WIDTH}} {group.entries:>9,} {size_text(group.size_bytes):>9}  "
        output.write(f"{line}{', '.join(filter(None, (age, not_used)))}".rstrip() + "\n")


def _write_entries(found: Sequence[Entry]) -> None:
    rows = []
    for entry in found:
        what = f"broken: {entry.broken}" if entry.broken else entry.summary
        if entry.is_unfinished and not entry.broken:
            what = f"unfinished: {what}"
        if entry.is_shipped:
            what = f"shipped: {what}"
        age = _age(entry.created) if entry.created else ""
        cells = (entry.kind, entry.key[:SHOWN_KEY_LENGTH], size_text(entry.size_bytes), age)
        rows.append((cells, f"{OTHER_VERSION * entry.is_of_other_version}{what}"))
    output.write_list(("kind", "key"), ("size", "age"), "what", rows)


def _newest_first(entry: Entry) -> tuple[bool, float]:
    return entry.is_shipped, -datetime.fromisoformat(entry.created).timestamp() if entry.created else 0.0


def _age(created: str) -> str:
    return age_text((datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds())
