"""From shares of importance to rankings: what an ability has that others, or plain language, have not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import torch
from torch import Tensor

from core.masks.choices import SHARED_ABILITIES
from tests.performance.scores.subject import LOUD, NEUTRAL
from tests.performance.scores.sums import Map

NEVER = -1.0
"""The score of what is never taken: no difference of shares is as low."""


@dataclass(frozen=True)
class Shares:
    """Shares of importance of some weights."""

    own: Tensor
    """(abilities, weights) float32."""
    general: Mapping[str, Tensor]
    """(weights,) float32 each, of what is no ability: `NEUTRAL`, `LOUD`."""
    mean: float
    """The mean share of all weights."""
    floors: Mapping[str, Mapping[float, float]]
    """For each ability and what is none, the least share in its top, by the top's fraction of all weights."""

    @cached_property
    def rivals(self) -> Tensor:
        """(abilities, weights) the largest share of another ability."""
        first, second = self.own[0], torch.zeros_like(self.own[0])
        whose = torch.zeros_like(first, dtype=torch.uint8)
        for number, row in enumerate(self.own[1:], start=1):
            is_new = row > first
            second = torch.where(is_new, first, torch.maximum(second, row))
            first = torch.maximum(first, row)
            whose.masked_fill_(is_new, number)
        numbers = torch.arange(len(self.own), dtype=torch.uint8)[:, None]
        return torch.where(whose == numbers, second, first)


Rule = Callable[[Shares], Tensor]
"""(abilities, weights) scores."""


def top(shares: Shares) -> Tensor:
    """The program's `top`."""
    return shares.own.clone()


def contrast(shares: Shares) -> Tensor:
    """The program's `contrast`: less the mean of the others."""
    return shares.own - (shares.own.sum(dim=0) - shares.own) / (len(shares.own) - 1)


def contrast_max(shares: Shares, times: float = 1.0) -> Tensor:
    """Less so many times the largest of the others; the program's `contrast_max` with 1."""
    return shares.own - times * shares.rivals


def against_neutral(shares: Shares, times: float = 1.0) -> Tensor:
    """The same with neutral text as one more of the others."""
    return shares.own - times * torch.maximum(shares.rivals, shares.general[NEUTRAL])


def without_core(shares: Shares, what: str, size: float, rule: Rule) -> Tensor:
    """Another rule, without the weights that are most important to what is no ability."""
    return rule(shares).masked_fill_(shares.general[what] >= shares.floors[what][size], NEVER)


def without_shared(shares: Shares, size: float, at_least: int) -> Tensor:
    """`contrast_max`, without the weights that are most important to several abilities."""
    floors = [one[size] for what, one in shares.floors.items() if what not in shares.general]
    owners = (shares.own >= torch.tensor(floors)[:, None]).sum(dim=0)
    return contrast_max(shares).masked_fill_(owners >= at_least, NEVER)


def max_minus_shared(shares: Shares, times: float) -> Tensor:
    """The program's `max_minus_shared` with 16: without what has so many times the mean share in most."""
    owners = (shares.own > times * shares.mean).sum(dim=0)
    return contrast_max(shares).masked_fill_(owners >= SHARED_ABILITIES, NEVER)


SIZES = (1e-5, 1e-4, 1e-3, 1e-2)
"""Fractions of all weights that a core may have."""

RULES: dict[str, Rule] = {
    "top": top,
    "contrast": contrast,
    "contrast_max": contrast_max,
    "contrast_max, neutral": against_neutral,
    **{f"max_minus_shared {n}": partial(max_minus_shared, times=n) for n in (8, 16, 32)},
    **{f"times {n}": partial(contrast_max, times=n) for n in (2, 4, 8)},
    **{f"neutral, times {n}": partial(against_neutral, times=n) for n in (2, 4, 8)},
    **{f"neutral core {n:g}": partial(without_core, what=NEUTRAL, size=n, rule=contrast_max) for n in SIZES},
    **{f"top, neutral core {n:g}": partial(without_core, what=NEUTRAL, size=n, rule=top) for n in SIZES},
    **{f"loud core {n:g}": partial(without_core, what=LOUD, size=n, rule=contrast_max) for n in SIZES},
    **{f"core of 2, {n:g}": partial(without_shared, size=n, at_least=2) for n in SIZES},
    **{f"core of 5, {n:g}": partial(without_shared, size=n, at_least=5) for n in SIZES},
    **{f"core of 6, {n:g}": partial(without_shared, size=n, at_least=6) for n in SIZES},
}
"""By name; a number at its end is chosen, the rest is what is compared."""


def general_of(rules: Sequence[str]) -> list[str]:
    """What is no ability and some rules need."""
    return [what for what in (NEUTRAL, LOUD) if any(what in rule for rule in rules)]


def family(rule: str) -> str:
    """What is compared: a rule's name without its number."""
    return rule.rstrip("0123456789.e-").rstrip(", ")


@dataclass
class Best:
    """The largest scores so far: the first n, and what came since they were last found."""

    n: int
    values: Tensor = field(default_factory=lambda: torch.zeros(0))
    places: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))
    least: float = float("-inf")
    """What none of the first n is below."""

    def add(self, scores: Tensor, start: int) -> None:
        """Adds (weights,) scores, the first of which has a place."""
        found = (scores > self.least).nonzero()[:, 0]
        self.values = torch.cat([self.values, scores[found]])
        self.places = torch.cat([self.places, found + start])
        if len(self.values) > 2 * self.n:
            self.cut()

    def cut(self) -> None:
        """Drops all but the first n, which are in order then."""
        kept = self.values.topk(min(self.n, len(self.values))).indices
        self.values, self.places = self.values[kept], self.places[kept]
        if len(kept) == self.n:
            self.least = float(self.values[-1])


@dataclass(frozen=True, eq=False)
class Scored:
    """The importance of all abilities, and of the neutral texts if it has been computed, by one way."""

    maps: Mapping[str, Map]
    """By ability, and by what is none."""

    def rankings(self, rules: Sequence[str], n: int) -> dict[str, dict[str, Tensor]]:
        """By rule and ability the places of the first n weights, the best first."""
        best = {rule: {ability: Best(n) for ability in self._abilities} for rule in rules}
        start, floors = 0, self._floors(rules)
        for number in range(self._matrices):
            shares = self._shares(number, floors)
            for rule in rules:
                for one, scores in zip(best[rule].values(), RULES[rule](shares), strict=True):
                    one.add(scores, start)
            start += shares.own.shape[1]
        for found in best.values():
            for one in found.values():
                one.cut()
        return {rule: {ability: one.places for ability, one in found.items()} for rule, found in best.items()}

    def scores(self, rule: str) -> Tensor:
        """(abilities, weights) all scores: for small models."""
        floors = self._floors([rule])
        return torch.cat([RULES[rule](self._shares(i, floors)) for i in range(self._matrices)], dim=1)

    @cached_property
    def totals(self) -> dict[str, float]:
        """The sum of each map; 1 in place of 0."""
        return {
            what: sum(float(m.sum(dtype=torch.float64)) for m in one) or 1.0
            for what, one in self.maps.items()
        }

    @property
    def _abilities(self) -> list[str]:
        return [one for one in self.maps if one not in (NEUTRAL, LOUD)]

    @property
    def _matrices(self) -> int:
        return len(next(iter(self.maps.values())))

    def _shares(self, number: int, floors: Mapping[str, Mapping[float, float]]) -> Shares:
        rows = {what: one[number].flatten() / self.totals[what] for what, one in self.maps.items()}
        own = torch.stack([rows.pop(ability) for ability in self._abilities])
        weights = sum(one.numel() for one in next(iter(self.maps.values())))
        return Shares(own, rows, 1 / weights, floors)

    def _floors(self, rules: Sequence[str]) -> dict[str, dict[float, float]]:
        """The least share in the top of each map, for the sizes of cores that the rules ask for."""
        sizes = [size for size in SIZES if any(rule.endswith(f" {size:g}") for rule in rules)]
        return {what: {size: self._floor(what, size) for size in sizes} for what in self.maps}

    def _floor(self, what: str, size: float) -> float:
        best = Best(max(1, int(size * sum(one.numel() for one in self.maps[what]))))
        for matrix in self.maps[what]:
            best.add(matrix.flatten(), 0)
        best.cut()
        return float(best.values[-1] / self.totals[what])
