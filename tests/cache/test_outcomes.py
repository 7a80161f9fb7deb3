from __future__ import annotations

import multiprocessing
import pickle
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.entries import Kind
from cache.files import CorruptEntry, OtherVersion
from cache.folder import Store
from cache.keys import key_of
from cache.tables import SCHEMA, Outcomes
from tests.cache.damage import cut, flipped

COLUMNS: dict[str, list[Any]] = {
    "item_id": ["a/1", "a/2", "é\x1b[31m"],
    "gold": [0, 1, 3],
    "prediction": [0, 2, 3],
    "correct": [True, False, True],
    "correct_norm": [False, False, True],
    "loglikelihoods": [[-1.5, -2.25, -8.0, -0.125], [-3.0, -4.0], [-0.5, -0.25, -0.75]],
}


def key(i: int) -> str:
    return key_of("outcomes", 1, {"i": i})


def columns(n: int, i: int) -> dict[str, list[Any]]:
    return {
        "item_id": [f"{i}/{row}" for row in range(n)],
        "correct": [(i + row) % 3 == 0 for row in range(n)],
    }


@pytest.fixture
def outcomes(tmp_path: Path) -> Outcomes:
    outcomes = Outcomes(tmp_path)
    outcomes.save(key(0), {"i": 0}, COLUMNS)
    return outcomes


def test_comes_back_as_saved(outcomes: Outcomes) -> None:
    frame = outcomes.load(key(0))
    assert frame is not None
    assert frame.schema == SCHEMA
    lacking = {name: [None] * 3 for name in SCHEMA if name not in (*COLUMNS, "score")}
    assert frame.to_dict(as_series=False) == {**COLUMNS, **lacking, "score": [1.0, 0.0, 1.0]}


def test_generation_has_texts_and_no_options(tmp_path: Path) -> None:
    outcomes = Outcomes(tmp_path)
    texts, tokens = ["x\x00y", ""], [(5, 151_643), ()]
    columns = {"item_id": ["a", "b"], "correct": [True, False], "text": texts, "tokens": tokens}
    outcomes.save(key(0), {}, columns)
    frame = outcomes.load(key(0))
    assert frame is not None
    assert frame["text"].to_list() == texts
    assert frame["tokens"].to_list() == [[5, 151_643], []]
    assert frame["loglikelihoods"].null_count() == frame["gold"].null_count() == 2


def test_is_a_plain_parquet_file(outcomes: Outcomes, tmp_path: Path) -> None:
    frame = pl.read_parquet(tmp_path / "outcomes" / f"{key(0)}.parquet")
    assert frame["item_id"].to_list() == COLUMNS["item_id"]


@settings(max_examples=25)
@given(st.lists(st.integers(0, 7), max_size=6))
def test_many_at_once_equal_one_by_one(tmp_path_factory: pytest.TempPathFactory, heights: list[int]) -> None:
    outcomes = Outcomes(tmp_path_factory.mktemp("cache"))
    for i, n in enumerate(heights):
        outcomes.save(key(i), {}, columns(n, i))
    wanted = [key(i) for i in reversed(range(len(heights)))]
    loaded = outcomes.load_many([key(99), *wanted, *wanted])
    assert list(loaded.frames) == wanted
    for i, n in enumerate(heights):
        assert loaded.frames[key(i)]["item_id"].to_list() == columns(n, i)["item_id"]
        assert loaded.frames[key(i)]["correct"].to_list() == columns(n, i)["correct"]
    assert all(frame.schema == SCHEMA for frame in loaded.frames.values())


def test_a_damaged_one_does_not_take_the_others_along(outcomes: Outcomes) -> None:
    for i in (1, 2):
        outcomes.save(key(i), {}, columns(5, i))
    path = outcomes.entries.payload_path(key(1))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    loaded = outcomes.load_many([key(i) for i in range(4)])
    assert list(loaded.frames) == [key(0), key(2)]
    assert loaded.frames[key(2)]["item_id"].to_list() == columns(5, 2)["item_id"]
    assert [error.path for error in loaded.corrupt] == [path]


@pytest.mark.parametrize(("part", "step"), [(".parquet", 17), (".json", 3)])
def test_flipped_bytes_are_found(outcomes: Outcomes, part: str, step: int) -> None:
    for _ in flipped(outcomes.entries.payload_path(key(0)).with_suffix(part), step):
        with pytest.raises(CorruptEntry):
            outcomes.load(key(0))


@pytest.mark.parametrize(("part", "step"), [(".parquet", 17), (".json", 3)])
def test_cut_files_are_found(outcomes: Outcomes, part: str, step: int) -> None:
    for _ in cut(outcomes.entries.payload_path(key(0)).with_suffix(part), step):
        with pytest.raises(CorruptEntry):
            outcomes.load(key(0))


def test_missing_halves(outcomes: Outcomes) -> None:
    path = outcomes.entries.payload_path(key(0))
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(CorruptEntry, match="payload is missing"):
        outcomes.load(key(0))
    path.write_bytes(content)
    path.with_suffix(".json").unlink()
    assert outcomes.load(key(0)) is None


def test_another_format_is_not_served(outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cache.tables.OUTCOMES", Kind("outcomes", ".parquet", 3))
    with pytest.raises(OtherVersion, match="is of another version of abilityscope") as raised:
        Outcomes(outcomes.entries.root).load(key(0))
    assert "damaged" not in str(raised.value)
    again = pickle.loads(pickle.dumps(raised.value))
    assert (type(again), str(again)) == (OtherVersion, str(raised.value))


def test_bad_columns_are_refused(outcomes: Outcomes) -> None:
    with pytest.raises(ValueError, match="no outcome column 'golds'"):
        outcomes.save(key(1), {}, {"golds": [1]})
    with pytest.raises(ValueError, match="differ in length"):
        outcomes.save(key(1), {}, {"item_id": ["a"], "gold": [1, 2]})
    assert outcomes.load(key(1)) is None


def compute_once(root: Path, work: Path, barrier: Any) -> None:
    """What a run does with each of its keys; notes in the work folder that it computed one."""
    store = Store(root)
    barrier.wait()
    for i in range(20):
        with store.lock(key(i)):
            if store.outcomes.load(key(i)) is None:
                (work / f"{i}").touch(exist_ok=False)
                store.outcomes.save(key(i), {"i": i}, columns(50, i))


def save_without_asking(root: Path, work: Path, barrier: Any) -> None:
    """Two of these write over each other all the time."""
    store = Store(root)
    barrier.wait()
    for _ in range(20):
        store.outcomes.save(key(0), {"i": 0}, columns(50, 0))
        frame = store.outcomes.load(key(0))
        if frame is not None and frame["item_id"].to_list() != columns(50, 0)["item_id"]:
            (work / "torn").touch()


@pytest.mark.parametrize("work_of_a_process", [compute_once, save_without_asking])
def test_two_processes_on_one_cache(tmp_path: Path, work_of_a_process: Any) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier, work, root = spawn.Barrier(2), tmp_path / "work", tmp_path / "cache"
    work.mkdir()
    arguments = (root, work, barrier)
    processes = [spawn.Process(target=work_of_a_process, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=60)
    assert [process.exitcode for process in processes] == [0, 0]
    expected = range(20) if work_of_a_process is compute_once else range(1)
    assert len(Outcomes(root).load_many([key(i) for i in expected]).frames) == len(expected)
    assert len(list(work.iterdir())) == (20 if work_of_a_process is compute_once else 0)
