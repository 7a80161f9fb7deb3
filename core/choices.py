"""What a person can choose: variant, selection, loss, quota and k. Plain words, no model."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fractions import Fraction
from typing import Literal, NamedTuple

Variant = Literal["base", "mlp", "all"]
"""`base` ablates nothing; `mlp` takes from the MLP matrices; `all` from all matrices of the layers."""

Selection = Literal["top", "contrast", "contrast_max", "minus_core", "random", "random_matched", "bottom"]
"""`top`: largest importance; `contrast`: largest normalised importance minus the other abilities' mean;
`contrast_max`: the same minus the largest of the others';
`minus_core`: `top` without what most abilities' `top` share; the controls are `random`, `random_matched` (as
many at random in each matrix as `top` has there) and `bottom`."""

Quota = Literal["global", "matrix"]
"""`global`: the first weights of all candidates; `matrix`: the same share of every matrix, its first ones."""

Loss = Literal["full", "answer", "margin"]
"""`full`: every token of prompt and answer; `answer`: the right answer's tokens; `margin`: minus the right
option's log-likelihood plus the mean of the others'."""

SIGNIFICANT = 0.05
"""An adjusted p-value below it holds."""

VARIANTS: tuple[Variant, ...] = ("base", "mlp", "all")
SELECTIONS: tuple[Selection, ...] = (
    "top",
    "contrast",
    "contrast_max",
    "minus_core",
    "random",
    "random_matched",
    "bottom",
)
QUOTAS: tuple[Quota, ...] = ("global", "matrix")
LOSSES: tuple[Loss, ...] = ("full", "answer", "margin")

Form = Literal["sum", "items"]
"""`sum`: the absolute value of the sum over items; `items`: the sum of the items' absolute values, in which
items that pull a weight in opposite directions do not cancel."""

FORMS: tuple[Form, ...] = ("sum", "items")


class Way(NamedTuple):
    """How weights are scored."""

    loss: Loss
    form: Form


USUAL_WAY = Way("margin", "items")
"""The default: what tells abilities apart best on the embedded model and on the phantoms (README)."""

PAPER_WAY = Way("full", "sum")
"""The paper's: https://arxiv.org/abs/2510.01232."""

Finish = Literal["eos", "stop", "length", "repeats", "cancelled"]
"""Why an answer ended. `eos`: the model ended it; `stop`: a stop string came; `length`: no room for more;
`repeats`: it only repeated itself (core/inference/repeats.py has the rule)."""

CONTRASTS: tuple[Selection, ...] = ("contrast", "contrast_max")
"""The selections that compare an ability's importance with that of all others."""

CONTROLS: tuple[Selection, ...] = ("random", "random_matched", "bottom")
"""The selections without which no effect counts."""

DRAWN: tuple[Selection, ...] = ("random", "random_matched")
"""The controls that are drawn: another mask for each seed."""

PAPER_K: tuple[float, ...] = (1e-5, 4e-5, 1.6e-4, 6.4e-4, 2.56e-3, 1.024e-2)
"""The k grid of the paper's code, as fractions of all parameters."""


LONGEST_WORD = 100
"""Characters of a person's word that a sentence repeats."""


def weights_of(k: float, parameters: int) -> int:
    """Returns n = floor(k * parameters), exact in decimal: 0.01 of 1,000,000 is 10,000.

    Raises:
        ValueError: k is not in (0, 1].
    """
    if not 0 < k <= 1:
        raise ValueError(f"k is {k}; it is a fraction of all parameters: choose it above 0 and up to 1.")
    return int(Fraction(str(float(k))) * parameters)


def selected_weights(k: float, parameters: int, variant: Variant, available: int) -> int:
    """Returns n = floor(k * parameters), which a selection takes from the variant's available candidates.

    Raises:
        ValueError: k is not in (0, 1], or n is more than the candidates; the message has both numbers.
    """
    n = weights_of(k, parameters)
    if n > available:
        raise ValueError(
            f"k = {k} of {parameters:,} parameters is {n:,} weights, but the variant '{variant}' has only "
            f"{available:,} candidates: choose a smaller k."
        )
    return n


def shortened(word: str) -> str:
    """A word that a person gave as a sentence names it: at most so long that the sentence can be read."""
    return word if len(word) <= LONGEST_WORD else f"{word[: LONGEST_WORD - 1]}…"


def one_of(word: str, allowed: Iterable[str], what: str) -> str:
    """The word itself, if it is one of the allowed.

    Raises:
        ValueError: it is not; the message lists the allowed words and names the nearest.
    """
    words = list(allowed)
    if word in words:
        return word
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ValueError(f"There is no {what} '{shortened(word)}'.{hint} Known: {', '.join(words)}.")
