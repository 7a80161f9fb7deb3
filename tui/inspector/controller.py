"""What the inspector looks at and asks for. Knows no widget: a `View` shows it, keys call it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from core.engine.protocol import Cancel, Pause, Resume
from core.masks.choices import SCOPES
from core.models.matrices import VARIANTS
from core.run.specs import mask_weights
from tui.inspector.engines import Engines
from tui.inspector.k_search import KSearch
from tui.inspector.lens import AUTO, UNTILS, Known, TypedK, k_grid, next_k, parse_fraction
from tui.inspector.look.text import one_line
from tui.inspector.remembered import Remembered, remember
from tui.inspector.run_choices import choice_of, run_choices
from tui.inspector.second_model import SecondModel
from tui.names import job_title
from tui.numbers import until_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.benchmarks.benchmark import Benchmark
    from core.models.description import ModelInfo
    from core.run.events import PromptsSettled
    from tui.inspector.activity import Link
    from tui.inspector.engine_link import EngineLink, View
    from tui.inspector.lens import Lens
    from tui.inspector.run_choices import RunChoice
    from tui.inspector.session import Session

CLOCK_S = 1.0
"""How often what runs is shown anew though the engine says nothing: its clock goes on."""

REMEMBER_AFTER_S = 0.5
"""How long the lens has to stay before it is remembered."""


class Controller:
    """Holds lens, session and engine link, and decides what to ask of the engine."""

    def __init__(self, session: Session, lens: Lens, tab: str, view: View) -> None:
        self.session, self.lens, self.tab = session, lens, tab
        self.engines = Engines(session, view)
        self.known = Known()
        self._view = view
        self.k_search = KSearch(session, view, self._take_k)
        self.second = SecondModel(session, view, self.engines, self._look_at_other)
        self._counting: str | None = None
        """The benchmark that the lens turns to as soon as its rows are counted."""
        self._seen_revision = self._seen_stored = -1
        self._seen_link: Link = "starting"
        self._next_clock = 0.0

    @property
    def engine(self) -> EngineLink:
        """The line to the engine of the model that is looked at."""
        return self.engines.of(self.session.model)

    @property
    def info(self) -> ModelInfo | None:
        """Its description; None until its files were read."""
        return self.session.model.info

    def _look_at_other(self) -> None:
        """Shows everything anew, of another model."""
        self.known = Known()
        self._seen_link = self.session.activity.link
        self._view.show_activity()
        self.refresh()

    # The lens

    def set_lens(self, lens: Lens) -> None:
        """Looks at something else; at a benchmark whose rows are not counted yet as soon as they are."""
        is_counted = self.session.is_counted(lens.benchmark)
        if lens.benchmark != self.lens.benchmark:
            self._counting = None if is_counted else lens.benchmark
        if not is_counted:
            self._view.begin(partial(self._count, lens.benchmark), "count")
            lens = replace(lens, benchmark=self.lens.benchmark)
            self.show_lens()
        if lens != self.lens:
            has_same_size = (lens.variant, lens.k) == (self.lens.variant, self.lens.k)
            self.lens = lens
            if not has_same_size:
                self.known = replace(self.known, weights=None, candidates=None, problem="")
            self.refresh()
            self.remember()

    @property
    def in_front(self) -> tuple[str, Lens]:
        """The tab in front and what it looks at: its problems are gone with either."""
        return self.tab, self.lens

    def turn(self, **changes: Any) -> None:
        """Looks at other values of some of the lens's fields."""
        self.set_lens(replace(self.lens, **changes))

    def refresh(self) -> None:
        """Shows lens and tab anew, with what the cache has by now."""
        self.show_lens()
        self._view.show_pane(self.lens)
        self._view.begin(partial(self._find_known, self.lens), "known")

    def show_lens(self) -> None:
        """Shows the lens, with the benchmark that is being counted if there is one."""
        self._view.show_lens(replace(self.lens, benchmark=self._counting or self.lens.benchmark), self.known)

    def next_variant(self) -> None:
        """Turns to the next variant."""
        variant = VARIANTS[(VARIANTS.index(self.lens.variant) + 1) % len(VARIANTS)]
        self.turn(variant=variant)

    def set_selection(self, chosen: str) -> None:
        """Turns to a selection, or to a scope."""
        self.turn(**{"scope" if chosen in SCOPES else "selection": chosen})

    def step_k(self, step: int) -> None:
        """Turns to the next k of the grid."""
        self.turn(k=next_k(self.lens.k, k_grid(self.session.spec.model), step))

    def enter_k(self, k: TypedK) -> None:
        """Turns to a k, or looks for it."""
        if k == AUTO:
            self.k_search.start(self.lens)
        else:
            self.turn(k=k)

    def _take_k(self, asked: Lens, k: float) -> None:
        """Turns to the k that was found, unless the lens has turned meanwhile."""
        now = replace(self.lens, k=asked.k, benchmark=asked.benchmark, limit=asked.limit, until=asked.until)
        if now == asked:
            self.turn(k=k)
            self.refresh()  # it is said to be auto, even where it was this before

    def set_limit(self, limit: int) -> None:
        """Looks at so many items of each benchmark."""
        whole = self.session.benchmark(self.lens.benchmark).n_items
        self.turn(limit=None if limit >= whole else limit)

    def set_n_items(self, n_items: int) -> None:
        """Scores weights with so many diagnostic items of each ability."""
        usual = self.session.experiment.importance.n_items
        self.turn(n_items=None if n_items == usual else n_items)

    def set_until(self, chosen: str) -> None:
        """Stops runs at a least AIS of interest as soon as it is settled, or lets them take all items."""
        self.turn(until=next(one for one in UNTILS if until_text(one) == chosen))

    def parse_k(self, text: str) -> TypedK:
        """The k in a text, or `auto`.

        Raises:
            ValueError: not a share, or more weights than there are candidates.
        """
        if text.strip().casefold() == AUTO:
            return AUTO
        k = parse_fraction(text)
        if self.info is not None and self.lens.variant != "base":
            mask_weights(replace(self.lens, k=k).mask_or_fail, self.info)
        elif not 0 < k <= 1:
            raise ValueError("k is a share of all parameters, above 0 and up to 100 %.")
        return k

    def about_benchmark(self, benchmark: Benchmark) -> str:
        """What a benchmark asks, and what it needs."""
        if not self.session.runs_code(benchmark.id):
            return benchmark.about
        need = "allowed" if self.session.allows_code else "asks first"
        return f"{benchmark.about} (runs the model's code: {need})"

    def remember(self) -> None:
        """Keeps lens and tab for the next time."""
        self._view.begin(self._write_memory, "remember")

    # What the engine, the cache and the model's files say

    @property
    def is_current(self) -> bool:
        """Whether everything that the engine said is on the screen."""
        return (self._revision, self._stored) == (self._seen_revision, self._seen_stored)

    @property
    def _revision(self) -> int:
        """Grows with every event of an engine."""
        return sum(model.activity.revision for model in self.session.models)

    @property
    def _stored(self) -> int:
        """Grows whenever the cache may have grown."""
        return sum(model.activity.stored for model in self.session.models)

    def tick(self) -> None:
        """Shows what the engine said since the last tick."""
        activity = self.session.activity
        for model in self.session.models:
            while model.activity.notices:
                self._view.notify(safe_line(model.activity.notices.pop(0)), markup=False)
        has_news = self._revision != self._seen_revision
        if has_news or (activity.is_busy and time.monotonic() >= self._next_clock):
            self._seen_revision, self._next_clock = self._revision, time.monotonic() + CLOCK_S
            if activity.link == "lost" and self._seen_link != "lost":
                # The reason comes last: it may end in a path, which has no full stop.
                self._view.say_problem(
                    f"Engine lost; finished work is kept. R restarts it. {activity.link_problem}"
                )
            self._seen_link = activity.link
            if activity.settled is not None and not self.session.is_settled:
                self._settle(activity.settled)
            self._view.show_activity()
        if self._stored != self._seen_stored:
            self._seen_stored = self._stored
            self.k_search.look_again()
            self.refresh()

    async def describe(self) -> None:
        """Reads the model's description from its files, and what a stored probe settles."""
        settled = None
        try:
            self.session.a.info = await asyncio.to_thread(lambda: self.session.a.experiment.info)
            if not self.session.is_settled:
                settled = await asyncio.to_thread(self.session.stored_settlement)
        except (ValueError, OSError) as error:
            self._view.say_problem(one_line(error))
            return
        if self._view.is_running:
            if settled is not None and not self.session.is_settled:
                self.session.settle(settled)
            self._view.show_activity()
            self.refresh()

    def _settle(self, settled: PromptsSettled) -> None:
        """Takes in what the engine's probe settled, and looks the lens up."""
        self.session.settle(settled)
        self.refresh()

    async def plan_memory(self) -> None:
        """Finds out what the model needs, to be shown while it loads; the embedded ones always fit."""
        model = self.session.model
        if model.spec.model.is_embedded:
            return
        from tui.inspector.run.status import memory_lines

        model.memory = await asyncio.to_thread(memory_lines, model.spec)
        model.activity.revision += 1

    async def count_first(self) -> None:
        """Counts the benchmark that the inspector opens on; turns to another one if that fails."""
        if self.session.is_counted(self.lens.benchmark):
            return
        try:
            await asyncio.to_thread(self.session.count, self.lens.benchmark)
        except (ValueError, OSError) as error:
            counted = next(b.id for b in self.session.benchmarks if self.session.is_counted(b.id))
            self.lens = replace(self.lens, benchmark=counted)
            self._view.say_problem(one_line(error))

    async def _count(self, benchmark: str) -> None:
        """Counts a benchmark and turns to it, unless the person has turned to another one meanwhile."""
        problem = ""
        try:
            await asyncio.to_thread(self.session.count, benchmark)
        except (ValueError, OSError) as error:
            problem = one_line(error)
        if not self._view.is_running or self._counting != benchmark:
            return
        self._counting = None
        if problem:
            self._view.say_problem(problem)
            self.show_lens()
        else:
            self.turn(benchmark=benchmark)

    async def _find_known(self, lens: Lens) -> None:
        if self.info is None or not self.session.is_settled:
            return
        try:
            self.known = await asyncio.to_thread(self.session.known_of, lens, self.info)
        except (ValueError, OSError) as error:
            self._view.say_problem(one_line(error))
            return
        if self._view.is_running:
            self.show_lens()

    async def _write_memory(self) -> None:
        await asyncio.sleep(REMEMBER_AFTER_S)  # whoever steps through k writes once
        kept = Remembered(lens=self.lens, tab=self.tab)
        try:
            await asyncio.to_thread(remember, self.session.a.spec.model.name, kept)
        except OSError as error:
            self._view.say_problem(f"Lens and tab cannot be remembered: {error}.")

    # Jobs

    def run_lens(self) -> None:
        """Runs what the lens looks at, beside base and the random control."""
        title = job_title(self.lens.mask, self.lens.benchmark)
        self.run_choice(choice_of(title, self.lens, [self.lens.ability], [self.lens.benchmark]))

    def run_choices(self) -> dict[str, RunChoice]:
        """What can be run beyond the lens."""
        return run_choices(self.session, self.lens, self.info)

    def cancel(self) -> None:
        """Cancels the running job, or else the one that was queued last."""
        activity = self.session.activity
        job = activity.job or (activity.queued[-1] if activity.queued else None)
        if job is not None:
            self.engine.send(Cancel(job.id))

    def pause(self) -> None:
        """Holds the running job, or lets it go on."""
        job = self.session.activity.job
        if job is not None:
            self.engine.send(Resume(job.id) if job.state == "paused" else Pause(job.id))

    def run_choice(self, choice: RunChoice) -> None:
        """Starts runs, after counting the items of benchmarks that are not counted yet."""
        lens = self.lens
        if self.known.problem:
            self._view.say_problem(self.known.problem)
        elif all(self.session.is_counted(benchmark) for benchmark in choice.benchmarks):
            self.engine.send(choice.start(self.session, lens))
        else:
            counting = f"Counting the items of {len(choice.benchmarks)} benchmarks."
            self._view.notify(counting, timeout=2, markup=False)
            self._view.begin(partial(self._count_and_start, lens, choice), "start", exclusive=False)

    async def _count_and_start(self, lens: Lens, choice: RunChoice) -> None:
        try:
            for benchmark in choice.benchmarks:
                await asyncio.to_thread(self.session.count, benchmark)
        except (ValueError, OSError) as error:
            self._view.say_problem(one_line(error))
        else:
            self.engine.send(choice.start(self.session, lens))
