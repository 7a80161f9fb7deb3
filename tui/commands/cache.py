"""`abilityscope cache`: what was computed and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from tui import output
from tui.options import CacheDir, Json, open_store
from tui.units import age_text, size_text

if TYPE_CHECKING:
    from rich.table import Table

    from cache.listing import Entry

SHOWN_KEY_LENGTH = 12
"""Characters of a key that the table shows."""

app = typer.Typer(help="Show what was computed and kept.", rich_markup_mode=None)


@app.callback()
def cache() -> None:
    """Show what was computed and kept."""


@app.command()
def ls(cache_dir: CacheDir = None, as_json: Json = False) -> None:
    """List the entries of the cache, the broken ones as broken."""
    from cache.listing import entries

    folder = open_store(cache_dir).root
    found = entries(folder)
    size_bytes = sum(entry.size_bytes for entry in found)
    if as_json:
        rows = [asdict(entry) for entry in found]
        output.write_document({"folder": str(folder), "size_bytes": size_bytes, "entries": rows})
        return
    if found:
        output.write_table(_table(found))
    count = "1 entry" if len(found) == 1 else f"{len(found)} entries"
    output.write(f"{count}, {size_text(size_bytes)}, in {output.shown(str(folder))}\n")


def _table(found: Sequence[Entry]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("kind", "key"):
        table.add_column(name, no_wrap=True)
    for name in ("size", "age"):
        table.add_column(name, no_wrap=True, justify="right")
    table.add_column("what", overflow="fold")
    now = datetime.now(UTC)
    for entry in found:
        age = age_text((now - datetime.fromisoformat(entry.created)).total_seconds()) if entry.created else ""
        what = f"broken: {entry.broken}" if entry.broken else entry.summary
        cells = (entry.kind, entry.key[:SHOWN_KEY_LENGTH], size_text(entry.size_bytes), age, what)
        table.add_row(*(Text(output.shown(cell)) for cell in cells))
    return table
