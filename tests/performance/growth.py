"""How times and memory grow with the model, with k and with the items: power laws fitted to measurements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tests.performance.ablation_cycle import measure_ablation
from tests.performance.choice_scoring import measure_choices
from tests.performance.exact_selection import measure_selection
from tests.performance.figures import Measured
from tests.performance.importance_pass import measure_importance
from tests.performance.shapes import config_of
from tests.performance.stored_ranking import measure_slice
from tests.performance.subject import Scale, Subject
from tests.performance.whole_cell import measure_cell
from tests.performance.writing import measure_writing

SIZES_ON_CPU = ("8M", "16M", "32M", "64M")
SIZES_ON_GPU = ("500M", "1B", "2B", "4B")
QUICK_SIZES = ("1M", "2M", "4M", "8M")
KS = (0.002, 0.005, 0.01, 0.03)
ITEMS = (1, 2, 4, 8)
"""Times a quarter of the scale's own number of items."""

Costs = Mapping[str, float | None]


@dataclass(frozen=True)
class Growth:
    """A cost as a power of what it grows with."""

    what: str
    cost: str
    grows_with: str
    sizes: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def exponent(self) -> float:
        """The slope of the straight line through the logarithms."""
        return float(np.polyfit(np.log(self.sizes), np.log(self.values), 1)[0])

    @property
    def residual(self) -> float:
        """By how much of its value a measurement lies beside the line at most."""
        x, y = np.log(self.sizes), np.log(self.values)
        return float(np.expm1(np.abs(y - np.polyval(np.polyfit(x, y, 1), x)).max()))


def growth_with_size(subject: Subject, sizes: Sequence[str]) -> list[Growth]:
    """Over models of these sizes, stored as the subject is; the share of weights is the same for all."""
    by_size: dict[float, list[Measured]] = {}
    for size in sizes:
        one = replace(subject, config=config_of(size), scale=subject.scale.at())
        candidates = one.space.size
        scores = measure_selection(one.device, replace(one.scale, scores=candidates))
        parts = (measure_importance, measure_ablation, measure_choices, measure_writing, measure_cell)
        by_size[float(one.space.total_parameters)] = [*(measure(one) for measure in parts), scores]
    return _fitted("parameters", by_size)


def growth_with_k(subject: Subject) -> list[Growth]:
    """Over shares of the weights."""
    by_k = {}
    for k in KS:
        scale = subject.scale.at(k=k)
        n = int(scale.scores * k)
        by_k[k] = [
            measure_selection(subject.device, scale),
            measure_slice(subject.device, replace(scale, ranked=2 * n)),
            measure_ablation(subject.at(scale)),
        ]
    return _fitted("k", by_k)


def growth_with_items(subject: Subject) -> list[Growth]:
    """Over numbers of items."""
    parts: tuple[Callable[[Subject], Measured], ...] = (measure_importance, measure_choices, measure_cell)
    by_items = {}
    for times in ITEMS:
        scale = _with_items(subject.scale, times)
        by_items[float(scale.items)] = [measure(subject.at(scale)) for measure in parts]
    return _fitted("items", by_items)


def _with_items(scale: Scale, times: int) -> Scale:
    return scale.at(items=max(scale.items * times // 4, 2 * times))


def _fitted(grows_with: str, measured: Mapping[float, Sequence[Measured]]) -> list[Growth]:
    """A power law for each cost that was measured at every size."""
    sizes = tuple(measured)
    found = []
    for same in zip(*measured.values(), strict=True):
        for cost in same[0].costs:
            values = [one.costs[cost] for one in same]
            if all(value is not None and value > 0 for value in values):
                found.append(Growth(same[0].what, cost, grows_with, sizes, tuple(values)))
    return found
