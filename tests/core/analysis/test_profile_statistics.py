"""The statistics in the cells of a profile, from made-up outcomes: each against a sum by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cache.folder import Store
from core.analysis.profile import Profile, profile_of, write_profile
from core.analysis.statistics.intervals import specificities
from core.analysis.statistics.scores import mcnemar_exact
from core.analysis.table import summaries
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import MaskSpec

N, DRAWS = 200, 4
ABILITIES = ("deductive_reasoning", "spatial_reasoning", "temporal_reasoning")
DEDUCTIVE, SPATIAL, TEMPORAL = ABILITIES
SHARES = {
    DEDUCTIVE: (0.60, 0.90, 0.20),
    SPATIAL: (0.85, 0.50, 0.20),
    TEMPORAL: (0.20, 0.24, 0.20),
}
"""Share of right answers under each ability's top mask; the intact model cannot do the third benchmark."""

PLAN = Plan(
    abilities=ABILITIES,
    variants=("mlp",),
    selections=("top", "random"),
    ks=(0.01,),
    benchmarks=find_benchmarks(ABILITIES),
    limit=N,
    random_seeds=DRAWS,
)


def right_answers(mask: MaskSpec | None) -> tuple[list[bool], ...]:
    """What each benchmark's items are answered: the intact model 0.92, 0.90 and 0.20 of them right."""
    if mask is None:
        shares: tuple[float, ...] = (0.92, 0.90, 0.20)
    elif mask.selection == "top":
        shares = SHARES[mask.ability]
    else:  # two of the four random masks of spatial reasoning hurt its benchmark as much as its own
        place = PLAN.seeds_of("random").index(mask.seed)
        shares = (0.92, 0.50 if mask.ability == SPATIAL and place < 2 else 0.89, 0.20)
    rng = np.random.default_rng(7)
    return tuple((rng.permutation(N) < share * N).tolist() for share in shares)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Runner, Profile]:
    runner = Runner(ModelSpec(), Store(tmp_path_factory.mktemp("cache")))
    return runner, profile(runner, PLAN)


def profile(runner: Runner, plan: Plan) -> Profile:
    frames = {}
    for mask in (None, *plan.masks()):
        frames[mask] = []
        for request, right in zip(plan.requests(runner, mask), right_answers(mask), strict=True):
            columns = {"item_id": [str(place) for place in range(N)], "correct": right}
            runner.store.outcomes.save(request.key, request.key_inputs, columns)
            frame = runner.store.outcomes.load(request.key)
            assert frame is not None
            frames[mask].append(frame)
    return profile_of(plan, runner, frames)


def cell(found: Profile, ability: str, benchmark: str, selection: str = "top") -> dict[str, object]:
    rows = found.cells.filter(ability=ability, benchmark=benchmark, selection=selection)
    return rows.row(0, named=True)


def test_random_masks_are_planned_with_seeds_of_their_own(found: tuple[Runner, Profile]) -> None:
    runner, result = found
    random = [mask for mask in PLAN.masks() if mask.selection == "random"]
    assert len(random) == DRAWS * len(ABILITIES)
    assert len({runner.request(mask, PLAN.benchmarks[0], N).key for mask in random}) == len(random)
    # The first draw is the control that a plan with one random seed has: what is stored of it still counts.
    alone = replace(PLAN, random_seeds=1)
    assert set(alone.masks()) < set(PLAN.masks())
    assert PLAN.size() == (
        "15 masks and the intact model on 3 benchmarks: 48 runs, 36 of them random controls, 4 for each "
        "ability, variant and k."
    )
    assert result.cells.filter(selection="random")["seed"].n_unique() == DRAWS
    assert result.cells.filter(selection="top")["seed"].null_count() == 9
    other_seed = replace(PLAN, seed=1)
    assert not {mask.seed for mask in other_seed.masks()} & {mask.seed for mask in random}


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"random_seeds": 0}, "give 1 or more"), ({"selections": ("top",)}, "'random' is not among")],
)
def test_random_seeds_that_make_no_sense_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(PLAN, **changes)


def test_holm_is_over_the_defined_cells_of_one_matrix(found: tuple[Runner, Profile]) -> None:
    _, result = found
    base = right_answers(None)
    p_values = {}
    for ability in ABILITIES:
        right = right_answers(MaskSpec(ability, "mlp", "top", 0.01))
        for place in (0, 1):  # the third benchmark's cells are not defined
            (p,) = mcnemar_exact(np.array(base[place]), np.array(right[place])[None])
            p_values[ability, ABILITIES[place]] = float(p)
    worst = 0.0
    for rank, names in enumerate(sorted(p_values, key=lambda names: p_values[names])):
        worst = max(worst, min(1.0, (6 - rank) * p_values[names]))
        row = cell(result, *names)
        assert row["holm_p"] == pytest.approx(worst)
        assert row["holm_p"] >= row["q_value"] >= p_values[names]
    assert cell(result, DEDUCTIVE, TEMPORAL)["holm_p"] is None
    # The intact model is at chance on temporal items: whatever its mask does is not counted.
    holm_significant = [row for row in p_values if cell(result, *row)["holm_p"] < 0.05 and row[0] != TEMPORAL]
    (top,) = (one for one in summaries(result.cells) if one.selection == "top")
    assert top.holm_significant == len(holm_significant) > 0


def test_the_empirical_p_counts_random_masks_that_do_as_much(found: tuple[Runner, Profile]) -> None:
    _, result = found
    assert cell(result, SPATIAL, SPATIAL)["empirical_p"] == pytest.approx((1 + 2) / (4 + 1))
    assert cell(result, DEDUCTIVE, DEDUCTIVE)["empirical_p"] == pytest.approx(1 / 5)
    assert cell(result, SPATIAL, SPATIAL)["random_masks"] == DRAWS
    for undefined in (cell(result, DEDUCTIVE, TEMPORAL), cell(result, SPATIAL, SPATIAL, "random")):
        assert (undefined["empirical_p"], undefined["random_masks"]) == (None, 0)


def test_specificity_is_own_less_the_other_abilities(found: tuple[Runner, Profile]) -> None:
    _, result = found
    base = np.array(right_answers(None)[1])
    masks = [np.array(right_answers(MaskSpec(a, "mlp", "top", 0.01))[1]) for a in ABILITIES]
    row = cell(result, SPATIAL, SPATIAL)
    ais = [(0.90 - share) / 0.65 for share in (0.90, 0.50, 0.24)]
    assert row["others_ais"] == pytest.approx((ais[0] + ais[2]) / 2)
    assert row["specificity"] == pytest.approx(ais[1] - (ais[0] + ais[2]) / 2)
    expected = specificities(base, np.stack([masks[1], masks[0], masks[2]]), 0.25)[0]
    assert (row["specificity_low"], row["specificity_high"]) == pytest.approx((expected.low, expected.high))
    assert cell(result, SPATIAL, SPATIAL, "random")["specificity"] is None
    assert cell(result, DEDUCTIVE, TEMPORAL)["specificity"] is None
    (top,) = (one for one in summaries(result.cells) if one.selection == "top")
    own = [cell(result, ability, ability)["specificity"] for ability in (DEDUCTIVE, SPATIAL)]
    assert top.mean_specificity == pytest.approx(np.mean(np.array(own, float)))


def test_a_single_ability_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    plan = replace(PLAN, abilities=(SPATIAL,), random_seeds=1)
    result = profile(Runner(ModelSpec(), Store(tmp_path)), plan)
    assert result.cells["specificity"].null_count() == len(result.cells)
    assert cell(result, SPATIAL, SPATIAL)["empirical_p"] == 1.0  # the one random mask does as much


def test_the_folder_says_what_holds(found: tuple[Runner, Profile], tmp_path: Path) -> None:
    runner, result = found
    write_profile(result, runner, tmp_path)
    document = json.loads((tmp_path / "profile.json").read_text())
    assert document["random_seeds"] == list(PLAN.seeds_of("random"))
    holm_significant = {(row["ability"], row["benchmark"]): row for row in document["holm_significant"]}
    is_shown = pl.col("ability") != TEMPORAL
    rows = result.cells.filter((pl.col("selection") == "top") & (pl.col("holm_p") < 0.05) & is_shown)
    assert set(holm_significant) == {(row["ability"], row["benchmark"]) for row in rows.to_dicts()}
    assert holm_significant[SPATIAL, SPATIAL]["empirical_p"] == pytest.approx(0.6)
