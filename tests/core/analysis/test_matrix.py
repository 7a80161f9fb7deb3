from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from cache.folder import Store
from core.abilities import ABILITIES
from core.analysis.matrix import Matrix, beside_random, matrix, sweep
from core.analysis.profile import profile_of
from core.analysis.stored import cache_status, cached_abilities, cached_benchmarks
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.experiment import Experiment
from core.run.plan import Plan
from core.run.specs import MaskSpec, Run, drawn_seed

N = 40
BENCHMARKS = find_benchmarks(["analogical_reasoning", "spatial_reasoning", "temporal_reasoning"])
MASKS = [MaskSpec(ability.id, "mlp", "top", 0.01) for ability in ABILITIES]
RIGHT = {None: (0.95, 0.9, 0.2), MASKS[0]: (0.2, 0.3, 0.2), MASKS[1]: (0.5, 0.9, 0.2)}
"""The intact model cannot do the third benchmark, and the first mask collapses it on the two others."""


def save(experiment: Experiment, masks: Sequence[MaskSpec | None], seed: int = 0) -> None:
    """Saves made-up outcomes of the masks on all benchmarks."""
    rng = np.random.default_rng(seed)
    for mask in masks:
        for benchmark, right in zip(BENCHMARKS, RIGHT.get(mask, (0.9, 0.85, 0.25)), strict=True):
            request = experiment.request(mask, benchmark, N)
            correct = rng.permutation(np.arange(N) < right * N).tolist()
            options = [[1.0, -1.0] if one else [-1.0, 1.0] for one in correct]
            columns = {"item_id": [str(i) for i in range(N)], "correct": correct}
            columns |= {"gold": [0] * N, "loglikelihoods": options}
            experiment.store.outcomes.save(request.key, request.key_inputs, columns)


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(ModelSpec(), Store(tmp_path))


def the_matrix(experiment: Experiment) -> Matrix:
    return matrix(experiment, MASKS[0], BENCHMARKS, limit=N)


def test_a_full_matrix_has_the_numbers_of_a_profile(experiment: Experiment) -> None:
    controls = [mask.control for mask in MASKS]
    save(experiment, [None, *MASKS, *controls])
    abilities = tuple(ability.id for ability in ABILITIES)
    plan = Plan(abilities, ("mlp",), ("top", "random"), (0.01,), BENCHMARKS, limit=N)
    keys = {mask: [r.key for r in plan.requests(experiment, mask)] for mask in (None, *plan.masks())}
    frames = {m: [experiment.store.outcomes.load(key) for key in of_mask] for m, of_mask in keys.items()}
    profile = profile_of(plan, experiment, frames)  # type: ignore[arg-type]
    found = the_matrix(experiment)
    for row in profile.cells.filter(selection="top").to_dicts():
        cell = found.cells[row["ability"], row["benchmark"]]
        assert cell.statistics is not None
        assert {name: row[name] for name in asdict(cell.statistics)} == asdict(cell.statistics)
        assert (cell.q_value, cell.holm_p) == (row["q_value"], row["holm_p"])
        assert cell.specificity_p_low == row["specificity_p_low"]
        assert cell.over_random_p_low == row["over_random_p_low"]
        assert (row["ability"] in found.collapsed) == row["collapsed"]
        assert found.weights == row["weights"]
        assert found.share_of_candidates == row["share_of_candidates"]
    for row in profile.cells.filter(selection="random").to_dicts():
        control = found.cells[row["ability"], row["benchmark"]].control
        assert control is not None
        assert control.score == row["score"]
    assert found.collapsed == {abilities[0]}
    assert found.missing == ()
    assert [found.cells["deductive_reasoning", b].state for b in found.benchmarks] == [
        "defined", "defined", "not_identifiable",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 7])
def test_all_stored_random_masks_make_the_empirical_p_of_a_profile(experiment: Experiment, seed: int) -> None:
    abilities = tuple(ability.id for ability in ABILITIES)
    plan = Plan(
        abilities, ("mlp",), ("top", "random"), (0.01,), BENCHMARKS, limit=N, seed=seed, random_seeds=4
    )
    masks = [None, *plan.masks()]
    save(experiment, masks)
    keys = {mask: [r.key for r in plan.requests(experiment, mask)] for mask in masks}
    frames = {m: [experiment.store.outcomes.load(key) for key in of_mask] for m, of_mask in keys.items()}
    rows = profile_of(plan, experiment, frames).cells.filter(selection="top").to_dicts()  # type: ignore[arg-type]
    found = matrix(experiment, replace(MASKS[0], seed=seed), BENCHMARKS, limit=N)
    p_values = set()
    for row in rows:
        empirical = found.cells[row["ability"], row["benchmark"]].empirical
        told = (None, 0) if empirical is None else (empirical.p_value, empirical.masks)
        assert told == (row["empirical_p"], row["random_masks"])
        mask = replace(MASKS[0], ability=row["ability"], seed=seed)
        (benchmark,) = (one for one in BENCHMARKS if one.id == row["benchmark"])
        assert beside_random(experiment, mask, benchmark, N) == empirical
        p_values.add(row["empirical_p"])
    assert p_values == ({None, 0.2, 1.0} if seed == 0 else {None, 1.0})  # none without an AIS
    drawn = matrix(experiment, replace(MASKS[0].control, seed=seed), BENCHMARKS, limit=N)
    assert all(cell.empirical is None for cell in drawn.cells.values())
    assert beside_random(experiment, replace(MASKS[0].control, seed=seed), BENCHMARKS[0], N) is None
    assert found.missing == ()


def test_of_a_stopped_profile_the_random_masks_that_are_there_count(experiment: Experiment) -> None:
    further = [replace(MASKS[1].control, seed=drawn_seed(0, draw)) for draw in (1, 2, 4)]
    save(experiment, [None, *MASKS, MASKS[1].control, *further])
    cells = the_matrix(experiment).cells
    counted = {a: empirical.masks for (a, _), c in cells.items() if (empirical := c.empirical)}
    assert counted == {MASKS[1].ability: 3}  # the fifth comes after a draw that is not there


def test_what_is_lacking_is_named_in_the_order_of_running_it(experiment: Experiment) -> None:
    save(experiment, [MASKS[0], MASKS[1].control])
    runs = the_matrix(experiment).missing
    masks = list(dict.fromkeys(run.mask for run in runs))
    assert masks == [None, *MASKS[1:], *(m.control for m in (MASKS[0], *MASKS[2:]))]
    assert runs[:3] == tuple(Run(None, benchmark.id, N) for benchmark in BENCHMARKS)
    assert len(runs) == 3 * len(masks)
    save(experiment, [None])
    found = the_matrix(experiment)
    states = {ability: found.cells[ability, BENCHMARKS[0].id].state for ability in found.abilities}
    assert [a for a, state in states.items() if state == "defined"] == [MASKS[0].ability]
    assert found.collapsed == {MASKS[0].ability}
    assert found.cells[MASKS[1].ability, BENCHMARKS[0].id].control is not None
    assert found.cells[MASKS[1].ability, BENCHMARKS[0].id].statistics is None


def test_a_random_mask_is_its_own_control(experiment: Experiment) -> None:
    save(experiment, [None, *(mask.control for mask in MASKS)])
    found = matrix(experiment, MASKS[0].control, BENCHMARKS, limit=N)
    assert found.missing == ()
    assert all(cell.control == cell.statistics for cell in found.cells.values())


def test_new_and_damaged_outcomes_are_noticed(experiment: Experiment) -> None:
    save(experiment, [None, *MASKS])
    first = the_matrix(experiment)
    assert the_matrix(experiment).cells == first.cells
    save(experiment, MASKS, seed=1)
    changed = the_matrix(experiment)
    assert changed.cells != first.cells
    path = experiment.store.outcomes.entries.payload_path(experiment.request(MASKS[2], BENCHMARKS[1], N).key)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    found = the_matrix(experiment)
    assert [error.path for error in found.damaged] == [path]
    assert found.cells[MASKS[2].ability, BENCHMARKS[1].id].state == "missing"
    assert Run(MASKS[2], BENCHMARKS[1].id, N) in found.missing


def test_a_sweep_shows_the_numbers_of_the_matrix(experiment: Experiment) -> None:
    save(experiment, [None, *MASKS, replace(MASKS[1], k=0.02), MASKS[1].control])
    cell = the_matrix(experiment).cells[MASKS[1].ability, BENCHMARKS[0].id]
    points = sweep(experiment, MASKS[1], [0.005, 0.01, 0.02], BENCHMARKS[0], N)
    assert [(p.k, p.statistics is None, p.control is None) for p in points] == [
        (0.005, True, True), (0.01, False, False), (0.02, False, True),
    ]  # fmt: skip
    assert (points[1].statistics, points[1].control) == (cell.statistics, cell.control)
    with pytest.raises(ValueError, match="choose a smaller k"):
        sweep(experiment, MASKS[1], [0.99], BENCHMARKS[0], N)


def test_cache_status_is_told_from_the_files(experiment: Experiment) -> None:
    mask, benchmark = MASKS[3], BENCHMARKS[0]
    save(experiment, [None, mask])
    found = cache_status(experiment, mask, benchmark, N)
    assert (found.base, found.ablated, found.control, found.ranking) == (True, True, False, False)
    assert not cache_status(experiment, mask, benchmark, N + 1).base
    assert cache_status(experiment, mask.control, benchmark, N).ranking
    assert cached_abilities(experiment, MASKS[0], benchmark, N) == {mask.ability}
    assert cached_benchmarks(experiment, mask, find_benchmarks(["all"]), N) == {b.id for b in BENCHMARKS}
    key = experiment.ranking_key(mask)
    for stored, is_enough in ((10, False), (experiment.mask_key_inputs(mask)["n"], True)):
        experiment.store.rankings.save(key, {}, np.zeros(stored, np.int16), np.zeros(stored, np.int32), {})
        assert cache_status(experiment, mask, benchmark, N).ranking is is_enough
