"""What the tabs that look into masks share: they need rankings, and say so where there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from core.engine.commands import StartRankings
from core.experiment.events import ENDED
from tui.inspector.pane import Pane
from tui.names import ABILITY_WORDS, VARIANT_WORDS, order_words
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from textual.widget import Widget

    from core.experiment.specs import MaskSpec
    from core.masks.choices import Selection
    from tui.inspector.activity import Activity
    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

Found = TypeVar("Found")

NEEDS: dict[Selection, str] = {
    "contrast": "It takes the importance of all ten abilities. ",
    "contrast_max": "It takes the importance of all ten abilities. ",
    "top_minus_shared": "It takes the rankings of all ten abilities. ",
}
"""What a selection needs beside the importance for its own ability."""

PATIENCE_S = 0.3
"""How long what was shown before may stay while something else is read."""


@dataclass(frozen=True)
class Lacking:
    """Why there is nothing to show, or not all of it."""

    sentence: str
    masks: tuple[MaskSpec, ...] = ()
    """Those whose rankings are not stored."""


BASE = Lacking("base ablates nothing, so there is no mask to look into: v chooses MLP-only or all layers.")

READING = Lacking("Reading the stored rankings.")


class Notice(Static, can_focus=True):
    """Stands in place of what there is not; has the focus there, so that the tab's keys work."""

    DEFAULT_CSS = """
    Notice { height: auto; padding: 1 0; }
    """


class Room(Container):
    """What a tab fills; has it arranged anew whenever there is more or less of it."""

    def __init__(self, arrange: Callable[[], None], *, classes: str) -> None:
        super().__init__(classes=classes)
        self._arrange = arrange

    def on_resize(self) -> None:
        self.call_after_refresh(self._arrange)


class MaskPane(Pane, Generic[Found]):
    """A tab that shows something about stored rankings, or in its place what is lacking.

    It yields its own widgets with the class `found`, and `self.notice`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "score", "score", id="mask.score", tooltip="Score the weights that are lacking here"),
        Binding("i", "measure", "measure", id="mask.measure", tooltip="The next measure in the cells"),
    ]

    DEFAULT_CSS = """
    MaskPane { padding: 0 1; }
    MaskPane > Notice { display: none; }
    MaskPane.-lacking > Notice { display: block; }
    MaskPane.-lacking > .found { display: none; }
    """

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(session, id=id)
        self.notice = Notice(markup=False)
        self.lacking: Lacking | None = READING
        """What `x` scores, or why there is nothing to show; None if nothing lacks."""
        self._answered: Lens | None = None

    def question(self, lens: Lens) -> Callable[[], Found | Lacking]:
        """What is asked in a thread: finds what there is to show."""
        raise NotImplementedError

    def show(self, found: Found) -> Lacking | None:
        """Shows what was found; returns what lacks of it."""
        raise NotImplementedError

    def first_focus(self) -> Widget:
        """What has the focus when something is shown."""
        raise NotImplementedError

    def show_progress(self, progress: str) -> None:
        """Says how far the scoring of what lacks is, beside what is shown."""
        raise NotImplementedError

    def refresh_view(self, lens: Lens) -> None:
        ask = (lambda: BASE) if lens.variant == "base" else self.question(lens)
        self.set_timer(PATIENCE_S, lambda: self._lose_patience(lens))
        self.read(lambda: _answer_of(ask), lambda answer: self._answer(lens, answer))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys are of use just now."""
        if action == "score":
            return self.lacking is not None and bool(self.lacking.masks)
        return True

    def tick(self) -> None:
        if self.lacking is not None and self.lacking.masks:
            self._say_progress()

    def action_score(self) -> None:
        """Asks the engine for the rankings that lack."""
        masks = self.lacking.masks if self.lacking is not None else ()
        if is_asked(self.session.activity, title := title_of(masks)):
            self.app.notify("The engine has that to do already.", timeout=2, markup=False)
        else:
            self.session.send(StartRankings(title, masks))

    def _answer(self, lens: Lens, answer: Found | Lacking) -> None:
        self._answered = lens
        if isinstance(answer, Lacking):
            self._say(answer)
            return
        had_focus = self.notice.has_focus
        self.remove_class("-lacking")
        self.lacking = self.show(answer)
        self._say_progress()
        self.refresh_bindings()
        if had_focus:
            self.first_focus().focus()

    def _say(self, lacking: Lacking) -> None:
        """Shows a sentence in place of everything else."""
        focused = self.screen.focused
        had_focus = focused is not None and self in focused.ancestors
        self.lacking = lacking
        self.add_class("-lacking")
        self._say_progress()
        self.refresh_bindings()
        if had_focus:
            self.notice.focus()

    def _say_progress(self) -> None:
        lacking = self.lacking
        progress = progress_of(self.session.activity, lacking.masks) if lacking and lacking.masks else ""
        if lacking is not None and self.has_class("-lacking"):
            self.notice.update(Text(safe_line(lacking.sentence) + (f"\n\n{progress}" if progress else "")))
        else:
            self.show_progress(progress)

    def _lose_patience(self, lens: Lens) -> None:
        if self.lens == lens and self._answered != lens:
            self._say(READING)


def lacking_rankings(masks: Sequence[MaskSpec]) -> Lacking:
    """What one reads where nothing is stored of what the lens looks at."""
    first = masks[0]
    if len(masks) > 1:
        lacking = f"For {mask_kind(first)}, {len(masks)} rankings of weights are not stored. x scores them."
        return Lacking(lacking, tuple(masks))
    sentence = (
        f"The ranking of weights for {ABILITY_WORDS[first.ability]}, {mask_kind(first)}, is not stored. "
        f"{NEEDS.get(first.selection, '')}x scores it; r runs the benchmark, which scores it too."
    )
    return Lacking(sentence, (first,))


def mask_kind(mask: MaskSpec) -> str:
    """Variant and selection, in words."""
    return f"{VARIANT_WORDS[mask.variant]}, {order_words(mask.selection, mask.scope)}"


def title_of(masks: Sequence[MaskSpec]) -> str:
    """What the job that scores them is called."""
    if len(masks) == 1:
        return f"ranking of {masks[0]}"
    return f"rankings of {len(masks)} abilities, {mask_kind(masks[0])}, k {masks[0].k:g}"


def is_asked(activity: Activity, title: str) -> bool:
    """Whether the engine has a job of this title that did not end."""
    return any(job.title == title and job.state not in ENDED for job in activity.jobs.values())


def progress_of(activity: Activity, masks: Sequence[MaskSpec]) -> str:
    """How far the engine is with the rankings, in a sentence; empty if it does not score."""
    scored = activity.scored
    if scored is not None:
        name = ABILITY_WORDS.get(scored.ability, scored.ability)
        return f"The engine scores {name}: {scored.done:,} of {scored.total:,} items."
    return "The engine has it to do." if is_asked(activity, title_of(masks)) else ""


def _answer_of(ask: Callable[[], Found | Lacking]) -> Found | Lacking:
    """The answer; what cannot be read is said where the answer would be."""
    from cache.files import CorruptEntry

    try:
        return ask()
    except (ValueError, OSError, CorruptEntry) as error:
        return Lacking(" ".join(str(error).split()))
