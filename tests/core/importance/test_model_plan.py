"""What a model needs before it is loaded, on computers that are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.importance.plan import plan_use
from core.models.description import candidate_weights, stored_matrices
from core.models.devices import Gpu
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from tests.core.made_up_machine import machine
from tests.core.tiny_models import ARCHITECTURES, random_model


def test_on_a_gpu_the_sums_lie_there_and_the_scores_in_main_memory(word_model: Path) -> None:
    gpu = Gpu("NVIDIA H100 80GB HBM3", 85 * 10**9, 80 * 10**9, "550.54.15")
    plan = plan_use(ModelSpec(dtype="float16"), word_model, machine(10**9, gpu))
    assert (plan.device, plan.dtype) == ("cuda:0", "float16")
    assert plan.importance is not None
    weights, accumulators, activations, maps = plan.importance.needs
    assert weights.device_bytes == 2 * 21_344
    assert accumulators.device_bytes == 4 * plan.candidate_weights
    assert maps.host_bytes >= 8 * plan.candidate_weights
    importance = plan.needs[1]
    on_gpu = weights.device_bytes + accumulators.device_bytes + activations.device_bytes
    assert (importance.gpu_bytes, importance.main_bytes) == (on_gpu, maps.host_bytes)
    assert importance.fits


def test_what_does_not_fit_or_is_unknown_is_said(word_model: Path) -> None:
    def fits(*there: object) -> list[bool | None]:
        plan = plan_use(ModelSpec(), word_model, machine(*there))  # type: ignore[arg-type]
        return [need.fits for need in plan.needs]

    assert fits(4 * 21_344) == [True]
    assert fits(4 * 21_343) == [False]
    assert fits(None) == [None, None]
    assert fits(10**9, Gpu("shared", None, None, "1")) == [None, None]
    assert fits(0, Gpu("large", 10**9, 10**9, "1")) == [True]
    problem = plan_use(ModelSpec(), word_model, machine(4 * 21_344)).problem
    assert problem is not None
    assert "Importance takes at least" in problem


def test_maps_that_main_memory_has_no_room_for_go_to_the_cache_folder(
    word_model: Path, tmp_path: Path
) -> None:
    gpu = Gpu("large", 10**9, 10**9, "1")
    plan = plan_use(ModelSpec(), word_model, machine(10**5, gpu), tmp_path / "not" / "made")
    assert plan.importance is not None
    assert plan.importance.maps == "disk"
    assert plan.needs[1].disk_bytes == 8 * plan.candidate_weights


def test_4_bit_weights_take_their_packed_bytes_and_scales(word_model: Path) -> None:
    plan = plan_use(ModelSpec(quantization="nf4"), word_model, machine(10**9))
    assert plan.dtype == "nf4, bfloat16"
    candidates = plan.candidate_weights
    beside = 2 * (21_344 - candidates)
    # 14 matrices, each with scales of a byte for 64 weights, one float32 of theirs, and code tables.
    assert plan.needs[0].main_bytes == beside + candidates // 2 + candidates // 64 + 14 * (4 + 64 + 1024 + 4)


def test_a_gpu_that_is_not_here_is_said(word_model: Path) -> None:
    with pytest.raises(ValueError, match="1 GPUs found"):
        plan_use(ModelSpec(device="cuda:1"), word_model, machine(10**9, Gpu("one", 1, 1, "1")))


def test_a_model_that_one_gpu_cannot_hold_is_spread(word_model: Path) -> None:
    small, large = (Gpu(name, 10**9, free, "1") for name, free in (("small", 60_000), ("large", 10**9)))
    plan = plan_use(ModelSpec(), word_model, machine(10**9, small, small))
    assert (plan.device, plan.needs[0].fits) == ("cuda:0, cuda:1", True)
    assert plan_use(ModelSpec(), word_model, machine(10**9, large, small)).device == "cuda:0"
    nowhere = plan_use(ModelSpec(), word_model, machine(10**9, Gpu("tiny", 1, 30_000, "1"), small))
    assert (nowhere.device, nowhere.needs[0].fits) == ("cuda:0, cuda:1", True)
    full = Gpu("full", 10**9, 10, "1")
    assert plan_use(ModelSpec(), word_model, machine(10**9, full, full)).needs[0].fits is False
    assert (
        plan_use(ModelSpec(device="cuda:1"), word_model, machine(10**9, small, small)).needs[0].fits is False
    )


def test_whose_dtype_it_is(word_model: Path) -> None:
    assert plan_use(ModelSpec(), word_model, machine()).is_own_dtype
    assert not plan_use(ModelSpec(dtype="float32"), word_model, machine()).is_own_dtype
    assert not plan_use(ModelSpec(quantization="nf4"), word_model, machine()).is_own_dtype


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_candidate_weights_are_those_of_the_weight_space(architecture: str, tmp_path: Path) -> None:
    changes = {} if architecture == "qwen2" else {"head_dim": 16}
    model = random_model(architecture, 50, intermediate_size=40, **changes)
    model.save_pretrained(tmp_path)
    space = WeightSpace(model)
    mlp = sum(matrix.size for matrix in space.candidates("mlp"))
    assert candidate_weights(stored_matrices(tmp_path)) == {"mlp": mlp, "all": space.size}
