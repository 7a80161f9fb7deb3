"""Random knockouts and a sparse regression (after https://arxiv.org/abs/2603.03335): forward passes only.

One set of knockouts serves all abilities. Needs scikit-learn, which the extra `harness` brings.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from core.importance.losses import Batch, plan_batches
from tests.performance.scores.replacing import downs, held
from tests.performance.scores.subject import ROWS, Subject
from tests.performance.scores.sums import Map

KNOCKOUTS = 400
"""Random sets of neurons that are zeroed."""

SHARE = 0.05
"""Share of all neurons in a set."""

ITEMS = 12
"""Diagnostic items of each ability whose losses are taken."""


def knocked_out(subject: Subject, ability: str) -> Map:
    """What the loss grows by with a neuron, alone, by Lasso; for each of its weights."""
    from sklearn.linear_model import LassoCV

    taken, losses = _taken(subject), _losses(subject, ability)
    fitted = LassoCV(alphas=20, cv=4, positive=True, max_iter=5000).fit(taken.numpy(), losses)
    per_layer = torch.from_numpy(fitted.coef_).float().split([one.in_features for one in downs(subject)])
    return [
        (harm.expand(matrix.rows, matrix.columns) if matrix.kind == "down" else harm[:, None])
        .expand(matrix.rows, matrix.columns)
        .clone()
        for matrix in subject.space.candidates("mlp")
        for harm in [per_layer[matrix.layer]]
    ]


@cache
def _taken(subject: Subject) -> torch.Tensor:
    """(KNOCKOUTS, neurons of all layers) bool: which each takes."""
    neurons = sum(one.in_features for one in downs(subject))
    return torch.rand(KNOCKOUTS, neurons, generator=torch.Generator().manual_seed(0)) < SHARE


@cache
def _losses(subject: Subject, ability: str) -> NDArray[np.float64]:
    """(KNOCKOUTS,) the sum of the items' losses under each."""
    batches: list[Batch] = plan_batches(subject.items(ability)[:ITEMS], ROWS, "cpu")
    zeros = [torch.zeros(one.in_features) for one in downs(subject)]
    sizes, found = [len(one) for one in zeros], []
    for row in _taken(subject):
        with held(subject, row.split(sizes), zeros), torch.no_grad():
            found.append(sum(float(subject.loss(batch)) for batch in batches))
    return np.array(found)
