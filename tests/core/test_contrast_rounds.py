"""Contrast where the maps of all abilities do not fit at once: the same ranking, one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from cache.folder import Store
from core.abilities import ABILITIES
from core.events import Event, ItemsScored
from core.models.spec import ModelSpec
from core.recipes import ImportanceRecipe, MaskRecipe
from core.workbench import Workbench, rankings

ABILITY = ABILITIES[3].id
RECIPES = [MaskRecipe(ABILITY, variant, "contrast", 0.01) for variant in ("mlp", "all")]  # type: ignore[arg-type]


def bench_of(folder: Path, heard: list[Event]) -> Workbench:
    spec, recipe = ModelSpec(device="cpu"), ImportanceRecipe(n_items=3)
    return Workbench(spec, Store(folder), recipe, tell=heard.append)


def test_the_ranking_is_the_same_to_the_last_weight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Event] = []
    roomy = bench_of(tmp_path / "roomy", heard)
    expected = [roomy.mask(recipe) for recipe in RECIPES]
    assert len(roomy.importances) == len(ABILITIES)
    once = sum(isinstance(event, ItemsScored) for event in heard)
    monkeypatch.setattr(rankings, "SHARE_OF_MEMORY", 0.0)
    monkeypatch.setattr(rankings, "SHARE_OF_FREE", 0.0)
    heard.clear()
    narrow = bench_of(tmp_path / "narrow", heard)
    for recipe, mask in zip(RECIPES, expected, strict=True):
        assert narrow.mask(recipe).addresses.equal(mask.addresses)
        assert list(narrow.importances) == [ABILITY]
    again = sum(isinstance(event, ItemsScored) for event in heard)
    assert once < again <= 2 * once  # the first ability is there when the second variant asks for it
    names = {path.name for path in (tmp_path / "narrow").iterdir()}
    assert names == {path.name for path in (tmp_path / "roomy").iterdir()}
