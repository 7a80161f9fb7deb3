from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from cache.folder import Store
from core.abilities.prompts import render_choice
from core.analysis.answers import start_of
from core.benchmarks.benchmark import BenchmarkOptions
from core.benchmarks.diagnostic import heldout_items
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.events import EntryReplaced, Event
from core.run.experiment import Experiment
from core.run.storing import ensure_items, prompt_of
from tests.core.benchmarks.conftest import DATA

(BENCHMARK,) = find_benchmarks(["deductive_reasoning"])


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def experiment(tmp_path: Path, told: list[Event]) -> Experiment:
    return Experiment(ModelSpec(), Store(tmp_path), emit=told.append)


def test_the_items_are_stored_once_as_the_model_gets_them(experiment: Experiment) -> None:
    path = ensure_items(experiment, BENCHMARK, 20)
    written = path.stat().st_mtime_ns
    assert ensure_items(experiment, BENCHMARK, 20) == path
    assert path.stat().st_mtime_ns == written
    rows = pl.read_parquet(path).to_dicts()
    for row, item in zip(rows, heldout_items(BENCHMARK.id, "basic", 20), strict=True):
        assert row["item_id"] == item.id
        assert row["prompt"] == render_choice(item, experiment.spec.style).context
        assert (row["options"], row["gold"]) == (list(item.options), item.answer_index)
        assert item.context.split()[0] in row["beginning"]


def test_what_decides_the_table_is_in_its_key(experiment: Experiment) -> None:
    (other,) = find_benchmarks(["spatial_reasoning"])
    paths = {
        ensure_items(experiment, BENCHMARK, 20),
        ensure_items(experiment, BENCHMARK, 21),
        ensure_items(experiment, other, 20),
    }
    assert len(paths) == 3


def test_a_damaged_table_is_told_and_made_anew(experiment: Experiment, told: list[Event]) -> None:
    path = ensure_items(experiment, BENCHMARK, 20)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    assert ensure_items(experiment, BENCHMARK, 20) == path
    assert path.read_bytes() == whole
    assert [type(event) for event in told] == [EntryReplaced]


@pytest.mark.parametrize("name", ["gsm8k", "mmlu"])
def test_an_item_begins_behind_its_worked_examples(name: str) -> None:
    """The same items rendered without examples end in the same text."""
    spec = ModelSpec("owner/name", prompt="letters")
    (bare, full) = (
        find_benchmarks([name], BenchmarkOptions(str(DATA), shots))[0].documents(spec, 6) for shots in (0, 2)
    )
    for alone, document in zip(bare, full, strict=True):
        prompt = prompt_of(document)
        start = start_of(" ".join(document.asked.split())[:200], prompt)
        assert prompt[:start].endswith("\n\n")
        assert prompt[:start].count("Answer:") == 2
        assert prompt_of(alone).endswith(prompt[start:])


def test_an_item_that_its_examples_repeat_begins_where_it_is_last() -> None:
    assert start_of("Add 3", "Add 3 = 3\n\nAdd  3 =") == 11
    assert start_of("Add 4", "Add 3 =") == 0
    assert start_of("", "Add 3 =") == 0
