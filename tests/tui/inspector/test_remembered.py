from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from tui.inspector.lens import Lens
from tui.inspector.remembered import MOST_MODELS, Remembered, first_lens, load_remembered, remember

SPEC = ModelSpec()
BENCHMARKS = [benchmark.id for benchmark in find_benchmarks(["diagnostic"])]
LEFT = Remembered(
    Lens("spatial_reasoning", "all", "top", 0.03, BENCHMARKS[3], limit=None, scope="units"),
    "ais",
    "Who\n?",
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "state" / "inspector.json"
    monkeypatch.setenv("ABILITYSCOPE_STATE", str(path))
    return path


def test_each_model_is_found_as_it_was_left() -> None:
    assert load_remembered("demo") is None
    remember("demo", LEFT)
    other = Remembered(replace(LEFT.lens, k=0.1))
    remember("other/model", other)
    assert load_remembered("demo") == LEFT
    assert load_remembered("other/model") == other
    assert first_lens(load_remembered("demo"), SPEC, BENCHMARKS) == LEFT.lens


def test_of_many_models_the_last_are_remembered(state: Path) -> None:
    remember("first", LEFT)
    for number in range(MOST_MODELS):
        remember(f"model {number}", LEFT)
    assert load_remembered("first") is None
    assert load_remembered("model 0") == LEFT


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b"\xff\x00", b'{"demo": {"lens": 3}}'])
def test_a_damaged_file_is_as_good_as_none_and_written_anew(damage: bytes, state: Path) -> None:
    state.parent.mkdir()
    state.write_bytes(damage)
    assert load_remembered("demo") is None
    remember("demo", LEFT)
    assert load_remembered("demo") == LEFT


@pytest.mark.parametrize(
    "lens",
    [
        replace(LEFT.lens, benchmark="no_longer_here"),
        replace(LEFT.lens, ability="telepathy"),
        replace(LEFT.lens, k=2.0),
        replace(LEFT.lens, limit=0),
        replace(LEFT.lens, n_items=1),
    ],
)
def test_a_lens_that_no_longer_fits_is_the_first_one(lens: Lens) -> None:
    assert first_lens(Remembered(lens), SPEC, BENCHMARKS, seed=3) == Lens.first(SPEC, BENCHMARKS[0], 3)


def test_scoring_items_that_were_just_asked_for_come_before_remembered_ones() -> None:
    left = Remembered(replace(LEFT.lens, n_items=200))
    assert first_lens(left, SPEC, BENCHMARKS).n_items == 200
    assert first_lens(left, SPEC, BENCHMARKS, n_items=50).n_items == 50


def test_the_seed_is_that_of_this_start() -> None:
    assert first_lens(LEFT, SPEC, BENCHMARKS, seed=3) == replace(LEFT.lens, seed=3)
