from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cache.files import CorruptEntry
from cache.folder import Store
from cache.health import SCHEMA, Health
from cache.keys import key_of
from tests.cache.damage import cut, flipped

KEY = key_of("health", 1, {"i": 0})
COLUMNS: dict[str, list[Any]] = {
    "nats": [[-0.5, float("-inf")], [-0.25]],
    "written": ["the end", "\x1b[2J"],
    "finish": ["eos", "length"],
    "tokens": [[5, 2], [7]],
    "written_nats": [[-0.5, -1.0], [-8.0]],
}


@pytest.fixture
def health(tmp_path: Path) -> Health:
    health = Store(tmp_path).health
    health.save(KEY, {"i": 0}, COLUMNS)
    return health


def test_comes_back_as_saved(health: Health, tmp_path: Path) -> None:
    frame = health.load(KEY)
    assert frame is not None
    assert frame.schema == SCHEMA
    assert frame.to_dict(as_series=False) == COLUMNS
    assert (tmp_path / "health" / f"{KEY}.parquet").is_file()
    assert health.load(key_of("health", 1, {"i": 1})) is None


@pytest.mark.parametrize(("part", "step"), [(".parquet", 29), (".json", 9)])
def test_damage_is_found(health: Health, part: str, step: int) -> None:
    path = health.entries.payload_path(KEY).with_suffix(part)
    for damage in (flipped, cut):
        for _ in damage(path, step):
            with pytest.raises(CorruptEntry):
                health.load(KEY)
    assert health.load(KEY) is not None


def test_bad_columns_are_refused(health: Health) -> None:
    other = key_of("health", 1, {"i": 1})
    with pytest.raises(ValueError, match="'finish' is missing or unknown"):
        health.save(other, {}, {name: values for name, values in COLUMNS.items() if name != "finish"})
    with pytest.raises(ValueError, match="differ in length"):
        health.save(other, {}, {**COLUMNS, "written": ["a"]})
    assert health.load(other) is None
