from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cache.files import CorruptEntry
from core.analysis.samples import FILTERS, Samples
from core.analysis.statistics.scores import mcnemar_exact
from core.benchmarks.benchmark import Benchmark
from core.run.events import ItemOutcome
from core.run.experiment import Experiment
from tests.core.analysis.samples.stored_samples import (
    FAMILIES,
    MASK,
    predictions,
    stored_samples,
)

N = 5000
BASE, ABLATED = predictions(N, 0.9, seed=1), predictions(N, 0.6, seed=2)
GOLD = np.arange(N) % 4


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, Benchmark]:
    return stored_samples(tmp_path_factory.mktemp("cache"), N)


@pytest.fixture(scope="module")
def samples(stored: tuple[Experiment, Benchmark]) -> Samples:
    samples = Samples.open(*stored, N, MASK)
    assert samples is not None
    return samples


def test_counts_and_figures(samples: Samples) -> None:
    base, ablated = BASE == GOLD, ABLATED == GOLD
    assert samples.counts == {
        "all": N,
        "flipped": int((base != ablated).sum()),
        "broken": int((base & ~ablated).sum()),
        "fixed": int((~base & ablated).sum()),
        "both_wrong": int((~base & ~ablated).sum()),
        "both_right": int((base & ablated).sum()),
    }
    assert samples.base_answers is not None
    assert samples.base_answers.correct.mean() == base.mean()
    assert samples.mcnemar_p == mcnemar_exact(base, ablated[None])[0]
    assert list(samples.tags) == sorted(FAMILIES)
    assert sum(samples.tags.values()) == N


def test_filters_agree_with_their_counts_and_combine(samples: Samples) -> None:
    for name in FILTERS:
        assert len(samples.select(name)) == samples.counts[name]
    chosen = samples.select("broken", tag="groups")
    expected = (BASE == GOLD) & (ABLATED != GOLD) & (np.arange(N) % 3 == 1)
    assert chosen.tolist() == np.flatnonzero(expected).tolist()
    with pytest.raises(ValueError, match="Did you mean groups"):
        samples.select("all", tag="group")


@pytest.mark.parametrize(
    ("search", "places"),
    [
        ("ITEM 4999,", [4999]),
        ("zorps 123", [123, *range(1230, 1240)]),
        ("MADE_up/77", [77, *range(770, 780)]),
        (".*", []),
    ],
)
def test_search_is_literal_and_knows_no_case(samples: Samples, search: str, places: list[int]) -> None:
    assert samples.select("all", search=search).tolist() == places
    filtered = samples.select("broken", search=search).tolist()
    assert filtered == [p for p in places if BASE[p] == GOLD[p] != ABLATED[p]]


def test_text_that_is_not_kept_is_searched_in_the_file(
    stored: tuple[Experiment, Benchmark], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.analysis.answers.KEPT_TEXT_BYTES", 0)
    samples = Samples.open(*stored, N, None)
    assert samples is not None
    assert samples.select("all", search="item 4999,").tolist() == [4999]


def test_rows_and_whole_items_are_those_at_the_places(samples: Samples) -> None:
    places = np.array([4000, 3, 2048])
    for row, place in zip(samples.rows(places), places.tolist(), strict=True):
        assert row.beginning.startswith(f"Item {place}, ")
        assert len(row.beginning) == 200
        assert (row.index, row.id, row.family) == (place, f"made_up/{place}", FAMILIES[place % 3])
        assert (row.gold, row.base, row.ablated) == (GOLD[place], BASE[place], ABLATED[place])
        whole = samples.sample(place)
        assert (whole.id, whole.flip, whole.options[0]) == (row.id, row.flip, f"Zorps {place}")
        assert f"Item {place}, " in whole.prompt
        assert whole.base is not None
        assert whole.base.loglikelihoods is not None
        assert int(np.argmax(whole.base.loglikelihoods)) == whole.base.prediction == BASE[place]
        assert whole.ablated is not None
        assert whole.ablated.correct == (ABLATED[place] == GOLD[place])
    assert samples.rows(np.array([], np.int64)) == []
    with pytest.raises(IndexError, match="0 to 4999"):
        samples.sample(N)


def test_one_run_alone_is_shown_and_flips_are_unknown(tmp_path: Path) -> None:
    experiment, benchmark = stored_samples(tmp_path, 30)
    path = experiment.store.outcomes.entries.payload_path(experiment.request(None, benchmark, 30).key)
    path.with_suffix(".json").unlink()
    samples = Samples.open(experiment, benchmark, 30, MASK)
    assert samples is not None
    assert samples.ablated_answers is not None
    assert (samples.base_answers, samples.mcnemar_p, samples.counts["flipped"]) == (None, None, 0)
    assert {row.flip for row in samples.rows(np.arange(30))} == {"unknown"}
    assert samples.sample(3).base is None
    assert Samples.open(experiment, benchmark, 30, None) is None


def test_a_running_run_fills_in(stored: tuple[Experiment, Benchmark]) -> None:
    experiment, benchmark = stored
    empty = Samples.unanswered(experiment, benchmark, N)
    outcomes = [ItemOutcome(p, p % 4, 0, p % 4 == 0, (-1.0, -2.5, -3.0, -4.0)) for p in (8, 5)]
    live = empty.with_live(outcomes, "base").with_live(outcomes[:1], "ablated")
    assert live.counts == {"all": N, "flipped": 0, "broken": 0, "fixed": 0, "both_wrong": 0, "both_right": 1}
    assert live.base_answers is not None
    assert live.base_answers.correct[live.base_answers.known].tolist() == [False, True]
    assert [row.base for row in live.rows(np.array([5, 6]))] == [0, None]
    answer = live.sample(5).base
    assert answer is not None
    assert (answer.loglikelihoods, answer.correct) == ((-1.0, -2.5, -3.0, -4.0), False)
    assert live.sample(5).ablated is None
    with pytest.raises(ValueError, match="other items"):
        empty.with_live([ItemOutcome(N, 0, 0, True, ())], "base")


def test_outcomes_of_other_items_are_damaged(tmp_path: Path) -> None:
    experiment, benchmark = stored_samples(tmp_path, 30)
    request = experiment.request(MASK, benchmark, 30)
    columns = {"item_id": [f"made_up/{29 - place}" for place in range(30)], "correct": [True] * 30}
    experiment.store.outcomes.save(request.key, request.key_inputs, columns)
    with pytest.raises(CorruptEntry, match="not those of the benchmark"):
        Samples.open(experiment, benchmark, 30, MASK)


def test_exports_what_is_chosen_with_all_answers(samples: Samples, tmp_path: Path) -> None:
    places = samples.select("broken", search="item 49")
    for name in ("jsonl", "parquet", "csv"):
        samples.write(tmp_path / name, places, name)  # type: ignore[arg-type]
    lines = [json.loads(line) for line in (tmp_path / "jsonl").read_text().splitlines()]
    assert [line["index"] for line in lines] == places.tolist()
    assert lines == pl.read_parquet(tmp_path / "parquet").to_dicts()
    assert {line["flip"] for line in lines} == {"broken"}
    assert lines[0]["options"][1:] == ["Mips", "Tarks", "None"]
    values = lines[0]["base_loglikelihoods"]
    assert values.index(max(values)) == BASE[places[0]]
    table = pl.read_csv(tmp_path / "csv")
    assert table["prompt"].to_list() == [line["prompt"] for line in lines]
    assert table["options"][0] == " | ".join(lines[0]["options"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["csv", "jsonl", "parquet"]


def test_generated_texts_are_shown_as_stored(tmp_path: Path) -> None:
    experiment, benchmark = stored_samples(tmp_path, 30)
    request = experiment.request(None, benchmark, 30)
    texts = [f"so \x1b[31m{place}\x00" for place in range(30)]
    ids = [f"made_up/{place}" for place in range(30)]
    experiment.store.outcomes.save(
        request.key, request.key_inputs, {"item_id": ids, "correct": [True] * 30, "text": texts}
    )
    samples = Samples.open(experiment, benchmark, 30, None)
    assert samples is not None
    answer = samples.sample(7).base
    assert answer is not None
    assert (answer.text, answer.prediction, answer.loglikelihoods) == (texts[7], None, None)
    samples.write(tmp_path / "out.jsonl", np.array([7]), "jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text())["base_text"] == texts[7]
