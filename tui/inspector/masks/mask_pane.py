"""What the tabs Weights and Overlap share: both need rankings, and say so where none are stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import Static

from core.engine.protocol import StartRankings
from core.masks.choices import Selection
from core.run.events import ENDED
from core.run.specs import MaskSpec
from tui.inspector.lens import Lens
from tui.inspector.pane import Pane
from tui.inspector.session import Session
from tui.names import VARIANT_WORDS, order_words, scored_words, short_benchmark
from tui.safe_text import safe_line

Found = TypeVar("Found")

NEEDS: dict[Selection, str] = {
    "max_minus_shared": "It takes the importance of all ten abilities. ",
}
"""What a selection needs beyond the importance for its own ability."""

PATIENCE_S = 0.3
"""How long the previous content stays while something else is read."""


@dataclass(frozen=True)
class Missing:
    """Why there is nothing to show, or not everything."""

    sentence: str
    masks: tuple[MaskSpec, ...] = ()
    """Masks whose rankings are not stored."""


BASE = Missing("base ablates nothing, so there is no mask to look into: v chooses MLP-only or all layers.")

READING = Missing("Reading the stored rankings.")


class Notice(Static, can_focus=True):
    """Replaces the content where there is none; takes the focus, so that the tab's keys work."""

    DEFAULT_CSS = """
    Notice { height: auto; padding: 1 0; }
    """


class Room(Container):
    """A container that calls back when its size changes."""

    def __init__(self, arrange: Callable[[], None], *, classes: str) -> None:
        super().__init__(classes=classes)
        self._arrange = arrange

    def on_resize(self) -> None:
        self.call_after_refresh(self._arrange)


class MaskPane(Pane, Generic[Found]):
    """A tab about stored rankings, or a notice about what is missing.

    Subclasses yield their own widgets with the class `found`, and `self.notice`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "score", "score missing", id="mask.score", tooltip="Score the missing weights"),
        Binding("i", "measure", "next measure", id="mask.measure", tooltip="The next measure in the cells"),
    ]

    DEFAULT_CSS = """
    MaskPane { padding: 0 1; }
    MaskPane > Notice { display: none; }
    MaskPane.-missing > Notice { display: block; }
    MaskPane.-missing > .found { display: none; }
    """

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(session, id=id)
        self.notice = Notice(markup=False)
        self.missing: Missing | None = READING
        """What `x` scores, or why there is nothing to show; None if everything is there."""
        self._answered: Lens | None = None

    def question(self, lens: Lens) -> Callable[[], Found | Missing]:
        """A function that finds what there is to show; it is called in a thread."""
        raise NotImplementedError

    def show(self, found: Found) -> Missing | None:
        """Shows what was found; returns what is missing from it."""
        raise NotImplementedError

    def first_focus(self) -> Widget:
        """The widget that has the focus when something is shown."""
        raise NotImplementedError

    def show_progress(self, progress: str) -> None:
        """Shows how far the scoring of missing weights is, beside the content."""
        raise NotImplementedError

    def forget_model(self) -> None:
        self._answered = None

    def refresh_view(self, lens: Lens) -> None:
        ask = (lambda: BASE) if lens.variant == "base" else self.question(lens)
        self.set_timer(PATIENCE_S, lambda: self._lose_patience(lens))
        self.read(
            ask,
            lambda answer: self._answer(lens, answer),
            failed=lambda problem: self._answer(lens, Missing(problem)),
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Scoring is offered where something can be scored."""
        return action != "score" or (self.missing is not None and bool(self.missing.masks))

    def tick(self) -> None:
        if self.missing is not None and self.missing.masks:
            self._say_progress()

    def action_score(self) -> None:
        masks = self.missing.masks if self.missing is not None else ()
        if self._is_asked(title := _title_of(masks)):
            self.app.notify("The engine has that to do already.", timeout=2, markup=False)
        else:
            self.session.send(StartRankings(title, masks))

    def _answer(self, lens: Lens, answer: Found | Missing) -> None:
        self._answered = lens
        if isinstance(answer, Missing):
            self._say(answer)
            return
        had_focus = self.notice.has_focus
        self.remove_class("-missing")
        self.missing = self.show(answer)
        self._say_progress()
        self.refresh_bindings()
        if had_focus:
            self.first_focus().focus()

    def _say(self, missing: Missing) -> None:
        """Shows a sentence in place of everything else."""
        focused = self.screen.focused
        had_focus = focused is not None and self in focused.ancestors
        self.missing = missing
        self.add_class("-missing")
        self._say_progress()
        self.refresh_bindings()
        if had_focus:
            self.notice.focus()

    def _say_progress(self) -> None:
        missing = self.missing
        progress = self._progress(missing.masks) if missing and missing.masks else ""
        if missing is not None and self.has_class("-missing"):
            self.notice.update(Text(safe_line(missing.sentence) + (f"\n\n{progress}" if progress else "")))
        else:
            self.show_progress(progress)

    def _progress(self, masks: Sequence[MaskSpec]) -> str:
        """How far the engine is with the rankings, in a sentence; empty if it does not score."""
        progress = self.session.activity.progress
        if progress is not None and self.session.activity.is_scoring:
            name = short_benchmark(progress.about)
            return f"The engine scores {name}: {progress.done:,} of {progress.total:,} items."
        return "The engine has it to do." if self._is_asked(_title_of(masks)) else ""

    def _is_asked(self, title: str) -> bool:
        """Whether the engine has an unfinished job of this title."""
        jobs = self.session.activity.jobs.values()
        return any(job.title == title and job.state not in ENDED for job in jobs)

    def _lose_patience(self, lens: Lens) -> None:
        if self.lens == lens and self._answered != lens:
            self._say(READING)


def missing_rankings(masks: Sequence[MaskSpec]) -> Missing:
    """The notice where rankings are not stored."""
    first = masks[0]
    if len(masks) > 1:
        sentence = f"For {_mask_kind(first)}, {len(masks)} rankings of weights are not stored. x scores them."
        return Missing(sentence, tuple(masks))
    sentence = (
        f"The ranking of weights for {short_benchmark(first.ability)}, {_mask_kind(first)}, is not stored. "
        f"{NEEDS.get(first.selection, '')}x scores it; r runs the benchmark, which scores it too."
    )
    return Missing(sentence, (first,))


def _mask_kind(mask: MaskSpec) -> str:
    return f"{VARIANT_WORDS[mask.variant]}, {order_words(mask.selection, mask.scope)}"


def _title_of(masks: Sequence[MaskSpec]) -> str:
    """The title of the job that scores the weights of the masks."""
    if len(masks) == 1:
        return f"ranking of {masks[0]}{scored_words(masks[0])}"
    kind = f"{_mask_kind(masks[0])}, k {masks[0].k:g}{scored_words(masks[0])}"
    return f"rankings of {len(masks)} abilities, {kind}"
