"""The selection `top_minus_shared`, against sets of addresses."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from cache.folder import Store
from core.abilities import ABILITIES
from core.benchmarks.registry import find_benchmarks
from core.masks.choices import SHARED_ABILITIES
from core.models.spec import ModelSpec
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec

OWN = "spatial_reasoning"


def test_it_is_top_without_what_most_abilities_share(tmp_path: Path) -> None:
    runner = Runner(ModelSpec(), Store(tmp_path), ImportanceSpec(n_items=4))
    mask_spec = MaskSpec(OWN, "all", "top_minus_shared", 0.01)
    mask = set(runner.mask(mask_spec, [0.005, 0.01]).addresses.tolist())
    tops = {
        ability.id: set(runner.mask(MaskSpec(ability.id, "all", "top", 0.01)).addresses.tolist())
        for ability in ABILITIES
    }
    counts = Counter(address for top in tops.values() for address in top)
    shared = {address for address, count in counts.items() if count >= SHARED_ABILITIES}
    assert shared & tops[OWN]
    assert mask == tops[OWN] - shared
    assert runner.ranking_metadata(mask_spec)["items"] == 4


def test_its_key_depends_on_every_ranking(tmp_path: Path) -> None:
    benchmark = find_benchmarks([OWN])[0]

    def key(mask: MaskSpec, importance: ImportanceSpec) -> str:
        return Runner(ModelSpec(), Store(tmp_path), importance).request(mask, benchmark, 10).key

    masks = [
        MaskSpec(OWN, "all", "top_minus_shared", 0.01),
        MaskSpec(OWN, "all", "top", 0.01),
        MaskSpec(OWN, "mlp", "top_minus_shared", 0.01),
        MaskSpec(OWN, "all", "top_minus_shared", 0.02),
        MaskSpec(ABILITIES[0].id, "all", "top_minus_shared", 0.01),
    ]
    keys = {key(mask, ImportanceSpec(seed=seed)) for mask in masks for seed in (0, 1)}
    assert len(keys) == 2 * len(masks)
