from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cache.files import CorruptEntry
from cache.items import SCHEMA, Items
from cache.keys import key_of
from tests.cache.damage import cut, flipped

KEY = key_of("items", 1, {"benchmark": "x"})
COLUMNS: dict[str, list[Any]] = {
    "item_id": ["a/1", "é\x1b[31m"],
    "family": ["sums", ""],
    "beginning": ["one and one", "\u202e"],
    "prompt": ["one and one\nAnswer:", "x\x00y"],
    "options": [["1", "2"], ["a", "b", "c"]],
    "gold": [1, 0],
    "steps": ["1 + 1 = 2", ""],
    "targets": [[], ["é"]],
    "cluster": ["", "a"],
}


@pytest.fixture
def items(tmp_path: Path) -> Items:
    items = Items(tmp_path)
    items.save(KEY, {"benchmark": "x"}, COLUMNS)
    return items


def test_comes_back_as_saved(items: Items, tmp_path: Path) -> None:
    path = items.path(KEY)
    assert path == tmp_path / "items" / f"{KEY}.parquet"
    frame = pl.read_parquet(path)
    assert frame.schema == SCHEMA
    assert frame.to_dict(as_series=False) == COLUMNS
    assert items.path(key_of("items", 1, {})) is None


@pytest.mark.parametrize(("part", "step"), [(".parquet", 29), (".json", 5)])
def test_damage_is_found(items: Items, part: str, step: int) -> None:
    path = items.entries.payload_path(KEY).with_suffix(part)
    for damage in (flipped, cut):
        for _ in damage(path, step):
            with pytest.raises(CorruptEntry):
                items.path(KEY)
    assert items.path(KEY) is not None


def test_bad_columns_are_refused(items: Items) -> None:
    with pytest.raises(ValueError, match="'steps' is missing or unknown"):
        items.save(KEY, {}, {name: values for name, values in COLUMNS.items() if name != "steps"})
    with pytest.raises(ValueError, match="differ in length"):
        items.save(KEY, {}, {**COLUMNS, "gold": [1]})
