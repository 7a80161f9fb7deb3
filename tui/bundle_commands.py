"""`abilityscope cache export` and `cache import`: entries in one file, from one cache to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tui import output
from tui.numbers import size_text
from tui.options import CacheDir, Json, UsageError, open_store


def export(
    keys: Annotated[
        list[str] | None,
        typer.Argument(help="Keys of entries, or their beginnings.", metavar="ID...", show_default=False),
    ] = None,
    *,
    of: Annotated[
        Path | None,
        typer.Option(
            help="All entries that a profile, or a shard of one, wrote or used: its --out.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    to: Annotated[Path, typer.Option(help="The file to write.", metavar="FILE")],
    cache_dir: CacheDir = None,
    as_json: Json = False,
) -> None:
    """Write entries into one file with checksums, for the cache of another machine."""
    from cache.bundles import export_entries
    from cache.upkeep import find
    from core.cluster.tasks import used_entries

    if bool(keys) == (of is not None):
        raise UsageError("Give the keys of entries, or --of DIR for those of a profile.")
    root = open_store(cache_dir).root
    found = [find(root, key) for key in keys or ()] if of is None else used_entries(root, of)
    export_entries(root, found, to)
    size_bytes = to.stat().st_size
    if as_json:
        entries = [{"kind": one.kind.name, "key": one.key} for one in found]
        output.write_document({"file": str(to), "size_bytes": size_bytes, "entries": entries})
    else:
        output.write(f"Written: {len(found):,} entries, {size_text(size_bytes)}, in {to}\n")


def take_in(
    file: Annotated[Path, typer.Argument(help="A file of `cache export`.", metavar="FILE")],
    *,
    cache_dir: CacheDir = None,
    as_json: Json = False,
) -> None:
    """Take in the entries of such a file, if nothing in it is damaged."""
    from cache.bundles import import_entries
    from tui.progress import shown_counting

    root = open_store(cache_dir).root
    with shown_counting("entries taken in") as on_entry:
        found = import_entries(root, file, on_entry)
    if as_json:
        output.write_document({"folder": str(root), "new": found.new, "known": found.known})
    else:
        output.write(f"{found.new:,} entries are new, {found.known:,} were there already, in {root}\n")
