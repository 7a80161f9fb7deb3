from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cache.files import CorruptEntry
from cache.folder import Store
from cache.generation_quality import SCHEMA, Health
from cache.keys import key_of
from tests.cache.damage import cut, flipped

KEY = key_of("generation_quality", 1, {"i": 0})
COLUMNS: dict[str, list[Any]] = {
    "logprobs": [[-0.5, float("-inf")], [-0.25]],
    "written": ["the end", "\x1b[2J"],
    "finish": ["eos", "length"],
    "tokens": [[5, 2], [7]],
    "written_logprobs": [[-0.5, -1.0], [-8.0]],
}


@pytest.fixture
def generation_quality(tmp_path: Path) -> Health:
    generation_quality = Store(tmp_path).generation_quality
    generation_quality.save(KEY, {"i": 0}, COLUMNS)
    return generation_quality


def test_comes_back_as_saved(generation_quality: Health, tmp_path: Path) -> None:
    frame = generation_quality.load(KEY)
    assert frame is not None
    assert frame.schema == SCHEMA
    assert frame.to_dict(as_series=False) == COLUMNS
    assert (tmp_path / "generation_quality" / f"{KEY}.parquet").is_file()
    assert generation_quality.load(key_of("generation_quality", 1, {"i": 1})) is None


@pytest.mark.parametrize(("part", "step"), [(".parquet", 29), (".json", 9)])
def test_damage_is_found(generation_quality: Health, part: str, step: int) -> None:
    path = generation_quality.entries.payload_path(KEY).with_suffix(part)
    for damage in (flipped, cut):
        for _ in damage(path, step):
            with pytest.raises(CorruptEntry):
                generation_quality.load(KEY)
    assert generation_quality.load(KEY) is not None


def test_bad_columns_are_refused(generation_quality: Health) -> None:
    other = key_of("generation_quality", 1, {"i": 1})
    with pytest.raises(ValueError, match="'finish' is missing or unknown"):
        generation_quality.save(
            other, {}, {name: values for name, values in COLUMNS.items() if name != "finish"}
        )
    with pytest.raises(ValueError, match="differ in length"):
        generation_quality.save(other, {}, {**COLUMNS, "written": ["a"]})
    assert generation_quality.load(other) is None
