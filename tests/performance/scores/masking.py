"""Masks from rankings, and what is compared with what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.masks.ablation import Ablator
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.phantom.calibration import PRIVATE
from core.phantom.calibration import auroc as auroc_of
from core.phantom.ground_truth import PHANTOMS
from tests.performance.scores.judge import Ablation, Judge, Masks
from tests.performance.scores.knockouts import Knockouts
from tests.performance.scores.replacing import held, neuron_means, neurons_in
from tests.performance.scores.rules import RULES, Scored, family, general_of
from tests.performance.scores.subject import LOUD, NEUTRAL, Subject
from tests.performance.scores.sums import Map
from tests.performance.scores.ways import WAYS, wanda

FUSED = "fused"
"""The way that adds the ranks that several ways give."""

FUSED_WAYS = ("sum-abs", "abs-sum", "gim")

KNOCKOUTS = "knockouts"
"""The way of `tests.performance.scores.knockouts`."""

MEAN = "mean"
"""What neurons are held at where their weights are not multiplied by a factor."""

PRUNED = "pruned"
"""The way of `tests.performance.scores.pruning`."""

LENGTH = 30
"""Ranks that are added up, as a multiple of the weights that are taken."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """Masks of all abilities, made in one way."""

    way: str
    rule: str
    k: float
    masks: Masks
    ablation: Ablation
    auroc: float | None = None
    """How well the neurons of the own block are told from others, on a phantom."""

    @property
    def family(self) -> tuple[str, str]:
        """What is compared; candidates of one family differ in k or another number."""
        return self.way, family(self.rule)


@dataclass(frozen=True, eq=False)
class Maker:
    """Makes masks in all ways and of all k that are asked for."""

    judge: Judge
    ks: Sequence[float]
    replacements: Sequence[str] = ("0",)
    """Factors of the weights, and `MEAN`."""
    knockouts: int = 400
    knockout_items: int = 12
    _maps: dict[str, dict[str, Map]] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        """The model."""
        return self.judge.subject

    def candidates(self, way: str, rules: Sequence[str]) -> Iterator[Candidate]:
        """The masks of one way by all rules."""
        if way == PRUNED:
            from tests.performance.scores.pruning import step_by_step

            for k in self.ks:
                yield from self._replaced(way, "contrast_max", k, step_by_step(self.judge, self._n(k)))
        elif way in (FUSED, KNOCKOUTS):
            make = self._fused if way == FUSED else self._knocked_out
            for rule in rules:
                yield from make(rule)
        else:
            yield from self._ranked(way, rules)

    def _ranked(self, way: str, rules: Sequence[str]) -> Iterator[Candidate]:
        scored = self.scored(way, rules)
        rankings = scored.rankings(rules, self._n(max(self.ks)))
        for rule in rules:
            auroc = self._auroc(scored.scores(rule)) if self.subject.name in PHANTOMS else None
            for k in self.ks:
                masks = {
                    ability: mask_at(places[: self._n(k)], self.subject)
                    for ability, places in rankings[rule].items()
                }
                yield from self._replaced(way, rule, k, masks, auroc)

    def _fused(self, rule: str) -> Iterator[Candidate]:
        longest = LENGTH * self._n(max(self.ks))
        rankings = [self.scored(way, [rule]).rankings([rule], longest)[rule] for way in FUSED_WAYS]
        for k in self.ks:
            masks = {
                ability: mask_at(
                    fused([one[ability][: LENGTH * self._n(k)] for one in rankings], self._n(k)), self.subject
                )
                for ability in PRIVATE
            }
            yield from self._replaced(FUSED, rule, k, masks)

    def _knocked_out(self, rule: str) -> Iterator[Candidate]:
        found = Knockouts(self.subject, self.knockouts, self.knockout_items)
        scored = Scored({ability: [torch.from_numpy(found.harms(ability))] for ability in PRIVATE})
        rankings = scored.rankings([rule], len(found.groups))[rule]
        auroc = None
        if self.subject.name in PHANTOMS:
            scores = scored.scores(rule).numpy()[:, found.is_neuron]
            auroc = float(np.mean([self._neuron_auroc(i, one) for i, one in enumerate(scores)]))
        for k in self.ks:
            masks = {ability: found.mask(order.numpy(), self._n(k)) for ability, order in rankings.items()}
            yield from self._replaced(KNOCKOUTS, rule, k, masks, auroc)

    def scored(self, way: str, rules: Sequence[str]) -> Scored:
        """The importance of all abilities by one way, and of what else the rules need."""
        maps, needed = self._maps.setdefault(way, {}), general_of(rules)
        for what in (*PRIVATE, *needed):
            if what not in maps:
                maps[what] = wanda(self.subject, NEUTRAL) if what == LOUD else WAYS[way](self.subject, what)
        return Scored({what: maps[what] for what in (*PRIVATE, *needed)})

    def _replaced(
        self, way: str, rule: str, k: float, masks: Masks, auroc: float | None = None
    ) -> Iterator[Candidate]:
        """The masks with each replacement of what they take."""
        for one in self.replacements:
            name = way if one == "0" else f"{way} ({one})"
            yield Candidate(name, rule, k, masks, self._ablation(masks, one), auroc)

    def _ablation(self, masks: Masks, replacement: str) -> Ablation:
        if replacement == MEAN:
            means = neuron_means(self.subject)
            taken = {ability: neurons_in(self.subject, mask) for ability, mask in masks.items()}
            return lambda ability: held(self.subject, taken[ability], means)
        ablator, factor = Ablator(self.subject.space), float(replacement)
        return lambda ability: ablator.applied(masks[ability], factor)

    def _n(self, k: float) -> int:
        return self.judge.weights_at(k)

    def _auroc(self, scores: Tensor) -> float:
        sizes = [weight.numel() for weight in self.subject.weights]
        found = [
            self.judge.blocks.localization(ability, [part.numpy() for part in one.split(sizes)])
            for ability, one in zip(PRIVATE, scores, strict=True)
        ]
        return float(np.mean([one.neurons for one in found]))

    def _neuron_auroc(self, ability: int, scores: NDArray[np.float32]) -> float:
        """How well (neurons of all layers,) scores tell an ability's own block from the others'."""
        blocks = self.judge.blocks.of_neurons
        owners = np.tile(blocks, len(scores) // len(blocks))
        return auroc_of(scores[owners == ability], scores[(owners != ability) & (owners < len(PRIVATE))])


def fused(rankings: Sequence[Tensor], n: int) -> Tensor:
    """(n,) places with the smallest sums of ranks; a weight that a ranking lacks comes after its last."""
    length = len(rankings[0])
    places, whose = torch.cat(list(rankings)).unique(return_inverse=True)
    ahead = torch.arange(length, 0, -1).repeat(len(rankings))
    return places[torch.zeros(len(places), dtype=torch.int64).index_add_(0, whose, ahead).topk(n).indices]


def mask_at(places: Tensor, subject: Subject) -> Mask:
    """The mask of weights at places of the MLPs' matrices, one after the other."""
    return Mask.of(Layout(subject.space.matrices).addresses("mlp", places.numpy()))


def all_ways() -> list[str]:
    """Every way there is."""
    return [*WAYS, FUSED, KNOCKOUTS, PRUNED]


def all_rules() -> list[str]:
    """Every rule there is."""
    return list(RULES)
