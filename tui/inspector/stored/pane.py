"""The tab Cache: what is stored, how large and how old it is; deletes and verifies."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from cache.files import CorruptEntry
from tui.inspector.lens import Lens
from tui.inspector.look.frames import titled
from tui.inspector.look.text import rows_of
from tui.inspector.pane import Copied, Exported, Pane, write_json
from tui.inspector.session import Session
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
    verified_words,
    verify_until,
)
from tui.inspector.stored.help_text import HELP
from tui.inspector.stored.listing import StoredHeads, StoredList
from tui.numbers import size_text
from tui.safe_text import safe_line

RELIST_S = 2.0
"""Seconds between two listings while the cache grows: each looks at every file."""

HINT = "enter details · o order · / search · x delete · w verify"

POLL_S = 0.1
"""Seconds between two updates while it verifies."""


class CachePane(Pane):
    """What was computed and kept."""

    has_search: ClassVar[bool] = True
    looks_up: ClassVar[bool] = False  # what is stored does not depend on the prompt
    help_text: ClassVar[str] = HELP

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = """
    CachePane { padding: 0 1; }
    CachePane #cache-totals { height: 1; text-overflow: ellipsis; text-wrap: nowrap; }
    CachePane #cache-line { height: 2; text-overflow: ellipsis; text-wrap: nowrap; }
    CachePane #cache-line.-asks { text-style: bold; color: $text-warning; }
    CachePane #cache-body { height: 1fr; layout: vertical; }
    CachePane #cache-left { height: 1fr; }
    CachePane #cache-details { display: none; height: 1fr; border-top: solid $border-blurred; }
    CachePane #cache-details.-open { display: block; }
    CachePane #cache-search { display: none; height: 1; border: none; padding: 0; }
    CachePane #cache-search.-open { display: block; }
    Screen.-wide CachePane #cache-body { layout: horizontal; }
    Screen.-wide CachePane #cache-details {
        width: 48; height: 100%; border-top: none; border-left: solid $border-blurred; padding-left: 1;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "details", id="cache.details", tooltip="What the entry was made of"),
        Binding("o", "order", "order", id="cache.order", tooltip="Newest, largest, or by kind"),
        Binding("x", "delete", "delete", id="cache.delete", tooltip="Delete the entry under the cursor"),
        Binding("w", "verify", "verify", id="cache.verify", tooltip="Read every entry whole and check it"),
        Binding("c", "stop", "stop verifying", id="cache.stop", tooltip="Stop verifying"),
        Binding("escape", "leave", "back", show=False, id="cache.leave",
                tooltip="Keep the entry, close the details, or end the search"),
    ]  # fmt: skip

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(session, id=id)
        self._store = session.experiment.store
        self._stored: dict[Name, Stored] | None = None
        """All entries; None until they are read."""
        self._order: Order = ORDERS[0]
        self._is_listing = self._is_reading = self._lists_again = False
        self._asks_for: Stored | None = None
        """The entry that enter deletes."""
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
            with titled(Container(id="cache-left"), "entries"):
                yield Static("Reading the cache", id="cache-totals", markup=False)
                yield StoredHeads()
                yield StoredList(self.session.marks)
            with titled(VerticalScroll(id="cache-details", can_focus=False), "entry"):
                yield Static(markup=False)
        yield Input(id="cache-search", placeholder="words that all have to occur", compact=True)
        yield Static(id="cache-line", markup=False)

    @property
    def _list(self) -> StoredList:
        return self.query_one(StoredList)

    @property
    def _search(self) -> Input:
        return self.query_one(Input)

    @property
    def _details(self) -> VerticalScroll:
        return self.query_one(VerticalScroll)

    # Listing

    def refresh_view(self, lens: Lens) -> None:
        if self._is_listing:
            self._lists_again = True
            return
        self._is_listing = self._is_reading = True
        self.read(self._read_entries, self._listed, "list")
        self.set_timer(RELIST_S, self._rest)

    def _read_entries(self) -> dict[Name, Stored]:
        try:
            fingerprint = self.session.experiment.identity.fingerprint
            return read_entries(self._store, self._stored or {}, fingerprint)
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
        """Lists what is known, in a thread: thousands of rows take a while to sort."""
        stored, damaged = self._stored or {}, self._damaged
        order, search = self._order, self._search.value

        def show(found: Arrangement) -> None:
            self._list.show(found.entries, found.rows)
            if self._asks_for is not None and self._asks_for.name not in found.rows:
                self._asks_for = None
            totals = f"{found.summary} · {safe_line(str(self._store.root))}"
            self.query_one("#cache-totals", Static).update(Content(totals))
            then()
            self._show_line()

        self.read(lambda: arrangement(stored, damaged, order, search), show, "rows")

    # The line below

    def _show_line(self) -> None:
        chosen, line = self._list.chosen, self.query_one("#cache-line", Static)
        line.set_class(self._asks_for is not None, "-asks")
        what = "" if chosen is None else f"{chosen.entry.kind}: {chosen.words}"
        lines = [what, self._message()]
        rows = rows_of(what, line.content_size.width or len(what))
        if not lines[1] and len(rows) > 1:  # the list cuts it
            lines = [what[: rows[0][1]], what[rows[1][0] :]]
        first, second = lines
        line.update(Content(first) + "\n" + (Content(second) if second else Content.styled(HINT, "dim")))

    def _message(self) -> str:
        """What is asked or was done; empty for nothing."""
        if self._asks_for is not None:
            return f"Delete these {size_text(self._asks_for.entry.size_bytes)}? enter deletes, esc keeps"
        if self._verifying is not None:
            done, total = self._checked
            return f"Verifies {done:,} of {total:,} entries · c stops"
        if self._said:
            return self._said
        if self._stored and not self._list.entries:
            return "No entry holds these words: esc shows all."
        if self._stored is not None and not self._stored:
            return "Nothing is stored yet: r computes what the lens looks at."
        return ""

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_line)

    def on_stored_list_moved(self, message: StoredList.Moved) -> None:
        self._asks_for = None
        if message.by_key:
            self._said = ""
        self._show_line()
        self._read_details()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves esc and c to the app where there is nothing to leave or to stop."""
        if action == "stop":
            return self._verifying is not None
        is_open = self._details.has_class("-open") or self._search.has_class("-open")
        return action != "leave" or self._asks_for is not None or is_open

    def action_enter(self) -> None:
        if self._asks_for is not None:
            stored, self._asks_for = self._asks_for, None
            self._delete(stored)
        else:
            self._details.toggle_class("-open")
            self._read_details()

    def action_order(self) -> None:
        self._said = ""
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self._show_rows(lambda: self._list.move_to(0))

    def action_stop(self) -> None:
        if self._verifying is not None:
            self._verifying.set()

    def action_leave(self) -> None:
        if self._asks_for is not None:
            self._asks_for = None
        elif self._search.has_focus or not self._details.has_class("-open"):
            self._search.value = ""
            self._search.remove_class("-open")
            self._list.focus()
        else:
            self._details.remove_class("-open")
        self._show_line()

    def search(self) -> bool:
        self._search.add_class("-open")
        self._search.focus()
        return True

    def on_input_changed(self) -> None:
        self._said = ""
        self._show_rows()

    def on_input_submitted(self) -> None:
        self._search.set_class(bool(self._search.value), "-open")
        self._list.focus()

    def _read_details(self) -> None:
        stored = self._list.chosen
        if stored is not None and self._details.has_class("-open"):
            self.read(lambda: details_of(self._store, stored), self._show_details, "details")

    def _show_details(self, lines: list[str]) -> None:
        self._details.query_one(Static).update(Content("\n".join(lines)))
        self._details.scroll_home(animate=False)

    # Deleting

    def action_delete(self) -> None:
        stored = self._list.chosen
        if self.session.readonly:
            self.post_message(self.Failed("This inspector was started with --readonly: it deletes nothing."))
        elif stored is not None and stored.reason_to_stay:
            self._said = stored.reason_to_stay
        else:
            self._asks_for = stored
        self._show_line()

    def _delete(self, stored: Stored) -> None:
        from cache.upkeep import delete

        def deleted(freed: int) -> None:
            self._stored = {name: one for name, one in (self._stored or {}).items() if name != stored.name}
            # What the lens marks as stored may not be any more.
            self.session.activity.stored += 1
            self._said = f"Deleted: {size_text(freed)} less."
            self._show_rows()

        self._said = "Deletes it as soon as nobody works on it."
        self._show_line()
        self.read(lambda: delete(self._store.root, stored.entry.key), deleted, "delete")

    # Verifying

    def action_verify(self) -> None:
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

        def check(done: int, total: int) -> None:
            self._checked = (done, total)

        try:
            return verify_until(self._store, self._verifying, check)
        finally:
            self._verifying = None

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

    # Copying and exporting

    def copied(self) -> Copied | None:
        stored = self._list.chosen
        return None if stored is None else Copied(stored.entry.key, "the entry's key")

    def exported(self) -> Exported | None:
        records = [stored.record for stored in self._list.entries]
        return Exported("cache", (".json",), lambda path: write_json(path, records)) if records else None
