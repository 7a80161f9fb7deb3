"""The tab Samples: every item, with what base and ablated model answered."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, OptionList, Static

from tui.inspector.command_of import command_line
from tui.inspector.pane import Copied, Exported, Pane
from tui.inspector.sample_reading import (
    Choice,
    Listing,
    Question,
    Reading,
    list_samples,
    read_stored,
    subject_at,
    with_live,
)
from tui.inspector.sample_report import report
from tui.inspector.widgets.sample_list import ListHead, SampleList
from tui.inspector.widgets.sample_row import list_rows, mark_width
from tui.inspector.widgets.sample_summary import FILTER_WORDS, no_item_text, nothing_text, summary_text
from tui.inspector.widgets.sample_view import SampleView
from tui.inspector.widgets.tag_list import TagList

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult

    from tui.inspector.desk import Desk
    from tui.inspector.lens import Lens

LIVE_S = 1.0
"""How often a running run's answers are taken in."""

TYPING_S = 0.15
"""How long typing has to rest before it is searched for."""

HELP = """\
Every item of the benchmark, with the answers of the intact model (base) and the ablated one.

✓→✗ broken by the ablation   ✗→✓ fixed by it   ✗→✗ both wrong   ✓→✓ both right   ? not known yet
The letters at the right are the right option (gold), base's choice and the ablated model's.

f F     next and previous filter; the line above the list has all filters with their counts
w       list of the tags: each is tried as the cursor comes to it; enter keeps it, esc does not
/       search in prompt, options and id, as you type; enter goes to the list, esc ends the search
n N     next and previous flip
j k     down and up; g G first and last; page up, page down
enter   open the item (on wide terminals it is open already, and enter goes to it); esc back
h l     previous and next item, while one is open
y e     copy the item; export the items that are listed

An item shows its prompt, the log-likelihood of each option in nats (summed over the option's tokens), and
as a bar which share of the probability of all options it has. Below are the answers side by side: the word
at which they part is marked, what follows it is tinted. The random control is the model with as many
weights ablated at random: what it answers wrongly too is not the work of the ability.
"""


class SamplesPane(Pane):
    """The list of items at the left, the chosen one at the right; on narrow terminals one at a time."""

    title: ClassVar[str] = "Samples"
    help_text: ClassVar[str] = HELP

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "filter(1)", "filter", id="samples.next_filter", tooltip="Next filter"),
        Binding("F", "filter(-1)", "filter", id="samples.last_filter", show=False, tooltip="Previous filter"),
        Binding("w", "tags", "tag", id="samples.tags", tooltip="Choose a tag"),
        Binding("n", "flip(1)", "flip", id="samples.next_flip", tooltip="Next flip"),
        Binding("N", "flip(-1)", "flip", id="samples.previous_flip", show=False, tooltip="Previous flip"),
        Binding("escape", "back", "back", id="samples.back", show=False, tooltip="Back"),
    ]

    SCOPED_CSS: ClassVar[bool] = False
    """The layout depends on the screen's width."""

    DEFAULT_CSS = """
    SamplesPane #samples-top { dock: top; height: auto; }
    SamplesPane #samples-summary { height: auto; }
    SamplesPane #samples-search { display: none; height: 1; }
    SamplesPane #samples-search.-shown { display: block; }
    SamplesPane #samples-left { width: 1fr; }
    SamplesPane SampleView { display: none; width: 1fr; }
    SamplesPane.-open SampleView { display: block; }
    SamplesPane.-open #samples-left, SamplesPane.-open SampleList { display: none; }
    SamplesPane.-stale #samples-top, SamplesPane.-stale SampleList, SamplesPane.-stale SampleView {
        text-opacity: 50%;
    }
    Screen.-wide SamplesPane SampleView { display: block; width: 4fr; margin-left: 1; padding-left: 1;
        border-left: solid $panel; }
    Screen.-wide SamplesPane #samples-left, Screen.-wide SamplesPane SampleList { display: block; }
    Screen.-wide SamplesPane #samples-left { width: 3fr; }
    """

    def __init__(self, desk: Desk, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(desk, id=id)
        self._stored: Reading | None = None
        """What the cache has."""
        self._reading: Reading | None = None
        """The same with what a run has given so far."""
        self._listing: Listing | None = None
        self._choice = Choice()
        self._tag_before: str | None = None
        self._live_taken = 0.0

    def compose(self) -> ComposeResult:
        rows = SampleList(self.desk.marks, id="samples-list")
        with Horizontal():
            with Vertical(id="samples-left"):
                yield ListHead(rows)
                yield rows
            yield SampleView(self.desk.marks, id="samples-item")
        with Vertical(id="samples-top"):
            yield Static(id="samples-summary", markup=False)
            yield Input(placeholder="in prompt, options and id", compact=True, id="samples-search")
            yield TagList(id="samples-tags")

    # What is read

    def refresh_view(self, lens: Lens) -> None:
        question, before = Question.of(self.desk, lens), self._stored
        if before is None or before.question != question:
            self.add_class("-stale")
        self.read(lambda: read_stored(self.desk, question, before), self._take_stored, "stored")

    def tick(self) -> None:
        if time.monotonic() - self._live_taken >= LIVE_S:
            self._take_live()

    def _take_stored(self, stored: Reading) -> None:
        self.remove_class("-stale")
        if stored is self._stored:
            return
        self._stored = stored
        if not self._take_live():
            self._take_reading(stored)

    def _take_live(self) -> bool:
        """Reads what a run has given of what is not stored; False if there is nothing."""
        stored = self._stored
        live = stored.live_sides(self.desk.activity) if stored is not None else {}
        if stored is None or not live:
            return False
        self._live_taken = time.monotonic()
        self.read(lambda: with_live(self.desk, stored, live), self._take_reading, "live")
        return True

    def _take_reading(self, reading: Reading) -> None:
        if self._stored is None or reading.question != self._stored.question:
            return
        self._reading = reading
        if reading.samples is None:
            self._listing = None
            benchmark = self.desk.benchmark(reading.question.benchmark)
            self._rows.show([], 0, (), 3, nothing_text(reading.question, benchmark.name))
            self._say()
        else:
            self._list()

    def _list(self) -> None:
        """Lists the items that pass the choice."""
        reading, choice = self._reading, self._choice
        if reading is not None and (samples := reading.samples) is not None:
            self.read(lambda: list_samples(samples, choice), self._take_listing, "list")

    def _take_listing(self, listing: Listing) -> None:
        reading = self._reading
        if reading is None or listing.samples is not reading.samples:
            return
        if self._listing is None or self._listing.samples is not listing.samples:
            self._rows.forget()
        self._listing, self._choice = listing, listing.choice
        width = mark_width(reading.question.mask is not None, self.desk.marks)
        samples = listing.samples
        self._rows.show(listing.places, samples.n, samples.tags, width, no_item_text(listing.choice))
        self._say()

    def _say(self) -> None:
        """The lines above the list."""
        summary, reading, listing = self.query_one("#samples-summary", Static), self._reading, self._listing
        summary.display = reading is not None and listing is not None
        if reading is not None and listing is not None:
            opened = None if self._rows.display else self._rows.position
            width = self.content_size.width
            summary.update(summary_text(reading, listing, width, self.desk.marks, opened))
        self.query_one(ListHead).display = listing is not None
        self.query_one(ListHead).refresh()

    def on_resize(self) -> None:
        self.call_after_refresh(self._say)

    def on_sample_list_rows_wanted(self, message: SampleList.RowsWanted) -> None:
        reading, listing, marks = self._reading, self._listing, self.desk.marks
        if reading is not None and listing is not None:
            samples, is_ablated = listing.samples, reading.question.mask is not None
            self.read(lambda: list_rows(samples, message.places, marks, is_ablated), self._rows.give, "rows")

    def on_sample_list_moved(self, message: SampleList.Moved) -> None:
        self._read_item()
        if not self._rows.display:
            self._say()

    def _read_item(self) -> None:
        """Reads the item under the cursor; where it is not in sight, it can be copied."""
        place, reading = self._rows.place, self._reading
        if place is None or reading is None or reading.samples is None:
            self._item.show(None)
        else:
            self.read(lambda: subject_at(reading, place), self._item.show, "item")

    # What a person asks for

    def on_sample_list_opened(self) -> None:
        self.add_class("-open")
        self._item.focus()
        self.call_after_refresh(self._say)

    def on_sample_view_stepped(self, message: SampleView.Stepped) -> None:
        self._rows.action_move(message.step)

    def action_filter(self, step: int) -> None:
        """The next filter, or the one before."""
        names = list(FILTER_WORDS)
        name = names[(names.index(self._choice.filter) + step) % len(names)]
        self._choose(replace(self._choice, filter=name))

    def action_flip(self, step: int) -> None:
        """To the next listed item whose answer flipped, or the one before."""
        place = self._rows.place
        if self._listing is None or place is None:
            return
        flips = self._listing.flips
        found = flips[flips > place][:1] if step > 0 else flips[flips < place][-1:]
        if len(found):
            self._rows.go_to(int(found[0]))
        else:
            where = "after" if step > 0 else "before"
            self.notify(f"No listed item {where} this one flipped.", timeout=2, markup=False)

    def action_tags(self) -> None:
        """Opens the list of tags, or closes it with the tag under its cursor."""
        if self._tags.is_open:
            self._close_tags()
        elif self._listing is not None:
            self._tag_before = self._choice.tag
            self._tags.open(self._listing.samples.tags, self._choice.tag)

    def on_tag_list_tried(self, message: TagList.Tried) -> None:
        self._choose(replace(self._choice, tag=message.tag))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._close_tags()

    def search(self) -> bool:
        if self._listing is None:
            return False
        self._search.add_class("-shown")
        self._search.focus()
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        text = event.value
        self.set_timer(TYPING_S, lambda: self._search_for(text))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._search_for(event.value)
        self._focus_shown()

    def action_back(self) -> None:
        """Undoes the last of: a tag tried, a search, an item opened."""
        if self._tags.is_open:
            self._choose(replace(self._choice, tag=self._tag_before))
            self._close_tags()
        elif self._item.has_focus:
            self.remove_class("-open")
            self._rows.focus()
            self.call_after_refresh(self._say)
        else:
            self._search.value = ""
            self._search.remove_class("-shown")
            self._choose(replace(self._choice, search=""))
            self._focus_shown()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """`back` only while there is something to undo: the key has a meaning elsewhere, too."""
        if action == "back":
            return self._tags.is_open or self._item.has_focus or self._search.has_class("-shown")
        return super().check_action(action, parameters)

    def _search_for(self, text: str) -> None:
        """Searches, unless something else was typed meanwhile."""
        if text == self._search.value and text != self._choice.search:
            self._choose(replace(self._choice, search=text))

    def _choose(self, choice: Choice) -> None:
        if choice != self._choice:
            self._choice = choice
            self._list()

    def _close_tags(self) -> None:
        self._tags.close()
        self._focus_shown()

    def _focus_shown(self) -> None:
        (self._rows if self._rows.display else self._item).focus()

    # What a person takes away

    def copied(self) -> Copied | None:
        subject = self._item.subject
        if subject is None or self.lens is None or subject.sample.place != self._rows.place:
            return None
        text = f"{report(subject)}\n$ {command_line(self.desk, self.lens)}\n"
        return Copied(text, f"item #{subject.sample.place} as text")

    def exported(self) -> Exported | None:
        listing = self._listing
        if listing is None or not len(listing.places):
            return None

        def write(path: Path) -> None:
            listing.samples.write(path, listing.places, path.suffix.removeprefix("."))  # type: ignore[arg-type]

        assert self._reading is not None, "a listing is of a reading"
        stem = f"samples_{self._reading.question.benchmark}_{listing.choice.filter}"
        return Exported(stem, (".jsonl", ".csv", ".parquet"), write)

    @property
    def _rows(self) -> SampleList:
        return self.query_one(SampleList)

    @property
    def _item(self) -> SampleView:
        return self.query_one(SampleView)

    @property
    def _search(self) -> Input:
        return self.query_one("#samples-search", Input)

    @property
    def _tags(self) -> TagList:
        return self.query_one(TagList)
