"""Contrasts over groups of layers, each with its own scores: the ranking of one process, to the byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cache.folder import Store
from core.abilities import ABILITIES
from core.cluster.layer_groups import LayerGroup
from core.cluster.merging import rank_contrasts
from core.cluster.units import wanted_rankings
from core.models.spec import ModelSpec
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec
from tests.core.cluster.test_shards import payloads

IDS = tuple(ability.id for ability in ABILITIES)


class HereGroups:
    """Groups of layers, each with a model of its own, in this process."""

    def __init__(self, root: Path, ends: list[int], quantization: Any) -> None:
        self.groups = [
            LayerGroup(runner_of(root / str(first), quantization), (first, last))
            for first, last in zip([0, *ends], ends, strict=False)
        ]

    def all(self, name: str, *arguments: Any) -> list[Any]:
        return [getattr(group, name)(*arguments) for group in self.groups]

    def one(self, index: int, name: str, *arguments: Any) -> Any:
        return getattr(self.groups[index], name)(*arguments)


def runner_of(root: Path, quantization: Any) -> Runner:
    return Runner(ModelSpec(device="cpu", quantization=quantization), Store(root), ImportanceSpec(n_items=3))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("quantization", "scope"),
    [("none", "global"), ("nf4", "global"), ("none", "per-matrix")],
)
def test_the_ranking_is_that_of_one_process(quantization: Any, scope: Any, tmp_path: Path) -> None:
    masks = [
        MaskSpec(ability, variant, selection, k, scope=scope)
        for selection in ("contrast", "contrast_max", "max_minus_shared")
        for ability in (IDS[3], IDS[0])
        for variant in ("mlp", "all")
        for k in (0.003, 0.01)
    ]  # type: ignore[misc]
    plain = runner_of(tmp_path / "one", quantization)
    wanted = wanted_rankings(plain, masks)
    for one in wanted:
        plain.mask(one.mask, one.ks)
    layers = plain.info.layers
    assert layers is not None
    driver = runner_of(tmp_path / "driver", quantization)
    groups = HereGroups(tmp_path, [1, layers], quantization)
    rank_contrasts(driver, groups, len(groups.groups), wanted)
    assert "loaded" not in vars(driver)
    found = payloads(tmp_path / "driver")
    assert len(found) == len(wanted) == 12
    assert found == payloads(tmp_path / "one")
    kept = [set(group._scores[IDS[5]]) for group in groups.groups]
    assert not kept[0] & kept[1]  # no group has the scores of another's layers
