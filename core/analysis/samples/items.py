"""The items of a benchmark: their stored table, of which only small columns are in memory."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cache.entries import Payload
from core.models.spec import one_of

KEPT_TEXT_BYTES = 64_000_000
"""Most lower-case text that is kept for searching; a larger file is read again for each search."""

UNKNOWN = -1
"""Stands for the index of an option where there is none."""


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
