"""The lens at the left (what is chosen, with keys and stored marks), and the context above the tabs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from core.abilities.catalogue import ABILITIES, ABILITY_IDS, find_ability
from core.masks.choices import SELECTIONS
from core.models.matrices import VARIANTS
from tui.inspector.lens import Known, k_grid
from tui.inspector.look.frames import titled
from tui.inspector.look.text import in_sight
from tui.inspector.look.themes import text_style
from tui.inspector.pane import Pane
from tui.names import VARIANT_WORDS, order_words, short_benchmark
from tui.numbers import count_text, k_text, percent, until_text
from tui.result_words import shown_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.geometry import Size

    from tui.inspector.lens import Lens
    from tui.inspector.look.marks import Marks
    from tui.inspector.session import Session

ROOMY = 24
"""Columns from which the panel lists the alternatives too."""

NARROWEST = 12
"""Fewest columns that a line is made for."""

WITH_SHARE = 23
"""Rows from which the panel says which share of the candidates is ablated, too."""

KEY = Style(bold=True, dim=False)

SAYS_WEIGHTS = 120
"""Columns of the terminal from which the context says how many weights are ablated."""


class AbilityList(Widget, can_focus=True):
    """The ten abilities; moving the cursor moves the lens."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(1)", "next", id="lens.next_ability", show=False, tooltip="Next ability"),
        Binding("up,k", "step(-1)", "previous", id="lens.previous_ability", show=False, tooltip="Previous"),
        Binding("enter,escape", "leave", "back", id="lens.leave", show=False, tooltip="Back to the tab"),
    ]

    DEFAULT_CSS = """
    AbilityList { height: auto; }
    AbilityList > .abilities--cursor {
        color: $block-cursor-foreground; background: $block-cursor-background; text-style: bold;
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"abilities--cursor"}

    class Left(Message):
        """The person is done with choosing."""

    def __init__(self, panel: LensPanel) -> None:
        super().__init__(id="abilities")
        self._panel = panel

    def render(self) -> Text:
        panel = self._panel
        marks, chosen = panel.session.marks, panel.lens.ability
        width = max(self.size.width, NARROWEST)
        lines = []
        for ability in ABILITIES:
            is_chosen = ability.id == chosen
            name = f"{marks.chosen if is_chosen else ' '}{short_benchmark(ability.id)}"
            mark = _mark(ability.id, panel.known.abilities, marks)
            shown = panel.known.shown.get(ability.id)
            if shown is not None and not shown.is_shown:
                mark = f"{marks.not_shown}{mark}"
            style: Style | str = "bold" if is_chosen else ""
            if is_chosen and self.has_focus:
                style = self.get_component_rich_style("abilities--cursor")
            lines.append(Text(f"{name:<{width - 1 - len(mark)}}{mark:>{len(mark) + 1}}", style=style))
        return Text("\n", no_wrap=True, overflow="crop").join(lines)

    def on_click(self, event: events.Click) -> None:
        if 0 <= event.y < len(ABILITIES):
            self._choose(event.y)

    def action_step(self, step: int) -> None:
        """Goes to the next or previous ability."""
        here = ABILITY_IDS.index(self._panel.lens.ability)
        self._choose((here + step) % len(ABILITY_IDS))

    def action_leave(self) -> None:
        """Gives the focus back to the tab."""
        self.post_message(self.Left())

    def _choose(self, index: int) -> None:
        # At once, for the next key: the app shows it when the message has come to it.
        self._panel.lens = replace(self._panel.lens, ability=ABILITIES[index].id)
        self.refresh()
        self.post_message(Pane.LensChanged(self._panel.lens))


def _mark(name: str, stored: frozenset[str] | None, marks: Marks) -> str:
    """Whether an ability's or a benchmark's outcomes are stored; blank until the cache was read."""
    if stored is None:
        return " "
    return marks.stored if name in stored else marks.lacking


class LensLine(Widget):
    """One choice with its key; a click does what the key does."""

    DEFAULT_CSS = """
    LensLine { height: auto; }
    LensLine:hover { background: $boost; }
    """

    def __init__(self, panel: LensPanel, name: str, action: str) -> None:
        super().__init__(id=f"lens-{name}")
        self._panel, self._what, self._action = panel, name, action
        self._drawn = Text()

    def show(self) -> None:
        """Draws anew if the text changed; lays out, which takes long, only if its height changed."""
        text = self._panel.line_of(self._what, self.size.width)
        if text != self._drawn:
            self.refresh(layout=text.plain.count("\n") != self._drawn.plain.count("\n"))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        # Textual's own measures what is drawn, which was made for the width before.
        return self._panel.line_of(self._what, width).plain.count("\n") + 1

    def render(self) -> Text:
        self._drawn = self._panel.line_of(self._what, self.size.width)
        return self._drawn

    async def on_click(self) -> None:
        await self.run_action(f"app.{self._action}")


class LensPanel(VerticalScroll, can_focus=False):
    """The whole lens."""

    DEFAULT_CSS = """
    LensPanel {
        width: 18; height: 1fr; padding: 0 0 0 0; background: $surface; scrollbar-size-vertical: 0;
        border-right: solid $panel;
    }
    """

    def __init__(self, session: Session, lens: Lens) -> None:
        super().__init__(id="lens")
        titled(self, "lens")
        self.session = session
        self.lens = lens
        self.known = Known()

    def compose(self) -> ComposeResult:
        yield LensLine(self, "ability", "ability")
        yield AbilityList(self)
        yield LensLine(self, "variant", "variant")
        yield LensLine(self, "selection", "selection")
        yield LensLine(self, "k", "enter_k")
        yield LensLine(self, "scoring", "scored")
        yield LensLine(self, "benchmark", "benchmark")
        yield LensLine(self, "items", "items")
        yield LensLine(self, "until", "until")

    def show(self, lens: Lens, known: Known) -> None:
        """Shows another lens, or more knowledge about this one."""
        before = (self.lens.ability, self.known.abilities, self.known.shown)
        self.lens, self.known = lens, known
        if (lens.ability, known.abilities, known.shown) != before:
            self.query_one(AbilityList).refresh()
        for line in self.query(LensLine):
            line.show()

    def on_resize(self) -> None:
        # Some choices have fewer lines where there is less room, and the benchmarks the lines that are left.
        for line in self.query(LensLine):
            line.show()
        self.query_one("#lens-benchmark").refresh(layout=True)

    def line_of(self, name: str, width: int) -> Text:
        """The text of one line of the panel."""
        width = max(width, NARROWEST)  # before it is laid out, a widget has no width
        label, key, rest = self._lines(width)[name]
        head = Text(f"{label:<{width - len(key) - 1}}", style="dim", no_wrap=True)
        head.append(f"{key} ", style=text_style(self.app.theme_variables, "accent") + KEY)
        return Text("\n", no_wrap=True, overflow="crop").join([head, *rest])

    def _lines(self, width: int) -> dict[str, tuple[str, str, list[Text]]]:
        """The label, the key and the further lines of each choice."""
        lines: dict[str, tuple[str, str, list[Text]]] = {
            "ability": ("ability", "a", []),
            "variant": ("variant", "v", self._variant(width)),
            "selection": ("select", "s", self._selection(width)),
            "k": ("k" if width >= ROOMY else f"k {k_text(self.lens.k)}", "[ ] K", self._k(width)),
            "scoring": (f"scoring {self.session.n_items_of(self.lens):,}", "S", []),
            "items": (f"items {self._items()}", "I", []),
            "until": (f"until {until_text(self.lens.until)}", "U", []),
        }
        taken = len(ABILITIES) + len(lines) + 1 + sum(len(rest) for _, _, rest in lines.values())
        lines["benchmark"] = ("benchmark", "b", self._benchmark(width, taken))
        return lines

    @property
    def _is_short(self) -> bool:
        """Whether there is no row for the share of the candidates."""
        return 0 < self.size.height < WITH_SHARE

    def _variant(self, width: int) -> list[Text]:
        words = {"base": "base", "mlp": "MLP", "all": "all"} if width < ROOMY else VARIANT_WORDS
        return [self._row([words[v] for v in VARIANTS], VARIANTS.index(self.lens.variant))]

    def _selection(self, width: int) -> list[Text]:
        if width < ROOMY:
            style = "dim" if self.lens.variant == "base" else "bold"
            words = f" {self.session.marks.chosen}{self.lens.selection}"
            return [Text(words[len(words) > width :], style=style)]
        chosen, rows = SELECTIONS.index(self.lens.selection), ((0, 2), (2, 4))
        return [self._row(SELECTIONS[first:last], chosen - first) for first, last in rows]

    def _k(self, width: int) -> list[Text]:
        lens, known = self.lens, self.known
        grid = k_grid(self.session.spec.model)
        ks = grid if lens.k in grid else (lens.k,)
        names = [k_text(k).removesuffix(" %") for k in ks] if len(ks) > 1 else [k_text(lens.k)]
        chosen = ks.index(lens.k)
        shown = in_sight([len(name) + 2 for name in names], chosen, width)
        row = self._row(names[shown.start : shown.stop], chosen - shown.start)
        lines = [row] if width >= ROOMY else []
        if lens.variant == "base":
            return [*lines, Text(" nothing ablated", style="dim")]
        if known.problem:
            return [*lines, Text(" k too large", style="bold")]
        if known.weights is None or known.candidates is None:
            # Two rows, as when it is known: nothing jumps, and nothing is laid out anew.
            rows = [Text(" …" if self.session.marks.cut == "…" else " ...", style="dim"), Text()]
            return [*lines, *rows[: len(rows) - self._is_short]]
        share = known.weights / known.candidates
        what = "MLP" if lens.variant == "mlp" else "layers"
        lines.append(Text(f" {count_text(known.weights)} weights", style="dim"))
        lines.append(Text(f" {percent(share)} of {what}", style="dim"))
        return lines[: len(lines) - self._is_short]

    def _benchmark(self, width: int, taken: int) -> list[Text]:
        """The chosen benchmark, and beside it as many others as there are lines left."""
        ids = [benchmark.id for benchmark in self.session.columns(self.lens)]
        gaps = len(self.query(LensLine)) if self.app.has_class("-airy") else 0
        room = min(len(ids), max(1, self.size.height - taken - gaps))
        first = min(max(0, ids.index(self.lens.benchmark) - room // 2), max(0, len(ids) - room))
        return [self._benchmark_line(one, width) for one in ids[first : first + room]]

    def _benchmark_line(self, benchmark: str, width: int) -> Text:
        marks, is_chosen = self.session.marks, benchmark == self.lens.benchmark
        mark = _mark(benchmark, self.known.benchmarks, marks)
        name = f"{marks.chosen if is_chosen else ' '}{short_benchmark(benchmark)}"[: width - 2]
        return Text(f"{name:<{width - 2}} {mark}", style="bold" if is_chosen else "dim", no_wrap=True)

    def _items(self) -> str:
        benchmark = self.session.benchmark(self.lens.benchmark)
        if not self.session.is_counted(benchmark.id):
            return f"counting{self.session.marks.cut}"
        n = self.session.items_of(benchmark, self.lens)
        return "all" if n == benchmark.n_items else f"{n:,}/{benchmark.n_items:,}"

    def _row(self, words: Sequence[str], chosen: int) -> Text:
        """Words beside each other, the chosen one marked."""
        text = Text(no_wrap=True, overflow="crop")
        for index, word in enumerate(words):
            mark, style = (self.session.marks.chosen, "bold") if index == chosen else (" ", "dim")
            text.append(f"{mark}{word} ", style)
        return text


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
        self._shown = Text()
        self._looked_at: tuple[Lens, Known] | None = None

    def on_resize(self) -> None:
        if self._looked_at is not None:
            self.show(*self._looked_at)

    def show(self, lens: Lens, known: Known) -> None:
        """Says what the lens looks at."""
        self._looked_at = lens, known
        ability = find_ability(lens.ability)
        benchmark = self._session.benchmark(lens.benchmark)
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(ability.name, style="bold")
        shown = known.shown.get(lens.ability)
        if shown is not None and not shown.is_shown:
            text.append(f" ({self._session.marks.not_shown} not shown by this model: {shown_text(shown)})")
        text.append(f": {ability.definition}\n", style="dim")
        if lens.variant == "base":
            text.append("base, nothing ablated")
        else:
            order = order_words(lens.selection, lens.scope)
            words = (VARIANT_WORDS[lens.variant], order, f"k {k_text(lens.k)}")
            text.append(" · ".join(words), style="bold")
            text.append(self._amount(lens, known))
        text.append(f" on {safe_line(short_benchmark(benchmark.id))}, ")
        if self._session.is_counted(benchmark.id):
            until = "" if lens.stops_at is None else f", until {until_text(lens.stops_at)}"
            text.append(f"{self._session.items_of(benchmark, lens):,} items{until}")
        else:
            text.append(f"counting{self._session.marks.cut}")
        if text != self._shown:
            self._shown = text
            self.update(text, layout=False)  # always two lines

    def _amount(self, lens: Lens, known: Known) -> str:
        """How many weights, where there is room for it: the lens says it too."""
        if known.problem:
            return f" ({known.problem})"
        if known.weights is None or self.app.size.width < SAYS_WEIGHTS:
            return ""
        return f" ({known.weights:,} weights)"
