"""AIS_p in the cells of a profile, from made-up log-likelihoods: each against a sum by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cache.folder import Store
from core.analysis.profile import Profile, profile_of
from core.analysis.statistics import LEAST_EFFECT
from core.analysis.statistics.intervals import excesses, specificities
from core.analysis.table import summaries
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import MaskSpec
from tui.measures import AIS_P
from tui.profile_tables import write_profile

N = 80
DEDUCTIVE, SPATIAL, TEMPORAL = ABILITIES = ("deductive_reasoning", "spatial_reasoning", "temporal_reasoning")
LOST = {DEDUCTIVE: (2.0, 0.3, 0.0), SPATIAL: (0.1, 0.0, 0.0), TEMPORAL: (0.5, 0.5, 0.0)}
"""Nats that each ability's mask takes from the right option on each benchmark."""

PLAN = Plan(
    abilities=ABILITIES,
    variants=("mlp",),
    selections=("max_minus_shared", "random"),
    ks=(0.01,),
    benchmarks=find_benchmarks(ABILITIES),
    limit=N,
    random_seeds=2,
)


def loglikelihoods(mask: MaskSpec | None) -> list[np.ndarray]:
    """(N, 4) of each benchmark; the right option is the first, and the intact model cannot do the last."""
    lost = (0.0,) * 3 if mask is None or mask.selection == "random" else LOST[mask.ability]
    noise = np.random.default_rng(0 if mask is None or mask.selection != "random" else mask.seed % 1000)
    made = []
    for place, nats in enumerate(lost):
        values = np.random.default_rng(place).normal(0, 1, (N, 4))
        values[:, 0] += (1.5, 1.5, 0.0)[place] - nats + noise.normal(0, 0.01, N)
        made.append(values)
    return made


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    runner = Runner(ModelSpec(), Store(tmp_path_factory.mktemp("cache")))
    frames = {}
    for mask in (None, *PLAN.masks()):
        frames[mask] = []
        for request, values in zip(PLAN.requests(runner, mask), loglikelihoods(mask), strict=True):
            columns = {
                "item_id": [str(place) for place in range(N)],
                "gold": [0] * N,
                "correct": (values.argmax(axis=1) == 0).tolist(),
                "loglikelihoods": values.tolist(),
                "cut": [0] * N,
            }
            runner.store.outcomes.save(request.key, request.key_inputs, columns)
            frame = runner.store.outcomes.load(request.key)
            assert frame is not None
            frames[mask].append(frame)
    return profile_of(PLAN, runner, frames)


def p_right(mask: MaskSpec | None, place: int) -> np.ndarray:
    """(N,) the softmax by hand."""
    values = np.exp(loglikelihoods(mask)[place])
    return values[:, 0] / values.sum(axis=1)


def test_cells_beside_other_and_random_masks(found: Profile) -> None:
    base, chance = p_right(None, 0), 0.25
    own = [p_right(mask, 0) for mask in PLAN.masks() if mask.selection == "max_minus_shared"]
    drawn = [m for m in PLAN.masks() if m.selection == "random" and m.ability == DEDUCTIVE]
    random = np.mean([p_right(mask, 0) for mask in drawn], axis=0)
    (cell,) = found.cells.filter(
        ability=DEDUCTIVE, benchmark=DEDUCTIVE, selection="max_minus_shared"
    ).to_dicts()
    assert cell["p_right"] == pytest.approx(own[0].mean(), abs=1e-6)
    assert cell["ais_p"] == pytest.approx((base.mean() - own[0].mean()) / (base.mean() - chance), abs=1e-5)
    beyond = specificities(base, np.stack(own), chance)[0]
    names = ("others_ais_p", "specificity_p", "specificity_p_low", "specificity_p_high")
    expected = (beyond.others, beyond.difference, beyond.low, beyond.high)
    assert [cell[name] for name in names] == pytest.approx(expected, abs=1e-4)
    excess = excesses(base, own[0][None], random[None], chance)[0]
    names = ("random_ais_p", "over_random_p", "over_random_p_low", "over_random_p_high")
    assert [cell[name] for name in names] == pytest.approx(tuple(excess), abs=1e-4)


def test_links_are_wholly_above_the_least_effect(found: Profile) -> None:
    cells = found.cells.filter(selection="max_minus_shared")
    for cell in cells.to_dicts():
        if cell["benchmark"] == TEMPORAL:  # the intact model cannot do it
            assert (cell["ais_p"], cell["link"]) == (None, None)
            assert "base p(right)" in cell["ais_p_reason"]
            continue
        low, high = cell["ais_p_low"], cell["ais_p_high"]
        # Nothing is said of an ability that the intact model does not show.
        is_open = low <= LEAST_EFFECT <= high or cell["ability"] == TEMPORAL
        assert cell["link"] is (None if is_open else low > LEAST_EFFECT)
    links = set(cells.filter("link").select("ability", "benchmark").iter_rows())
    assert (DEDUCTIVE, DEDUCTIVE) in links
    assert (SPATIAL, SPATIAL) not in links
    random = found.cells.filter(selection="random")
    assert not random["link"].any()
    assert random["specificity_p"].null_count() == random["over_random_p"].null_count() == len(random)


def test_summary_and_tables(found: Profile, capsys: pytest.CaptureFixture[str]) -> None:
    contrast, random = summaries(found.cells)
    cells = found.cells.filter(selection="max_minus_shared")
    own = cells.filter(cells["ability"] == cells["benchmark"])["ais_p"].drop_nulls()
    assert contrast.mean_own_p == pytest.approx(own.mean())
    assert (contrast.links, random.links) == (cells["link"].sum(), 0)
    assert contrast.own_first == 1  # the deductive mask alone hurts its own benchmark most
    write_profile(found, AIS_P)
    text = capsys.readouterr().out
    assert "AIS_p · mlp · max_minus_shared" in text
    assert "a link: the whole interval is above .05" in " ".join(text.split())
    assert f"{contrast.links}    1/2" in text or f"{contrast.links}  1/2" in " ".join(text.split())
    assert "temporal_reasoning: not identifiable: base p(right)" in text
