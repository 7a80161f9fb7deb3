"""What the engine does for the lens, what is missing, and what waits: in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.run.events import Job, ModelFailed, ModelLoaded, ModelLoading, Probing, Progressed
from tui.engine_words import loaded_text, memory_text, plan_text, planned_text
from tui.frontier_words import so_far_text
from tui.inspector.lens import k_grid
from tui.inspector.look.text import LONGEST_ROW, rows_of
from tui.inspector.run.figures import SIDE_WORDS, WRECKED, Figures, Side
from tui.names import MATRIX_JOB, job_title, short_benchmark
from tui.numbers import k_text, size_text
from tui.progress_words import PARTS, clock_text, count_text, left_text, pace_text, phase_text
from tui.prompt_words import settled_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.auto_k import FoundK
    from core.engine.protocol import EngineSpec
    from core.importance.plan import ModelPlan
    from core.models.devices import Machine
    from core.run.pace import Estimate
    from core.run.specs import Run
    from tui.inspector.activity import Activity
    from tui.inspector.lens import Lens
    from tui.inspector.look.marks import Marks
    from tui.inspector.session import Session


def memory_lines(spec: EngineSpec) -> tuple[str, ...]:
    """A line on the weights and one on scoring them: the memory of each, and whether it fits.

    Asks the driver and reads headers, which can take seconds: for a thread. Empty if the model's files are
    missing or unusable: the engine says more about that.
    """
    from core.importance.plan import plan_use
    from core.models.devices import this_machine
    from core.models.files import model_folder

    try:
        machine = this_machine()
        folder = model_folder(spec.model, download=False)
        plan = plan_use(spec.model, folder, machine, spec.store.root)
    except (ValueError, OSError):
        return ()
    return (_weights_line(plan, machine), _scoring_line(plan))


def _weights_line(plan: ModelPlan, machine: Machine) -> str:
    """`weights 16.1 GB (bfloat16), 23.6 GB free on cuda:0`."""
    from core.importance.plan import free_on_gpus

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


Tone = Literal["running", "problem", "warning", "note"]

BAR_WIDTH = 10
"""Columns of a progress bar."""


@dataclass(frozen=True)
class Status:
    """A sentence and its tone."""

    text: str
    tone: Tone


def live_side(activity: Activity, runs: Mapping[Side, Run]) -> Side | None:
    """The side of the lens that is running; None if none is."""
    live = [one.run for one in activity.live.values()]
    return next((side for side, run in runs.items() if any(one.is_within(run) for one in live)), None)


def lens_title(lens: Lens) -> str:
    """The title of the job that `r` starts for a lens."""
    return job_title(lens.mask, lens.benchmark, lens.stops_at)


def is_asked_for(session: Session, lens: Lens) -> bool:
    """Whether the job that `r` starts for the lens runs or waits."""
    title = lens_title(lens)
    activity = session.activity
    return any(job.title == title for job in (activity.job, *activity.queued) if job is not None)


def status_of(session: Session, lens: Lens, runs: Mapping[Side, Run], width: int) -> Status:
    """What the engine does, in a line or two; empty if it is idle and nothing went wrong.

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
        return Status("\n".join(long if len(long[0]) <= width else short), "running")
    return _idle_status(session, lens)


def answer_of(activity: Activity, width: int, rows: int) -> str:
    """The end of the answer that is being written, in some rows of a width; empty if none is."""
    answer = activity.answer
    if answer is None or not answer.text:
        return ""
    heading = f"writing #{answer.index}: "
    text = safe_line(answer.text[-LONGEST_ROW * width * rows :])
    lines = rows_of(heading + text, width)
    if len(lines) <= rows:
        return heading + text
    # The end of it, with the heading before.
    lines = rows_of(text, width)[1 - rows :] if rows > 1 else []
    return heading.strip() + "".join(f"\n{text[first:last]}" for first, last in lines)


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
        return [f"{marks.lacking} random control: {_items(figures, 'control')}; {key}"]
    took = [] if figures.estimate is None else [_estimated(lens, figures.estimate, figures.scorings)]
    rows = [(SIDE_WORDS[side], side in figures.stored, _work(side, figures)) for side in figures.sides]
    if "ablated" in lacking and lens.selection != "random":
        rows.insert(1, ("importance", not figures.scorings, _scoring(session, lens, figures.scorings)))
    lines = [
        f" {marks.stored if stored else marks.lacking} {name:<15}{'stored' if stored else work}"
        for name, stored, work in rows
    ]
    return [f"Not computed yet; {key}:", *lines, *took]


def remark_of(session: Session, lens: Lens, figures: Figures) -> Status:
    """That the mask wrecks the model, and what to do; or that its k is `auto`; else empty."""
    if figures.quality is not None and not figures.quality.is_acceptable:
        has_smaller = lens.k > min(k_grid(session.spec.model))
        remedy = "[ or K auto takes a smaller k" if has_smaller else "try a smaller k (K)"
        return Status(f"{session.marks.collapsed} {WRECKED}: {remedy}", "warning")
    if lens.mask is not None and lens.mask == session.auto:
        return Status(f"k {k_text(lens.k)} is auto: it tells the ability from others, and can write", "note")
    return Status("", "note")


def _estimated(lens: Lens, found: Estimate, scorings: int) -> str:
    """How long it takes: `scores 10 abilities, about 12 min; then 30 s a cell`."""
    most = "about" if lens.stops_at is None else "at most"
    cell = f"{most} {left_text(found.cell_s)} a cell"
    if scorings:
        whose = short_benchmark(lens.ability) if scorings == 1 else f"{scorings} abilities"
        cell = f"scores {whose}, about {left_text(found.scoring_s)}; then {cell.removeprefix('about ')}"
    return cell if found.is_measured else f"{cell} (rough)"


def _work(side: Side, figures: Figures) -> str:
    """The work of a run."""
    items = _items(figures, side)
    return f"{items}; as many random weights" if side == "control" else items


def _items(figures: Figures, side: Side) -> str:
    """The items of a run, and how many of them are answered if some are."""
    accuracy = figures.sides[side].accuracy
    far = "" if accuracy is None else f"{accuracy.n:,} of "
    most = "at most " if figures.is_stopped(side) else ""
    return f"{far}{most}{figures.n:,} items"


def _scoring(session: Session, lens: Lens, scorings: int) -> str:
    """The scoring that has to come first."""
    whose = short_benchmark(lens.ability) if scorings == 1 else f"{scorings} abilities"
    return f"of {whose}: {session.n_items_of(lens):,} items{' each' if scorings > 1 else ''}"


def _job_status(session: Session, lens: Lens, runs: Mapping[Side, Run], job: Job, bar: int) -> list[str]:
    """What the job does, with a progress bar of `bar` columns, and below it the clock of the whole."""
    activity, marks = session.activity, session.marks
    progress, paused = activity.progress, job.state == "paused"
    if job.is_cancelling:
        parts = ["cancelling: what is finished is kept"]
    elif activity.probing is not None:
        parts = [_probing(marks, activity.probing, bar)]
    elif progress is None and isinstance(activity.model, ModelLoading):
        parts = [_loading(activity.model)]
    elif progress is None or job.kind == "calibration":  # that is about another model
        mine = job.title == lens_title(lens)
        parts = ["preparing" if mine else safe_line(job.title)]
    else:
        words = _phase(activity, progress, runs)
        parts = [
            f"{words} {_progress(marks, progress.done, progress.total, bar)}".rstrip(),
            "" if paused else pace_text(progress),
        ]
    mark = marks.paused if paused else marks.running
    return [f"{mark} {'  '.join(filter(None, parts))}", *_whole(activity, job, session.model.search)]


def _phase(activity: Activity, progress: Progressed, runs: Mapping[Side, Run]) -> str:
    """What is being done; of the lens's own runs, which one it is."""
    is_one = progress.phase in ("evaluating", "writing") and len(activity.live) == 1
    side = live_side(activity, runs) if is_one else None
    return SIDE_WORDS[side] if side else phase_text(progress)


def _whole(activity: Activity, job: Job, search: FoundK | None) -> list[str]:
    """How much of the job is done, its time so far and left, how it goes on in a pause; the last k tried."""
    parts = [f"{PARTS[job.kind]} {min(job.done + 1, job.total)} of {job.total}"] if job.total > 1 else []
    if job.until is not None:
        parts = [f"{job.done} of {job.total} runs settled"]
    if activity.clock is not None:
        parts.append(clock_text(*activity.clock, is_most=job.until is not None))
    if job.state == "paused" and not job.is_cancelling:
        parts.append("p resumes, c cancels")
    if job.kind == "auto_k" and search is not None:
        parts.append(so_far_text(search))
    return [f"  {' · '.join(parts)}"] if parts else []


def _idle_status(session: Session, lens: Lens) -> Status:
    """The failure of the last job, or that the model is loading."""
    activity, marks = session.activity, session.marks
    others = ("generation", "calibration")  # these report where they are asked for
    last = next((job for job in reversed(activity.jobs.values()) if job.kind not in others), None)
    if last is not None and last.state == "failed":
        return Status(f"{marks.wrong} {safe_line(last.title)} failed: {safe_line(last.problem)}", "problem")
    if last is not None and last.state == "cancelled":
        kept = f"{last.done} of {last.total} runs are done and kept" if last.total > 1 else "nothing is lost"
        if last.until is not None:
            kept = f"{last.done} of {last.total} runs are settled, and the others' answers are kept"
        said = f"{safe_line(last.title)} cancelled: {kept}; {_resuming(last, lens)}"
        return Status(f"{marks.wrong} {said}", "note")
    if activity.probing is not None:
        return Status(f"{marks.running} {_probing(marks, activity.probing, BAR_WIDTH)}", "running")
    if isinstance(activity.model, ModelLoading):
        return Status(f"{marks.running} {_loading(activity.model)}", "running")
    return Status("", "note")


def _resuming(job: Job, lens: Lens) -> str:
    """What starts a cancelled job again: the lens may look at something else than it did."""
    if job.title == lens_title(lens):
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
    planned = activity.planned
    return settled if planned is None else (*settled, f"scores weights {planned_text(planned)}")


def _progress(marks: Marks, done: int, total: int, width: int) -> str:
    """The count of a phase, with a bar of some columns; empty where there is nothing to count."""
    if total <= 1:
        return ""
    full = width * done // total
    bar = f" {marks.bar * full}{marks.dash * (width - full)}" if width else ""
    return f"{count_text(done, total)}{bar}"
