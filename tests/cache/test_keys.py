from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.keys import canonical_json, is_key, key_of

KEY_INPUTS = {
    "model": "0f" * 16,
    "quantization": "none",
    "items": ["a/basic/b/1", "a/basic/b/2"],
    "loss": "answer",
    "k": 0.01,
    "seed": 0,
    "normalised": False,
    "revision": None,
}

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
key_inputs = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
    ),
    max_size=5,
)


@dataclass(frozen=True)
class Point:
    x: float
    tags: tuple[str, ...]


def test_golden_keys() -> None:
    # These pin the form of the keys: if one changes, every cache in the world is lost.
    assert key_of("ranking", 1, KEY_INPUTS) == "b50b9c795e23d17bbe027f1370166068"
    assert key_of("outcomes", 3, {}) == "55d632cba496d4b28310b876edf3e13f"


def test_key_is_the_hash_of_sorted_compact_json() -> None:
    text = json.dumps(
        {"key_inputs": KEY_INPUTS, "kind": "ranking", "version": 1}, sort_keys=True, separators=(",", ":")
    )
    assert key_of("ranking", 1, KEY_INPUTS) == hashlib.sha256(text.encode()).hexdigest()[:32]


def test_kind_and_version_change_the_key() -> None:
    keys = {key_of("a", 1, KEY_INPUTS), key_of("b", 1, KEY_INPUTS), key_of("a", 2, KEY_INPUTS)}
    assert len(keys) == 3


@pytest.mark.parametrize("name", KEY_INPUTS)
def test_every_key_input_counts(name: str) -> None:
    others: list[Any] = ["other", 1, 1.0, True, ["a/basic/b/2", "a/basic/b/1"], {}]
    keys = {key_of("a", 1, {**KEY_INPUTS, name: other}) for other in others}
    without = key_of("a", 1, {n: v for n, v in KEY_INPUTS.items() if n != name})
    assert len(keys | {without, key_of("a", 1, KEY_INPUTS)}) == len(others) + 2


@settings(max_examples=50)
@given(key_inputs, key_inputs)
def test_equal_keys_only_for_equal_key_inputs(one: dict[str, Any], other: dict[str, Any]) -> None:
    # Python takes 1, 1.0 and True for equal; repr tells them apart, as the keys do.
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (key_of("a", 1, one) == key_of("a", 1, other)) == same


@settings(max_examples=50)
@given(key_inputs)
def test_order_of_names_does_not_matter(one: dict[str, Any]) -> None:
    assert key_of("a", 1, dict(reversed(one.items()))) == key_of("a", 1, one)


@settings(max_examples=50)
@given(key_inputs)
def test_reading_back_gives_the_same_json(one: dict[str, Any]) -> None:
    assert canonical_json(json.loads(canonical_json(one))) == canonical_json(one)


def test_tuples_dataclasses_and_mappings_are_plain() -> None:
    expected = canonical_json({"x": 0.1, "tags": ["a", "b"]})
    assert canonical_json(Point(0.1, ("a", "b"))) == expected
    assert canonical_json(MappingProxyType({"tags": ("a", "b"), "x": 0.1})) == expected


@pytest.mark.parametrize(
    "odd", [{1, 2}, Path("x"), b"x", object(), np.float32(0.5), np.arange(2), Point, {1: "a"}]
)
def test_values_without_a_canonical_form_are_refused(odd: object) -> None:
    with pytest.raises(TypeError):
        key_of("a", 1, {"nested": [odd]})


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_floats_that_are_no_numbers_are_refused(odd: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        key_of("a", 1, {"x": odd})


def test_is_key() -> None:
    assert is_key(key_of("a", 1, {}))
    assert not any(map(is_key, ("", "A" * 32, "a" * 31, "a" * 33, "../" + "a" * 29, "a" * 32 + "\n")))
