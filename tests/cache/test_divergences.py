from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cache.divergences import SCHEMA, Divergences
from cache.files import CorruptEntry
from cache.folder import Store
from cache.keys import key_of
from tests.cache.damage import cut, flipped

KEY = key_of("divergences", 1, {"i": 0})
COLUMNS: dict[str, list[Any]] = {
    "item_id": ["a", "b"],
    "index": [4, None],
    "base_token": [" 12\x00", None],
    "ablated_token": [None, None],
    "base_p_base": [0.5, None],
    "base_p_ablated": [0.25, None],
    "ablated_p_base": [0.0, None],
    "ablated_p_ablated": [None, None],
    "base_logprobs": [[-0.5, -0.25], []],
    "ablated_logprobs": [[-0.5], [-8.0]],
}


@pytest.fixture
def divergences(tmp_path: Path) -> Divergences:
    divergences = Store(tmp_path).divergences
    divergences.save(KEY, {"i": 0}, COLUMNS)
    return divergences


def test_comes_back_as_saved(divergences: Divergences, tmp_path: Path) -> None:
    frame = divergences.load(KEY)
    assert frame is not None
    assert frame.schema == SCHEMA
    assert frame.to_dict(as_series=False) == COLUMNS
    assert (tmp_path / "divergences" / f"{KEY}.parquet").is_file()
    assert divergences.load(key_of("divergences", 1, {"i": 1})) is None


@pytest.mark.parametrize(("part", "step"), [(".parquet", 29), (".json", 9)])
def test_damage_is_found(divergences: Divergences, part: str, step: int) -> None:
    path = divergences.entries.payload_path(KEY).with_suffix(part)
    for damage in (flipped, cut):
        for _ in damage(path, step):
            with pytest.raises(CorruptEntry):
                divergences.load(KEY)
    assert divergences.load(KEY) is not None


def test_bad_columns_are_refused(divergences: Divergences) -> None:
    other = key_of("divergences", 1, {"i": 1})
    with pytest.raises(ValueError, match="'index' is missing or unknown"):
        divergences.save(other, {}, {name: values for name, values in COLUMNS.items() if name != "index"})
    with pytest.raises(ValueError, match="differ in length"):
        divergences.save(other, {}, {**COLUMNS, "item_id": ["a"]})
    assert divergences.load(other) is None
