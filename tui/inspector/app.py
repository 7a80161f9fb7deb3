"""The app: composes lens and tabs, hands keys to the controller, and shows what the controller says."""

from __future__ import annotations

import asyncio
import gc
import traceback
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.text import Text
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher, Static

from tui.inspector import questions
from tui.inspector.controller import Controller
from tui.inspector.keys import KEYS, PANES
from tui.inspector.lens_keys import LensKeys
from tui.inspector.look.drawn import DrawnApp
from tui.inspector.look.themes import THEMES
from tui.inspector.pane import Pane
from tui.inspector.widgets.frame import KeyLine, Problem, TabLine
from tui.inspector.widgets.header import Header
from tui.inspector.widgets.lens_panel import AbilityList, Context, LensPanel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.command import Provider
    from textual.screen import Screen
    from textual.worker import Worker

    from tui.inspector.lens import Known, Lens
    from tui.inspector.session import Session
    from tui.inspector.settings import Settings

TICK_S = 0.1
"""How often the screen takes in what the engine said."""

TOO_SMALL = "The inspector needs 60 columns and 20 rows: enlarge the terminal or use a smaller font. q quits."


class Inspector(LensKeys, DrawnApp):
    """The whole app: `app.run()`."""

    TITLE = "abilityscope"
    CSS_PATH = "inspector.tcss"
    AUTO_FOCUS = ""
    COMMANDS: ClassVar[set[Callable[[], type[Provider]]]] = {questions.the_palette}  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = KEYS

    def __init__(self, session: Session, lens: Lens, settings: Settings, tab: str = "run") -> None:
        super().__init__(settings)
        self.session = session
        self.controller = Controller(session, lens, tab if tab in dict(PANES) else PANES[0][0], self)
        self.farewell = ""
        """Written to the terminal after the screen is gone."""
        self.set_keymap(settings.keys)

    @property
    def lens(self) -> Lens:
        """What is looked at."""
        return self.controller.lens

    @property
    def pane(self) -> Pane:
        """The tab in front."""
        return cast(Pane, self._base.query_one(f"#{self.controller.tab}"))

    @property
    def _base(self) -> Screen[Any]:
        """The screen with the tabs, whatever lies over it."""
        return self.screen_stack[0]

    # What is on the screen

    def compose(self) -> ComposeResult:
        tab = self.controller.tab
        yield Header(self.session)
        with Horizontal(id="body"):
            yield LensPanel(self.session, self.lens)
            with Vertical(id="right"):
                yield TabLine([(pane_id, pane.title) for pane_id, pane in PANES])
                yield Context(self.session)
                with ContentSwitcher(initial=tab, id="panes"):
                    yield dict(PANES)[tab].load()(self.session, id=tab)
        yield Problem()
        yield KeyLine()
        yield Static(TOO_SMALL, id="too-small", markup=False)

    def on_mount(self) -> None:
        self.frame_parts(self.size)
        self.screen.query_one(TabLine).show(self.controller.tab)
        self.screen.call_after_refresh(self._begin_work)

    async def _begin_work(self) -> None:
        """Begins what would hold up the first frame: engine, other tabs, and threads that import."""
        if not gc.isenabled():  # see `open_inspector`
            gc.freeze()  # no collection has to look at what was imported, in the middle of a key
            gc.enable()
        self.connect_engine()
        self.begin(self.controller.plan_memory, "memory")
        classes = await asyncio.to_thread(lambda: {pane_id: pane.load() for pane_id, pane in PANES})
        del classes[self.controller.tab]
        others = [pane(self.session, id=pane_id) for pane_id, pane in classes.items()]
        for pane in others:
            pane.display = False
        await self.screen.query_one(ContentSwitcher).mount_all(others)
        await self.controller.count_first()
        self.action_tab(self.controller.tab)
        self.take_keys()
        self.set_interval(TICK_S, self._tick)
        self.begin(self.controller.describe, "describe")

    def connect_engine(self) -> None:
        """Starts the engine, or joins the one that runs."""
        self.controller.engine.connect()

    def _tick(self) -> None:
        if self.is_running:  # not while the screen is taken down
            self.controller.tick()

    def action_tab(self, pane_id: str) -> None:
        """Brings a tab to the front."""
        self.controller.tab = pane_id
        self._base.query_one(ContentSwitcher).current = pane_id
        self._base.query_one(TabLine).show(pane_id)
        self._base.query_one(Problem).clear_unless(self.controller.in_front)
        self.pane.look(self.lens)
        self._focus_pane()
        self.controller.remember()

    def _focus_pane(self) -> None:
        """Puts the focus on the first widget of the tab in front that takes it, else on the abilities."""
        inside = next((widget for widget in self.pane.query("*") if widget.focusable), None)
        self._base.set_focus(inside or self._base.query_one(AbilityList))

    def _fatal_error(self) -> None:
        """Ends the app over a fault of its own, with a plain traceback on `error_console`.

        Textual's own draws every variable of every frame, which was seen to take more than a minute.
        """
        self.panic(Text(traceback.format_exc()))

    # The controller's view: see `View` for what each method does

    def begin(
        self, work: Callable[[], Coroutine[None, None, None]], group: str, *, exclusive: bool = True
    ) -> None:
        _: Worker[None] = self.run_worker(work, group=group, exclusive=exclusive)

    def say_problem(self, sentence: str) -> None:
        self._base.query_one(Problem).say(sentence)

    def show_lens(self, lens: Lens, known: Known) -> None:
        self._base.query_one(Problem).clear_unless(self.controller.in_front)
        self._base.query_one(LensPanel).show(lens, known)
        self._base.query_one(Context).show(lens, known)

    def show_pane(self, lens: Lens) -> None:
        self.pane.look(lens)

    def show_activity(self) -> None:
        self._base.query_one(Header).refresh()
        self.pane.tick()
        self.refresh_bindings()

    async def ask_code(self, benchmarks: Sequence[str]) -> bool:
        from tui.inspector.screens.allow_code import AllowCode

        return await self.push_screen_wait(AllowCode(benchmarks))

    # Messages of the widgets

    def on_pane_lens_changed(self, message: Pane.LensChanged) -> None:
        self.controller.set_lens(message.lens)

    def on_pane_failed(self, message: Pane.Failed) -> None:
        self._base.query_one(Problem).say(message.sentence, self.controller.in_front)

    def on_pane_mended(self) -> None:
        self._base.query_one(Problem).clear_unless(None)

    def on_tab_line_picked(self, message: TabLine.Picked) -> None:
        self.action_tab(message.pane_id)

    def on_ability_list_left(self, message: AbilityList.Left) -> None:
        self.action_put_away()

    # Keys of the screen; `keys.py` says what each does

    def action_search(self) -> None:
        if not self.pane.search():
            self.notify("Nothing to search yet.", timeout=2, markup=False)

    def action_copy(self) -> None:
        copied = self.pane.copied()
        said = f"{copied.what}: {questions.copy(self, copied.text)}" if copied else "Nothing to copy yet."
        self.notify(said, timeout=None if copied else 2, markup=False)

    def action_export(self) -> None:
        exported = self.pane.exported()
        if exported is None:
            self.notify("Nothing to export yet.", timeout=2, markup=False)
        else:
            self.push_screen(questions.the_export(exported))

    def action_zoom(self) -> None:
        self.screen.toggle_class("-zoomed")

    def action_theme(self) -> None:
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names) if self.theme in names else 0]
        self.notify(f"theme: {self.theme}", timeout=2, markup=False)

    def action_calibration(self) -> None:
        """Shows what the method finds where it is known what it should find."""
        self.push_screen(questions.the_calibration(self.session))

    def action_second_model(self) -> None:
        """Asks for a second model, to be looked at beside the first."""
        self.ask(questions.which_second_model(self.controller), self.controller.second.open)

    def action_turn_model(self) -> None:
        """Looks at the next of A, B and B - A; asks for B where there is none."""
        if self.session.b is None:
            self.action_second_model()
        else:
            self.controller.second.turn()

    def action_put_away(self) -> None:
        """Puts away a problem and the lens where it lies over the tab, and gives the tab the focus."""
        self._base.query_one(Problem).clear()
        self._base.remove_class("-drawer")
        self._focus_pane()

    def action_help(self) -> None:
        bindings, marks = self.screen.active_bindings, self.session.marks
        self.push_screen(questions.the_help(self.controller.tab, self.pane, bindings, marks))

    async def action_detach(self) -> None:
        """Leaves; the engine goes on, whether it works or not."""
        await self._leave(self.controller.engines.detach())

    async def action_leave(self) -> None:
        """Leaves; an engine with work goes on, one without ends, after a question if its model is real."""
        if ids := self.controller.engines.would_end():
            self.ask(questions.what_of_the_engine(ids[0], self.session.marks), self._leave_as)
        else:
            await self._leave(self.controller.engines.quit())

    async def _leave_as(self, choice: str) -> None:
        engines = self.controller.engines
        await self._leave(engines.detach() if choice == questions.KEEP else engines.quit())

    async def _leave(self, farewell: str) -> None:
        self.farewell = farewell
        await self.controller.engines.close()
        self.exit()

    # Keys of the engine

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key is of use just now: the key line shows no others."""
        activity = self.session.activity
        if action == "restart_engine":
            return activity.link == "lost"
        if action in ("cancel", "pause"):
            return activity.is_busy
        if action == "search":
            return dict(PANES)[self.controller.tab].load().has_search
        return super().check_action(action, parameters)

    def action_run(self) -> None:
        self.controller.run_lens()

    def action_enqueue(self) -> None:
        choices = self.controller.run_choices()
        asked = questions.which_runs(self.controller, choices)
        self.ask(asked, lambda key: self.controller.run_choice(choices[key]))

    def action_cancel(self) -> None:
        self.controller.cancel()

    def action_queue(self) -> None:
        self.push_screen(questions.the_queue(self.controller))

    def action_pause(self) -> None:
        self.controller.pause()

    def action_restart_engine(self) -> None:
        """Starts the engine again, and with it what it had not finished."""
        if self.session.activity.link == "lost":
            self._base.query_one(Problem).clear()
            self.connect_engine()

    def action_code(self) -> None:
        self.controller.engine.switch_code()
