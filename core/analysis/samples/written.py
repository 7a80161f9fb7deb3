"""How written answers fail: the diagnosis of stored items, answers and divergences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from core.abilities.prompts import is_quasi_exact
from core.analysis.diagnosis.case import Asked, Written
from core.analysis.diagnosis.diagnose import diagnose
from core.analysis.diagnosis.failure_modes import FailureMode, Tag, mode_of
from core.benchmarks.answer_format import AnswerFormat
from core.run.experiment import Experiment, OutcomesRequest, divergences_request

ITEM_COLUMNS = ("prompt", "options", "steps", "targets")
"""Columns of the items schema of `cache.tables` that a diagnosis needs."""

ANSWER_COLUMNS = ("text", "finish", "tokens")
"""Columns of `cache.outcomes.SCHEMA` that a diagnosis needs."""

DIVERGENCE_COLUMNS = ("base_logprobs", "ablated_logprobs")
"""Columns of the divergences schema of `cache.tables` that a diagnosis needs."""

Row = Mapping[str, Any]


def stored_divergences(
    experiment: Experiment, base: OutcomesRequest, ablated: OutcomesRequest
) -> pl.DataFrame | None:
    """The divergences of a base and an ablated run, by the schema in `cache.tables`.

    None if they are not stored, as for multiple choice.

    Raises:
        CorruptEntry: they are damaged.
    """
    return experiment.store.divergences.load(divergences_request(base, ablated)[0])


def parts_divergences(
    experiment: Experiment,
    base: Sequence[OutcomesRequest],
    ablated: Sequence[OutcomesRequest],
    *,
    n: int,
) -> pl.DataFrame | None:
    """The divergences of the runs of both models on the first items, null for the rest of n.

    None if some are not stored, as for multiple choice.

    Raises:
        CorruptEntry: they are damaged.
    """
    if base[0].benchmark.kind == "multiple_choice":
        return None
    found = [stored_divergences(experiment, *pair) for pair in zip(base, ablated, strict=False)]
    known = [frame for frame in found if frame is not None]
    if not known or len(known) < len(found):
        return None
    together = pl.concat(known)
    return pl.concat([together, together.clear(n - len(together))])


def asked_of(item: Row, form: AnswerFormat | None, answer: str) -> Asked:
    """The question of an item.

    The right answer is the target's in the format, or the whole target; of several targets the one that was
    answered, else the first. The true steps are the item's, or the lines of the target before the answer.

    Args:
        item: with the columns of `ITEM_COLUMNS`.
        form: the benchmark's; None where no particular answer is asked for.
        answer: the ablated model's.
    """
    if form is None or not item["targets"]:
        return Asked(item["prompt"], form, steps=item["steps"], options=tuple(item["options"]))
    target = _answered(item["targets"], form, answer)
    right = form.stated(target) or target.strip()
    return Asked(item["prompt"], form, right, item["steps"] or _before(target, right), tuple(item["options"]))


def base_modes(form: AnswerFormat | None, items: pl.DataFrame, base: pl.DataFrame) -> Counter[FailureMode]:
    """How the base answers end up, each beside the right answer as an ablated one is beside the base answer.

    Empty where no right answer is known in words, as for programs.

    Args:
        form: the benchmark's.
        items: with the columns of `ITEM_COLUMNS`.
        base: of the same items, with the columns of `ANSWER_COLUMNS`.
    """
    found: Counter[FailureMode] = Counter()
    if form is None:
        return found
    for item, said in zip(items.iter_rows(named=True), base.iter_rows(named=True), strict=True):
        if said["text"] is not None and item["targets"]:
            right = Written(_answered(item["targets"], form, said["text"]), "stop")
            found[mode_of(diagnose(asked_of(item, form, said["text"]), right, written_of(said, None)))] += 1
    return found


def _answered(targets: Sequence[str], form: AnswerFormat, answer: str) -> str:
    """The right answer that was given, else the first."""
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
            log-probabilities do not count for `incoherent`.
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
    columns = (
        items.select(ITEM_COLUMNS).iter_rows(named=True),
        base.select(ANSWER_COLUMNS).iter_rows(named=True),
        ablated.select(ANSWER_COLUMNS).iter_rows(named=True),
        [None] * len(items)
        if divergences is None
        else divergences.select(DIVERGENCE_COLUMNS).iter_rows(named=True),
    )
    return [answer_tags(form, *row) for row in zip(*columns, strict=True)]


def written_of(row: Row, logprobs: Sequence[float] | None) -> Written:
    """What one model wrote, with the log-probabilities if there is a finite one for each token.

    Args:
        row: with the columns of `ANSWER_COLUMNS`; its text is known.
        logprobs: log-probability of each token under the base model; None if unknown.
    """
    tokens = tuple(row["tokens"] or ())
    is_usable = logprobs is not None and len(logprobs) == len(tokens) and all(map(math.isfinite, logprobs))
    return Written(row["text"], row["finish"], tokens, tuple(logprobs) if logprobs and is_usable else ())


def _before(target: str, answer: str) -> str:
    """The lines of a target before the one with the last occurrence of its answer."""
    return target[: target.rfind("\n", 0, max(target.rfind(answer), 0)) + 1].strip()
