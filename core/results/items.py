"""The table of a benchmark's items, stored once so that whoever shows outcomes need not make them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cache.files import CorruptEntry
from core.abilities import Item
from core.benchmarks import Benchmark
from core.events import EntryReplaced, Event
from core.prompts import PromptStyle, render_choice
from core.recipes import items_ingredients, items_key
from core.workbench import Workbench

BEGINNING_LENGTH = 200
"""Characters of an item that a list may show."""


def ensure_items(bench: Workbench, benchmark: Benchmark, n: int) -> Path:
    """The Parquet file of a benchmark's first n items, made now if it is not there: `cache.items.SCHEMA`.

    Raises:
        ValueError: the benchmark has fewer than n items.
        OSError: the cache cannot be written to.
    """
    ingredients = items_ingredients(benchmark, n, bench.spec)
    key = items_key(ingredients)
    # Looked up before the lock too: a cache that can only be read has no place for locks.
    if (path := _stored(bench, key, tell=lambda event: None)) is not None:
        return path
    with bench.store.lock(key):
        if (path := _stored(bench, key, bench.tell)) is not None:
            return path
        bench.store.items.save(key, ingredients, _columns(benchmark.items(n), bench.spec.style))
        return bench.store.items.entries.payload_path(key)


def _stored(bench: Workbench, key: str, tell: Callable[[Event], None]) -> Path | None:
    """The stored table; None if there is none, or a damaged one, which is told."""
    try:
        return bench.store.items.path(key)
    except CorruptEntry as error:
        tell(EntryReplaced(str(error)))
        return None


def _columns(items: Sequence[Item], style: PromptStyle) -> dict[str, list[Any]]:
    return {
        "item_id": [item.id for item in items],
        "family": [item.family for item in items],
        "beginning": [_beginning(item) for item in items],
        "prompt": [render_choice(item, style).context for item in items],
        "options": [list(item.options) for item in items],
        "gold": [item.answer_index for item in items],
        "steps": [item.steps for item in items],
    }


def _beginning(item: Item) -> str:
    """What tells the item from others, on one line: without instructions and options."""
    return " ".join(f"{item.context} {item.question}".split())[:BEGINNING_LENGTH]
