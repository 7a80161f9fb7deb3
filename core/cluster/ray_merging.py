"""Ranks contrasts over the layers of several workers on Ray. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

from core.cluster.ray_errors import reason_of
from core.cluster.ray_worker import Errand, Order
from core.cluster.units import WantedRanking
from core.importance.plan import Group


class GroupAt(NamedTuple):
    """Some layers, and the worker that has them."""

    name: str
    actor: Any
    layers: Group


class _RayGroups:
    """The layer groups of some workers; see `core.cluster.merging.Groups`."""

    def __init__(self, ray: ModuleType, errand: Errand, groups: Sequence[GroupAt]) -> None:
        self._ray, self._errand, self._groups = ray, errand, groups

    def all(self, name: str, *arguments: Any) -> list[Any]:
        """What all of them give."""
        refs = [(one, self._asked(one, name, *arguments)) for one in self._groups]
        return [self._given(one, ref) for one, ref in refs]

    def one(self, index: int, name: str, *arguments: Any) -> Any:
        """What one of them gives."""
        own = self._groups[index]
        return self._given(own, self._asked(own, name, *arguments))

    def _asked(self, group: GroupAt, name: str, *arguments: Any) -> Any:
        return group.actor.of_layers.remote(self._errand, group.layers, name, *arguments)

    def _given(self, group: GroupAt, ref: Any) -> Any:
        try:
            return self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            raise ValueError(f"{group.name} cannot: {reason_of(error)}") from None


def merge_over(
    order: Order, errand: Errand, groups: Sequence[GroupAt], wanted: Sequence[WantedRanking]
) -> None:
    """Ranks contrasts over workers, in a process beside the driver."""
    import ray

    from core.cluster.merging import rank_contrasts

    rank_contrasts(order.experiment, _RayGroups(ray, errand, groups), len(groups), wanted)
