"""What the tab Samples reads, in a thread: stored answers, those of a run that goes on, what is filtered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from core.engine.commands import Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.diagnosis import TagName
    from core.events import ItemOutcome
    from core.recipes import MaskRecipe
    from core.results.answers import Answers
    from core.results.failures import Failures
    from core.results.presence import Presence
    from core.results.records import Filter
    from core.results.samples import Samples
    from core.statistics import Accuracy
    from tui.inspector.activity import Activity
    from tui.inspector.desk import Desk
    from tui.inspector.lens import Lens
    from tui.inspector.samples.lines import Subject

Side = Literal["base", "ablated"]
Model = Literal["base", "ablated", "random"]


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
    scores: Mapping[Model, Accuracy] = field(default_factory=dict)
    """The mean score of those of whom answers are known."""

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
    """A family of the benchmark's items; None for all."""
    failure: TagName | None = None
    """The way in which the ablated answers fail; None for all."""
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
    has_both: bool
    """Whether something is known of base and of the ablated model, so that items can be told apart."""
    p_value: float | None
    """McNemar's, of the flips."""
    failures: Failures | None
    """How the ablated answers fail; None if that is not known, or not yet."""

    @property
    def failure_counts(self) -> dict[TagName, int]:
        """How many written answers each way of failing counts for, the most frequent first."""
        return {} if self.failures is None else failure_counts(self.failures)


def read_stored(desk: Desk, question: Question, before: Reading | None) -> Reading:
    """What the cache has; the reading before, if it was of the same and nothing was added since."""
    from core.results.presence import presence
    from core.results.samples import Samples

    bench, benchmark, n = desk.bench, desk.benchmark(question.benchmark), question.n
    found = presence(bench, question.mask, benchmark, n)
    is_same = before is not None and (before.question, before.presence) == (question, found)
    if before is not None and is_same and not _has_new_partings(desk, before):
        return before
    samples = Samples.open(bench, benchmark, n, question.mask)
    control = None
    if question.control is not None and found.control:
        control = Samples.open(bench, benchmark, n, question.control)
    return Reading(question, found, samples, control, _scores(samples, control))


def _has_new_partings(desk: Desk, reading: Reading) -> bool:
    """Whether it is stored by now where the written answers part: that comes after the answers."""
    from core.workbench.comparing import partings_request

    question, presence, samples = reading.question, reading.presence, reading.samples
    benchmark = desk.benchmark(question.benchmark)
    if benchmark.kind == "multiple_choice" or samples is None or samples.partings is not None:
        return False
    if question.mask is None or not (presence.base and presence.ablated):
        return False
    base, ablated = (desk.bench.request(mask, benchmark, question.n) for mask in (None, question.mask))
    return desk.bench.store.partings.entries.has(partings_request(base, ablated)[0])


def with_live(desk: Desk, reading: Reading, live: Mapping[Side, Sequence[ItemOutcome]]) -> Reading:
    """A reading with what runs have given so far."""
    from core.results.samples import Samples

    samples = reading.samples
    if samples is None:
        benchmark = desk.benchmark(reading.question.benchmark)
        samples = Samples.unanswered(desk.bench, benchmark, reading.question.n)
    for side, outcomes in live.items():
        samples = samples.with_live(outcomes, side)
    return replace(reading, samples=samples, scores=_scores(samples, reading.control))


def _scores(samples: Samples | None, control: Samples | None) -> dict[Model, Accuracy]:
    """The mean score of everyone over the items that they answered."""
    from core.results.scores import item_clusters, mean_scores

    some = samples or control
    if some is None:
        return {}
    found: dict[Model, Answers | None] = {
        "base": samples.base_answers if samples else None,
        "ablated": samples.ablated_answers if samples else None,
        "random": control.ablated_answers if control else None,
    }
    known = {name: answers for name, answers in found.items() if answers is not None}
    return mean_scores(known, item_clusters(some.items))


def read_failures(reading: Reading) -> Failures | None:
    """How the ablated answers fail; None unless base and ablated answers are stored.

    Takes seconds where thousands of texts are to be read.
    """
    from core.results.failures import failures

    is_stored = reading.presence.base and reading.presence.ablated
    return failures(reading.samples) if is_stored and reading.samples is not None else None


def failure_counts(failures: Failures) -> dict[TagName, int]:
    """How many answers have each tag as their main one, the most frequent first."""
    import numpy as np

    from core.diagnosis import PRIORITY

    counts = np.bincount(failures.main[failures.main >= 0], minlength=len(PRIORITY)).tolist()
    found = [(name, count) for name, count in zip(PRIORITY, counts, strict=True) if count]
    return dict(sorted(found, key=lambda pair: -pair[1]))


def list_samples(samples: Samples, choice: Choice, failures: Failures | None) -> Listing:
    """The items that pass a choice.

    A tag or failure that there is not is dropped, and a filter where only one side's answers are known.
    """
    import numpy as np

    from core.diagnosis import PRIORITY

    has_both = samples.base is not None and samples.ablated is not None
    if choice.tag not in samples.tags:
        choice = replace(choice, tag=None)
    if failures is None or choice.failure not in failure_counts(failures):
        choice = replace(choice, failure=None)
    if not has_both:
        choice = replace(choice, filter="all")
    places = samples.select(choice.filter, choice.tag, choice.search)
    if choice.failure is not None and failures is not None:
        places = places[failures.main[places] == PRIORITY.index(choice.failure)]
    flips = np.intersect1d(places, samples.select("flipped"), assume_unique=True)
    return Listing(samples, choice, places, flips, samples.counts, has_both, samples.mcnemar_p, failures)


def subject_at(reading: Reading, place: int, metric: str) -> Subject:
    """An item with all its answers, and how the ablated one fails.

    Args:
        reading: what there is.
        place: of the item.
        metric: the benchmark's first one.
    """
    from core.results.failures import item_failure
    from tui.inspector.samples.lines import Subject

    samples = reading.samples
    assert samples is not None, "an item is listed"
    control = None if reading.control is None else reading.control.sample(place).ablated
    is_ablated = reading.question.mask is not None
    sample = samples.sample(place)
    failure = item_failure(samples, sample) if is_ablated else None
    return Subject(sample, control, is_ablated, failure, metric)
