"""What the engine does for the lens, what is missing, and what waits: in words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.experiment.events import ItemsScored, Job, JobKind, ModelFailed, ModelLoaded, ModelLoading, Probing
from tui.engine_words import loaded_text, memory_text, plan_text, planned_text
from tui.inspector.run.figures import SIDE_WORDS, Figures, Side
from tui.names import MATRIX_JOB, job_title, short_benchmark
from tui.numbers import duration_text, rate_text, size_text
from tui.prompt_words import settled_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.engine.protocol import EngineSpec
    from core.experiment.specs import Run
    from core.importance.model_plan import ModelPlan
    from core.models.machine import Machine
    from tui.inspector.activity import Activity
    from tui.inspector.lens import Lens
    from tui.inspector.look.marks import Marks
    from tui.inspector.session import Session


def memory_lines(spec: EngineSpec) -> tuple[str, ...]:
    """A line on the weights and one on scoring them: the memory of each, and whether it fits.

    Asks the driver and reads headers, which can take seconds: for a thread. Empty if the model's files are
    missing or unusable: the engine says more about that.
    """
    from core.importance.model_plan import plan_use
    from core.models.files import model_folder
    from core.models.machine import this_machine

    try:
        machine = this_machine()
        folder = model_folder(spec.model, download=False)
        plan = plan_use(spec.model, folder, machine, spec.store.root, spec.memory_options)
    except (ValueError, OSError):
        return ()
    return (_weights_line(plan, machine), _scoring_line(plan))


def _weights_line(plan: ModelPlan, machine: Machine) -> str:
    """`weights 16.1 GB (bfloat16), 23.6 GB free on cuda:0`."""
    from core.importance.model_plan import free_on_gpus

    load = plan.needs[0]
    line = f"weights {size_text(load.gpu_bytes or load.main_bytes)} ({plan.dtype})"
    if plan.device == "cpu":
        where, free = "of memory free", machine.memory.free_bytes
    else:
        where, free = f"free on {plan.device}", free_on_gpus(plan.device, machine)
    if free is None:
        return f"{line}, free memory unknown"
    line += f", {size_text(free)} {where}"
    return line if load.fits else f"{line}: they do not fit"


def _scoring_line(plan: ModelPlan) -> str:
    """`scoring 9.80 GB of GPU memory, 56.0 GB of disk, in 2 passes`, or why it does not fit."""
    importance = plan.importance
    if importance is None:
        return str(plan.problem)
    takes = memory_text(importance.device_bytes, importance.host_bytes, importance.disk_bytes)
    return f"scoring {takes}, {plan_text(importance, on_gpu=plan.device != 'cpu')}"


Tone = Literal["running", "problem", "note"]

BAR_WIDTH = 10
"""Columns of a progress bar."""


PARTS: dict[JobKind, str] = {
    "runs": "run",
    "rankings": "ranking",
    "generation": "answer",
    "calibration": "run",
}
"""The parts of a job, by kind."""


@dataclass(frozen=True)
class Status:
    """A sentence and its tone."""

    text: str
    tone: Tone


def live_side(activity: Activity, runs: Mapping[Side, Run]) -> Side | None:
    """The side of the lens that is running; None if none is."""
    if activity.current is None:
        return None
    return next((side for side, run in runs.items() if run == activity.current.run), None)


def is_asked_for(session: Session, lens: Lens) -> bool:
    """Whether the job that `r` starts for the lens runs or waits."""
    title = job_title(lens.mask, lens.benchmark)
    activity = session.activity
    return any(job.title == title for job in (activity.job, *activity.queued) if job is not None)


def status_of(session: Session, lens: Lens, runs: Mapping[Side, Run], width: int) -> Status:
    """What the engine does, in one sentence; empty if it is idle and nothing went wrong.

    Args:
        session: the open model.
        lens: what is looked at.
        runs: the runs of the lens.
        width: columns; there is a progress bar if it fits.
    """
    activity = session.activity
    if activity.link == "lost":
        # What to do comes first: the end of the sentence may be cut.
        problem = f"R restarts the engine. {safe_line(activity.link_problem)}"
        return Status(f"{session.marks.wrong} {problem}", "problem")
    if isinstance(activity.model, ModelFailed):
        return Status(f"{session.marks.wrong} {safe_line(activity.model.problem)}", "problem")
    if activity.job is not None:
        long, short = (_job_status(session, lens, runs, activity.job, bar) for bar in (BAR_WIDTH, 0))
        return Status(long if len(long) <= width else short, "running")
    return _idle_status(session, lens)


def queue_of(activity: Activity, room: int) -> list[str]:
    """The waiting jobs, in at most `room` lines."""
    titles = [safe_line(job.title) for job in activity.queued]
    if not titles:
        return []
    if room == 1 or len(titles) == 1:
        more = f" and {len(titles) - 1} more" if len(titles) > 1 else ""
        return [f"next: {titles[0]}{more}"]
    shown = titles[: room - 1] if len(titles) >= room else titles
    first = ", the first" if len(shown) < len(titles) else ""
    return [f"{len(titles)} jobs waiting{first}:", *(f"  {title}" for title in shown)]


def plan_of(session: Session, lens: Lens, figures: Figures) -> list[str]:
    """The missing parts of the comparison, what they take, and the key that runs them."""
    marks, lacking = session.marks, [side for side in figures.sides if side not in figures.stored]
    if not lacking:
        return []
    key = "r queues it" if session.activity.is_busy else "r runs it"
    if session.readonly:
        key = "this inspector is read-only"
    if lacking == ["control"]:
        return [f"{marks.lacking} random control: {figures.n:,} items; {key}"]
    rows = [(SIDE_WORDS[side], side in figures.stored, _work(side, figures)) for side in figures.sides]
    if "ablated" in lacking and lens.selection != "random":
        rows.insert(1, ("importance", not figures.scorings, _scoring(session, lens, figures.scorings)))
    lines = [
        f" {marks.stored if stored else marks.lacking} {name:<15}{'stored' if stored else work}"
        for name, stored, work in rows
    ]
    return [f"Not computed yet; {key}:", *lines]


def _work(side: Side, figures: Figures) -> str:
    """The work of a run."""
    items = f"{figures.n:,} items"
    return f"{items}; as many random weights" if side == "control" else items


def _scoring(session: Session, lens: Lens, scorings: int) -> str:
    """The scoring that has to come first."""
    whose = short_benchmark(lens.ability) if scorings == 1 else f"{scorings} abilities"
    return f"of {whose}: {session.spec.importance.n_items:,} items{' each' if scorings > 1 else ''}"


def _job_status(session: Session, lens: Lens, runs: Mapping[Side, Run], job: Job, bar: int) -> str:
    """What the job does, with a progress bar of `bar` columns."""
    activity = session.activity
    paused = job.state == "paused"
    which = f"{PARTS[job.kind]} {min(job.done + 1, job.total)} of {job.total}" if job.total > 1 else ""
    if activity.current is not None:
        live, side = activity.current, live_side(activity, runs)
        what = SIDE_WORDS[side] if side else safe_line(job.title)
        parts = [f"{what} {_progress(session.marks, len(live.outcomes), live.run.n, bar)}"]
        parts += [*([] if paused else _pace(live.rate, live.seconds_left)), which]
    elif activity.scored is not None and job.kind != "calibration":  # it scores another model's weights
        parts = [_scored(session, lens, activity.scored, bar)]
        parts += [] if paused else _scoring_pace(activity, activity.scored)
    elif activity.probing is not None:
        parts = [_probing(session.marks, activity.probing, bar)]
    elif isinstance(activity.model, ModelLoading):
        parts = [_loading(activity.model)]
    else:
        mine = job.title == job_title(lens.mask, lens.benchmark)
        parts = ["preparing" if mine else safe_line(job.title), which]
    if paused:
        parts.append("paused: p resumes, c cancels")
    mark = session.marks.paused if paused else session.marks.running
    return f"{mark} {'  '.join(part for part in parts if part)}"


def _scored(session: Session, lens: Lens, scored: ItemsScored, bar: int) -> str:
    """The progress of importance: items, and the ability among those that the lens needs."""
    wanted = session.experiment.scored_abilities(lens.mask) if lens.mask is not None else []
    which = ""
    if len(wanted) > 1 and scored.ability in wanted:
        which = f" ({wanted.index(scored.ability) + 1} of {len(wanted)})"
    progress = _progress(session.marks, scored.done, scored.total, bar)
    return f"importance of {short_benchmark(scored.ability)}{which} {progress}"


def _scoring_pace(activity: Activity, scored: ItemsScored) -> list[str]:
    seconds = time.monotonic() - activity.scoring_started
    if not scored.done or seconds <= 0:
        return []
    rate = scored.done / seconds
    return _pace(rate, (scored.total - scored.done) / rate)


def _idle_status(session: Session, lens: Lens) -> Status:
    """The failure of the last job, or that the model is loading."""
    activity, marks = session.activity, session.marks
    others = ("generation", "calibration")  # these report where they are asked for
    last = next((job for job in reversed(activity.jobs.values()) if job.kind not in others), None)
    if last is not None and last.state == "failed":
        return Status(f"{marks.wrong} {safe_line(last.title)} failed: {safe_line(last.problem)}", "problem")
    if last is not None and last.state == "cancelled":
        kept = f"{last.done} of {last.total} runs are done and kept" if last.total > 1 else "nothing is lost"
        said = f"{safe_line(last.title)} cancelled: {kept}; {_resuming(last, lens)}"
        return Status(f"{marks.wrong} {said}", "note")
    if activity.probing is not None:
        return Status(f"{marks.running} {_probing(marks, activity.probing, BAR_WIDTH)}", "running")
    if isinstance(activity.model, ModelLoading):
        return Status(f"{marks.running} {_loading(activity.model)}", "running")
    return Status("", "note")


def _resuming(job: Job, lens: Lens) -> str:
    """What starts a cancelled job again: the lens may look at something else than it did."""
    if job.title == job_title(lens.mask, lens.benchmark):
        return "r resumes"
    return "x in AIS resumes" if job.title.startswith(MATRIX_JOB) else "ask for it again to resume"


def _probing(marks: Marks, probing: Probing, bar: int) -> str:
    return f"probing prompts {_progress(marks, probing.done, probing.total, bar)}"


def _loading(loading: ModelLoading) -> str:
    far = loaded_text(loading)
    return f"loading the model: {safe_line(loading.doing)}{f' ({far})' if far else ''}"


def beside_of(session: Session) -> tuple[str, ...]:
    """The memory that the model needs until it is loaded; how weights are scored while they are.

    Before that, the prompt form and the level of a real model's items.
    """
    activity = session.activity
    settled = () if session.settled is None else (settled_text(session.settled),)
    if not isinstance(activity.model, ModelLoaded):
        return settled + session.memory
    planned, scored = activity.planned, activity.scored
    if planned is None or (scored is not None and scored.ability != planned.ability):
        return settled
    return (*settled, planned_text(planned))


def _progress(marks: Marks, done: int, total: int, width: int) -> str:
    full = width * done // total if total else 0
    bar = f" {marks.bar * full}{marks.dash * (width - full)}" if width else ""
    return f"{done:,}/{total:,}{bar}"


def _pace(rate: float | None, seconds_left: float | None) -> list[str]:
    """Rate and remaining time."""
    if not rate or seconds_left is None:
        return []
    return [rate_text(rate), f"{duration_text(seconds_left)} left"]
