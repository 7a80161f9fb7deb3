"""`profile --plan` and `profile --shard`: the tasks of a profile, listed, or done in part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from tui import output
from tui.numbers import duration_text, size_text

if TYPE_CHECKING:
    from pathlib import Path

    from core.cluster.tasks import Shard, TaskWork, Timing
    from core.run.plan import Plan
    from core.run.runner import Runner

MEASURED = "Times are estimated from what was measured on this machine."
GUESSED = "Times are a guess from the model's size: nothing was measured on this machine yet."


def settle_by_stored(runner: Runner) -> None:
    """Settles prompt form and level without asking the model; says where they are only assumed."""
    from core.analysis.probe import known_prompts

    found = known_prompts(runner)
    runner.settle(*(found or ("text", "plain")))
    if found is None:
        output.note(
            "Prompt form and level are not settled: the profile asks the model first. Here they are taken "
            "to be text and plain."
        )


def run_shard(plan: Plan, runner: Runner, shard: Shard, out: Path) -> None:
    """Does one shard of a plan, and lists in a folder which entries it is made of.

    Raises:
        Exit: it was cancelled.
    """
    from core.cluster.sharing import run_tasks
    from core.cluster.tasks import share_of, write_used_entries

    tasks = share_of(plan, runner, shard)
    masks = sum(task.kind == "mask" for task in tasks)
    output.note(
        f"shard {shard}: {len(tasks) - masks} tasks that others need, {masks} masks; what the cache has is "
        "not computed again"
    )
    if not run_tasks(plan, runner, tasks):
        raise typer.Exit(1)
    write_used_entries(plan, runner, tasks, out, shard)


def write_shard(plan: Plan, runner: Runner, shard: Shard, *, as_json: bool) -> None:
    """Writes what a shard did."""
    from core.cluster.tasks import share_of

    if as_json:
        tasks = [str(task) for task in share_of(plan, runner, shard)]
        output.write_document({"shard": str(shard), "tasks": tasks})
        return
    output.write(
        f"Shard {shard} is done. When all are, the same command without --shard writes the results.\n"
    )


def write_plan(plan: Plan, runner: Runner, shard: Shard | None, *, as_json: bool) -> None:
    """Writes the tasks of a plan, or of one of its shards."""
    from core.cluster.tasks import Survey, share_of, timing_of

    timing, tasks = timing_of(runner), Survey(plan, runner, keeps_scores=shard is not None).tasks
    if shard is not None:
        own = share_of(plan, runner, shard)
        tasks = [one for one in tasks if one.task in own]
    if as_json:
        output.write_document(_document(tasks, timing))
    else:
        _write(tasks, timing, plan.until)


def _document(tasks: Sequence[TaskWork], timing: Timing) -> dict[str, Any]:
    """The tasks as one JSON document."""
    rows = [
        {
            "task": str(one.task),
            "kind": one.task.kind,
            "stored": one.is_stored,
            "seconds": timing.seconds(one.lacking),
            "bytes": one.lacking_bytes,
        }
        for one in tasks
    ]
    return {
        "tasks": rows,
        "stored": sum(row["stored"] for row in rows),
        "seconds": sum(row["seconds"] for row in rows),
        "bytes": sum(row["bytes"] for row in rows),
        "estimated_from": "measured" if timing.is_measured else "size",
    }


def _write(tasks: Sequence[TaskWork], timing: Timing, until: float | None) -> None:
    """Writes a line for each kind of tasks, and the sum."""
    table = output.plain_table(("tasks", "all", "stored", "to do", "time", "cache"))
    groups: dict[str, list[TaskWork]] = {}
    for one in tasks:
        groups.setdefault(_group(one), []).append(one)
    for name, some in (*groups.items(), ("in all", list(tasks))):
        table.add_row(name, *_cells(some, timing))
    output.write_table(table)
    most = "" if until is None else " With --until it is the most: a cell stops once it is settled."
    output.write(f"{MEASURED if timing.is_measured else GUESSED}{most}\n")


def _group(one: TaskWork) -> str:
    if one.task.mask is not None:
        return f"masks: {one.task.mask.selection}"
    return "score an ability" if one.task.kind == "scoring" else "intact model"


def _cells(some: Sequence[TaskWork], timing: Timing) -> list[str]:
    stored = sum(one.is_stored for one in some)
    seconds = sum(timing.seconds(one.lacking) for one in some)
    size = size_text(sum(one.lacking_bytes for one in some))
    return [f"{len(some):,}", f"{stored:,}", f"{len(some) - stored:,}", duration_text(seconds), size]
