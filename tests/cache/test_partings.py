from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cache.files import CorruptEntry
from cache.folder import Store
from cache.keys import key_of
from cache.partings import SCHEMA, Partings
from tests.cache.damage import cut, flipped

KEY = key_of("partings", 1, {"i": 0})
COLUMNS: dict[str, list[Any]] = {
    "item_id": ["a", "b"],
    "place": [4, None],
    "base_token": [" 12\x00", None],
    "ablated_token": [None, None],
    "base_p_base": [0.5, None],
    "base_p_ablated": [0.25, None],
    "ablated_p_base": [0.0, None],
    "ablated_p_ablated": [None, None],
    "base_nats": [[-0.5, -0.25], []],
    "ablated_nats": [[-0.5], [-8.0]],
}


@pytest.fixture
def partings(tmp_path: Path) -> Partings:
    partings = Store(tmp_path).partings
    partings.save(KEY, {"i": 0}, COLUMNS)
    return partings


def test_comes_back_as_saved(partings: Partings, tmp_path: Path) -> None:
    frame = partings.load(KEY)
    assert frame is not None
    assert frame.schema == SCHEMA
    assert frame.to_dict(as_series=False) == COLUMNS
    assert (tmp_path / "partings" / f"{KEY}.parquet").is_file()
    assert partings.load(key_of("partings", 1, {"i": 1})) is None


@pytest.mark.parametrize(("part", "step"), [(".parquet", 29), (".json", 9)])
def test_damage_is_found(partings: Partings, part: str, step: int) -> None:
    path = partings.entries.payload_path(KEY).with_suffix(part)
    for damage in (flipped, cut):
        for _ in damage(path, step):
            with pytest.raises(CorruptEntry):
                partings.load(KEY)
    assert partings.load(KEY) is not None


def test_bad_columns_are_refused(partings: Partings) -> None:
    other = key_of("partings", 1, {"i": 1})
    with pytest.raises(ValueError, match="'place' is missing or unknown"):
        partings.save(other, {}, {name: values for name, values in COLUMNS.items() if name != "place"})
    with pytest.raises(ValueError, match="differ in length"):
        partings.save(other, {}, {**COLUMNS, "item_id": ["a"]})
    assert partings.load(other) is None
