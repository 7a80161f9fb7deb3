"""Whether selected weights lie where an ability was planted, and scores tell its neurons apart. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.abilities.catalogue import ABILITIES
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.models.matrices import Matrix, neurons_of
from core.phantom import ground_truth as phantom

PRIVATE = tuple(ability.id for ability in ABILITIES)
"""The abilities whose blocks are private, in the order of their numbers."""

SHARED = len(PRIVATE)
"""The number of the block that all abilities share."""

OUTSIDE = SHARED + 1
"""What stands for a block where a weight is in no MLP."""


class Placement(NamedTuple):
    """Where the weights that were selected for one ability lie."""

    weights: int
    """How many there are."""
    own: int
    """In the ability's own block."""
    other: int
    """In the private blocks of the other abilities."""
    shared: int
    """In the block that all share."""
    chance: float
    """The share of all candidates that lies in the ability's own block."""

    def figures(self) -> dict[str, Any]:
        """The placement as plain values."""
        return {
            "weights": self.weights,
            "own": self.precision,
            "enrichment": self.enrichment,
            "own_of_private": self.private_precision,
            "shared": self.shared_share,
        }

    @property
    def precision(self) -> float:
        """The share of the selected weights that lies in the own block, 0 to 1; 0 of none."""
        return self.own / self.weights if self.weights else 0.0

    @property
    def enrichment(self) -> float:
        """How many times as many as chance puts there."""
        return self.precision / self.chance

    @property
    def shared_share(self) -> float:
        """The share of the selected weights that lies in the block that all share, 0 to 1; 0 of none."""
        return self.shared / self.weights if self.weights else 0.0

    @property
    def private_precision(self) -> float | None:
        """Share of the privately placed selected weights that is in the own block; None without any."""
        private = self.own + self.other
        return self.own / private if private else None


class Localization(NamedTuple):
    """How well an ability's scores tell what is in its own block from what is in other private blocks."""

    neurons: float
    """AUROC over single neurons, each by the sum of the scores of its weights; those of all layers."""
    weights: float
    """AUROC over single weights."""


@dataclass(frozen=True)
class Blocks:
    """The blocks of a phantom."""

    layout: Layout

    @cached_property
    def of_neurons(self) -> NDArray[np.int64]:
        """(neurons of a layer,) the block of each."""
        found = np.full(phantom.MLP_SIZE, SHARED)
        for number, ability in enumerate(PRIVATE):
            found[phantom.neurons_of(ability)] = number
        return found

    @cached_property
    def of_weights(self) -> NDArray[np.int8]:
        """(weights of the space,) the block of each, by flat address; `OUTSIDE` of the MLPs."""
        return np.concatenate([self._of(shape) for shape in self.layout.matrices])

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """(blocks,) how many weights each has, over all layers; the shared one is the last."""
        return np.bincount(self.of_weights, minlength=OUTSIDE + 1)[:OUTSIDE]

    def placement(self, ability: str, mask: Mask) -> Placement:
        """Where the selected weights of an ability's mask lie, all of them in MLPs."""
        counts = np.bincount(self.of_weights[mask.addresses], minlength=OUTSIDE + 1)
        own, private = PRIVATE.index(ability), int(counts[:SHARED].sum())
        return Placement(
            weights=len(mask),
            own=int(counts[own]),
            other=private - int(counts[own]),
            shared=int(counts[SHARED]),
            chance=float(self.sizes[own] / self.sizes.sum()),
        )

    def localization(self, ability: str, scores: Sequence[NDArray[np.float32]]) -> Localization:
        """How well scores tell the own block from the other private ones.

        Args:
            ability: whose scores they are.
            scores: (size,) of each matrix of the MLPs, in their order, row-major.
        """
        shapes = [self.layout.matrices[place] for place in self.layout.candidates("mlp")]
        sums = neuron_sums(shapes, scores)
        neurons = np.broadcast_to(self.of_neurons, sums.shape)
        blocks = [self._of(shape) for shape in shapes]
        return Localization(
            neurons=_own_against_others(ability, sums, neurons),
            weights=_own_against_others(ability, np.concatenate(scores), np.concatenate(blocks)),
        )

    def _of(self, shape: Matrix) -> NDArray[np.int8]:
        """(size,) the block of each weight of a matrix, row-major."""
        if not shape.is_mlp:
            return np.full(shape.size, OUTSIDE, np.int8)
        return self.of_neurons[neurons_of(shape, np.arange(shape.size))].astype(np.int8)


def neuron_sums(shapes: Sequence[Matrix], scores: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """(layers, neurons) the sum of the scores of each neuron's weights: rows of gate and up, column of down.

    Args:
        shapes: of the matrices of the MLPs of all layers.
        scores: (size,) of each of them, row-major.
    """
    layers = 1 + max(shape.layer for shape in shapes)
    neurons = next(shape.columns for shape in shapes if shape.kind == "down")
    sums = np.zeros((layers, neurons))
    for shape, values in zip(shapes, scores, strict=True):
        sums[shape.layer] += np.bincount(neurons_of(shape, np.arange(shape.size)), values, neurons)
    return sums


def auroc(positive: NDArray[np.floating], negative: NDArray[np.floating]) -> float:
    """The chance that a score drawn from the positive is above one from the negative; a tie counts half.

    Args:
        positive: (m,) scores, at least one.
        negative: (n,) scores, at least one.
    """
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    not_above = np.searchsorted(ordered, positive, side="right")
    return float((below + not_above).sum() / (2 * len(positive) * len(negative)))


def _own_against_others(ability: str, scores: NDArray[np.floating], blocks: NDArray[np.integer]) -> float:
    """The AUROC of the scores in an ability's own block against those in the other private blocks."""
    is_own, is_private = blocks == PRIVATE.index(ability), blocks < SHARED
    return auroc(np.sort(scores[is_own]), scores[is_private & ~is_own])
