"""Selections of weights, and the k grid of the paper. Plain words, no torch."""

from __future__ import annotations

from typing import Literal, get_args

Selection = Literal[
    "top",
    "contrast",
    "contrast_max",
    "max_minus_shared",
    "top_minus_shared",
    "random",
    "random_matched",
    "bottom",
]
"""`top`: largest importance; `contrast`: largest normalised importance minus the other abilities' mean;
`contrast_max`: the same minus the largest of the others';
`max_minus_shared` and `top_minus_shared`: `contrast_max` and `top` without what most abilities' tops share;
the controls are `random`, `random_matched` (as many at random in each matrix as `top` has there) and
`bottom`."""

Scope = Literal["global", "per-matrix", "units"]
"""`global`: the first weights of all candidates; `per-matrix`: the same share of every matrix; `units`: the
first whole neurons of MLPs, and of all layers heads too, as many as fit in k."""

SELECTIONS: tuple[Selection, ...] = get_args(Selection)
SCOPES: tuple[Scope, ...] = get_args(Scope)


DEFAULT_SELECTION: Selection = "max_minus_shared"
"""What the evidence supports (core/phantom/README.md); the paper's preset selects `top`.

`top` mostly takes what all abilities share, and a real Llama cannot write without it. `contrast` and
`contrast_max` still take so much of it that a real Llama cannot write under many masks.
"""

SHARED_ABILITIES = 6
"""How many of the ten abilities have to share a weight for it to be left out as shared: most."""

CONTRASTS: tuple[Selection, ...] = ("contrast", "contrast_max", "max_minus_shared")
"""Selections that compare an ability's importance with that of all others."""

CONTROLS: tuple[Selection, ...] = ("random", "random_matched", "bottom")
"""Selections without which no effect counts."""

DRAWN: tuple[Selection, ...] = ("random", "random_matched")
"""Controls that are drawn at random: another mask for each seed."""

PAPER_K: tuple[float, ...] = (1e-5, 4e-5, 1.6e-4, 6.4e-4, 2.56e-3, 1.024e-2)
"""The k grid of the paper's code, as fractions of all parameters."""

REAL_K_GRID: tuple[float, ...] = (1e-7, 3e-7, 1e-6, 3e-6, *PAPER_K)
"""The k grid of real models, which begins below the paper's: a few weights can carry everything."""
