"""What the tab Samples reads in a thread: stored answers, those of a running run, the items that pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from core.benchmarks.drawn import Part, drawn, parts_of
from core.run.specs import MaskSpec, Run
from tui.inspector.activity import Activity
from tui.inspector.lens import Lens
from tui.inspector.session import Session, Shown
from tui.inspector.widgets.option_table import Answerer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.analysis.answers import Answers
    from core.analysis.diagnosis import TagName
    from core.analysis.failures import Failures, ItemFailure
    from core.analysis.samples import Answer, Filter, Sample, Samples
    from core.analysis.statistics.scores import Accuracy
    from core.analysis.stored import CacheStatus
    from core.benchmarks.benchmark import Benchmark
    from core.run.events import ItemOutcome

Side = Literal["base", "ablated"]
Model = Literal["base", "ablated", "random"]

MASK_COLUMNS = ("ability", "variant", "selection", "k", "seed", "scope")
"""Fields of a mask that an export has as columns."""

PROGRAM_METRIC = "pass@1"
"""The metric of benchmarks whose answers are programs, right if they pass the tests."""


@dataclass(frozen=True)
class Question:
    """Whose answers to what are looked at."""

    mask: MaskSpec | None
    control: MaskSpec | None
    benchmark: str
    n: int
    part: Part | None = None
    """Which items, where they are in an order drawn by seed."""
    until: float | None = None
    """The least AIS of interest, at which runs stop; None: all items count."""
    shown: Shown = "A"
    """Which model's answers; `B - A`: those of both, in one state."""
    engine: str = ""
    """The engine of this model, B's for both: another model gets another answer."""

    @property
    def is_pair(self) -> bool:
        """Whether two models are compared, and not two states of one."""
        return self.shown == "B - A"

    @property
    def names(self) -> tuple[str, ...]:
        """Whose answers stand beside each other."""
        if self.is_pair:
            return "A", "B"
        return ("base",) if self.mask is None else ("base", "ablated")

    @classmethod
    def of(cls, session: Session, lens: Lens) -> Question:
        """What a lens looks at."""
        run, control = session.run(None, lens.benchmark, lens), None if session.pair else lens.control
        asked = (lens.mask, control, lens.benchmark, run.n, run.part, lens.stops_at)
        return cls(*asked, session.shown, session.spec.id)

    def run(self, side: Side) -> Run:
        """The run that gives the answers of one side."""
        return Run(None if side == "base" else self.mask, self.benchmark, self.n, self.part)

    def evaluated(self, session: Session) -> Benchmark:
        """The benchmark, in the order in which its items are evaluated."""
        benchmark = session.benchmark(self.benchmark)
        return benchmark if self.part is None else drawn(benchmark, self.n, self.part.seed)


@dataclass(frozen=True, eq=False)
class Reading:
    """The answers to a question, as far as there are any."""

    question: Question
    cache_status: CacheStatus
    """What was stored when it was read."""
    samples: Samples | None
    """None if neither base nor ablated answers are known."""
    control: Samples | None = None
    """The answers with as many weights ablated at random; None if they are not stored."""
    scores: Mapping[Model, Accuracy] = field(default_factory=dict)
    """The mean score of each model whose answers are known."""

    def live_sides(self, activity: Activity) -> dict[Side, list[ItemOutcome]]:
        """Answers that are not stored, from runs that have begun."""
        if self.question.is_pair:
            return {}
        sides: dict[Side, bool] = {"base": self.cache_status.base}
        if self.question.mask is not None:
            sides["ablated"] = self.cache_status.ablated
        missing = [side for side, is_stored in sides.items() if not is_stored]
        found = {side: activity.outcomes_of(self.question.run(side)) for side in missing}
        return {side: outcomes for side, outcomes in found.items() if outcomes}


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
    """The items that are listed."""

    samples: Samples
    choice: Choice
    """As far as it applies to these."""
    indices: NDArray[np.int64]
    flips: NDArray[np.int64]
    """The listed items whose answer was broken or fixed."""
    counts: Mapping[Filter, int]
    """How many items each filter lets through."""
    p_value: float | None
    """McNemar's, of the flips."""
    has_both: bool
    """Whether some answers of both base and the ablated model are known."""
    failures: Failures | None
    """How the ablated answers fail; None if unknown (yet)."""
    tags: Mapping[str, int]
    """How many items of each family pass filter and search."""
    main_tags: Mapping[TagName, int]
    """How many of these answers have each tag as their main one, the most frequent first."""


@dataclass(frozen=True)
class Subject:
    """One item with all its answers."""

    sample: Sample
    control: Answer | None
    """The answer with as many weights ablated at random; None if it is not stored."""
    is_ablated: bool
    """False: there is only the intact model to show, or there are two models."""
    failure: ItemFailure | None = None
    """How the ablated answer fails, or B's beside A's; None unless both answers are known."""
    metric: str = ""
    """The benchmark's first metric."""
    has_control: bool = True
    """Whether there can be a control: a random mask has none."""
    is_pair: bool = False
    """Whether the answers are those of two models."""

    @property
    def other(self) -> str:
        """What the model is called that the ablated one, or B, is compared with."""
        return "A" if self.is_pair else "base"

    @property
    def is_program(self) -> bool:
        """Whether the answer is a program, and the targets are its tests."""
        return self.metric == PROGRAM_METRIC

    @property
    def answerers(self) -> list[Answerer]:
        """The models that were asked: base, and with an ablation the ablated model and its control."""
        if self.is_pair:
            a, b = self.sample.base, self.sample.ablated
            return [Answerer("A", "base", a), Answerer("B", "ablated", b)]
        base = Answerer("base", "base", self.sample.base)
        if not self.is_ablated:
            return [base]
        ablated = Answerer("ablated", "ablated", self.sample.ablated)
        control = Answerer("random control", "control", self.control)
        return [base, ablated, *([control] if self.has_control else [])]


def about_samples(model: str, question: Question) -> dict[str, str | float | None]:
    """The columns of an export that say which model, mask and benchmark its rows are about."""
    mask = question.mask
    chosen = {"variant": "base"} if mask is None else {name: getattr(mask, name) for name in MASK_COLUMNS}
    return {"model": model, "benchmark": question.benchmark, **chosen}


def read_stored(session: Session, question: Question, before: Reading | None) -> Reading:
    """What the cache has; the reading before, if nothing has changed since."""
    from core.analysis.samples import Samples
    from core.analysis.stored import cache_status

    if question.is_pair:
        return _read_pair(session, question, before)
    experiment, benchmark, n = session.experiment, question.evaluated(session), question.n
    until = question.until
    found = cache_status(experiment, question.mask, benchmark, n, until)
    is_same = before is not None and (before.question, before.cache_status) == (question, found)
    is_same = is_same and (found.ablated or until is None)  # else a further part may be stored
    if before is not None and is_same and not _has_new_divergences(session, before):
        return before
    samples = Samples.open(experiment, benchmark, n, question.mask, until)
    control = None
    if question.control is not None and found.control:
        control = Samples.open(experiment, benchmark, n, question.control, until)
    return Reading(question, found, samples, control, _scores(samples, control))


def _read_pair(session: Session, question: Question, before: Reading | None) -> Reading:
    """The same of two models."""
    from core.analysis.samples import Samples
    from core.analysis.stored import CacheStatus, cached_benchmarks

    assert session.b is not None, "it is looked at"
    a, b = session.a.experiment, session.b.experiment
    benchmark, n, until = question.evaluated(session), question.n, question.until
    of_a, of_b = (bool(cached_benchmarks(one, question.mask, [benchmark], n, until)) for one in (a, b))
    found = CacheStatus(of_a, of_b, control=False, ranking=True)
    if before is not None and (before.question, before.cache_status) == (question, found):
        return before
    samples = Samples.of_pair(a, b, benchmark, n, question.mask, until)
    return Reading(question, found, samples, None, _scores(samples, None))


def _has_new_divergences(session: Session, reading: Reading) -> bool:
    """Whether divergences were stored since: that happens some time after the answers."""
    from core.run.experiment import divergences_request

    question, cache_status, samples = reading.question, reading.cache_status, reading.samples
    benchmark = question.evaluated(session)
    if benchmark.kind == "multiple_choice" or samples is None or samples.divergences is not None:
        return False
    if question.mask is None or not (cache_status.base and cache_status.ablated):
        return False
    experiment = session.experiment
    first = parts_of(benchmark)[0]
    n = min(question.n, first.n_items)
    base, ablated = (experiment.request(mask, first, n) for mask in (None, question.mask))
    return experiment.store.divergences.entries.has(divergences_request(base, ablated)[0])


def with_live(session: Session, reading: Reading, live: Mapping[Side, Sequence[ItemOutcome]]) -> Reading:
    """A reading with what runs have given so far."""
    from core.analysis.samples import Samples

    samples = reading.samples
    if samples is None:
        benchmark = reading.question.evaluated(session)
        samples = Samples.unanswered(session.experiment, benchmark, reading.question.n)
    for side, outcomes in live.items():
        samples = samples.with_live(outcomes, side)
    return replace(reading, samples=samples, scores=_scores(samples, reading.control))


def _scores(samples: Samples | None, control: Samples | None) -> dict[Model, Accuracy]:
    """The mean score of each model over the items that it answered."""
    from core.analysis.answers import item_clusters, mean_scores

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
    """How the ablated answers fail, or those of B beside A's; None unless both are stored.

    Takes seconds where thousands of texts have to be read.
    """
    from core.analysis.failures import failures

    is_stored = reading.cache_status.base and reading.cache_status.ablated
    return failures(reading.samples) if is_stored and reading.samples is not None else None


def failure_counts(
    failures: Failures | None, indices: NDArray[np.int64] | slice = slice(None)
) -> dict[TagName, int]:
    """How many answers to some items have each tag as their main one, the most frequent first."""
    import numpy as np

    from core.analysis.diagnosis import PRIORITY

    if failures is None:
        return {}
    main = failures.main[indices]
    counts = np.bincount(main[main >= 0], minlength=len(PRIORITY)).tolist()
    found = [(name, count) for name, count in zip(PRIORITY, counts, strict=True) if count]
    return dict(sorted(found, key=lambda pair: -pair[1]))


def list_samples(samples: Samples, choice: Choice, failures: Failures | None) -> Listing:
    """The items that pass a choice; parts of the choice that do not apply are dropped."""
    import numpy as np

    from core.analysis.diagnosis import PRIORITY

    sides = (samples.base_answers, samples.ablated_answers)
    has_both = all(answers is not None and answers.n_known for answers in sides)
    if choice.tag not in samples.tags:
        choice = replace(choice, tag=None)
    if choice.failure not in failure_counts(failures):
        choice = replace(choice, failure=None)
    if not has_both:
        choice = replace(choice, filter="all")
    passing = samples.select(choice.filter, None, choice.search)
    indices = samples.select(choice.filter, choice.tag, choice.search)
    main_tags = failure_counts(failures, passing)
    if choice.failure is not None and failures is not None:
        indices = indices[failures.main[indices] == PRIORITY.index(choice.failure)]
        main_tags.setdefault(choice.failure, 0)
    flips = np.intersect1d(indices, samples.select("flipped"), assume_unique=True)
    tags, counts, p_value = samples.items.families_of(passing), samples.counts, samples.mcnemar_p
    return Listing(samples, choice, indices, flips, counts, p_value, has_both, failures, tags, main_tags)


def subject_at(reading: Reading, index: int, metric: str) -> Subject:
    """An item with all its answers, and how the ablated one fails; the metric is the benchmark's first."""
    from core.analysis.failures import item_failure

    samples = reading.samples
    assert samples is not None, "an item is listed"
    control = None if reading.control is None else reading.control.sample(index).ablated
    question = reading.question
    is_ablated = question.mask is not None and not question.is_pair
    sample = samples.sample(index)
    subject = Subject(
        sample, control, is_ablated, None, metric, question.control is not None, question.is_pair
    )
    if not is_ablated and not question.is_pair:
        return subject
    return replace(subject, failure=item_failure(samples, sample, subject.other))
