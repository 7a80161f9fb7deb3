"""The small kinds that are one table: divergences, generation quality, items, localizations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cache.entries import DIVERGENCES, GENERATION_QUALITY, ITEMS, LOCALIZATIONS
from cache.files import CorruptEntry
from cache.folder import Store
from cache.keys import key_of
from cache.tables import SCHEMAS, Tables
from tests.cache.damage import cut, flipped

KEY, OTHER = key_of("tables", 1, {"i": 0}), key_of("tables", 1, {"i": 1})

COLUMNS: dict[str, dict[str, list[Any]]] = {
    "divergences": {
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
    },
    "generation_quality": {
        "logprobs": [[-0.5, float("-inf")], [-0.25]],
        "written": ["the end", "\x1b[2J"],
        "finish": ["eos", "length"],
        "tokens": [[5, 2], [7]],
        "written_logprobs": [[-0.5, -1.0], [-8.0]],
    },
    "items": {
        "item_id": ["a/1", "é\x1b[31m"],
        "family": ["sums", ""],
        "beginning": ["one and one", "\u202e"],
        "prompt": ["one and one\nAnswer:", "x\x00y"],
        "options": [["1", "2"], ["a", "b", "c"]],
        "gold": [1, 0],
        "steps": ["1 + 1 = 2", ""],
        "targets": [[], ["é"]],
        "cluster": ["", "a"],
    },
    "localizations": {
        "ability": ["spatial_reasoning", "é"],
        "selection": ["top", "max_minus_shared"],
        "neurons": [0.5, 1.0],
        "weights": [0.0, float("nan")],
    },
}


@pytest.fixture(params=COLUMNS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def tables(tmp_path: Path, kind: str) -> Tables:
    tables: Tables = getattr(Store(tmp_path), kind)
    tables.save(KEY, {"i": 0}, COLUMNS[kind])
    return tables


def test_every_small_kind_has_a_schema() -> None:
    assert set(SCHEMAS) == {DIVERGENCES, GENERATION_QUALITY, ITEMS, LOCALIZATIONS}
    assert {kind.name for kind in SCHEMAS} == set(COLUMNS)


def test_comes_back_as_saved(tables: Tables, tmp_path: Path, kind: str) -> None:
    path = tables.path(KEY)
    assert path == tmp_path / kind / f"{KEY}.parquet"
    for frame in (tables.load(KEY), pl.read_parquet(path)):
        assert frame is not None
        assert frame.schema == tables.schema
        assert repr(frame.to_dict(as_series=False)) == repr(COLUMNS[kind])  # repr: a NaN equals nothing
    assert tables.load(OTHER) is None
    assert tables.path(OTHER) is None


@pytest.mark.parametrize(("part", "step"), [(".parquet", 29), (".json", 5)])
def test_damage_is_found(tables: Tables, part: str, step: int) -> None:
    path = tables.entries.payload_path(KEY).with_suffix(part)
    for damage in (flipped, cut):
        for _ in damage(path, step):
            with pytest.raises(CorruptEntry):
                tables.load(KEY)
            with pytest.raises(CorruptEntry):
                tables.path(KEY)
    assert tables.load(KEY) is not None


def test_bad_columns_are_refused(tables: Tables, kind: str) -> None:
    first, *others = COLUMNS[kind]
    with pytest.raises(ValueError, match=f"The {kind} column '{first}' is missing or unknown"):
        tables.save(OTHER, {}, {name: COLUMNS[kind][name] for name in others})
    with pytest.raises(ValueError, match="column 'extra' is missing or unknown"):
        tables.save(OTHER, {}, {**COLUMNS[kind], "extra": [1, 2]})
    with pytest.raises(ValueError, match="differ in length"):
        tables.save(OTHER, {}, {**COLUMNS[kind], first: COLUMNS[kind][first][:1]})
    assert tables.load(OTHER) is None
