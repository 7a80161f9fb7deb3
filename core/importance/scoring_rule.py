"""How weights are scored: which loss is differentiated, and how items are reduced. No torch."""

from __future__ import annotations

from typing import Literal, NamedTuple

Loss = Literal["full", "margin"]
"""`full`: every token of prompt and answer; `margin`: minus the right option's log-likelihood plus the mean
of the others'."""

LOSSES: tuple[Loss, ...] = ("full", "margin")

Reduction = Literal["abs-sum", "sum-lost"]
"""`abs-sum`: the absolute value of the sum over items, which may cancel; `sum-lost`: the sum of what each
item loses, to first order, if the weight is zeroed, and 0 for an item that gains."""

REDUCTIONS: tuple[Reduction, ...] = ("abs-sum", "sum-lost")


class ScoringRule(NamedTuple):
    """How weights are scored."""

    loss: Loss
    reduction: Reduction


DEFAULT_RULE = ScoringRule("margin", "sum-lost")
"""What the evidence supports (core/phantom/README.md)."""

PAPER_RULE = ScoringRule("full", "abs-sum")
"""The rule of https://arxiv.org/abs/2510.01232."""
