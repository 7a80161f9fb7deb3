"""The tab Run: base, ablated and random control side by side, while they run and after."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Container

from tui.inspector.command_of import command_line
from tui.inspector.look.text import one_line
from tui.inspector.pane import Copied, Pane
from tui.inspector.run.figures import Figures, Side, nothing_yet, report_of
from tui.inspector.run.figures_table import FiguresTable
from tui.inspector.run.line_plot import LinePlot
from tui.inspector.run.status import (
    answer_of,
    beside_of,
    is_asked_for,
    live_side,
    plan_of,
    queue_of,
    remark_of,
    status_of,
)
from tui.inspector.run.tables import Sentences, Ticker
from tui.result_words import cut_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult
    from textual.timer import Timer

    from core.run.events import ItemOutcome
    from core.run.specs import Run
    from tui.inspector.lens import Lens
    from tui.inspector.run.comparison import Comparison
    from tui.inspector.run.status import Tone
    from tui.inspector.session import Session

LIVE_S = 0.4
"""Between two updates of a live run's figures: faster changes cannot be read."""

SOON_S = 0.01

TONES: dict[Tone, str] = {"running": "$primary", "problem": "$error", "warning": "$warning", "note": ""}

ANSWER_ROWS, ANSWER_ROWS_SHORT = 8, 4
"""Rows of the answer that is being written, on a tall and on another screen."""

QUEUE_ROWS = 5
"""Rows of waiting jobs on a tall screen."""

HELP = """\
Runs what the lens looks at: the intact model (base), the model without the selected weights (ablated), and
without as many random weights (random control: what damage alone does).

accuracy   share of right answers with its 95 % Wilson interval; the mean score where answers can be partly
           right. Items that share a passage count together in all intervals
items      answered so far
AIS        (base - ablated) / (base - chance) with its 95 % bootstrap interval: 1 = the benchmark needs the
           ability, 0 = it does not
AIS_p      the same of the probability of the right answer: as certain with a third of the items or less
McNemar    exact test of the flips; small: base and ablated differ by more than chance
> .05      with until (U), in place of McNemar: link (the interval of AIS_p is wholly above), no link
           (below), or open. Such a run goes on item by item and stops once that is settled; its interval
           holds however often it was looked at, and times left are at most
flips      right to wrong, and wrong to right
random p   how often a random mask goes as far: the empirical p, where m has run several (19 can show .05)
language   perplexity on neutral texts, under the mask as a multiple; how many of its continuations repeat
           themselves or cannot be read (the larger share). Twice the perplexity, or a quarter more of either,
           and the mask wrecks the model: what it does to a benchmark then says little of the ability

Before a run it says how long it will take: rough where such work was never measured on this machine.

Figures are dim until their interval is narrower than 0.2. The plot shows the accuracy after so many items: in
order of arrival during a run (longest items first), else in the benchmark's order. Below are the items that
arrived last, or those that flipped; the tab Samples has all of them."""


def runs_of(session: Session, lens: Lens) -> dict[Side, Run]:
    """The runs of a lens, by side."""
    runs: dict[Side, Run] = {"base": session.run(None, lens.benchmark, lens)}
    if lens.mask is not None:
        runs["ablated"] = session.run(lens.mask, lens.benchmark, lens)
    if lens.control is not None:
        runs["control"] = session.run(lens.control, lens.benchmark, lens)
    return runs


class RunPane(Pane):
    """The results of the lens's runs, and what the engine does about them."""

    help_text: ClassVar[str] = HELP
    looks_up: ClassVar[bool] = False  # it says what the engine does even then
    SCOPED_CSS: ClassVar[bool] = False

    DEFAULT_CSS = """
    RunPane #run-status { height: auto; max-height: 5; color: $text-muted; }
    RunPane #run-answer { height: auto; margin-top: 1; }
    RunPane #run-plan { height: auto; margin-top: 1; }
    RunPane #run-body { height: 1fr; }
    RunPane #run-queue {
        height: auto; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis;
    }
    RunPane LinePlot { height: 3fr; min-height: 4; }
    RunPane Ticker { height: 2fr; }
    Screen.-tall RunPane #run-status, Screen.-tall RunPane #run-body { margin-top: 1; }
    Screen.-tall RunPane Ticker { margin-top: 1; }
    """

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(session, id=id)
        self._runs: dict[Side, Run] = {}
        self._until: float | None = None
        """The least AIS of interest, at which they stop."""
        self._comparison: Comparison | None = None
        self._figures: Figures | None = None
        """None until the cache was read for this lens."""
        self._empty: Figures | None = None
        self._problem = ""
        """Why the lens cannot be run."""
        self._looked = 0.0
        """When the figures were last computed."""
        self._waiting: Timer | None = None

    def compose(self) -> ComposeResult:
        marks = self.session.marks
        yield FiguresTable(marks, id="run-figures")
        yield Sentences(id="run-remark")
        yield Sentences(id="run-status")
        yield Sentences(id="run-answer")
        yield Sentences(id="run-plan")
        with Container(id="run-body"):
            yield LinePlot(marks, id="run-plot")
            yield Ticker(marks, id="run-ticker")
        yield Sentences(id="run-queue")

    def forget_model(self) -> None:
        self._runs, self._comparison = {}, None

    def refresh_view(self, lens: Lens) -> None:
        runs = runs_of(self.session, lens)
        if (runs, lens.stops_at) != (self._runs, self._until):
            self._until = lens.stops_at
            self._runs, self._figures, self._empty, self._problem = runs, None, None, ""
        self._say()
        if not self.session.is_settled:
            return
        session, before = self.session, self._comparison
        benchmark, until = session.evaluated(session.benchmark(lens.benchmark), lens), lens.stops_at

        def stored() -> Comparison | str:
            from tui.inspector.run.comparison import Comparison

            try:
                return Comparison.read(session.experiment, benchmark, runs, before, until)
            except ValueError as error:
                return one_line(error)

        self.read(stored, self._take, group="stored")

    def tick(self) -> None:
        self._say()
        if live_side(self.session.activity, self._runs) is not None:
            self._look_soon()

    def copied(self) -> Copied | None:
        if self._figures is None or self.lens is None:
            return None
        report = report_of(self.session.spec.model.name, self.lens, self._figures)
        return Copied(
            f"{report}\n{command_line(self.session, self.lens)}\n", "the figures and their command line"
        )

    def _take(self, found: Comparison | str) -> None:
        """Shows what the cache has, or why there can be nothing."""
        if isinstance(found, str):
            self._problem = found
            self._say()
            return
        before, self._comparison = self._comparison, found
        for problem in found.problems:
            if before is None or problem not in before.problems:
                self.post_message(self.Failed(" ".join(problem.split())))
        if self._figures is None or not found.is_same(before) or self._partial_runs():
            self._look()

    def _partial_runs(self) -> dict[Side, list[ItemOutcome]]:
        """The outcomes of runs that are not stored: live or cancelled ones."""
        found = self._comparison
        if found is None:
            return {}
        of = self.session.activity.outcomes_of
        partial = {side: of(run) for side, run in self._runs.items() if side not in found.stored}
        return {side: outcomes for side, outcomes in partial.items() if outcomes}

    def _look_soon(self) -> None:
        """Updates the figures of a live run, not more often than they can be read."""
        if self._waiting is None:
            # Textual rejects a timer of no time.
            wait = max(SOON_S, self._looked + LIVE_S - time.monotonic())
            self._waiting = self.set_timer(wait, self._look_if_idle)

    def _look_if_idle(self) -> None:
        self._waiting = None
        if any(worker.group == f"{self.id}: figures" and not worker.is_finished for worker in self.workers):
            self._looked = time.monotonic()
            self._look_soon()
        else:
            self._look()

    def _look(self) -> None:
        """Computes the figures in a thread, and shows them."""
        found, runs, partial = self._comparison, self._runs, self._partial_runs()
        if found is None or (found.runs, found.until) != (runs, self._until):
            return
        self._looked = time.monotonic()
        side = live_side(self.session.activity, runs)
        live = side if side in partial else None

        def figures() -> Figures:
            from tui.inspector.run.comparison import LIVE_RESAMPLES, STORED_RESAMPLES

            arrived = [outcome.index for outcome in partial[live]] if live else []
            resamples = LIVE_RESAMPLES if live else STORED_RESAMPLES
            return found.with_live(partial).figures(live, arrived, resamples)

        self.read(figures, lambda answer: self._show(runs, answer), group="figures")

    def _show(self, runs: Mapping[Side, Run], figures: Figures) -> None:
        """Shows figures, unless the lens has turned meanwhile."""
        if runs == self._runs:
            self._figures = figures
            self.query_one(LinePlot).show(figures.curves, figures.n)
            self._say()

    def _say(self) -> None:
        """Shows figures and sentences as they are now."""
        lens, figures = self.lens, self._figures
        if lens is None:
            return
        asked = is_asked_for(self.session, lens)
        self._say_status(lens, figures)
        rows = ANSWER_ROWS if self.screen.has_class("-tall") else ANSWER_ROWS_SHORT
        answer = answer_of(self.session.activity, max(1, self.content_size.width), rows)
        self.query_one("#run-answer", Sentences).say(answer)
        plan = self.query_one("#run-plan", Sentences)
        if figures is not None:
            plan.say(self._problem if asked else "\n".join(plan_of(self.session, lens, figures)))
        elif self._problem:
            plan.say(self._problem)
        else:
            plan.blank()
        self.query_one("#run-queue", Sentences).say(
            "\n".join(queue_of(self.session.activity, self._queue_rows))
        )
        if figures is None:
            self._say_nothing_yet(lens)
            return
        remark = remark_of(self.session, lens, figures)
        self.query_one("#run-remark", Sentences).say(remark.text, TONES[remark.tone])
        self.query_one(FiguresTable).show(figures, "pending" if asked else "not run")
        self.query_one(Ticker).show(figures.listing, figures.n)
        self.query_one("#run-body").display = bool(figures.curves)

    def _say_nothing_yet(self, lens: Lens) -> None:
        """Keeps everything in place, but empty, while the cache is read."""
        self.query_one("#run-remark", Sentences).blank()
        if self._empty is None:
            self._empty = nothing_yet(self._runs, self.session.benchmark(lens.benchmark).chance)
        self.query_one(FiguresTable).show(
            self._empty, "cannot run" if self._problem else self.session.marks.cut, keeps_rows=True
        )
        self.query_one(LinePlot).show((), 0)
        self.query_one(Ticker).show(None, 0)

    def _say_status(self, lens: Lens, figures: Figures | None) -> None:
        status = status_of(self.session, lens, self._runs, self.content_size.width)
        effects = [one.effect for one in figures.sides.values() if one.effect] if figures else []
        reasons = [effect.reason for effect in effects if not effect.defined]
        lines = [*([status.text] if status.text else []), *beside_of(self.session)]
        lines += [cut_text(figures.truncated, figures.n)] if figures and figures.truncated else []
        self.query_one("#run-status", Sentences).say("\n".join([*lines, *reasons[:1]]), TONES[status.tone])

    @property
    def _queue_rows(self) -> int:
        return QUEUE_ROWS if self.screen.has_class("-tall") else 1
