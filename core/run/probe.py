"""Asks the intact model the probe's questions, and settles prompt form and level by the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.analysis.probe import (
    ProbeTable,
    Question,
    every_question,
    probe_requests,
    questions_left,
    questions_of,
    settled_by,
    settlement,
    table_of,
)
from core.models.spec import AskedLevel, AskedPrompt
from core.run.events import (
    BatchFinished,
    Probing,
    Progressed,
    RunFinished,
    RunsFound,
    RunStarted,
)
from core.run.quiet import without_events
from core.run.runner import Runner
from core.run.runs import outcomes_of
from core.run.storing import stored_outcomes

Needed = Callable[[ProbeTable], Sequence[Question]]
"""Gives the questions that are left, as far as it is known by now."""

OF_RUNS = (RunsFound, RunStarted, BatchFinished, RunFinished, Progressed)
"""Events that a screen would take for those of a job."""


def settle(runner: Runner) -> None:
    """Settles prompt form and level of a real model where they are `auto`, and emits what they are.

    The answers are stored: the next time nothing is asked.

    Raises:
        Cancelled: the runner was cancelled; what was answered is stored.
        ValueError: the model cannot be used.
    """
    asked = runner.spec
    if asked.is_embedded:
        return
    table = ProbeTable()
    if not asked.is_settled:
        table = _answered(runner, questions_of(asked), lambda known: questions_left(known, asked))
        runner.settle(*settled_by(table, asked))
    runner.emit(settlement(table, runner.spec))


def stored_settlement(runner: Runner) -> tuple[AskedPrompt, AskedLevel] | None:
    """Prompt form and level as given, or by stored answers alone; None if the model has to be asked."""
    asked = runner.spec
    if asked.is_embedded or asked.is_settled:
        return asked.prompt, asked.level_asked
    requests = probe_requests(runner, questions_of(asked))
    table = table_of(requests, stored_outcomes(runner, [request.key for request in requests.values()]))
    return None if questions_left(table, asked) else settled_by(table, asked)


def whole_probe(runner: Runner) -> ProbeTable:
    """The answers to every question, asked now where they are not stored.

    Raises:
        Cancelled: the runner was cancelled; what was answered is stored.
        ValueError: the model cannot be used.
    """
    questions = every_question()
    return _answered(
        runner, questions, lambda known: [question for question in questions if question not in known.right]
    )


def _answered(runner: Runner, questions: Sequence[Question], needed: Needed) -> ProbeTable:
    """The table with everything that is needed.

    Args:
        runner: the model and the cache.
        questions: all that may be needed.
        needed: those that are left.
    """
    requests = probe_requests(runner, questions)
    table = table_of(requests, stored_outcomes(runner, [request.key for request in requests.values()]))
    while left := needed(table):
        runner.emit(Probing(len(table.right), len(table.right) + len(left)))
        with without_events(runner, OF_RUNS):
            frame = outcomes_of(runner, requests[left[0]])
        table = ProbeTable({**table.right, left[0]: int(frame["correct"].sum())})
    return table
