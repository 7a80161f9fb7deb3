"""What the tab Samples reads, in a thread: stored answers, those of a run that goes on, what is filtered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from core.engine.commands import Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.events import ItemOutcome
    from core.recipes import MaskRecipe
    from core.results.presence import Presence
    from core.results.records import Filter
    from core.results.samples import Samples
    from core.statistics import Accuracy
    from tui.inspector.activity import Activity
    from tui.inspector.desk import Desk
    from tui.inspector.lens import Lens
    from tui.inspector.samples.lines import Subject

Side = Literal["base", "ablated"]


@dataclass(frozen=True)
class Question:
    """Whose answers to what are looked at."""

    mask: MaskRecipe | None
    control: MaskRecipe | None
    benchmark: str
    n: int

    @classmethod
    def of(cls, desk: Desk, lens: Lens) -> Question:
        """What a lens asks."""
        n = desk.items_of(desk.benchmark(lens.benchmark), lens)
        return cls(lens.mask, lens.control, lens.benchmark, n)

    def run(self, side: Side) -> Run:
        """The run that gives the answers of one side."""
        return Run(None if side == "base" else self.mask, self.benchmark, self.n)


@dataclass(frozen=True, eq=False)
class Reading:
    """What there is of it."""

    question: Question
    presence: Presence
    """What was stored when it was read."""
    samples: Samples | None
    """None if neither base nor ablated answers are known."""
    control: Samples | None = None
    """The answers with as many weights ablated at random; None if they are not stored."""

    def live_sides(self, activity: Activity) -> dict[Side, list[ItemOutcome]]:
        """What runs have given of that which is not stored."""
        sides: dict[Side, bool] = {"base": self.presence.base}
        if self.question.mask is not None:
            sides["ablated"] = self.presence.ablated
        lacking = [side for side, is_stored in sides.items() if not is_stored]
        runs = {side: activity.runs.get(self.question.run(side)) for side in lacking}
        return {side: list(run.outcomes) for side, run in runs.items() if run is not None and run.outcomes}


@dataclass(frozen=True)
class Choice:
    """Which items are listed."""

    filter: Filter = "all"
    tag: str | None = None
    search: str = ""


@dataclass(frozen=True, eq=False)
class Listing:
    """The items that are listed, and what is said of all."""

    samples: Samples
    choice: Choice
    """As far as it applies to these."""
    places: NDArray[np.int64]
    flips: NDArray[np.int64]
    """Those of the places whose answer was broken or fixed."""
    counts: Mapping[Filter, int]
    base: Accuracy | None
    ablated: Accuracy | None
    p_value: float | None
    """McNemar's, of the flips."""

    @property
    def has_both(self) -> bool:
        """Whether something is known of base and of the ablated model, so that items can be told apart."""
        return self.base is not None and self.ablated is not None


def read_stored(desk: Desk, question: Question, before: Reading | None) -> Reading:
    """What the cache has; the reading before, if it was of the same and nothing was added since."""
    from core.results.presence import presence
    from core.results.samples import Samples

    bench, benchmark, n = desk.bench, desk.benchmark(question.benchmark), question.n
    found = presence(bench, question.mask, benchmark, n)
    if before is not None and (before.question, before.presence) == (question, found):
        return before
    samples = Samples.open(bench, benchmark, n, question.mask)
    control = None
    if question.control is not None and found.control:
        control = Samples.open(bench, benchmark, n, question.control)
    return Reading(question, found, samples, control)


def with_live(desk: Desk, reading: Reading, live: Mapping[Side, Sequence[ItemOutcome]]) -> Reading:
    """A reading with what runs have given so far."""
    from core.results.samples import Samples

    samples = reading.samples
    if samples is None:
        benchmark = desk.benchmark(reading.question.benchmark)
        samples = Samples.unanswered(desk.bench, benchmark, reading.question.n)
    for side, outcomes in live.items():
        samples = samples.with_live(outcomes, side)
    return replace(reading, samples=samples)


def list_samples(samples: Samples, choice: Choice) -> Listing:
    """The items that pass a choice.

    A tag that the benchmark does not have is dropped, and a filter where only one side's answers are known.
    """
    import numpy as np

    if choice.tag not in samples.tags:
        choice = replace(choice, tag=None)
    if samples.base is None or samples.ablated is None:
        choice = replace(choice, filter="all")
    places = samples.select(choice.filter, choice.tag, choice.search)
    flips = np.intersect1d(places, samples.select("flipped"), assume_unique=True)
    return Listing(
        samples, choice, places, flips, samples.counts, samples.base, samples.ablated, samples.mcnemar_p
    )


def subject_at(reading: Reading, place: int) -> Subject:
    """An item with all its answers."""
    from tui.inspector.samples.lines import Subject

    assert reading.samples is not None, "an item is listed"
    control = None if reading.control is None else reading.control.sample(place).ablated
    return Subject(reading.samples.sample(place), control, reading.question.mask is not None)
