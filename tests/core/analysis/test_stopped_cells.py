"""What is read of runs that stop when it is known: the figures of a profile, and those so far."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cache.folder import Store
from core.analysis.failures import failures
from core.analysis.matrix import Matrix, beside_random, matrix, sweep
from core.analysis.profile import stored_profile
from core.analysis.samples import Samples
from core.analysis.statistics.intervals import anytime_interval, losses_of
from core.analysis.statistics.scores import right_probabilities
from core.analysis.stored import cache_status, cached_abilities, cached_benchmarks, stored_specificity
from core.benchmarks.drawn import parts_of
from core.run.experiment import Experiment
from tests.core.analysis.stopped_runs import (
    ABSENT,
    BENCHMARK,
    BROKEN_OFF,
    DRAWN,
    ENDS,
    KEPT,
    LOST,
    MASK,
    UNTIL,
    N,
    stopped_runs,
)
from tui.result_words import settled_words


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    return stopped_runs(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def found(experiment: Experiment) -> Matrix:
    return matrix(experiment, MASK, [BENCHMARK], N, UNTIL)


def test_a_cell_has_the_items_that_it_took(found: Matrix) -> None:
    cells = {ability: found.cells[ability, LOST] for ability in (LOST, KEPT, BROKEN_OFF, ABSENT)}
    n = {ability: cell.statistics and cell.statistics.n for ability, cell in cells.items()}
    assert n == {LOST: ENDS[0], KEPT: N, BROKEN_OFF: ENDS[0], ABSENT: None}
    assert [cell.link for cell in cells.values()] == [True, None, None, None]
    assert [cell.is_unfinished for cell in cells.values()] == [False, False, True, False]
    words = [
        settled_words(cell.statistics, is_over=not cell.is_unfinished)
        for cell in cells.values()
        if cell.statistics is not None
    ]
    assert words == ["link", "open", "open so far"]


def test_the_interval_is_that_of_its_first_items_in_the_order_drawn(
    found: Matrix, experiment: Experiment
) -> None:
    samples = Samples.open(experiment, DRAWN, N, replace(MASK, ability=KEPT), UNTIL)
    statistics = found.cells[KEPT, LOST].statistics
    assert samples is not None
    assert statistics is not None
    frames = [experiment.store.outcomes.load_many(keys_of(experiment, mask)).frames for mask in (None, KEPT)]
    base, ablated = (
        [p for frame in by_key.values() for p in right_probabilities(frame)]  # type: ignore[union-attr]
        for by_key in frames
    )
    low, high = anytime_interval(losses_of(np.array(base), np.array(ablated), 0.25))
    assert (statistics.ais_p_low, statistics.ais_p_high) == (pytest.approx(low), pytest.approx(high))


def keys_of(experiment: Experiment, ability: str | None) -> list[str]:
    mask = None if ability is None else replace(MASK, ability=ability)
    return [experiment.request(mask, part, part.n_items).key for part in parts_of(DRAWN)]


def test_what_is_missing_is_asked_for_in_the_order_drawn(found: Matrix) -> None:
    assert {(run.n, run.part and (run.part.of, run.part.start)) for run in found.missing} == {(N, (N, 0))}
    masks = {run.mask.ability for run in found.missing if run.mask is not None}
    assert BROKEN_OFF in masks
    assert not masks & {LOST, KEPT}


def test_without_the_intact_model_nothing_is_known(tmp_path: Path, experiment: Experiment) -> None:
    empty = replace(experiment, store=Store(tmp_path))
    found = matrix(empty, MASK, [BENCHMARK], N, UNTIL)
    assert found.missing[0].mask is None
    assert {cell.state for cell in found.cells.values()} == {"missing"}


def test_the_report_has_the_figures_of_the_matrix(found: Matrix, experiment: Experiment) -> None:
    profile, _ = stored_profile(experiment, MASK, [BENCHMARK], N, (), UNTIL)
    assert profile.plan.abilities == (KEPT, LOST)  # in the order of the abilities
    rows = {row["ability"]: row for row in profile.cells.filter(selection="top").to_dicts()}
    for ability, row in rows.items():
        cell = found.cells[ability, LOST]
        assert cell.statistics is not None
        names = ("n", "ais", "ais_low", "ais_high", "p_value", "ais_p", "ais_p_low", "ais_p_high", "until")
        assert {name: getattr(cell.statistics, name) for name in names} == {n: row[n] for n in names}
        assert (cell.link, cell.over_random_p_low) == (row["link"], row["over_random_p_low"])


def test_another_least_effect_reads_the_same_parts(experiment: Experiment) -> None:
    coarse = matrix(experiment, MASK, [BENCHMARK], N, 0.9)
    cell = coarse.cells[KEPT, LOST]
    assert cell.statistics is not None
    assert (cell.statistics.n, cell.link) == (ENDS[0], False)
    assert not coarse.cells[BROKEN_OFF, LOST].is_unfinished


def test_marks_say_what_is_over(experiment: Experiment) -> None:
    assert cached_abilities(experiment, MASK, DRAWN, N, UNTIL) == {LOST, KEPT}
    assert cached_benchmarks(experiment, MASK, [DRAWN], N, UNTIL) == {LOST}
    cut_off = cache_status(experiment, replace(MASK, ability=BROKEN_OFF), DRAWN, N, UNTIL)
    assert (cut_off.base, cut_off.ablated, cut_off.control) == (True, False, False)


def test_of_the_answers_those_count_that_were_needed(experiment: Experiment) -> None:
    samples = Samples.open(experiment, DRAWN, N, MASK, UNTIL)
    assert samples is not None
    assert samples.base_answers is not None
    assert samples.ablated_answers is not None
    assert (samples.n, samples.base_answers.n_known, samples.ablated_answers.n_known) == (N, N, ENDS[0])
    assert samples.counts["all"] == N
    assert samples.sample(ENDS[0]).ablated is None
    assert samples.sample(0).ablated is not None
    assert samples.mcnemar_p is None
    found = failures(samples)
    assert found is not None
    assert found.n == ENDS[0]


def test_specificity_is_that_of_the_items_that_all_have(found: Matrix, experiment: Experiment) -> None:
    one = stored_specificity(experiment, MASK, DRAWN, N, by_probability=True, until=UNTIL)
    assert one is not None
    assert one.masks == 2
    assert one.low <= one.difference <= one.high
    assert one.difference == pytest.approx(one.own - one.others, abs=0.1)
    assert beside_random(experiment, MASK, DRAWN, N, UNTIL) is not None
    (point,) = sweep(experiment, MASK, [MASK.k], BENCHMARK, N, UNTIL)
    assert point.statistics == found.cells[LOST, LOST].statistics
