from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis.statistics.cells import cell_statistics
from core.analysis.statistics.intervals import (
    paired_bootstrap,
    resampled_impacts,
)
from core.analysis.statistics.scores import (
    PlausibleRange,
    accuracy,
    benjamini_hochberg,
    collapsed,
    empirical_p,
    holm,
    identifiable,
    impact,
    is_plausible,
    mcnemar_exact,
)

CHANCE = 0.25


def answers(n: int, right: int) -> np.ndarray:
    """n answers of which the first are right."""
    return np.arange(n) < right


def damaged(rng: np.random.Generator, n: int, base: float, kept: float, gained: float = 0.0) -> tuple:
    """Answers of a model and of its damaged copy, drawn at random."""
    before = rng.random(n) < base
    return before, np.where(before, rng.random(n) < kept, rng.random(n) < gained)


# --- accuracy, chance, AIS ---


@given(st.integers(1, 500), st.data())
def test_wilson_interval_equals_scipys(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    ours = accuracy(answers(n, right))
    theirs = scipy.stats.binomtest(right, n).proportion_ci(method="wilson")
    assert ours.n == n
    assert ours.score == pytest.approx(right / n)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_no_items_is_an_error() -> None:
    with pytest.raises(ValueError, match="no items"):
        accuracy(np.zeros(0, bool))


@pytest.mark.parametrize(
    ("base", "ablated", "expected"),
    # By hand, chance 0.25: 0.85 has 0.60 above chance.
    [(0.85, 0.85, 0.0), (0.85, 0.55, 0.5), (0.85, 0.25, 1.0), (0.85, 0.10, 1.25), (0.85, 0.91, -0.1)],
)
def test_impact_by_hand(base: float, ablated: float, expected: float) -> None:
    assert impact(base, ablated, CHANCE) == pytest.approx(expected)


@pytest.mark.parametrize("base", [0.0, 0.2, 0.25])
def test_impact_needs_a_base_above_chance(base: float) -> None:
    with pytest.raises(ValueError, match=f"{base:.3f} is not above chance 0.250"):
        impact(base, 0.1, CHANCE)


@pytest.mark.parametrize(
    ("score", "chance", "n", "holds"),
    [
        # two standard errors of 0.5 over 100 items are 0.1; of 0.31 over 200, 0.0654
        (0.5, 0.39, 100, True),
        (0.5, 0.41, 100, False),
        (0.32, 0.25, 200, True),
        (0.31, 0.25, 200, False),
        (0.0, 0.0, 200, False),
        (0.02, 0.0, 200, True),
        # all right: the error is the one of chance, 2 * sqrt(0.1875 / n)
        (1.0, 0.25, 2, True),
        (1.0, 0.25, 1, False),
        (1.0, 0.0, 1, True),
        (0.1, 0.25, 200, False),
    ],
)
def test_identifiable(score: float, chance: float, n: int, holds: bool) -> None:
    verdict = identifiable(score, chance, n)
    assert verdict.holds is holds
    assert (verdict.reason == "") is holds


def test_collapse_needs_every_benchmark_at_chance() -> None:
    # two standard errors of chance 0.25 over 200 items are 0.0612
    assert collapsed([0.31, 0.10, 0.0], [0.25, 0.25, 0.0], [200, 200, 200])
    assert not collapsed([0.32, 0.19, 0.0], [0.25, 0.25, 0.0], [200, 200, 200])
    assert not collapsed([0.31, 0.19, 0.01], [0.25, 0.25, 0.0], [200, 200, 200])


@pytest.mark.parametrize(("scores", "ns"), [([], []), ([0.2], [200, 200])])
def test_collapse_of_nothing_is_an_error(scores: list[float], ns: list[int]) -> None:
    with pytest.raises(ValueError, match=r"benchmark|argument"):
        collapsed(scores, [CHANCE] * len(scores), ns)


# --- the bootstrap ---


def scipy_interval(base: np.ndarray, ablated: np.ndarray, chance: float) -> tuple[float, float]:
    def statistic(before: np.ndarray, after: np.ndarray, axis: int) -> np.ndarray:
        return (before.mean(axis) - after.mean(axis)) / (before.mean(axis) - chance)

    interval = scipy.stats.bootstrap(
        (base.astype(float), ablated.astype(float)),
        statistic,
        paired=True,
        method="percentile",
        n_resamples=20000,
        batch=2000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    return interval.low, interval.high


@pytest.mark.parametrize(("base", "kept", "gained"), [(0.9, 0.7, 0.0), (0.6, 0.9, 0.2), (0.95, 0.2, 0.3)])
def test_interval_equals_scipys(base: float, kept: float, gained: float) -> None:
    before, after = damaged(np.random.default_rng(2), 150, base, kept, gained)
    ours = paired_bootstrap(before, after[None], CHANCE, resamples=20000)
    assert (ours.low[0], ours.high[0]) == pytest.approx(scipy_interval(before, after, CHANCE), abs=0.015)
    assert ours.ais[0] == pytest.approx(impact(before.mean(), after.mean(), CHANCE))


def test_all_masks_at_once_equal_one_by_one() -> None:
    rng = np.random.default_rng(3)
    before = rng.random(80) < 0.8
    after = rng.random((5, 80)) < 0.6
    together = paired_bootstrap(before, after, CHANCE, resamples=500)
    alone = [paired_bootstrap(before, row[None], CHANCE, resamples=500) for row in after]
    for name in ("ais", "low", "high"):
        assert getattr(together, name).tolist() == [getattr(one, name)[0] for one in alone]


def test_seed_decides_and_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = damaged(np.random.default_rng(4), 60, 0.8, 0.7)
    first = paired_bootstrap(before, after[None], CHANCE, seed=1)
    again = paired_bootstrap(before, after[None], CHANCE, seed=1)
    monkeypatch.setattr("core.analysis.statistics.intervals.CHUNK", 60 * 7)
    in_chunks = paired_bootstrap(before, after[None], CHANCE, seed=1)
    assert first == again == in_chunks
    assert first != paired_bootstrap(before, after[None], CHANCE, seed=2)


def test_no_flips_among_few_items_say_less_than_among_many() -> None:
    ends = []
    for n in (50, 200, 5000):
        before = answers(n, n * 8 // 10)
        ais, low, high = paired_bootstrap(before, before[None], CHANCE)
        assert ais[0] == 0.0
        assert low[0] == pytest.approx(-high[0], rel=0.35)
        ends.append(high[0])
    # With the "rule of three" the drop can be 3 of n items, of 0.55 above chance: 0.109, 0.027, 0.001.
    assert ends == pytest.approx([0.109, 0.027, 0.0011], rel=0.4)


def test_equal_fractions_are_no_drop_however_they_are_added() -> None:
    scores = np.random.default_rng(5).random(300).astype(np.float32)
    drops = scores.astype(np.float64) - np.roll(scores, 150)  # they cancel out over each cluster
    clusters = np.arange(300) % 150
    values = resampled_impacts(scores, drops[None], 0.9, resamples=500, seed=0, clusters=clusters)
    # The base is below 0.9, so what is no drop is infinite; about e^-1 of the resamples have no half item.
    assert 0.3 < np.mean(values == 0) < 0.6
    assert np.isinf(values[values != 0]).all()


def test_base_near_chance_gives_an_unbounded_interval() -> None:
    # 8 of 20 right at chance 0.25: many resamples have no room above chance, and the drop may be anything.
    before = answers(20, 8)
    interval = paired_bootstrap(before, np.stack([answers(20, 2), answers(20, 14)]), CHANCE)
    assert interval.high[0] == math.inf
    assert interval.low[1] == -math.inf
    assert not np.isnan(interval).any()


def test_copies_of_an_item_in_one_cluster_add_no_information() -> None:
    before, after = damaged(np.random.default_rng(6), 100, 0.9, 0.6)
    once = paired_bootstrap(before, after[None], CHANCE, resamples=4000)
    before4, after4 = np.repeat(before, 4), np.repeat(after, 4)
    clusters = np.repeat([f"passage {i}" for i in range(100)], 4)
    clustered = paired_bootstrap(before4, after4[None], CHANCE, resamples=4000, clusters=clusters)
    assert clustered == once
    naive = paired_bootstrap(before4, after4[None], CHANCE, resamples=4000)
    assert (naive.high - naive.low)[0] < 0.6 * (once.high - once.low)[0]


def test_clusters_of_unequal_size_equal_resampling_by_hand() -> None:
    rng = np.random.default_rng(7)
    clusters = rng.integers(0, 12, 90)
    before, after = damaged(rng, 90, 0.85, 0.6)
    ours = paired_bootstrap(before, after[None], CHANCE, resamples=8000, clusters=clusters)
    groups = [np.flatnonzero(clusters == label) for label in np.unique(clusters)]
    nets = np.array([before[rows].sum() - after[rows].sum() for rows in groups])
    half_item = np.abs(nets).sum() / np.count_nonzero(nets)
    values = []
    for _ in range(4000):
        drawn = rng.integers(0, len(groups) + 1, len(groups))
        rows = np.concatenate([groups[c] for c in drawn if c < len(groups)])
        halves = np.count_nonzero(drawn == len(groups))
        lost = before[rows].sum() - after[rows].sum() + half_item * rng.choice([-1, 1], halves).sum()
        values.append(lost / (before[rows].sum() - CHANCE * len(rows)))
    assert (ours.low[0], ours.high[0]) == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.02)


@pytest.mark.parametrize("shape", [(10,), (2, 9), (1, 1, 10)])
def test_shapes_that_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="10 items"):
        paired_bootstrap(answers(10, 9), np.zeros(shape, bool), CHANCE)


# --- tests and corrections ---


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), min_size=1, max_size=4))
def test_mcnemar_equals_scipys_binomial_test(flips: list[tuple[int, int]]) -> None:
    base = np.arange(300) < 150
    after = np.stack([np.where(base, np.arange(300) >= b, np.arange(300) < 150 + f) for b, f in flips])
    expected = [scipy.stats.binomtest(b, b + f).pvalue if b + f else 1.0 for b, f in flips]
    assert mcnemar_exact(base, after) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_of_many_items_and_by_hand() -> None:
    base = answers(20000, 12000)
    after = answers(20000, 11800)
    assert mcnemar_exact(base, after[None])[0] == pytest.approx(2.0 * 0.5**200)
    # 5 broken, 1 fixed: 2 * (1 + 6) / 64
    six = np.array([True] * 5 + [False])
    assert mcnemar_exact(six, ~six[None]) == pytest.approx([14 / 64])


@given(st.lists(st.floats(0, 1), max_size=30))
def test_benjamini_hochberg_equals_scipys(p_values: list[float]) -> None:
    ours = benjamini_hochberg(np.array(p_values))
    theirs = scipy.stats.false_discovery_control(p_values) if p_values else []
    assert ours == pytest.approx(theirs)


@pytest.mark.parametrize("odd", [float("nan"), -0.1, 1.1])
def test_what_is_no_p_value_is_refused(odd: float) -> None:
    with pytest.raises(ValueError, match="p-value"):
        benjamini_hochberg(np.array([0.5, odd]))


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_is_the_closed_test_of_bonferroni(p_values: list[float]) -> None:
    """The largest Bonferroni p of any set that has the hypothesis: the definition, not the formula."""
    ours = holm(np.array(p_values))
    ordered = np.sort(p_values)
    # The worst subset of m that has a p-value: itself as the least, and of any others that are larger.
    for p, adjusted in zip(p_values, ours, strict=True):
        worst = max(
            min(1.0, least * (len(p_values) - np.searchsorted(ordered, least)))
            for least in ordered
            if least <= p
        )
        assert adjusted == pytest.approx(worst)


def test_holm_by_hand() -> None:
    # 4 * 0.01, 3 * 0.02, 2 * 0.03 (no less than the one before), 1 * 0.5
    assert holm(np.array([[0.5, 0.01], [0.03, 0.02]])) == pytest.approx(np.array([[0.5, 0.04], [0.06, 0.06]]))
    with pytest.raises(ValueError, match="p-value"):
        holm(np.array([0.5, float("nan")]))


def test_empirical_p_by_hand() -> None:
    random = np.linspace(-0.1, 0.08, 19)
    assert empirical_p(0.5, random) == (0.05, 19)
    assert empirical_p(random[-2], random).p_value == pytest.approx(3 / 20)  # a tie is as far
    assert empirical_p(-1.0, random).p_value == 1.0
    for ais, masks in ((0.5, []), (float("nan"), random), (0.5, [0.1, float("inf")])):
        with pytest.raises(ValueError, match=r"random mask|not defined"):
            empirical_p(ais, masks)


def test_empirical_p_of_a_random_mask_is_uniform() -> None:
    rng = np.random.default_rng(10)
    found = [empirical_p(ais, random).p_value for ais, *random in rng.normal(size=(4000, 20))]
    assert np.mean(np.array(found) <= 0.05 + 1e-9) == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize(
    ("score", "holds"), [(0.0, False), (0.97, False), (0.05, True), (0.5, True), (0.95, True)]
)
def test_base_scores_out_of_range(score: float, holds: bool) -> None:
    verdict = is_plausible(score, PlausibleRange("arc_challenge", 0.05, 0.95), 20)
    assert verdict.holds is holds
    said = f"base score {score:.3g} is not plausible for arc_challenge [0.05, 0.95]: check the prompt format"
    assert verdict.reason.startswith("" if holds else said)
    assert bool(verdict.reason) is not holds


@pytest.mark.parametrize("n", [1, 5, 19])
def test_a_few_items_do_not_tell_of_a_broken_set_up(n: int) -> None:
    limits = PlausibleRange("boolq", 0.3, 0.95)
    assert all(is_plausible(score, limits, n).holds for score in (0.0, 0.2, 1.0))
    (cell,) = cell_statistics(answers(n, 0), answers(n, 0)[None], CHANCE, limits=limits)
    assert cell.reason.startswith("not identifiable: base accuracy 0.00 is not above chance")


def test_a_base_score_that_cannot_be_believed_has_no_ais() -> None:
    base, limits = answers(100, 97), PlausibleRange("arc_challenge", 0.05, 0.95)
    (cell,) = cell_statistics(base, answers(100, 40)[None], CHANCE, limits=limits)
    assert (cell.defined, cell.ais, cell.detectable_ais) == (False, None, None)
    assert "0.97 is not plausible for arc_challenge [0.05, 0.95]" in cell.reason
    # A broken set-up is told before a score that is merely too weak.
    (weak,) = cell_statistics(answers(100, 2), answers(100, 2)[None], CHANCE, limits=limits)
    assert "not plausible" in weak.reason
    (usual,) = cell_statistics(answers(100, 90), answers(100, 40)[None], CHANCE, limits=limits)
    assert usual.defined


# --- cells ---


def test_cells_by_hand() -> None:
    base = answers(100, 85)
    cells = cell_statistics(base, np.stack([answers(100, 55), base]), CHANCE)
    hurt, same = cells
    assert (hurt.n, hurt.base_score, hurt.score, hurt.chance) == (100, 0.85, 0.55, 0.25)
    assert hurt.ais == pytest.approx(0.5)
    assert hurt.ais_low is not None
    assert hurt.ais_high is not None
    assert 0.3 < hurt.ais_low < 0.5 < hurt.ais_high < 0.7
    assert hurt.p_value == pytest.approx(2 * 0.5**30)
    assert (hurt.defined, hurt.reason) == (True, "")
    # Of 100 items, six flips or more in 80 of 100 runs: the share at which the sixth comes, by scipy.
    least = scipy.stats.beta.ppf(0.8, 6, 95)
    assert hurt.detectable_ais == pytest.approx(least / 0.60, abs=3e-4)
    assert (same.ais, same.p_value) == (0.0, 1.0)
    assert same.ais_low is not None
    assert same.ais_high is not None
    assert -0.1 < same.ais_low < 0.0 < same.ais_high < 0.1


@pytest.mark.parametrize("chance", [0.25, None])
def test_cells_without_a_defined_ais_say_why(chance: float | None) -> None:
    (cell,) = cell_statistics(answers(100, 20), answers(100, 10)[None], chance)
    assert (cell.score, cell.base_score) == (0.10, 0.20)
    assert (cell.ais, cell.ais_low, cell.ais_high, cell.defined) == (None, None, None, False)
    assert cell.reason.startswith("not identifiable: ")
    assert cell.p_value == pytest.approx(2 * 0.5**10)


@pytest.mark.parametrize("shape", [(0, 0), (10,), (2, 9)])
def test_cells_of_nothing_are_an_error(shape: tuple[int, ...]) -> None:
    n = 0 if shape == (0, 0) else 10
    with pytest.raises(ValueError, match=f"{n} items"):
        cell_statistics(answers(n, n), np.zeros(shape, bool), CHANCE)
