"""The tab Cache: what is stored, how large and how old it is; deletes and verifies."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui.inspector.pane import Copied, Exported, Pane
from tui.inspector.stored.entries import (
    ORDERS,
    Arrangement,
    Name,
    Order,
    Signature,
    Stored,
    arrangement,
    details_of,
    read_entries,
    verify_until,
)
from tui.inspector.stored.listing import StoredHeads, StoredList
from tui.inspector.stored.words import verified_words
from tui.numbers import size_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.timer import Timer

    from cache.files import CorruptEntry
    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

RELIST_S = 2.0
"""Between two listings while the cache grows: each looks at every file."""

POLL_S = 0.1
"""Between two looks at how far verifying is."""


class CachePane(Pane):
    """What was computed and kept."""

    title: ClassVar[str] = "Cache"
    help_text: ClassVar[str] = """\
What was computed and kept, one row for each entry, of this model and of others:
rankings  the most important weights of an ability, from which masks are cut
outcomes  what one model, intact or ablated, answered to the items of one benchmark
divergences  where written answers of the intact and an ablated model part, token by token
generation quality    what a model, intact or ablated, makes of neutral texts, and how it writes on
items     what the items of a benchmark say

Size is that of the files. Broken entries come first, with a cross; they are never used, and computed anew
when they are needed. Those of another version of abilityscope are not used either.

j k      the next entry, the one before; g G first and last; enter its details
o        another order: newest, largest, by kind
/        search: all words have to occur; esc shows all again
x        delete the entry under the cursor, after one question
w        verify: read every entry whole and compare its checksum; esc stops it
y        copy the entry's key; e write the list to a file

`abilityscope cache` does the same without a screen, and `cache prune` makes room."""

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = """
    CachePane { padding: 0 1; }
    CachePane #cache-totals { height: 1; text-overflow: ellipsis; text-wrap: nowrap; }
    CachePane #cache-line { height: 2; text-overflow: ellipsis; text-wrap: nowrap; }
    CachePane #cache-line.-asks { text-style: bold; color: $text-warning; }
    CachePane #cache-body { height: 1fr; layout: vertical; }
    CachePane #cache-left { height: 1fr; }
    CachePane #cache-details { display: none; height: 1fr; border-top: solid $primary; }
    CachePane #cache-details.-open { display: block; }
    CachePane #cache-search { display: none; height: 1; border: none; padding: 0; }
    CachePane #cache-search.-open { display: block; }
    Screen.-wide CachePane #cache-body { layout: horizontal; }
    Screen.-wide CachePane #cache-details {
        width: 48; height: 100%; border-top: none; border-left: solid $primary; padding-left: 1;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "details", id="cache.details", tooltip="What the entry was made of"),
        Binding("o", "order", "order", id="cache.order", tooltip="Newest, largest, or by kind"),
        Binding("x", "delete", "delete", id="cache.delete", tooltip="Delete the entry under the cursor"),
        Binding("w", "verify", "verify", id="cache.verify", tooltip="Read every entry whole and check it"),
        Binding("escape", "leave", "back", show=False, id="cache.leave",
                tooltip="Keep the entry, stop verifying, close the details, or end the search"),
    ]  # fmt: skip

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(session, id=id)
        self._stored: dict[Name, Stored] | None = None
        self._shown: list[Stored] = []
        self._order: Order = ORDERS[0]
        self._is_listing = self._is_reading = self._lists_again = False
        self._asks_for: Stored | None = None
        """The entry that is deleted if the answer is enter."""
        self._verifying: Event | None = None
        """Set to stop it; None while nothing is verified."""
        self._poll: Timer | None = None
        self._checked = (0, 0)
        self._damaged: dict[Name, tuple[Signature, str]] = {}
        """What verifying found, by entry: valid as long as the entry's files are the same."""
        self._said = ""
        """What the last key did, until the next one."""

    def compose(self) -> ComposeResult:
        with Container(id="cache-body"):
            with Container(id="cache-left"):
                yield Static("Reading the cache", id="cache-totals", markup=False)
                yield StoredHeads()
                yield StoredList(self.session.marks)
            with VerticalScroll(id="cache-details", can_focus=False):
                yield Static(markup=False)
        yield Input(id="cache-search", placeholder="words that all have to occur", compact=True)
        yield Static(id="cache-line", markup=False)

    # Listing

    def refresh_view(self, lens: Lens) -> None:
        if self._is_listing:
            self._lists_again = True
            return
        self._is_listing = self._is_reading = True
        self.read(self._read_entries, self._listed, "list")
        self.set_timer(RELIST_S, self._rest)

    def _read_entries(self) -> dict[Name, Stored]:
        experiment = self.session.experiment
        try:
            return read_entries(experiment.store.root, self._stored or {}, experiment.identity.fingerprint)
        finally:
            self._is_reading = False

    def _listed(self, found: dict[Name, Stored]) -> None:
        self._stored = found
        self._show_rows()

    def _rest(self) -> None:
        if self._is_reading:
            self.set_timer(RELIST_S, self._rest)
            return
        self._is_listing = False
        if self._lists_again and self.lens is not None:
            self._lists_again = False
            self.refresh_view(self.lens)

    def _show_rows(self, then: Callable[[], None] = lambda: None) -> None:
        """Lists anew what is known, in a thread: thousands of rows take a while to sort."""
        stored, damaged = self._stored or {}, self._damaged
        order, search = self._order, self.query_one(Input).value

        def show(found: Arrangement) -> None:
            self._shown = found.rows
            self.query_one(StoredList).show(found.rows, found.places)
            if self._asks_for is not None and self._asks_for.name not in found.places:
                self._asks_for = None
            folder = safe_line(str(self.session.experiment.store.root))
            self.query_one("#cache-totals", Static).update(Content(f"{found.summary} · {folder}"))
            then()
            self._show_line()

        self.read(lambda: arrangement(stored, damaged, order, search), show, "rows")

    # The line below

    def _show_line(self) -> None:
        chosen, line = self.query_one(StoredList).chosen, self.query_one("#cache-line", Static)
        line.set_class(self._asks_for is not None, "-asks")
        what = "" if chosen is None else f"{chosen.entry.kind}: {chosen.words}"
        line.update(Content("\n").join([Content(what), self._second_line()]))

    def _second_line(self) -> Content:
        if self._asks_for is not None:
            return Content(
                f"Delete these {size_text(self._asks_for.entry.size_bytes)}? enter deletes, esc keeps"
            )
        if self._verifying is not None:
            done, total = self._checked
            return Content(f"Verifies {done:,} of {total:,} entries · esc stops")
        if self._said:
            return Content(self._said)
        if not self._shown and self._stored is not None:
            return Content(self._nothing_words())
        return Content.styled("enter details · o order · / search · x delete · w verify", "dim")

    def _nothing_words(self) -> str:
        if self._stored:
            return "No entry holds these words: esc shows all."
        return "Nothing is stored yet: r computes what the lens looks at."

    def on_stored_list_moved(self, message: StoredList.Moved) -> None:
        self._asks_for = None
        if message.by_key:
            self._said = ""
        self._show_line()
        if self._details.has_class("-open"):
            self._read_details()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is the app's where there is nothing to leave."""
        return action != "leave" or self._can_leave

    @property
    def _can_leave(self) -> bool:
        is_open = self._details.has_class("-open") or self.query_one(Input).has_class("-open")
        return self._asks_for is not None or self._verifying is not None or is_open

    def action_enter(self) -> None:
        """Deletes, if that was asked; else shows the details of the entry, or shows them no more."""
        if self._asks_for is not None:
            stored, self._asks_for = self._asks_for, None
            self._delete(stored)
        else:
            self._details.toggle_class("-open")
            self._read_details()

    def action_order(self) -> None:
        """Sorts by the next order."""
        self._said = ""
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self._show_rows(lambda: self.query_one(StoredList).action_go(0))

    def action_leave(self) -> None:
        """Leaves one thing: the question, verifying, the details, or the search."""
        search = self.query_one(Input)
        if self._asks_for is not None:
            self._asks_for = None
        elif self._verifying is not None:
            self._verifying.set()
        elif search.has_focus or not self._details.has_class("-open"):
            search.value = ""
            search.remove_class("-open")
            self.query_one(StoredList).focus()
        else:
            self._details.remove_class("-open")
        self._show_line()

    # Searching

    def search(self) -> bool:
        search = self.query_one(Input)
        search.add_class("-open")
        search.focus()
        return True

    def on_input_changed(self) -> None:
        self._said = ""
        self._show_rows()

    def on_input_submitted(self) -> None:
        search = self.query_one(Input)
        search.set_class(bool(search.value), "-open")
        self.query_one(StoredList).focus()

    # Details

    @property
    def _details(self) -> VerticalScroll:
        return self.query_one("#cache-details", VerticalScroll)

    def _read_details(self) -> None:
        stored, root = self.query_one(StoredList).chosen, self.session.experiment.store.root
        if stored is not None and self._details.has_class("-open"):
            self.read(lambda: details_of(root, stored), self._show_details, "details")

    def _show_details(self, lines: list[str]) -> None:
        self._details.query_one(Static).update(Content("\n".join(lines)))
        self._details.scroll_home(animate=False)

    # Deleting

    def action_delete(self) -> None:
        """Asks whether the entry under the cursor is to be deleted."""
        stored = self.query_one(StoredList).chosen
        if self.session.readonly:
            self.post_message(self.Failed("This inspector was started with --readonly: it deletes nothing."))
        elif stored is not None and not stored.can_be_deleted:
            self._said = (
                "It is being written, or was left behind: 'abilityscope cache prune' removes it then."
            )
        else:
            self._asks_for = stored
        self._show_line()

    def _delete(self, stored: Stored) -> None:
        from cache.upkeep import delete

        root = self.session.experiment.store.root
        self._said = "Deletes it as soon as nobody works on it."
        self._show_line()
        self.read(
            lambda: delete(root, stored.entry.key), lambda freed: self._deleted(stored, freed), "delete"
        )

    def _deleted(self, stored: Stored, freed: int) -> None:
        self._stored = {name: one for name, one in (self._stored or {}).items() if name != stored.name}
        # What the lens marks as stored may not be any more.
        self.session.activity.stored += 1
        self._said = f"Deleted: {size_text(freed)} less."
        self._show_rows()

    # Verifying

    def action_verify(self) -> None:
        """Reads every entry whole, in a thread."""
        if self._verifying is not None:
            return
        self._verifying = Event()
        self._checked, self._said = (0, len(self._stored or {})), ""
        self._poll = self.set_interval(POLL_S, self._show_verifying)
        self.read(self._verify, self._verified, "verify")
        self._show_line()

    def _verify(self) -> list[CorruptEntry] | None:
        """Called in a thread."""
        assert self._verifying is not None, "verifying has begun"
        try:
            return verify_until(self.session.experiment.store.root, self._verifying, self._emit_checked)
        finally:
            self._verifying = None

    def _emit_checked(self, done: int, total: int) -> None:
        self._checked = (done, total)

    def _show_verifying(self) -> None:
        if self._verifying is None and self._poll is not None:
            self._poll.stop()
        self._show_line()

    def _verified(self, damaged: list[CorruptEntry] | None) -> None:
        known = self._stored or {}
        if damaged is not None:
            found = {(error.path.parent.name, error.path.stem): error.reason for error in damaged}
            self._damaged = {
                name: (known[name].signature, reason) for name, reason in found.items() if name in known
            }
        self._said = verified_words(damaged, *self._checked)
        self._show_rows()

    # What is taken along

    def copied(self) -> Copied | None:
        stored = self.query_one(StoredList).chosen
        return None if stored is None else Copied(stored.entry.key, "the entry's key")

    def exported(self) -> Exported | None:
        shown = list(self._shown)
        if not shown:
            return None

        def write(path: Path) -> None:
            rows = [
                {
                    "kind": stored.entry.kind,
                    "key": stored.entry.key,
                    "size_bytes": stored.entry.size_bytes,
                    "created": stored.entry.created,
                    "what": stored.words,
                }
                for stored in shown
            ]
            path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

        return Exported("cache", (".json",), write)
