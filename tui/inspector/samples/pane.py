"""The tab Samples: every item, with what base and ablated model answered."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from tui.inspector.command_of import command_line
from tui.inspector.lens import Lens
from tui.inspector.look.frames import titled
from tui.inspector.pane import Copied, Exported, Pane
from tui.inspector.samples.answer_text import report
from tui.inspector.samples.chooser import SampleChooser
from tui.inspector.samples.item_view import SampleView
from tui.inspector.samples.listing import ListHead, ListRow, SampleList, list_rows
from tui.inspector.samples.reading import (
    Listing,
    Question,
    Reading,
    Subject,
    about_samples,
    list_samples,
    read_failures,
    read_stored,
    subject_at,
    with_live,
)
from tui.inspector.samples.summary import no_item_text, nothing_text, summary_text
from tui.inspector.session import Session

if TYPE_CHECKING:
    from core.analysis.failures import Failures

LIVE_S = 1.0
"""Seconds between two looks at the answers of a running run."""

FAILURES_REST_S = 0.15
"""How long the lens rests before the failures are read, which can take seconds."""

HELP = """\
Every item of the benchmark, with the answers of the intact model (base) and the ablated one.

Each row begins with two marks, right or wrong: base, then ablated; a question mark where one is not known.
Right to wrong: broken by the ablation. Wrong to right: fixed by it. Both kinds are flips. At the end of a
row are the letters of the right option (gold, g), of base's choice (b) and of the ablated model's (a); where
answers are written, how the ablated one fails.

The first line has all filters with their numbers of items; the one that is on is marked. Below are the
accuracies with 95 % intervals (the mean score, where an answer can be right in part) and McNemar's exact test
of the flips. The random control is the model with as many weights ablated at random: what it gets wrong, too,
is not the work of the ability.

Then comes how the ablated answers fail: for written answers the shares of their main tags, with 95 %
intervals; for multiple choice the mean margin (log-likelihood of the right option minus that of the best
other one), what won among the broken items, and a preference for a position or a length if there is one.

w lists all tags with their numbers of items: first how written answers fail, then the benchmark's own. A
tag is tried as the cursor comes to it: enter keeps it, esc does not. A search looks into prompt, options and
id as you type: enter goes on to the list, esc ends the search.

An item has its prompt (worked examples before it are folded to one line: u shows them), its options with
their log-likelihoods (in nats, summed over the option's tokens) and, as bars, their shares of the
probability of all its options. Then comes how the ablated answer fails, each tag
with its evidence, and the first token that differs from base.

Below are both answers: the first word that differs is marked, what follows is tinted, and the evidence for
the first tag is underlined. With an item open, left and right go to the one before and the next. Copying
takes the item with the command line that repeats its run; exporting takes all that is listed.

With a second model (M), B turns to its answers, then to both: A in base's place, B in the ablated model's.
"""


class SamplesPane(Pane):
    """The list of items at the left, the chosen one at the right; on narrow terminals one at a time."""

    help_text: ClassVar[str] = HELP
    has_search: ClassVar[bool] = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "filter(1)", "filter", id="samples.next_filter", tooltip="Next filter"),
        Binding("F", "filter(-1)", "filter", id="samples.last_filter", show=False, tooltip="Previous filter"),
        Binding("w", "tags", "failures", id="samples.tags", tooltip="Choose by how answers fail, or a tag"),
        Binding("n", "flip(1)", "next flip", id="samples.next_flip", tooltip="Next flip"),
        Binding("N", "flip(-1)", "flip", id="samples.previous_flip", show=False, tooltip="Previous flip"),
        Binding(
            "u",
            "examples",
            "examples",
            id="samples.examples",
            tooltip="Show the worked examples before the item, or fold them",
        ),
        Binding("escape", "back", "back", id="samples.back", show=False, tooltip="Back"),
    ]

    SCOPED_CSS: ClassVar[bool] = False
    """The layout depends on the screen's width."""

    DEFAULT_CSS = """
    SamplesPane #samples-left { width: 1fr; }
    SamplesPane SampleView { display: none; width: 1fr; }
    SamplesPane.-open SampleView { display: block; }
    SamplesPane.-open #samples-left, SamplesPane.-open SampleList { display: none; }
    SamplesPane.-stale SampleChooser, SamplesPane.-stale SampleList, SamplesPane.-stale SampleView {
        text-opacity: 50%;
    }
    Screen.-wide SamplesPane SampleView { display: block; width: 4fr; margin-left: 1; padding-left: 1;
        border-left: solid $panel; }
    Screen.-wide SamplesPane #samples-left, Screen.-wide SamplesPane SampleList { display: block; }
    Screen.-wide SamplesPane #samples-left { width: 3fr; }
    """

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(session, id=id)
        self._stored: Reading | None = None
        """What the cache has."""
        self._reading: Reading | None = None
        """The same with what a run has given so far."""
        self._listing: Listing | None = None
        self._failures: Failures | None = None
        """How the answers of the reading fail; None if unknown (yet)."""
        self._live_taken = 0.0
        self._rows = SampleList(session.marks, id="samples-list")
        self._head = ListHead(self._rows)
        self._item = SampleView(session.marks, id="samples-item")
        self._chooser = SampleChooser()

    def compose(self) -> ComposeResult:
        with Horizontal():
            with titled(Vertical(id="samples-left"), "items"):
                yield self._head
                yield self._rows
            yield self._item
        yield self._chooser

    # Reading

    def refresh_view(self, lens: Lens) -> None:
        question, before = Question.of(self.session, lens), self._stored
        if before is None or before.question != question:
            self.add_class("-stale")
        self.read(lambda: read_stored(self.session, question, before), self._take_stored, "stored")

    def tick(self) -> None:
        if time.monotonic() - self._live_taken >= LIVE_S:
            self._take_live()

    def _take_stored(self, stored: Reading) -> None:
        self.remove_class("-stale")
        if stored is not self._stored:
            self._stored = stored
            if not self._take_live():
                self._take_reading(stored)

    def _take_live(self) -> bool:
        """Reads what a run has given that is not stored; False if there is nothing."""
        stored = self._stored
        live = stored.live_sides(self.session.activity) if stored and not self.has_class("-stale") else {}
        if stored is None or not live:
            return False
        self._live_taken = time.monotonic()
        self.read(lambda: with_live(self.session, stored, live), self._take_reading, "live")
        return True

    def _take_reading(self, reading: Reading) -> None:
        now = self._stored
        if now is None or (reading.question, reading.cache_status) != (now.question, now.cache_status):
            return  # an answer to what is not asked any more, or older than what is stored by now
        self._reading, self._failures = reading, None
        self._read_failures_soon(reading)
        if reading.samples is None:
            self._listing = None
            benchmark = self.session.benchmark(reading.question.benchmark)
            self._rows.show(None, reading.question.names, nothing_text(reading.question, benchmark.name))
            self._close_item()
        else:
            self._list()

    def _read_failures_soon(self, reading: Reading) -> None:
        """Reads how the answers fail; the list does not wait for it."""

        def take(failures: Failures | None) -> None:
            if self._reading is reading and failures is not None:
                self._failures = failures
                self._list()

        self.read(lambda: read_failures(reading), take, "failures", rest_s=FAILURES_REST_S)

    def _list(self) -> None:
        """Lists the items that pass the choice."""
        reading, choice, failures = self._reading, self._chooser.choice, self._failures
        if reading is not None and (samples := reading.samples) is not None:
            self.read(lambda: list_samples(samples, choice, failures), self._take_listing, "list")

    def _take_listing(self, listing: Listing) -> None:
        reading, before = self._reading, self._listing
        if reading is None or listing.samples is not reading.samples:
            return
        if before is None or (before.samples, before.failures) != (listing.samples, listing.failures):
            self._rows.forget()
        self._listing = listing
        self._rows.show(listing, reading.question.names, no_item_text(listing.choice))
        if len(listing.indices):
            self._say()
        else:
            self._close_item()

    def _say(self) -> None:
        """Shows the lines above the list."""
        reading, listing, summary = self._reading, self._listing, None
        if reading is not None and listing is not None:
            opened = None if self._rows.display else self._rows.position
            summary = summary_text(reading, listing, self._chooser.room, self.session.marks, opened)
        self._chooser.say(summary)
        self._head.display = listing is not None
        self._head.refresh()

    def on_resize(self) -> None:
        self.call_after_refresh(self._say)

    def on_sample_list_rows_wanted(self, message: SampleList.RowsWanted) -> None:
        reading, listing, marks = self._reading, self._listing, self.session.marks
        if reading is None or listing is None:
            return
        samples, failures, has_both = listing.samples, listing.failures, len(reading.question.names) > 1

        def take(rows: list[ListRow]) -> None:
            now = self._listing
            if now is not None and (now.samples, now.failures) == (samples, failures):
                self._rows.give(rows)

        self.read(lambda: list_rows(samples, message.indices, marks, has_both, failures), take, "rows")

    def on_sample_list_moved(self) -> None:
        """Reads the item under the cursor: where it is not in sight, it can be copied."""
        index, reading = self._rows.index, self._reading
        if index is None or reading is None or reading.samples is None:
            self._item.show(None)
        else:
            metric = self.session.benchmark(reading.question.benchmark).metrics[0]
            self.read(lambda: subject_at(reading, index, metric), self._show_item, "item")
        if not self._rows.display:
            self._say()

    def _show_item(self, subject: Subject) -> None:
        self._item.show(subject)
        self.refresh_bindings()

    # Keys

    def action_examples(self) -> None:
        self._item.toggle_examples()

    def on_sample_list_opened(self) -> None:
        self.add_class("-open")
        self._item.focus()
        self.call_after_refresh(self._say)

    def on_sample_view_stepped(self, message: SampleView.Stepped) -> None:
        self._rows.action_move(message.step)

    def action_filter(self, step: int) -> None:
        if self._listing is not None and not self._listing.has_both:
            both = "A's and B's" if self.session.pair else "base and ablated"
            self.notify(f"Filters need {both} answers: r runs what is missing.", markup=False)
        else:
            self._chooser.step_filter(step)

    def action_flip(self, step: int) -> None:
        index = self._rows.index
        if self._listing is None or index is None:
            return
        flips = self._listing.flips
        found = flips[flips > index][:1] if step > 0 else flips[flips < index][-1:]
        if len(found):
            self._rows.go_to(int(found[0]))
        else:
            where = "after" if step > 0 else "before"
            self.notify(f"No listed item {where} this one flipped.", timeout=2, markup=False)

    def action_tags(self) -> None:
        listing = self._listing
        if listing is not None:
            self._chooser.toggle_tags(listing.main_tags, listing.tags, listing.choice)

    def search(self) -> bool:
        if self._listing is None:
            return False
        samples = self._listing.samples
        # The first search takes longest, because the texts are put into lower case: done while one types.
        self.read(lambda: samples.select("all", search=" "), lambda indices: None, "prepare")
        self._chooser.open_search()
        return True

    def on_sample_chooser_chosen(self) -> None:
        self._list()

    def on_sample_chooser_left(self) -> None:
        (self._rows if self._rows.display else self._item).focus()

    def action_back(self) -> None:
        if self._item.has_focus:
            self._close_item()
        else:
            self._chooser.put_away()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves esc to others where there is nothing to put away, and u where nothing is folded."""
        if action == "examples":
            return self._item.subject is not None and self._item.subject.sample.start > 0
        return action != "back" or self._chooser.is_open or self._item.has_focus

    def _close_item(self) -> None:
        """Shows the list again where the item replaces it."""
        had_focus = self._item.has_focus
        self.remove_class("-open")
        if had_focus:
            self._rows.focus()
        self.call_after_refresh(self._say)

    # Copying and exporting

    def copied(self) -> Copied | None:
        subject = self._item.subject
        if self.has_class("-stale") or subject is None or self.lens is None:
            return None
        if subject.sample.index != self._rows.index:
            return None
        text = f"{report(subject)}\n$ {command_line(self.session, self.lens)}\n"
        return Copied(text, f"item #{subject.sample.index} as text")

    def exported(self) -> Exported | None:
        listing, reading = self._listing, self._reading
        if listing is None or reading is None or not len(listing.indices):
            return None
        model = self.session.title if reading.question.is_pair else self.session.spec.model.name
        about = about_samples(model, reading.question)
        control = None if reading.control is None else reading.control.ablated_answers

        def write(path: Path) -> None:
            suffix: Any = path.suffix.removeprefix(".")
            listing.samples.write(path, listing.indices, suffix, about, control)

        stem = f"samples_{reading.question.benchmark}_{listing.choice.filter}"
        return Exported(stem, (".jsonl", ".csv", ".parquet"), write)
