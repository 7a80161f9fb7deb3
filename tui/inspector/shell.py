"""The inspector's shell: composes lens and tabs, keeps both in step with the engine and the cache."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.app import App
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher, Static

from core.engine.commands import StartCalibration, StartRankings, StartRuns
from core.models.description import selectable_weights
from tui.inspector.link import EngineLink
from tui.inspector.look.marks import Typed, draw_scroll_bars, key_name
from tui.inspector.look.themes import THEMES
from tui.inspector.pane import Pane
from tui.inspector.remembered import Remembered, remember
from tui.inspector.settings import Settings
from tui.inspector.tabs import PANES
from tui.inspector.widgets.frame import Context, Header, Problem, TabLine
from tui.inspector.widgets.key_line import KeyLine
from tui.inspector.widgets.lens_panel import AbilityList, Known, LensPanel
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import Binding
    from textual.filter import LineFilter
    from textual.worker import Worker

    from core.engine.commands import Command
    from core.models.description import ModelInfo
    from tui.inspector.activity import Link
    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

TICK_S = 0.1
"""How often the screen takes in what the engine told."""

REMEMBER_AFTER_S = 0.5
"""How long the lens has to stay before it is remembered."""

TOO_SMALL = (
    "The inspector needs 60 columns and 20 rows: make the terminal larger, or its letters smaller. q quits."
)


class Shell(App[None]):
    """Everything but the keys."""

    TITLE = "abilityscope"
    CSS_PATH = "inspector.tcss"
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 (textual declares it on instances)
        (0, "-tiny"), (60, "-narrow"), (80, "-normal"), (140, "-wide"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-flat"),
        (20, "-short"),
        (36, "-tall"),
    ]

    def __init__(self, session: Session, lens: Lens, settings: Settings, tab: str = "run") -> None:
        super().__init__()
        self.session, self.lens, self.settings = session, lens, settings
        session.send = self.emit_engine
        self.known = Known()
        self.info: ModelInfo | None = None
        self.farewell = ""
        """What is written to the terminal after the screen is gone."""
        self._counting: str | None = None
        """The benchmark that is looked at as soon as its rows are counted."""
        self._tab = tab if tab in dict(PANES) else PANES[0][0]
        self._typed = Typed()
        self._link = EngineLink(session.spec, session.activity)
        self._seen_revision = self._seen_stored = -1
        self._seen_link: Link = "starting"
        self._waiting: list[Command] = []
        self._jobs_asked: dict[str, Command] = {}
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = settings.theme
        self.set_keymap(settings.keys)
        draw_scroll_bars(is_ascii=settings.ascii)

    # What is on the screen

    def compose(self) -> ComposeResult:
        yield Header(self.session)
        with Horizontal(id="body"):
            yield LensPanel(self.session, self.lens)
            with Vertical(id="right"):
                yield TabLine([(pane_id, pane.title) for pane_id, pane in PANES])
                yield Context(self.session)
                with ContentSwitcher(initial=self._tab, id="panes"):
                    yield dict(PANES)[self._tab](self.session, id=self._tab)
        yield Problem()
        yield KeyLine()
        yield Static(TOO_SMALL, id="too-small", markup=False)

    def on_mount(self) -> None:
        self.set_class(self.settings.ascii, "-ascii")
        self.screen.query_one(TabLine).show(self._tab)
        self.screen.call_after_refresh(self._begin_work)

    async def _begin_work(self) -> None:
        """Begins what would hold up the first frame: engine, other tabs, and threads that import.

        Called by the screen, which takes no key until the tabs are there.
        """
        self.connect_engine()
        self._begin(self._find_needs, "needs")
        others = [pane(self.session, id=pane_id) for pane_id, pane in PANES if pane_id != self._tab]
        for pane in others:
            pane.display = False
        await self.screen.query_one(ContentSwitcher).mount_all(others)
        await self._count_first()
        self.show_tab(self._tab)
        self.set_interval(TICK_S, self._tick)
        self._begin(self._describe, "describe")

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through before it is drawn."""
        filters = super().get_line_filters()
        return [*filters, self._typed] if self.settings.ascii else filters

    def get_key_display(self, binding: Binding) -> str:
        """How a key is written in footer and help."""
        shown = super().get_key_display(binding)
        return key_name(shown) if self.settings.ascii else shown

    @property
    def pane(self) -> Pane:
        """The tab in front."""
        return cast(Pane, self.screen_stack[0].query_one(f"#{self._tab}"))

    def show_tab(self, pane_id: str) -> None:
        """Brings a tab to the front."""
        self._tab = pane_id
        base = self.screen_stack[0]
        base.query_one(ContentSwitcher).current = pane_id
        base.query_one(TabLine).show(pane_id)
        self.pane.look(self.lens)
        self.focus_pane()
        self._remember()

    def focus_pane(self) -> None:
        """Puts the focus on the first thing of the tab in front that takes it, else on the abilities."""
        base = self.screen_stack[0]
        inside = next((widget for widget in self.pane.query("*") if widget.focusable), None)
        base.set_focus(inside or base.query_one(AbilityList))

    def set_lens(self, lens: Lens) -> None:
        """Looks at something else; at another benchmark, if need be, as soon as its rows are counted."""
        is_counted = self.session.is_counted(lens.benchmark)
        if lens.benchmark != self.lens.benchmark:
            self._counting = None if is_counted else lens.benchmark
        if not is_counted:
            self._begin(partial(self._count, lens.benchmark), "count")
            lens = replace(lens, benchmark=self.lens.benchmark)
            self._show_lens()
        if lens != self.lens:
            has_same_size = (lens.variant, lens.k) == (self.lens.variant, self.lens.k)
            self.lens = lens
            if not has_same_size:
                self.known = Known(benchmarks=self.known.benchmarks, abilities=self.known.abilities)
            self.refresh_lens()
            self._remember()

    def refresh_lens(self) -> None:
        """Shows lens and tab anew, with what the cache has by now."""
        self._show_lens()
        self.pane.look(self.lens)
        self._begin(partial(self._find_known, self.lens), "known")

    def _show_lens(self) -> None:
        """Shows lens and context, with the benchmark that is being counted if one is."""
        base, lens = self.screen_stack[0], self.lens
        shown = replace(lens, benchmark=self._counting or lens.benchmark)
        base.query_one(LensPanel).show(shown, self.known)
        base.query_one(Context).show(shown, self.known)

    def say_problem(self, sentence: str) -> None:
        """Shows what went wrong, until esc."""
        self.screen_stack[0].query_one(Problem).say(sentence)

    def clear_problem(self) -> None:
        """Puts the problem away."""
        self.screen_stack[0].query_one(Problem).clear()

    def put_away(self) -> None:
        """Puts away what lies over or above the tab, and gives the tab the focus."""
        self.clear_problem()
        self.screen_stack[0].remove_class("-drawer")
        self.focus_pane()

    # What the engine tells

    def connect_engine(self) -> None:
        """Starts the engine, or joins the one that runs."""
        self.session.activity.link = "starting"
        self.session.activity.revision += 1
        self._begin(self._link.run, "engine")

    def emit_engine(self, command: Command) -> None:
        """Sends a command, unless this screen is only to look or the engine is lost.

        What is asked while the engine starts is sent as soon as it is there.
        """
        if self.session.readonly:
            self.say_problem("This inspector was started with --readonly: it only looks.")
        elif self.session.activity.link == "lost":
            self.say_problem(f"There is no engine: R starts it again. {self.session.activity.link_problem}")
        elif not self._link.send(command):
            self._waiting.append(command)
        else:
            self._asked(command)

    def _asked(self, command: Command) -> None:
        """Keeps what was asked, so that an engine that is lost can be asked again."""
        if isinstance(command, StartRuns | StartRankings | StartCalibration):
            self._jobs_asked[command.title] = command

    def _ask_again(self) -> None:
        """Asks a new engine for what the lost one had not finished, and for what was asked meanwhile."""
        lost = [self._jobs_asked.get(job.title) for job in self.session.activity.lost_jobs]
        again = [command for command in (*lost, *self._waiting) if command is not None]
        self.session.activity.lost_jobs.clear()
        self._waiting.clear()
        for command in again:
            self.emit_engine(command)

    async def leave_engine(self) -> None:
        """Ends the line to the engine; the engine goes on."""
        await self._link.close()

    def _tick(self) -> None:
        if not self.is_running:
            return  # the screen is being taken down
        activity = self.session.activity
        while activity.notices:
            self.notify(safe_line(activity.notices.pop(0)), markup=False)
        if activity.revision != self._seen_revision:
            self._seen_revision = activity.revision
            if activity.link == "lost" and self._seen_link != "lost":
                # The reason comes last: it may end in a path, and a path in no full stop.
                way_on = "The engine is lost. What was finished is kept. R starts it again."
                self.say_problem(f"{way_on} {activity.link_problem}")
            if activity.link == "connected" and self._seen_link != "connected":
                self._ask_again()
            self._seen_link = activity.link
            self.screen_stack[0].query_one(Header).refresh()
            self.pane.tick()
            self.refresh_bindings()
        if activity.stored != self._seen_stored:
            self._seen_stored = activity.stored
            self.refresh_lens()

    # What the cache and the model's files tell

    async def _describe(self) -> None:
        try:
            self.info = await asyncio.to_thread(lambda: self.session.experiment.info)
        except (ValueError, OSError) as error:
            self.say_problem(" ".join(str(error).split()))
            return
        if not self.is_running:
            return  # left meanwhile
        header = self.screen_stack[0].query_one(Header)
        header.info = self.info
        header.refresh()
        self.refresh_lens()

    async def _find_needs(self) -> None:
        """Says what the model needs while it is loaded; the embedded ones always fit."""
        if self.session.spec.model.is_embedded:
            return

        def needs() -> tuple[str, ...]:
            from tui.inspector.run.status import needs_of

            return needs_of(self.session.spec)

        self.session.needs = await asyncio.to_thread(needs)
        self.session.activity.revision += 1

    async def _count_first(self) -> None:
        """Counts the benchmark that the inspector opens on; one that cannot be counted is not looked at."""
        if self.session.is_counted(self.lens.benchmark):
            return
        try:
            await asyncio.to_thread(self.session.count, self.lens.benchmark)
        except (ValueError, OSError) as error:
            counted = next(b.id for b in self.session.benchmarks if self.session.is_counted(b.id))
            self.lens = replace(self.lens, benchmark=counted)
            self.say_problem(" ".join(str(error).split()))

    async def _count(self, benchmark: str) -> None:
        """Counts a benchmark and looks at it, unless the person has turned to another one meanwhile."""
        problem = ""
        try:
            await asyncio.to_thread(self.session.count, benchmark)
        except (ValueError, OSError) as error:
            problem = " ".join(str(error).split())
        if not self.is_running or self._counting != benchmark:
            return
        self._counting = None
        if problem:
            self.say_problem(problem)
            self._show_lens()
        else:
            self.set_lens(replace(self.lens, benchmark=benchmark))

    async def _find_known(self, lens: Lens) -> None:
        if self.info is None:
            return
        try:
            known = await asyncio.to_thread(self._known_of, lens, self.info)
        except (ValueError, OSError) as error:
            self.say_problem(" ".join(str(error).split()))
            return
        self.known = known
        if self.is_running:  # not left meanwhile
            self._show_lens()

    def _known_of(self, lens: Lens, info: ModelInfo) -> Known:
        """What the cache and the model's files say of a lens; called in a thread."""
        from core.analysis.cache_status import cached_abilities

        weights = candidates = None
        if lens.mask is not None:
            try:
                weights = selectable_weights(lens.k, lens.variant, info)
            except ValueError as error:
                return Known(problem=" ".join(str(error).split()))
            candidates = info.candidates[lens.variant]
        benchmark = self.session.benchmark(lens.benchmark)
        n = self.session.items_of(benchmark, lens)
        abilities = cached_abilities(self.session.experiment, lens.mask, benchmark, n)
        return Known(abilities, self._stored_benchmarks(lens), weights, candidates)

    def _stored_benchmarks(self, lens: Lens) -> frozenset[str]:
        """The benchmarks whose outcomes under the lens are stored; called in a thread."""
        from core.analysis.cache_status import cached_benchmarks

        found: set[str] = set()
        for benchmark in self.session.benchmarks:
            try:
                found |= cached_benchmarks(self.session.experiment, lens.mask, [benchmark], lens.limit)
            except (ValueError, OSError):
                continue  # its rows are bad, which is said as soon as somebody chooses it
        return frozenset(found)

    # Messages of the widgets

    def on_pane_lens_changed(self, message: Pane.LensChanged) -> None:
        self.set_lens(message.lens)

    def on_pane_failed(self, message: Pane.Failed) -> None:
        self.say_problem(message.sentence)

    def on_tab_line_picked(self, message: TabLine.Picked) -> None:
        self.show_tab(message.pane_id)

    def on_ability_list_left(self, message: AbilityList.Left) -> None:
        self.put_away()

    def _remember(self) -> None:
        self._begin(self._write_memory, "remember")

    def _begin(
        self, work: Callable[[], Coroutine[None, None, None]], group: str, *, exclusive: bool = True
    ) -> None:
        """Begins work beside the screen; if exclusive, in place of what the group still does."""
        _: Worker[None] = self.run_worker(work, group=group, exclusive=exclusive)

    async def _write_memory(self) -> None:
        await asyncio.sleep(REMEMBER_AFTER_S)  # whoever steps through k writes once
        kept = Remembered(lens=self.lens, tab=self._tab)
        try:
            await asyncio.to_thread(remember, self.session.spec.model.name, kept)
        except OSError as error:
            self.say_problem(f"What you look at cannot be remembered: {error}. All else works.")
