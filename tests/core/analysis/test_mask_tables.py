"""Masks read without torch, against what the engine itself selects and against counts by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cache.files import CorruptEntry
from cache.folder import Store
from core.abilities import ABILITIES
from core.analysis.mask_tables import Overlaps, mask_distribution, overlaps
from core.masks.choices import Selection
from core.models.matrices import Matrix, Variant
from core.models.spec import ModelSpec
from core.run.experiment import Experiment
from core.run.runner import Runner
from core.run.selected import selected
from core.run.specs import ImportanceSpec, MaskSpec

K = 0.01
SPATIAL = "spatial_reasoning"
MASK_SPEC = MaskSpec(SPATIAL, "all", "top", K)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """All rankings `top` of both variants, from very few items."""
    runner = Runner(ModelSpec(), Store(tmp_path_factory.mktemp("cache")), ImportanceSpec(n_items=4))
    for ability in ABILITIES:
        for variant in ("mlp", "all"):
            runner.mask(MaskSpec(ability.id, variant, "top", K))
    return runner


def _within(addresses: np.ndarray, matrix: Matrix) -> np.ndarray:
    return addresses[(addresses >= matrix.offset) & (addresses < matrix.offset + matrix.size)]


@pytest.mark.parametrize("selection", ["top", "random", "bottom"])
@pytest.mark.parametrize("variant", ["mlp", "all"])
def test_selects_what_the_engine_selects(runner: Runner, variant: Variant, selection: Selection) -> None:
    mask_spec = replace(MASK_SPEC, variant=variant, selection=selection)
    truth = runner.mask(mask_spec)
    found = selected(runner, mask_spec)
    assert found == truth


def test_counts_lie_where_the_engine_counts_them(runner: Runner) -> None:
    found, mask = mask_distribution(runner, MASK_SPEC), runner.mask(MASK_SPEC)
    assert found is not None
    inside = [len(_within(mask.addresses, matrix)) for matrix in runner.space.matrices]
    assert found.counts.ravel().tolist() == inside
    assert found.sizes.ravel().tolist() == [matrix.size for matrix in runner.space.matrices]
    by_layer, by_kind = Counter[int](), Counter[str]()
    for matrix, count in zip(runner.space.matrices, inside, strict=True):
        by_layer[matrix.layer] += count
        by_kind[matrix.kind] += count
    assert found.counts.sum(axis=1).tolist() == list(by_layer.values())
    assert dict(zip(found.kinds, found.counts.sum(axis=0).tolist(), strict=True)) == by_kind
    assert (found.n, found.candidates) == (len(mask), runner.space.size)
    assert found.enrichment[0, 0] == pytest.approx(found.share[0, 0] / (found.n / found.candidates))
    assert found.split_half_overlap is not None
    assert 0 < found.split_half_overlap < 1
    mlp = mask_distribution(runner, replace(MASK_SPEC, variant="mlp"))
    assert mlp is not None
    assert np.isnan(mlp.share[:, :4]).all()
    assert mlp.candidates == runner.info.candidates["mlp"]


def test_neurons_are_rows_of_gate_and_up_and_columns_of_down(runner: Runner) -> None:
    found, mask = mask_distribution(runner, MASK_SPEC), runner.mask(MASK_SPEC)
    assert found is not None
    totals = {}
    for layer in range(runner.info.layers):
        chosen = {
            matrix.kind: np.bincount(
                _within(mask.addresses, matrix) - matrix.offset, minlength=matrix.size
            ).reshape(matrix.rows, matrix.columns)
            for matrix in runner.space.matrices
            if matrix.layer == layer
        }
        by_unit = chosen["gate"].sum(1) + chosen["up"].sum(1) + chosen["down"].sum(0)
        totals.update({(layer, unit): count for unit, count in enumerate(by_unit.tolist())})
    for neuron in found.neurons:
        assert neuron.count == totals[neuron.layer, neuron.index]
        assert neuron.size == 3 * runner.info.hidden_size
    ordered = sorted(totals.values(), reverse=True)
    assert [neuron.count for neuron in found.neurons] == ordered[: len(found.neurons)]
    for x, y in found.concentration:
        assert y == pytest.approx(sum(ordered[: round(x * len(ordered))]) / sum(ordered))
    assert (found.concentration[0], found.concentration[-1]) == ((0.0, 0.0), (1.0, 1.0))


def check_pairs(found: Overlaps, runner: Runner, selection: Selection) -> None:
    """Holds some pairs against the engine's masks."""
    masks = [runner.mask(MaskSpec(ability, "mlp", selection, K)) for ability in found.abilities]
    for row, column in ((0, 1), (3, 7), (9, 4), (2, 2)):
        one, other = (set(masks[index].addresses.tolist()) for index in (row, column))
        both = len(one & other)
        assert found.shared[row, column] == both
        assert found.jaccard[row, column] == pytest.approx(both / len(one | other))
        assert found.containment[row, column] == pytest.approx(both / len(one))
        expected = len(one) * len(other) / found.candidates
        assert found.lift[row, column] == pytest.approx(both / expected)


def test_overlaps_are_those_of_the_engines_masks(runner: Runner) -> None:
    found = overlaps(runner, MaskSpec(SPATIAL, "mlp", "top", K))
    assert (found.missing, found.damaged) == ((), ())
    check_pairs(found, runner, "top")
    random = overlaps(runner, MaskSpec(SPATIAL, "mlp", "random", K))
    check_pairs(random, runner, "random")
    assert random.lift[np.triu_indices(10, 1)].mean() == pytest.approx(1, abs=0.1)


def test_what_is_not_stored_is_named_and_has_no_number(runner: Runner, tmp_path: Path) -> None:
    empty = Experiment(ModelSpec(), Store(tmp_path), runner.importance)
    assert mask_distribution(empty, MASK_SPEC) is None
    assert mask_distribution(runner, replace(MASK_SPEC, k=0.5)) is None
    mask_specs = [MaskSpec(ability.id, "mlp", "top", K) for ability in ABILITIES]
    for mask_spec in mask_specs[:2]:
        key = runner.ranking_key(mask_spec)
        ranking = runner.store.rankings.load(key)
        assert ranking is not None
        empty.store.rankings.save(key, {}, *ranking)
    found = overlaps(empty, MaskSpec(SPATIAL, "mlp", "top", K))
    assert found.present == (True, True, *[False] * 8)
    assert found.missing == tuple(mask_specs[2:])
    assert np.isnan(found.jaccard).sum() == 100 - 4


def test_a_damaged_ranking_is_never_shown(runner: Runner, tmp_path: Path) -> None:
    other = Experiment(ModelSpec(), Store(tmp_path), runner.importance)
    mask_spec = replace(MASK_SPEC, variant="mlp", k=1e-5)
    key = other.ranking_key(mask_spec)
    n = other.mask_key_inputs(mask_spec)["n"]
    other.store.rankings.save(key, {}, np.full(n, 99, np.int16), np.arange(n, dtype=np.int32), {})
    with pytest.raises(CorruptEntry, match="weights that the model lacks"):
        mask_distribution(other, mask_spec)
    found = overlaps(other, MaskSpec(SPATIAL, "mlp", "top", 1e-5))
    assert [error.path.stem for error in found.damaged] == [key]
