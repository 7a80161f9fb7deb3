"""Runs that were killed or cancelled go on where they were, and give the same to the bit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cache.folder import Store
from cache.journals import Batch, Journal, journal_path, read_journal
from cache.upkeep import entries
from core.benchmarks import evaluation
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.evaluation import finished_batches
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.evaluation import evaluate_run
from core.run.events import BatchFinished, EntryReplaced, Event
from core.run.experiment import OutcomesRequest
from core.run.loaded import WeightsChangedError
from core.run.runner import Runner
from core.run.specs import MaskSpec
from tests.core.benchmarks.test_written_evaluation import OPTIONS, short

(SPATIAL,) = find_benchmarks(["spatial_reasoning"])
MASK = MaskSpec("spatial_reasoning", "mlp", "random", 0.03)


@pytest.fixture(autouse=True)
def two_answers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "ANSWERS_AT_ONCE", 2)


class Subject:
    """A model and a benchmark, and what a run gives that nobody disturbs."""

    def __init__(self, root: Path, spec: ModelSpec, benchmark: Benchmark, n: int) -> None:
        self.spec, self.benchmark, self.n = spec, benchmark, n
        self.whole, self.events = self.runner(root)
        assert evaluate_run(self.whole, self.request()) is not None
        self.batches = len(batches_of(self.events))
        self.payload = self.payload_of(self.whole)

    def runner(
        self, root: Path, cancelled: Callable[[list[Event]], bool] = lambda events: False
    ) -> tuple[Runner, list[Event]]:
        events: list[Event] = []
        runner = Runner(
            self.spec,
            Store(root),
            batch_size=3,
            emit=events.append,
            cancelled=lambda: cancelled(events),
        )
        if hasattr(self, "whole"):  # loading takes the longest of all
            runner.loaded, runner._prepared = self.whole.loaded, self.whole._prepared
        return runner, events

    def request(self, mask: MaskSpec | None = None) -> OutcomesRequest:
        return self.whole.request(mask, self.benchmark, self.n)

    def stopped(self, root: Path, batches: int) -> None:
        """A run that is cancelled after so many batches."""
        runner, _ = self.runner(root, lambda events: len(batches_of(events)) >= batches)
        assert evaluate_run(runner, self.request()) is None

    def payload_of(self, runner: Runner) -> bytes:
        return runner.store.outcomes.entries.payload_path(self.request().key).read_bytes()

    def journal(self, root: Path) -> list[Batch]:
        kept = read_journal(Store(root).outcomes.entries, self.request().key)
        return [] if kept is None else kept.batches


def batches_of(events: list[Event]) -> list[tuple[int, ...]]:
    """The indices of the items of each batch."""
    return [
        tuple(one.index for one in event.outcomes) for event in events if isinstance(event, BatchFinished)
    ]


@pytest.fixture(scope="module")
def tiny(byte_model: Path) -> ModelSpec:
    return ModelSpec(str(byte_model), device="cpu").settled("letters", "standard")


@pytest.fixture(scope="module", params=["diagnostic", "options", "written"])
def subject(
    request: pytest.FixtureRequest, tiny: ModelSpec, tmp_path_factory: pytest.TempPathFactory
) -> Subject:
    root = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "ANSWERS_AT_ONCE", 2)
        if request.param == "diagnostic":
            return Subject(root, ModelSpec(), SPATIAL, 12)
        if request.param == "written":
            return Subject(root, tiny, short("gsm8k"), 6)
        subject = Subject(root, tiny, find_benchmarks(["boolq"], OPTIONS)[0], 8)
    return subject


@pytest.fixture(scope="module")
def diagnostic(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return Subject(tmp_path_factory.mktemp("whole"), ModelSpec(), SPATIAL, 12)


def test_a_run_that_was_stopped_anywhere_goes_on_and_gives_the_same_bits(
    subject: Subject, tmp_path: Path
) -> None:
    assert subject.batches >= 3
    for batches in range(1, subject.batches):
        root = tmp_path / str(batches)
        subject.stopped(root, batches)
        assert len(subject.journal(root)) == batches
        runner, events = subject.runner(root)
        score = evaluate_run(runner, subject.request())
        assert batches_of(events) == batches_of(subject.events), (
            "each item once, in the batches of a whole run"
        )
        assert subject.payload_of(runner) == subject.payload
        assert score == runner.store.outcomes.load(subject.request().key)["score"].mean()  # type: ignore[index]
        assert subject.journal(root) == []
        assert not [entry for entry in entries(root) if entry.broken or entry.is_unfinished]


def test_a_run_that_is_stopped_again_and_again_is_finished_some_day(
    diagnostic: Subject, tmp_path: Path
) -> None:
    for batches in range(1, diagnostic.batches):
        # What an earlier one kept is emitted first, and counts as well.
        diagnostic.stopped(tmp_path, batches)
        assert len(diagnostic.journal(tmp_path)) == batches
    runner, _ = diagnostic.runner(tmp_path)
    assert evaluate_run(runner, diagnostic.request()) is not None
    assert diagnostic.payload_of(runner) == diagnostic.payload


KILLED = """
import os, signal, sys
from pathlib import Path
from cache.folder import Store
from core.benchmarks.registry import find_benchmarks
from core.run.events import BatchFinished
from core.models.spec import ModelSpec
from core.run.evaluation import evaluate_run
from core.run.runner import Runner

events = []

def emit(event):
    events.append(isinstance(event, BatchFinished))
    if sum(events) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

runner = Runner(ModelSpec(), Store(Path(sys.argv[1])), batch_size=3, emit=emit)
(benchmark,) = find_benchmarks(["spatial_reasoning"])
evaluate_run(runner, runner.request(None, benchmark, 12))
"""


@pytest.mark.slow
def test_a_killed_process_loses_no_whole_batch(diagnostic: Subject, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True)
    assert done.returncode == -9, done.stderr
    assert [len(batch) for batch in diagnostic.journal(tmp_path)] == [3, 3]
    runner, events = diagnostic.runner(tmp_path)
    assert evaluate_run(runner, diagnostic.request()) is not None
    assert batches_of(events) == batches_of(diagnostic.events)
    assert diagnostic.payload_of(runner) == diagnostic.payload


def test_what_was_kept_is_taken_and_not_computed_again(diagnostic: Subject, tmp_path: Path) -> None:
    diagnostic.stopped(tmp_path, 2)
    entries_, request = Store(tmp_path).outcomes.entries, diagnostic.request()
    first, second = diagnostic.journal(tmp_path)
    marked = [{**row, "loglikelihoods": [-1.0, -2.0, -3.0, -4.0]} for row in first]
    with Journal(entries_, request.key, request.key_inputs, [marked]) as journal:
        journal.append(second, settle=False)
    runner, _ = diagnostic.runner(tmp_path)
    assert evaluate_run(runner, request) is not None
    frame = runner.store.outcomes.load(request.key)
    assert frame is not None
    marks = frame.filter(frame["loglikelihoods"].list.first() == -1.0)
    assert set(marks["item_id"]) == {row["item_id"] for row in first}


def test_only_whole_batches_are_gone_on_from(subject: Subject) -> None:
    prepared = subject.whole.prepared(subject.benchmark, subject.n)
    outcomes = {one.item_id: one for one in evaluated(subject)}
    assert len(finished_batches(prepared, outcomes)) == subject.batches
    for lacking in outcomes:
        known = {item_id: one for item_id, one in outcomes.items() if item_id != lacking}
        finished = finished_batches(prepared, known)
        assert len(finished) == subject.batches - 1
        left = {one.item_id for batch in finished for one in batch}
        again = list(evaluation.evaluate(subject.whole.loaded.model, prepared, done=left))
        assert len(again) == 1
        assert {one.item_id for one in again[0]} == set(outcomes) - left
        assert all(outcomes[one.item_id] == one for one in again[0])


def evaluated(subject: Subject) -> list[evaluation.Outcome]:
    prepared = subject.whole.prepared(subject.benchmark, subject.n)
    return [one for batch in evaluation.evaluate(subject.whole.loaded.model, prepared) for one in batch]


@pytest.mark.parametrize("damage", ["a batch", "the head", "the form", "another version"])
def test_a_damaged_journal_is_reported_set_aside_and_made_up_for(
    damage: str, diagnostic: Subject, tmp_path: Path
) -> None:
    diagnostic.stopped(tmp_path, 3)
    request = diagnostic.request()
    folder = Store(tmp_path).outcomes.entries
    path = journal_path(folder, request.key)
    content = path.read_bytes()
    if damage == "the form":
        with Journal(folder, request.key, request.key_inputs, [[{"item_id": 3}]]) as journal:
            journal.append([{"unknown": []}], settle=False)
    elif damage == "another version":
        from cache.journals import _line  # a record as a later version may write it

        head = {"journal": 99, "format": 1, "key": request.key, "created": "2030-01-01T00:00:00+00:00"}
        path.write_bytes(_line({**head, "key_inputs": {}}) + content.split(b"\n", 1)[1])
    else:
        place = content.index(b"item_id") if damage == "a batch" else content.index(b"model")
        path.write_bytes(content[:place] + b"I" + content[place + 1 :])
    runner, events = diagnostic.runner(tmp_path)
    assert evaluate_run(runner, request) is not None
    assert diagnostic.payload_of(runner) == diagnostic.payload
    problems = [event.problem for event in events if isinstance(event, EntryReplaced)]
    aside = [entry.key for entry in entries(tmp_path) if entry.broken]
    if damage == "another version":
        assert (problems, aside) == ([], [])
        return
    (problem,) = problems
    assert problem.startswith(f"The cache entry {path} is damaged: ")
    assert aside == [f"{path.name}.damaged"]


def test_nothing_is_kept_of_weights_that_changed(tmp_path: Path) -> None:
    events: list[Event] = []
    runner = Runner(
        ModelSpec(),
        Store(tmp_path),
        batch_size=3,
        emit=events.append,
        cancelled=lambda: len(batches_of(events)) >= 2,
    )
    request = runner.request(MASK, SPATIAL, 12)
    with runner.ablated(runner.mask(MASK)):
        assert evaluate_run(runner, request) is None
        runner.loaded.model.get_parameter("model.layers.0.self_attn.q_proj.weight").data[0, 0] += 1.0
    assert journal_path(runner.store.outcomes.entries, request.key).is_file()
    with pytest.raises(WeightsChangedError, match="1 cache entries written since are deleted"):
        runner.verify_restored()
    assert not journal_path(runner.store.outcomes.entries, request.key).exists()
