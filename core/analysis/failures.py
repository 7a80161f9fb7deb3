"""How ablated answers fail: one item, a benchmark, and every mask of a profile. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.abilities.prompts import is_quasi_exact
from core.analysis.answers import Answers, ItemTable
from core.analysis.choices import (
    SEVERAL_RIGHT,
    ChoiceDiagnosis,
    ChoiceSums,
    ModelChoices,
    OptionFacts,
    choice_sums,
    diagnose_choice,
    model_choices,
    option_facts,
    pooled,
)
from core.analysis.diagnosis import PRIORITY, Asked, Share, Tag, TagName, diagnose, main_tag, shares
from core.analysis.samples import Answer, Sample, Samples, stored_divergences
from core.analysis.table import RUN, Frames, run_names
from core.analysis.text_checks import Written, written_of
from core.benchmarks.benchmark import AnswerFormat, Benchmark
from core.benchmarks.drawn import is_drawn, parts_of
from core.run.divergences import divergence_of
from core.run.events import TokenDivergence
from core.run.experiment import Experiment
from core.run.plan import Plan
from core.run.specs import MaskSpec
from core.run.storing import ensure_items

ITEM_COLUMNS = ("prompt", "options", "targets")
"""Columns of the items schema of `cache.tables` that a diagnosis needs."""

ANSWER_COLUMNS = ("text", "finish", "tokens")
"""Columns of `cache.outcomes.SCHEMA` that a diagnosis needs."""

DIVERGENCE_COLUMNS = ("base_logprobs", "ablated_logprobs")
"""Columns of the divergences schema of `cache.tables` that a diagnosis needs."""

TEXTS_AT_ONCE = 4096
"""Items whose texts are in memory together."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class ItemFailure:
    """How one ablated answer differs from the base answer. May quote models: to be shown as text."""

    tags: tuple[Tag, ...]
    """For a written answer, the main tag first."""
    choice: ChoiceDiagnosis | None
    """For multiple choice with one right option."""
    divergence: TokenDivergence | None
    """For a written answer, where it is stored and there is one."""


@dataclass(frozen=True, eq=False)
class Failures:
    """How the ablated answers of a benchmark differ from the base answers."""

    n: int
    """Items with both answers."""
    main: NDArray[np.int8]
    """(N,) index of the main tag in `PRIORITY`; -1 without a failure, without both answers, and for
    multiple choice."""
    shares: tuple[Share, ...]
    """The main tags of written answers, whose counts add up to n; empty for multiple choice."""
    choices: ChoiceSums | None
    """How multiple-choice answers changed; None for written answers."""


def item_failure(samples: Samples, sample: Sample, base_name: str = "base") -> ItemFailure | None:
    """How the ablated answer to one of the samples fails; None unless both answers are known.

    Written answers are unknown until their run is stored. `base_name` is what sentences call the other model.
    """
    benchmark, base, ablated = samples.benchmark, sample.base, sample.ablated
    if benchmark is None or base is None or ablated is None:
        return None
    if benchmark.kind == "multiple_choice":
        return ItemFailure((), _choice(benchmark, sample, base, ablated), None)
    divergence = None if samples.divergences is None else samples.divergences.row(sample.index, named=True)
    # Their fields are named as the columns of the tables.
    rows = vars(sample), vars(base), vars(ablated), divergence
    tags = answer_tags(benchmark.source.answer_format, *rows, base_name)
    return (
        None if tags is None else ItemFailure(tags, None, divergence_of(divergence) if divergence else None)
    )


def failures(samples: Samples) -> Failures | None:
    """How all ablated answers fail; None if there is no item with both answers.

    Reads every text: not for a screen's event loop.
    """
    benchmark, base, ablated = samples.benchmark, samples.base_answers, samples.ablated_answers
    if benchmark is None or base is None or ablated is None:
        return None
    if benchmark.kind == "multiple_choice":
        return _of_choices(samples.items, benchmark, base, ablated)
    form = benchmark.source.answer_format
    tags: list[tuple[Tag, ...] | None] = []
    of_base: Counter[TagName | None] = Counter()
    for start in range(0, samples.n, TEXTS_AT_ONCE):
        items = _part(samples.items.lazy, ITEM_COLUMNS, start)
        before, after = (_part(answers.rows(), ANSWER_COLUMNS, start) for answers in (base, ablated))
        divergences = None if samples.divergences is None else samples.divergences.slice(start, TEXTS_AT_ONCE)
        tags += run_tags(form, items, before, after, divergences)
        of_base += base_names(form, items, before)
    known = [main_tag(of_item) for of_item in tags if of_item is not None]
    if not known:
        return None
    main = [PRIORITY.index(of_item[0].name) if of_item else -1 for of_item in tags]
    return Failures(len(known), np.array(main, np.int8), shares(known, of_base), None)


def _of_choices(items: ItemTable, benchmark: Benchmark, base: Answers, ablated: Answers) -> Failures | None:
    known = base.known & ablated.known
    if not known.any():
        return None
    facts = option_facts(items.lazy, benchmark.metrics[0])
    columns = ("prediction", "correct", "loglikelihoods")
    models = [model_choices(facts, one.rows().select(columns).collect(), known) for one in (base, ablated)]
    sums = choice_sums(facts, *models)
    return Failures(sums.n, np.full(len(items), -1, np.int8), (), sums)


def _part(lazy: pl.LazyFrame, columns: Sequence[str], start: int) -> pl.DataFrame:
    return lazy.slice(start, TEXTS_AT_ONCE).select(columns).collect()


def _choice(benchmark: Benchmark, sample: Sample, base: Answer, ablated: Answer) -> ChoiceDiagnosis | None:
    values = base.loglikelihoods, ablated.loglikelihoods
    if benchmark.metrics[0] == SEVERAL_RIGHT or sample.gold is None or not (values[0] and values[1]):
        return None
    return diagnose_choice(sample.gold, values[0], values[1]) if len(values[0]) > 1 else None


def asked_of(item: Row, form: AnswerFormat | None, answer: str) -> Asked:
    """The question of an item.

    The right answer is the target's in the format, or the whole target; of several targets the one that was
    answered, else the first.

    Args:
        item: with the columns of `ITEM_COLUMNS`.
        form: the benchmark's; None where no particular answer is asked for.
        answer: the ablated model's.
    """
    options = tuple(item["options"])
    if form is None or not item["targets"]:
        return Asked(item["prompt"], form, options=options)
    target = _answered(item["targets"], form, answer)
    return Asked(item["prompt"], form, form.stated(target) or target.strip(), options)


def base_names(form: AnswerFormat | None, items: pl.DataFrame, base: pl.DataFrame) -> Counter[TagName | None]:
    """How the base answers end up, each beside the right answer as an ablated one is beside the base answer.

    Empty where no right answer is known in words, as for programs.

    Args:
        items: with the columns of `ITEM_COLUMNS`.
    """
    found: Counter[TagName | None] = Counter()
    if form is None:
        return found
    for item, said in zip(items.iter_rows(named=True), base.iter_rows(named=True), strict=True):
        if said["text"] is not None and item["targets"]:
            right = Written(_answered(item["targets"], form, said["text"]), "stop")
            found[main_tag(diagnose(asked_of(item, form, said["text"]), right, written_of(said, None)))] += 1
    return found


def _answered(targets: Sequence[str], form: AnswerFormat, answer: str) -> str:
    said = form.stated(answer)
    right = (target for target in targets if is_quasi_exact(said, form.stated(target) or target.strip()))
    return next(right, targets[0])


def answer_tags(
    form: AnswerFormat | None,
    item: Row,
    base: Row,
    ablated: Row,
    divergence: Row | None,
    base_name: str = "base",
) -> tuple[Tag, ...] | None:
    """How one ablated answer fails, the main tag first; None if one of the texts is unknown.

    Args:
        form: the benchmark's; None where no particular answer is asked for.
        item: with the columns of `ITEM_COLUMNS`.
        base: the base answer, with the columns of `ANSWER_COLUMNS`.
        ablated: the ablated answer, likewise.
        divergence: with the columns of `DIVERGENCE_COLUMNS`; None if not stored: then the base model's
            log-probabilities do not count for `gibberish`.
        base_name: what sentences call the model that wrote the base answer.
    """
    if base["text"] is None or ablated["text"] is None:
        return None
    logprobs = (
        (None, None) if divergence is None else (divergence["base_logprobs"], divergence["ablated_logprobs"])
    )
    asked = asked_of(item, form, ablated["text"])
    written = written_of(base, logprobs[0]), written_of(ablated, logprobs[1])
    return diagnose(asked, *written, base_name=base_name)


def run_tags(
    form: AnswerFormat | None,
    items: pl.DataFrame,
    base: pl.DataFrame,
    ablated: pl.DataFrame,
    divergences: pl.DataFrame | None,
) -> list[tuple[Tag, ...] | None]:
    """`answer_tags` of all items, from frames of equal height in one order."""
    rows = (
        items.select(ITEM_COLUMNS).iter_rows(named=True),
        base.select(ANSWER_COLUMNS).iter_rows(named=True),
        ablated.select(ANSWER_COLUMNS).iter_rows(named=True),
        [None] * len(items)
        if divergences is None
        else divergences.select(DIVERGENCE_COLUMNS).iter_rows(named=True),
    )
    return [answer_tags(form, *row) for row in zip(*rows, strict=True)]


SHARES_SCHEMA = pl.Schema(
    {
        **RUN,
        "tag": pl.String(),
        "count": pl.Int64(),
        "n": pl.Int64(),
        "share": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "base_share": pl.Float64(),
    }
)
TAGS_SCHEMA = pl.Schema(
    {
        **RUN,
        "item_id": pl.String(),
        "tag": pl.String(),
        "evidence": pl.String(),
        "start": pl.Int32(),
        "end": pl.Int32(),
        "is_main": pl.Boolean(),
    }
)
CHOICES_SCHEMA = pl.Schema(
    {
        **RUN,
        "n": pl.Int64(),
        "broken": pl.Int64(),
        "base_margin": pl.Float64(),
        "margin": pl.Float64(),
    }
)


@dataclass(frozen=True)
class MaskSums:
    """How the answers under one mask fail, over all benchmarks of a kind."""

    mask: MaskSpec
    names: Counter[TagName | None]
    """How many written answers have each main tag; empty without a written benchmark."""
    base_names: Counter[TagName | None]
    """How many base answers do beside the right answers; empty where none is known in words."""
    n_choices: int
    """Items of all multiple-choice benchmarks."""
    margins: tuple[float, float] | None
    """Their mean margin, base and ablated, in nats; None without any."""
    preferences: tuple[str, ...]
    """A sentence for a position that is preferred. May quote data."""


@dataclass(frozen=True, eq=False)
class ProfileFailures:
    """How the answers under every mask of a profile fail."""

    sums: tuple[MaskSums, ...]
    """In the order of the plan's masks."""
    written: tuple[str, ...]
    """Ids of the benchmarks with written answers."""
    choice: tuple[str, ...]
    """Ids of the multiple-choice benchmarks."""
    shares: pl.DataFrame
    """`SHARES_SCHEMA`: one row for each mask, written benchmark and main tag."""
    tags: pl.DataFrame
    """`TAGS_SCHEMA`: one row for each tag of each written answer."""
    choices: pl.DataFrame
    """`CHOICES_SCHEMA`: one row for each mask and multiple-choice benchmark; margins are means in nats."""


def profile_failures(plan: Plan, experiment: Experiment, frames: Frames) -> ProfileFailures:
    """The diagnosis of all ablated answers. Every text is read once.

    Raises:
        CorruptEntry: stored divergences are damaged.
        OSError: the table of a benchmark's items cannot be read or written.
    """
    masks, ids = plan.masks(), [benchmark.id for benchmark in plan.benchmarks]
    written = [index for index, one in enumerate(plan.benchmarks) if one.kind == "generation"]
    choice = [index for index, one in enumerate(plan.benchmarks) if one.kind == "multiple_choice"]
    texts = {index: _base_texts(plan, experiment, frames, index) for index in written if masks}
    options = {index: _base_options(plan, experiment, frames, index) for index in choice if masks}
    share_rows, tag_rows, choice_rows, sums = list[Any](), list[Any](), list[Any](), []
    for mask in masks:
        names, of_base, parts = Counter[TagName | None](), Counter[TagName | None](), list[ChoiceSums]()
        for index, (items, base, base_counts) in texts.items():
            ablated, benchmark, run = (
                frames[mask][index],
                plan.benchmarks[index],
                (*run_names(mask), ids[index]),
            )
            n = len(ablated)
            divergences = _divergences(experiment, benchmark, mask, plan.items_of(benchmark), n)
            form = benchmark.source.answer_format
            tags = [one or () for one in run_tags(form, items.head(n), base.head(n), ablated, divergences)]
            found = Counter(map(main_tag, tags))
            for one in shares(found, base_counts):
                of_n = one.share
                row = (one.name, one.count, of_n.n, of_n.score, of_n.low, of_n.high, one.base)
                share_rows.append((*run, *row))
            tag_rows += [
                (*run, item_id, tag.name, tag.evidence, tag.start, tag.end, number == 0)
                for item_id, of_item in zip(ablated["item_id"], tags, strict=True)
                for number, tag in enumerate(of_item)
            ]
            names += found
            of_base += base_counts
        for index, (facts, base_choices) in options.items():
            part = _choice_sums(facts, base_choices, frames[mask][index])
            means = part.mean_margins or (None, None)
            choice_rows.append((*run_names(mask), ids[index], part.n, part.broken, *means))
            parts.append(part)
        whole = pooled(parts) if parts else None
        chosen = (whole.n, whole.mean_margins, whole.preferences()) if whole else (0, None, ())
        sums.append(MaskSums(mask, names, of_base, *chosen))
    return ProfileFailures(
        tuple(sums),
        tuple(ids[index] for index in written),
        tuple(ids[index] for index in choice),
        pl.DataFrame(share_rows, SHARES_SCHEMA, orient="row"),
        pl.DataFrame(tag_rows, TAGS_SCHEMA, orient="row"),
        pl.DataFrame(choice_rows, CHOICES_SCHEMA, orient="row"),
    )


def _base_texts(
    plan: Plan, experiment: Experiment, frames: Frames, index: int
) -> tuple[pl.DataFrame, pl.DataFrame, Counter[TagName | None]]:
    benchmark, base = plan.benchmarks[index], frames[None][index]
    path = ensure_items(experiment, benchmark, plan.items_of(benchmark))
    items = pl.read_parquet(path, columns=list(ITEM_COLUMNS))
    return items, base, base_names(benchmark.source.answer_format, items, base)


def _base_options(
    plan: Plan, experiment: Experiment, frames: Frames, index: int
) -> tuple[OptionFacts, ModelChoices]:
    benchmark = plan.benchmarks[index]
    path = ensure_items(experiment, benchmark, plan.items_of(benchmark))
    facts = option_facts(pl.scan_parquet(path), benchmark.metrics[0])
    return facts, model_choices(facts, frames[None][index])


def _choice_sums(facts: OptionFacts, base: ModelChoices, ablated: pl.DataFrame) -> ChoiceSums:
    n = len(ablated)
    facts = OptionFacts(facts.width, facts.gold[:n], facts.names)
    base = ModelChoices(base.chosen[:n], base.correct[:n], base.margins[:n])
    return choice_sums(facts, base, model_choices(facts, ablated))


def _divergences(
    experiment: Experiment, benchmark: Benchmark, mask: MaskSpec, of_all: int, n: int
) -> pl.DataFrame | None:
    """The stored divergences of a mask's first n items; None unless there are those of all."""
    drawn = parts_of(benchmark) if is_drawn(benchmark) else ()
    found, known = list[pl.DataFrame](), 0
    for part, n_part in [(part, part.n_items) for part in drawn] or [(benchmark, of_all)]:
        if known >= n:
            break
        runs = (experiment.request(one, part, n_part) for one in (None, mask))
        frame = stored_divergences(experiment, *runs)
        if frame is None:
            return None
        found.append(frame)
        known += len(frame)
    return pl.concat(found)
