from __future__ import annotations

import pytest

from core.run.events import (
    BatchFinished,
    ItemOutcome,
    Job,
    JobChanged,
    ModelLoaded,
    RunFinished,
    RunStarted,
    Snapshot,
    TextCompared,
    TextWritten,
    TokenDivergence,
)
from core.run.specs import MaskSpec, Run
from tui.inspector.activity import Activity
from tui.progress import shown_progress

MASK = MaskSpec("spatial_reasoning", "mlp", "top", 0.03)
JOB = Job("3f2a-1", "runs", "spatial", "running", 0, 2)
COMPARED = TextCompared(
    "3f2a-0",
    1,
    TokenDivergence(1, " 4", " 5", (0.9, 0.1), (0.2, 0.8)),
    (1, 2),
    (1, 3),
    (-0.1, -0.2),
    (-0.1, -3),
)


def outcome(index: int, correct: bool = True) -> ItemOutcome:
    return ItemOutcome(index, 0, 0 if correct else 1, correct, (-1.0, -2.0))


def test_a_run_grows_by_its_batches_and_ends() -> None:
    activity = Activity()
    activity.fold(JobChanged(JOB))
    activity.fold(RunStarted(MASK, "spatial_reasoning", 3))
    activity.fold(BatchFinished((outcome(2), outcome(0))))
    activity.fold(BatchFinished((outcome(1),)))
    assert activity.current is not None
    assert [o.index for o in activity.current.outcomes] == [2, 0, 1]
    stored = activity.stored
    activity.fold(RunFinished("spatial", "spatial_reasoning", 1.0, 1, 2))
    assert activity.current is None
    assert activity.stored == stored + 1
    assert len(activity.runs[Run(MASK, "spatial_reasoning", 3)].outcomes) == 3


def test_a_new_job_forgets_the_runs_of_the_last() -> None:
    activity = Activity()
    activity.fold(JobChanged(JOB))
    activity.fold(RunStarted(MASK, "spatial_reasoning", 3))
    activity.fold(JobChanged(Job("3f2a-2", "runs", "other", "queued")))
    assert activity.runs
    activity.fold(JobChanged(Job("3f2a-2", "runs", "other", "running")))
    assert not activity.runs


def test_a_snapshot_brings_a_whole_engine() -> None:
    activity = Activity()
    activity.fold(
        Snapshot(
            engine="3f2a", pid=1, jobs=(JOB,), model=ModelLoaded("demo", 1.0), run=RunStarted(None, "x", 9),
            outcomes=(outcome(4),), texts=(TextWritten("3f2a-0", 1, "so"),), compared=(COMPARED,),
        )
    )  # fmt: skip
    activity.fold(TextWritten("3f2a-0", 1, " 5"))
    assert activity.link == "connected"
    assert activity.job == JOB
    assert activity.current is not None
    assert len(activity.current.outcomes) == 1
    assert activity.texts["3f2a-0", 1] == "so 5"
    assert activity.compared == {("3f2a-0", 1): COMPARED}
    activity.fold(JobChanged(Job("3f2a-0", "generation", "another engine's", "queued")))
    assert not activity.compared


def test_a_lost_engine_leaves_what_it_had_still_to_do() -> None:
    activity = Activity()
    ended = Job("3f2a-0", "runs", "done", "completed", 3, 3)
    for job in (ended, JOB):
        activity.fold(JobChanged(job))
    activity.lose("The engine was killed.")
    assert activity.lost_jobs == [JOB]
    assert list(activity.jobs.values()) == [ended]
    assert not activity.is_busy


def test_a_queued_job_that_is_cancelled_leaves_the_running_one() -> None:
    activity = Activity()
    queued = Job("3f2a-2", "runs", "other", "queued")
    for event in (JobChanged(JOB), JobChanged(queued), RunStarted(MASK, "spatial_reasoning", 3)):
        activity.fold(event)
    activity.fold(JobChanged(Job("3f2a-2", "runs", "other", "cancelled")))
    assert activity.current is not None
    activity.fold(JobChanged(Job("3f2a-1", "runs", "spatial", "cancelled", 0, 2)))
    assert activity.current is None


def test_what_is_wrong_with_a_tokenizer_is_a_notice_and_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    activity, warning = (
        Activity(),
        "The tokenizer rebuilt from m.gguf cuts '<x>' into pieces: give the original.",
    )
    for event in (ModelLoaded("m", 1.0, "cpu", 1, warning), ModelLoaded("m", 1.0, "cpu", 1)):
        activity.fold(event)
        with shown_progress() as note:
            note(event)
    assert activity.notices == [warning]
    assert capsys.readouterr().err == f"{warning}\n"
