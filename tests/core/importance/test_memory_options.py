"""What a person decides of importance: nonsense is refused, and what changes no number is in no key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cache.folder import Store
from core.benchmarks.registry import find_benchmarks
from core.importance.memory import MemoryOptions, check_memory_options, rounding_of
from core.models.spec import DType, ModelSpec
from core.run.events import Event, ImportancePlanned
from core.run.experiment import divergences_request
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec

IMPORTANCE = ImportanceSpec(n_items=6)
MASK = MaskSpec("spatial_reasoning", "all", "top", 0.02)


def bench_with(root: Path, memory_options: MemoryOptions, told: list[Event] | None = None) -> Runner:
    told = [] if told is None else told
    return Runner(
        ModelSpec(device="cpu"), Store(root), IMPORTANCE, memory_options=memory_options, emit=told.append
    )


@pytest.mark.parametrize(
    ("memory_options", "words"),
    [
        (MemoryOptions(passes=5), "--passes 5 asks for more passes than the model has layers: give 1 to 4"),
        (MemoryOptions(accumulate_on="device"), "--accumulate-on device is for models on a GPU"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_loaded(
    memory_options: MemoryOptions, words: str, tmp_path: Path
) -> None:
    runner = bench_with(tmp_path, memory_options)
    with pytest.raises(ValueError, match=words):
        runner.mask(MASK)
    assert "loaded" not in vars(runner)


def test_memory_options_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="leave one of them out"):
        check_memory_options(MemoryOptions(accumulate_on="host", maps="disk"))
    check_memory_options(MemoryOptions(2, "device", "disk", 4, True))


def ranking(
    root: Path, memory_options: MemoryOptions
) -> tuple[NDArray[np.int16], NDArray[np.int32], ImportancePlanned]:
    told: list[Event] = []
    runner = bench_with(root, memory_options, told)
    n = len(runner.mask(MASK))
    stored = runner.store.rankings.load(runner.ranking_key(MASK), n)
    assert stored is not None
    (planned,) = [event for event in told if isinstance(event, ImportancePlanned)]
    return stored.matrix_ids, stored.local_indices, planned


def test_what_is_asked_for_is_done_and_told_and_gives_the_same_ranking(tmp_path: Path) -> None:
    ids, local, usual = ranking(tmp_path / "usual", MemoryOptions())
    assert (usual.ability, usual.passes, usual.maps, usual.checkpointing) == (
        "spatial_reasoning", 1, "memory", False
    )  # fmt: skip
    assert not usual.on_gpu
    memory_options = MemoryOptions(passes=3, maps="disk", checkpointing=True)
    other_ids, other_local, planned = ranking(tmp_path / "other", memory_options)
    assert (planned.passes, planned.maps, planned.checkpointing) == (3, "disk", True)
    assert (planned.device_bytes, usual.disk_bytes) == (0, 0)
    assert planned.disk_bytes > 0 < planned.host_bytes
    assert np.array_equal(ids, other_ids)
    assert np.array_equal(local, other_local)


def test_only_what_rounds_otherwise_is_in_the_key(tmp_path: Path) -> None:
    def key(memory_options: MemoryOptions) -> str:
        return bench_with(tmp_path, memory_options).ranking_key(MASK)

    usual = key(MemoryOptions())
    same = MemoryOptions(passes=2, maps="disk", checkpointing=True)
    assert (
        key(same) == key(MemoryOptions(accumulate_on="host")) == usual
    )  # on a CPU the sums are there anyway
    assert len({usual, key(MemoryOptions(scoring_batch=4)), key(MemoryOptions(scoring_batch=8))}) == 3
    assert rounding_of(MemoryOptions(accumulate_on="host"), on_gpu=True) == {"accumulate_on": "host"}
    assert rounding_of(same, on_gpu=True) == {}


def test_the_dtype_is_in_every_key_of_numbers(tmp_path: Path) -> None:
    (benchmark,) = find_benchmarks(["spatial_reasoning"])
    dtypes: tuple[DType, ...] = ("auto", "float32", "bfloat16", "float16")

    def keys(dtype: DType) -> tuple[str, ...]:
        runner = Runner(ModelSpec(device="cpu", dtype=dtype), Store(tmp_path), IMPORTANCE)
        base, ablated = (runner.request(mask, benchmark, 5) for mask in (None, MASK))
        return runner.ranking_key(MASK), base.key, ablated.key, divergences_request(base, ablated)[0]

    auto, *named = map(keys, dtypes)
    assert auto == named[0]  # the demo's checkpoint is float32
    for of_each_dtype in zip(*named, strict=True):
        assert len(set(of_each_dtype)) == len(named)
