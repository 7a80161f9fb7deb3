"""Selections of weights, and the k grid of the paper. Plain words, no torch."""

from __future__ import annotations

from typing import Literal, get_args

Selection = Literal["top", "max_minus_shared", "random", "bottom"]
"""`top`: largest importance; `max_minus_shared`: largest share of importance minus the largest of the other
abilities', without what most abilities share; the controls are `random` and `bottom`."""

Scope = Literal["global", "units"]
"""`global`: the first weights of all candidates; `units`: the first whole neurons of MLPs, and of all layers
heads too, as many as fit in k."""

SELECTIONS: tuple[Selection, ...] = get_args(Selection)
SCOPES: tuple[Scope, ...] = get_args(Scope)


DEFAULT_SELECTION: Selection = "max_minus_shared"
"""What the evidence supports (core/phantom/README.md); the paper's preset selects `top`, which mostly takes
what all abilities share: a real Llama cannot write without it."""

SHARED_ABILITIES = 6
"""How many of the ten abilities have to share a weight for it to be left out as shared: most."""

CONTROLS: tuple[Selection, ...] = ("random", "bottom")
"""Selections without which no effect counts."""

PAPER_K: tuple[float, ...] = (1e-5, 4e-5, 1.6e-4, 6.4e-4, 2.56e-3, 1.024e-2)
"""The k grid of the paper's code, as fractions of all parameters."""

REAL_K_GRID: tuple[float, ...] = (1e-7, 3e-7, 1e-6, 3e-6, *PAPER_K)
"""The k grid of real models, which begins below the paper's: a few weights can carry everything."""
