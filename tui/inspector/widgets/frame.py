"""What frames the tabs: the header, the tab line, the two lines of context, and the line for problems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from core.abilities.catalogue import find_ability
from core.experiment.events import ModelFailed, ModelLoaded, ModelLoading
from tui.engine_words import gpu_words, loaded_share
from tui.names import VARIANT_WORDS, order_words, short_benchmark
from tui.numbers import count_text, k_text, size_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.models.description import ModelInfo
    from tui.inspector.activity import Activity
    from tui.inspector.lens import Known, Lens
    from tui.inspector.session import Session

ROOMY = 120
"""Columns of the terminal from which the context says more."""

SHORT_DTYPES = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}


class Header(Widget):
    """One line: what is open, and what the engine does."""

    DEFAULT_CSS = """
    Header { height: 1; background: $panel; color: $foreground; padding: 0 1; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(id="header")
        self._session = session
        self.info: ModelInfo | None = None

    def render(self) -> Text:
        width = self.size.width
        status = code_text(self._session) + status_text(self._session)
        room = max(0, width - len(status.plain) - 2)
        name = safe_line(self._session.spec.model.name)
        left = Text("abilityscope  " if width >= 70 else "", style="bold", no_wrap=True)
        left.append(name, style="bold")
        for fact in self._facts():
            if len(left.plain) + len(fact) + 3 <= room:
                left.append(f" · {fact}")
        left.truncate(room, pad=True)
        return left + Text("  ") + status

    def _facts(self) -> list[str]:
        info, activity = self.info, self._session.activity
        if info is None:
            return ["reading its files"]
        loaded = activity.model if isinstance(activity.model, ModelLoaded) else None
        device = loaded.device if loaded else self._session.spec.model.device
        dtype = SHORT_DTYPES.get(info.dtype, info.dtype)
        if info.quantization != "none":
            dtype = f"{info.quantization}, {dtype}"
        facts = [f"{info.architecture} {count_text(info.parameters)}", f"{info.layers} layers", dtype]
        if device not in ("auto", ""):
            facts.append(device)
        facts.append(size_text(loaded.bytes if loaded and loaded.bytes else info.bytes))
        beat = activity.heartbeat
        if beat is None:
            return facts
        # Where there is little room, what goes up and down is said before what stays.
        facts[1:1] = gpu_words(beat.gpus)
        facts.append(f"engine {size_text(beat.resident_bytes)}")
        if beat.device_bytes is not None and not beat.gpus:
            facts.append(f"GPU {size_text(beat.device_bytes)}")
        return facts


def code_text(session: Session) -> Text:
    """That programs which the model writes may run, if they may."""
    if not session.code.allowed:
        return Text()
    return Text("runs code, no sandbox  " if session.code.without_sandbox else "runs code  ", style="bold")


def status_text(session: Session) -> Text:
    """What the engine does just now, in a few words."""
    activity, marks = session.activity, session.marks
    if activity.link == "lost":
        return Text(f"{marks.wrong} no engine: R starts one", style="bold")
    if activity.link == "starting":
        return Text(f"{marks.lacking} engine starts")
    if isinstance(activity.model, ModelFailed):
        return Text(f"{marks.wrong} model not loaded", style="bold")
    job = activity.job
    if job is not None and job.state == "paused":
        return Text(f"{marks.paused} paused: p goes on", style="bold")
    if isinstance(activity.model, ModelLoading):
        share = loaded_share(activity.model)
        return Text(f"{marks.lacking} {share}{' ' if share else ''}{safe_line(activity.model.doing)}"[:36])
    if job is None:
        return Text(f"{marks.stored} idle")
    more = f" +{len(activity.queued)}" if activity.queued else ""
    return Text(f"{marks.running} {progress_text(activity)}{more}", style="bold")


def progress_text(activity: Activity) -> str:
    """How far the running job is, shortly."""
    job = activity.job
    if activity.scored is not None and activity.current is None:
        scored = activity.scored
        return f"scoring {short_benchmark(scored.ability)} {scored.done}/{scored.total}"
    if job is None:
        return "idle"
    if job.total > 1:
        unit = " runs" if job.kind in ("runs", "calibration") else ""
        return f"{job.done}/{job.total}{unit}"
    if activity.current is not None:
        return f"{len(activity.current.outcomes)}/{activity.current.run.n}"
    doing = {"runs": "running", "rankings": "scoring", "generation": "writing", "calibration": "running"}
    return doing[job.kind]


class TabLine(Widget):
    """The tabs, on one line; the number before each is its key."""

    DEFAULT_CSS = """
    TabLine { height: 1; color: $foreground; background: $surface; }
    """

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, pane_id: str) -> None:
            super().__init__()
            self.pane_id = pane_id

    def __init__(self, tabs: Sequence[tuple[str, str]]) -> None:
        super().__init__(id="tabs")
        self._tabs = tabs
        self.current = tabs[0][0]

    def show(self, pane_id: str) -> None:
        """Marks another tab as the one in front."""
        self.current = pane_id
        self.refresh()

    def render(self) -> Text:
        text = Text(no_wrap=True, overflow="crop")
        for number, (pane_id, title) in enumerate(self._tabs, start=1):
            style = "bold reverse" if pane_id == self.current else ""
            text.append(self._label(number, title), style=style)
        return text

    def on_click(self, event: events.Click) -> None:
        start = 0
        for number, (pane_id, title) in enumerate(self._tabs, start=1):
            start += len(self._label(number, title))
            if event.x < start:
                self.post_message(self.Picked(pane_id))
                return

    def _label(self, number: int, title: str) -> str:
        letters = sum(len(title) for _, title in self._tabs)
        if self.size.width >= letters + 3 * len(self._tabs):
            return f"{number} {title} "
        whole = self.size.width >= letters + 2 * len(self._tabs)
        return f"{number}{title if whole else title[:5]} "


class Context(Static):
    """Two lines above every tab: what is ablated, and on what."""

    DEFAULT_CSS = """
    Context {
        height: 2; padding: 0 1; color: $foreground; text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(id="context", markup=False)
        self._session = session
        self._said = Text()

    def show(self, lens: Lens, known: Known) -> None:
        """Says what the lens looks at."""
        ability = find_ability(lens.ability)
        benchmark = self._session.benchmark(lens.benchmark)
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(ability.name, style="bold")
        text.append(f": {ability.definition}\n", style="dim")
        if lens.variant == "base":
            text.append("base, nothing ablated")
        else:
            order = order_words(lens.selection, lens.scope)
            words = (VARIANT_WORDS[lens.variant], order, f"k {k_text(lens.k)}")
            text.append(" · ".join(words), style="bold")
            text.append(_amount(lens, known, self.app.size.width))
        text.append(f" on {safe_line(short_benchmark(benchmark.id))}, ")
        if self._session.is_counted(benchmark.id):
            text.append(f"{self._session.items_of(benchmark, lens):,} items")
        else:
            text.append(f"counting{self._session.marks.cut}")
        if text != self._said:
            self._said = text
            self.update(text, layout=False)  # it has two lines, whatever it says


def _amount(lens: Lens, known: Known, width: int) -> str:
    """How many weights, where there is room for it: the lens says it too."""
    if known.problem:
        return f" ({known.problem})"
    if known.weights is None or width < ROOMY:
        return ""
    return f" ({'up to ' if lens.selection == 'top_minus_shared' else ''}{known.weights:,} weights)"


class Problem(Static):
    """A sentence that says what went wrong and what to do; esc puts it away."""

    DEFAULT_CSS = """
    Problem {
        height: auto; max-height: 6; padding: 0 1; background: $error; color: $background; display: none;
    }
    Problem.-shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__(id="problem", markup=False)
        self.sentence = ""

    def say(self, sentence: str) -> None:
        """Shows a sentence."""
        self.sentence = sentence
        self.update(Text(f"{safe_line(sentence)}  (esc)"))
        self.add_class("-shown")

    def clear(self) -> None:
        """Puts the sentence away."""
        self.sentence = ""
        self.remove_class("-shown")
