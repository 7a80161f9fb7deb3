"""Stored divergences of a base and an ablated run's written answers, and one of them in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
