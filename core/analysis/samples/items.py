"""The items of a benchmark: their stored table, of which only small columns are in memory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cache.entries import Payload
from core.benchmarks.benchmark import Benchmark, ChoiceDocument, Document
from core.models.spec import one_of
from core.run.experiment import Experiment
from core.run.storing import alone_with, stored_whole, storing

BEGINNING_LENGTH = 200
"""Characters of an item in a list."""

BLANK = "_"
"""Stands for the option in a prompt that has one within."""

KEPT_TEXT_BYTES = 64_000_000
"""Most lower-case text that is kept for searching; a larger file is read again for each search."""

UNKNOWN = -1
"""Stands for the index of an option where there is none."""


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


def start_of(beginning: str, prompt: str) -> int:
    """The index in a prompt at which its item begins, given the item's first words; 0 if they are not in it.

    Examples come before the item, and may be alike: so the last place counts.
    """
    words = r"\s+".join(map(re.escape, beginning.split()))
    found = [match.start() for match in re.finditer(words, prompt)] if words else []
    return found[-1] if found else 0


class ItemTable:
    """The items of one benchmark, in its order."""

    def __init__(self, payload: Payload) -> None:
        """Reads ids, families and right options from a payload that is known to be whole."""
        self.lazy = pl.scan_parquet(payload)
        small = self.lazy.select("item_id", "family", "gold").collect()
        self.ids: pl.Series = small["item_id"]
        self.gold: NDArray[np.int16] = small["gold"].fill_null(UNKNOWN).to_numpy()
        """(N,) index of the right option, -1 where there are no options."""
        names = small["family"].unique().sort()
        self._family_names: list[str] = names.to_list()
        self._families: NDArray[np.uint32] = (
            small["family"].cast(pl.Enum(names)).to_physical().cast(pl.UInt32).to_numpy()
        )
        self._last_search: tuple[str, NDArray[np.bool_]] = ("", np.ones(len(self.ids), bool))

    def __len__(self) -> int:
        """Number of items."""
        return len(self.ids)

    @cached_property
    def families(self) -> dict[str, int]:
        """Number of items of each family, by name."""
        return self.families_of(slice(None))

    def families_of(self, indices: NDArray[np.int64] | slice) -> dict[str, int]:
        """How many of some items each family has, by name."""
        counts = np.bincount(self._families[indices], minlength=len(self._family_names))
        return dict(zip(self._family_names, counts.tolist(), strict=True))

    def family_of(self, index: int) -> str:
        """The family of one item."""
        return self._family_names[int(self._families[index])]

    def of_family(self, name: str) -> NDArray[np.bool_]:
        """(N,) which items are of the family.

        Raises:
            ValueError: the family is unknown.
        """
        code = self._family_names.index(one_of(name, self._family_names, "tag"))
        return np.equal(self._families, code)

    def matches(self, search: str) -> NDArray[np.bool_]:
        """(N,) which items have the text in prompt, options or id, ignoring case. The last result is kept."""
        if self._last_search[0] != search:
            needle = pl.select(pl.lit(search).str.to_lowercase()).item()
            found = self._search_text.select(pl.col("text").str.contains(needle, literal=True))
            self._last_search = (search, found.collect(engine="streaming").to_series().to_numpy())
        return self._last_search[1]

    @cached_property
    def _search_text(self) -> pl.LazyFrame:
        """The searched text in lower case: in memory if it is small enough, else in the file."""
        size_bytes = (
            self.lazy.select(pl.col("prompt").str.len_bytes().sum()).collect(engine="streaming").item()
        )
        parts = (pl.col("prompt"), pl.col("options").list.join("\n"), pl.col("item_id"))
        text = self.lazy.select(pl.concat_str(*parts, separator="\n").str.to_lowercase().alias("text"))
        return text.collect().lazy() if size_bytes <= KEPT_TEXT_BYTES else text

    def beginnings(self, indices: NDArray[np.int64]) -> list[str]:
        """The beginning of each item at the indices, in their order."""
        if not len(indices):
            return []
        first, last = int(indices.min()), int(indices.max())
        span = self.lazy.select("beginning").slice(first, last - first + 1).collect()["beginning"]
        return span.gather(indices - first).to_list()

    def item(self, index: int) -> dict[str, Any]:
        """All columns of one item, by name."""
        return self.lazy.slice(index, 1).collect().row(0, named=True)
