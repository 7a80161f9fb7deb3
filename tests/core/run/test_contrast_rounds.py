"""Contrast from one kept sum: the same ranking however the maps find room, in as few scorings as possible."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cache.folder import Store
from core.abilities import ABILITIES
from core.analysis.rounds import run_profile
from core.benchmarks.benchmark import BenchmarkOptions
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import StartRankings
from core.engine.work import do
from core.inference.cancelling import Cancelled
from core.masks.choices import Selection
from core.masks.mask import Mask
from core.models.matrices import Variant
from core.models.spec import ModelSpec
from core.run import rankings
from core.run.events import Event, Progressed
from core.run.plan import Plan
from core.run.rankings import ImportanceMaps
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec

IDS = tuple(ability.id for ability in ABILITIES)
VARIANTS: tuple[Variant, ...] = ("mlp", "all")
K = 0.01


def runner_of(folder: Path, heard: list[Event]) -> Runner:
    return Runner(ModelSpec(device="cpu"), Store(folder), ImportanceSpec(n_items=3), emit=heard.append)


def contrast_of(ability: str, variant: Variant) -> MaskSpec:
    return MaskSpec(ability, variant, "max_minus_shared", K)


def scorings(heard: list[Event]) -> Counter[str]:
    """How many times the importance of each ability was computed."""
    scoring = [event for event in heard if isinstance(event, Progressed) and event.phase == "scoring"]
    return Counter(event.about for event in scoring if event.done == event.total)


def leave_no_room(monkeypatch: pytest.MonkeyPatch, *, for_sums: bool) -> None:
    """As on a machine where the maps of two abilities never fit, nor perhaps do two sums beside one."""
    monkeypatch.setattr(rankings, "SHARE_OF_MEMORY", 0.0)
    monkeypatch.setattr(ImportanceMaps, "_all_fit", lambda self: False)
    if for_sums:
        monkeypatch.setattr(rankings, "SHARE_OF_FREE", 0.0)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[MaskSpec, Mask]:
    """The contrasts of three abilities, from all maps at once."""
    heard: list[Event] = []
    runner = runner_of(tmp_path_factory.mktemp("roomy"), heard)
    mask_specs = [contrast_of(one, variant) for one in (IDS[3], IDS[0], IDS[9]) for variant in VARIANTS]
    masks = {mask_spec: runner.mask(mask_spec) for mask_spec in mask_specs}
    assert set(runner.maps.by_ability) == set(IDS)
    assert scorings(heard) == Counter(IDS)
    return masks


@pytest.mark.parametrize("for_sums", [False, True])
def test_the_ranking_is_the_same_to_the_last_weight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[MaskSpec, Mask], for_sums: bool
) -> None:
    leave_no_room(monkeypatch, for_sums=for_sums)
    runner = runner_of(tmp_path, [])
    for mask_spec, mask in list(expected.items())[:2]:
        assert runner.mask(mask_spec) == mask
        assert list(runner.maps.by_ability) == [mask_spec.ability]
    assert set(runner.maps.share_sums) == ({"all"} if for_sums else {"mlp", "all"})
    assert not [path for path in tmp_path.iterdir() if path.is_file() and path.stat().st_size > 1 << 20]


def test_ten_contrasts_take_two_scorings_of_each_ability(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[MaskSpec, Mask]
) -> None:
    leave_no_room(monkeypatch, for_sums=False)
    heard: list[Event] = []
    runner = runner_of(tmp_path, heard)
    masks = {mask_spec: runner.mask(mask_spec) for mask_spec in (contrast_of(one, "mlp") for one in IDS)}
    assert scorings(heard) == Counter(dict.fromkeys(IDS, 2))
    assert all(masks[mask_spec] == mask for mask_spec, mask in expected.items() if mask_spec.variant == "mlp")


def test_what_top_scores_goes_into_the_sums_of_both_variants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[MaskSpec, Mask]
) -> None:
    leave_no_room(monkeypatch, for_sums=False)
    heard: list[Event] = []
    runner = runner_of(tmp_path, heard)
    selections: tuple[Selection, ...] = ("top", "max_minus_shared")
    masks = tuple(MaskSpec(a, v, s, K) for s in selections for a in IDS for v in VARIANTS)
    do(runner, "job", StartRankings("rankings", masks), lambda done: None, BenchmarkOptions())
    assert scorings(heard) == Counter(dict.fromkeys(IDS, 2))
    assert all(runner.mask(mask_spec) == mask for mask_spec, mask in expected.items())


def test_top_adds_nothing_where_its_order_is_not_the_sum_s_or_no_contrast_is_to_come(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, [])
    runner.mask(MaskSpec(IDS[0], "mlp", "top", K))
    assert runner.maps.share_sums == {}
    runner.maps.by_ability.clear()
    expected = [contrast_of(IDS[0], "all")]
    runner.mask(MaskSpec(IDS[1], "mlp", "bottom", K), expected=expected)
    assert runner.maps.share_sums == {}
    runner.mask(MaskSpec(IDS[0], "mlp", "bottom", K), expected=expected)
    assert {name: list(sums.totals) for name, sums in runner.maps.share_sums.items()} == {"all": [IDS[0]]}


def test_a_profile_says_which_contrasts_are_to_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_no_room(monkeypatch, for_sums=False)
    heard: list[Event] = []
    plan = Plan(IDS[:1], ("mlp",), ("top", "max_minus_shared"), (K,), find_benchmarks(IDS[:1]), limit=2)
    for _ in range(2):
        assert run_profile(plan, runner_of(tmp_path, heard)) is not None
    others = Counter(dict.fromkeys(IDS[1:], 1))
    assert scorings(heard) == Counter({IDS[0]: 2}) + others


def test_it_goes_on_after_it_was_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[MaskSpec, Mask]
) -> None:
    leave_no_room(monkeypatch, for_sums=False)
    heard: list[Event] = []
    runner = runner_of(tmp_path, heard)
    runner.cancelled = lambda: scorings(heard)[IDS[4]] > 0
    mask_spec = contrast_of(IDS[0], "all")
    with pytest.raises(Cancelled):
        runner.mask(mask_spec)
    assert list(runner.maps.share_sums["all"].totals) == list(IDS[:4])
    runner.cancelled = lambda: False
    heard.clear()
    assert runner.mask(mask_spec) == expected[mask_spec]
    assert scorings(heard) == Counter(IDS[4:]) + Counter(IDS[:1])


def test_a_mask_scored_by_another_number_of_items_is_that_of_such_an_experiment(tmp_path: Path) -> None:
    heard: list[Event] = []
    runner = runner_of(tmp_path / "one", heard)
    top = MaskSpec(IDS[3], "mlp", "top", K)
    of_three, of_five = runner.mask(top), runner.mask(MaskSpec(IDS[3], "mlp", "top", K, n_items=5))
    five = Runner(ModelSpec(device="cpu"), Store(tmp_path / "two"), ImportanceSpec(n_items=5))
    assert runner.ranking_key(MaskSpec(IDS[3], "mlp", "top", K, n_items=5)) == five.ranking_key(top)
    assert np.array_equal(of_five.addresses, five.mask(top).addresses)
    assert not np.array_equal(of_five.addresses, of_three.addresses)
