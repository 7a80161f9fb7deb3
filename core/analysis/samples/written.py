"""How written answers fail: the diagnosis, fed with what is stored of items, answers and divergences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from core.abilities.prompts import is_quasi_exact
from core.analysis.diagnosis.case import Asked, Written
from core.analysis.diagnosis.diagnose import diagnose
from core.analysis.diagnosis.failure_modes import Tag
from core.benchmarks.answer_format import AnswerFormat
from core.experiment.experiment import Experiment, OutcomesRequest, divergences_request

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class TokenDivergence:
    """The first token where a base and an ablated answer part. The tokens are untrusted text."""

    place: int
    """Index of the token, from 0, in both answers."""
    base_token: str | None
    """The base answer's text there; None if the base answer ends there."""
    ablated_token: str | None
    """The ablated answer's text there; None if it ends there."""
    base_probabilities: tuple[float | None, float | None]
    """The base model's of the base and of the ablated token (of its end token where an answer ends by
    itself); None where an answer was ended from outside, or a model gives no finite number."""
    ablated_probabilities: tuple[float | None, float | None]
    """The ablated model's of the same two."""

    def sentence(self) -> str:
        """The divergence in words. It has text of a model in it: to be shown as text.

        Such as: Parts at token 5: base writes “ 12” (p 0.91; ablated 0.04), ablated “ 7” (p 0.88; base 0.02).
        """
        base = _does("base", "writes ", self.base_token, self.base_probabilities[0])
        base += _sure(self.base_probabilities[0], "ablated", self.ablated_probabilities[0])
        verb = "writes " if self.base_token is None else ""
        ablated = _does("ablated", verb, self.ablated_token, self.ablated_probabilities[1])
        ablated += _sure(self.ablated_probabilities[1], "base", self.base_probabilities[1])
        return f"Parts at token {self.place + 1}: {base}, {ablated}."


def stored_divergences(
    experiment: Experiment, base: OutcomesRequest, ablated: OutcomesRequest
) -> pl.DataFrame | None:
    """The divergences of a base and an ablated run of one benchmark, `cache.divergences.SCHEMA`.

    None if they are not stored, as of multiple choice.

    Raises:
        CorruptEntry: they are damaged.
    """
    return experiment.store.divergences.load(divergences_request(base, ablated)[0])


def divergence_of(row: Mapping[str, Any]) -> TokenDivergence | None:
    """The divergence of one row of `cache.divergences.SCHEMA`; None if the answers have the same tokens."""
    if row["place"] is None:
        return None
    return TokenDivergence(
        place=row["place"],
        base_token=row["base_token"],
        ablated_token=row["ablated_token"],
        base_probabilities=(row["base_p_base"], row["base_p_ablated"]),
        ablated_probabilities=(row["ablated_p_base"], row["ablated_p_ablated"]),
    )


def probability_text(p: float) -> str:
    """Two decimals, but never 0.00 or 1.00 of what is not quite so."""
    if 0 < p < 0.005:
        return "<0.01"
    return ">0.99" if 0.995 <= p < 1 else f"{p:.2f}"


def _does(model: str, verb: str, token: str | None, own: float | None) -> str:
    """What a model does there; without a probability of its own, an end came from outside."""
    if token is not None:
        return f"{model} {verb}“{token}”"
    return f"{model} ends" if own is not None else f"{model} has ended"


def _sure(own: float | None, other: str, others: float | None) -> str:
    """How sure both models are of it; nothing where nothing is known."""
    known = [f"p {probability_text(own)}"] if own is not None else []
    known += [f"{other} {probability_text(others)}"] if others is not None else []
    return f" ({'; '.join(known)})" if known else ""


ITEM_COLUMNS = ("prompt", "options", "steps", "targets")
"""What of `cache.items.SCHEMA` a diagnosis needs."""

ANSWER_COLUMNS = ("text", "finish", "tokens")
"""What of `cache.outcomes.SCHEMA` a diagnosis needs, of the base and of the ablated answer."""

DIVERGENCE_COLUMNS = ("base_logprobs", "ablated_logprobs")
"""What of `cache.divergences.SCHEMA` a diagnosis needs."""

Row = Mapping[str, Any]


def asked_of(item: Row, form: AnswerFormat | None, answer: str) -> Asked:
    """What an item asks, as far as its table says.

    The right answer is what the format finds in the target, or all of it; of several targets the one that was
    given, else the first. The true steps are the lines before it, or those that the item has.

    Args:
        item: with the columns of `ITEM_COLUMNS`.
        form: the benchmark's; None where no particular answer is asked for.
        answer: the ablated model's.
    """
    if form is None or not item["targets"]:
        return Asked(item["prompt"], form, steps=item["steps"], options=tuple(item["options"]))
    said = form.stated(answer)
    right = [form.stated(target) or target.strip() for target in item["targets"]]
    place = next((place for place, one in enumerate(right) if is_quasi_exact(said, one)), 0)
    steps = item["steps"] or _before(item["targets"][place], right[place])
    return Asked(item["prompt"], form, right[place], steps, tuple(item["options"]))


def answer_tags(
    form: AnswerFormat | None, item: Row, base: Row, ablated: Row, divergence: Row | None
) -> tuple[Tag, ...] | None:
    """How one ablated answer fails, the tag that counts first; None if one of the texts is not known.

    Args:
        form: the benchmark's; None where no particular answer is asked for.
        item: with the columns of `ITEM_COLUMNS`.
        base: the base answer, with the columns of `ANSWER_COLUMNS`.
        ablated: the ablated answer, likewise.
        divergence: with the columns of `DIVERGENCE_COLUMNS`; None where it is not stored: then `incoherent`
            is said only of what is so without the base model's opinion.
    """
    if base["text"] is None or ablated["text"] is None:
        return None
    logprobs = (
        (None, None) if divergence is None else (divergence["base_logprobs"], divergence["ablated_logprobs"])
    )
    asked = asked_of(item, form, ablated["text"])
    return diagnose(asked, written_of(base, logprobs[0]), written_of(ablated, logprobs[1]))


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
        row: with the columns of `ANSWER_COLUMNS`, its text known.
        logprobs: of each token under the base model; None where they are not known.
    """
    tokens = tuple(row["tokens"] or ())
    is_usable = logprobs is not None and len(logprobs) == len(tokens) and all(map(math.isfinite, logprobs))
    return Written(row["text"], row["finish"], tokens, tuple(logprobs) if logprobs and is_usable else ())


def _before(target: str, answer: str) -> str:
    """The lines of a target before the one that its answer stands in last."""
    return target[: target.rfind("\n", 0, max(target.rfind(answer), 0)) + 1].strip()
