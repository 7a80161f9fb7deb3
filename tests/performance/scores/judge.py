"""What masks made of scores do, and where they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.benchmarks.evaluation import evaluate
from core.masks.ablation import Ablator
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.models.description import stored_matrices
from core.models.files import model_folder
from core.models.matrices import weights_of
from core.phantom.calibration.blocks import PRIVATE, Blocks
from core.phantom.calibration.matrix import Points
from tests.performance.scores.subject import Map, Subject

Masks = Mapping[str, Mask]
"""By ability."""


@dataclass(frozen=True, eq=False)
class Judge:
    """Ablates a model and asks it the held-out items."""

    subject: Subject
    abilities: tuple[str, ...] = PRIVATE

    @cached_property
    def blocks(self) -> Blocks:
        """The planted blocks of a phantom."""
        return Blocks(Layout(stored_matrices(model_folder(self.subject.loaded.spec))))

    @cached_property
    def intact(self) -> NDArray[np.float64]:
        """(abilities,) accuracy of the whole model."""
        return self._accuracy()

    def weights_at(self, k: float) -> int:
        """How many weights a fraction of all parameters is."""
        return weights_of(k, self.subject.space.total_parameters)

    def drops(self, masks: Masks) -> Points:
        """(abilities, abilities) points of accuracy that each (column) loses under each mask (row)."""
        intact, ablator, rows = self.intact, Ablator(self.subject.space), []
        for ability in self.abilities:
            with ablator.applied(masks[ability]):
                rows.append(100 * (intact - self._accuracy()))
        return np.stack(rows)

    def precision(self, masks: Masks) -> float:
        """The share of the weights that lies in the own block, mean over abilities."""
        found = [self.blocks.placement(a, masks[a]).precision for a in self.abilities]
        return float(np.mean(found))

    def contrasts(self, maps: Mapping[str, Map]) -> dict[str, Map]:
        """Each ability's share of its importance, less the largest share of another."""
        shares = {ability: shares_of(one) for ability, one in maps.items()}
        return {ability: against(shares, ability, own) for ability, own in shares.items()}

    def _accuracy(self) -> NDArray[np.float64]:
        model = self.subject.loaded.model
        return np.array(
            [
                np.mean([outcome.correct for batch in evaluate(model, one) for outcome in batch])
                for one in self.subject.prepared
            ]
        )


def shares_of(scores: Map) -> Map:
    """Scores as shares of their sum."""
    total = sum(float(one.sum(dtype=torch.float64)) for one in scores)
    return [one / total for one in scores]


def against(shares: Mapping[str, Map], ability: str, own: Map) -> Map:
    """An ability's shares less the largest of the others'."""
    others = [one for name, one in shares.items() if name != ability]
    return [
        mine - torch.stack(theirs).amax(dim=0)
        for mine, theirs in zip(own, zip(*others, strict=True), strict=True)
    ]


def masks_of(scores: Mapping[str, Map], n: int, subject: Subject) -> dict[str, Mask]:
    """The n weights with the largest scores of each ability."""
    return {ability: mask_at(flat(one).topk(n).indices, subject) for ability, one in scores.items()}


def mask_at(places: Tensor, subject: Subject) -> Mask:
    """The mask of weights at places of the MLPs' matrices, one after the other."""
    return Mask.of(Layout(subject.space.matrices).addresses("mlp", places.numpy()))


def flat(scores: Map) -> Tensor:
    """(weights of the MLPs,) all scores."""
    return torch.cat([one.flatten() for one in scores])
