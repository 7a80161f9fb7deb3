"""The table of a benchmark's items, stored for whoever shows outcomes. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cache.entries import Payload
from core.benchmarks.benchmark import Benchmark, ChoiceDocument, Document
from core.run.experiment import Experiment
from core.run.storing import alone_with, stored_whole, storing

BEGINNING_LENGTH = 200
"""Characters of an item in a list."""

BLANK = "_"
"""Stands for the option in a prompt that has one within."""


def ensure_items(experiment: Experiment, benchmark: Benchmark, n: int) -> Payload:
    """The table of a benchmark's first n items, made if it is not stored (schema: `cache.tables`).

    A Parquet file, or its bytes where the cache cannot be written to.

    Raises:
        ValueError: the benchmark has fewer than n items, or its rows are missing.
    """
    key, key_inputs = experiment.items_request(benchmark, n)
    entries = experiment.store.items.entries
    # Looked up before locking too: a read-only cache has no room for locks.
    if (found := stored_whole(experiment, entries, key)) is not None:
        return found
    with alone_with(experiment, key):
        if (found := stored_whole(experiment, entries, key)) is not None:
            return found
        with storing(experiment):
            experiment.store.items.save(key, key_inputs, _columns(benchmark.documents(experiment.spec, n)))
        return entries.held[key][1] if key in entries.held else entries.payload_path(key)


def _columns(documents: Sequence[Document]) -> dict[str, list[Any]]:
    return {
        "item_id": [document.id for document in documents],
        "family": [document.family for document in documents],
        "beginning": [" ".join(document.asked.split())[:BEGINNING_LENGTH] for document in documents],
        "prompt": [prompt_of(document) for document in documents],
        "options": [list(d.options) if isinstance(d, ChoiceDocument) else [] for d in documents],
        "gold": [min(d.gold) if isinstance(d, ChoiceDocument) else None for d in documents],
        "steps": [d.steps if isinstance(d, ChoiceDocument) else "" for d in documents],
        "targets": [[] if isinstance(d, ChoiceDocument) else list(d.targets) for d in documents],
        "cluster": [document.cluster for document in documents],
    }


def prompt_of(document: Document) -> str:
    """The whole prompt as people read it; with a blank where every option has a context of its own."""
    if not isinstance(document, ChoiceDocument):
        return document.prompt
    if document.read:
        return document.read
    first, option = document.contexts[0], document.options[0]
    if len(document.contexts) == 1 or not first.endswith(option):
        return first
    return f"{first.removesuffix(option)}{BLANK}{document.continuations[0]}"
