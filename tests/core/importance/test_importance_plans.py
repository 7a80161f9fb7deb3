"""Importance by every plan against one pass: groups, maps on disk, checkpointing, memory that runs out."""

from __future__ import annotations

import gc
import itertools
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedModel

from core.importance.gradients import GradientSums
from core.importance.maps import Importance, Offload, zero_map
from core.importance.plan import ImportancePlan, one_pass
from core.importance.scoring import score_importance
from core.importance.scoring_rule import REDUCTIONS, Reduction
from core.models.checkpoint import FourBit
from core.models.matrices import Matrix
from core.models.weight_space import WeightSpace
from tests.core.four_bit_models import EVEN, checkpoint, dense_copy, loaded_model, model_bytes
from tests.core.importance.test_importance import _assert_close, _condition, _items, _truth
from tests.core.tiny_models import ARCHITECTURES, random_model

LAYERS = 4
ONE_PASS = one_pass(LAYERS, on_cpu=True)
UNEVEN = ((0, 1), (1, 3), (3, 4))
PLANS = {
    "beside the weights": replace(ONE_PASS, accumulate_on="device"),
    "groups": replace(ONE_PASS, groups=UNEVEN, accumulate_on="device"),
    "groups in the maps": replace(ONE_PASS, groups=((0, 2), (2, 4))),
    "disk": ImportancePlan(((0, LAYERS),), maps="disk"),
    "checkpointing": replace(ONE_PASS, checkpointing=True),
    "all": ImportancePlan(UNEVEN, maps="disk", checkpointing=True),
}


def deep_model(architecture: str = "llama") -> PreTrainedModel:
    return random_model(architecture, 64, num_hidden_layers=LAYERS)


@pytest.fixture(scope="module", params=[*ARCHITECTURES, "bfloat16", "nf4"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PreTrainedModel:
    if request.param == "nf4":
        folder = tmp_path_factory.mktemp("nf4")
        stored = checkpoint(folder, FourBit("nf4"), vocab_size=64, num_hidden_layers=LAYERS, **EVEN)
        return loaded_model(stored, dtype="float32")
    if request.param == "bfloat16":
        return deep_model().bfloat16()
    return deep_model(request.param)


def score(
    model: PreTrainedModel, plan: ImportancePlan, scratch: Path, n: int = 12, reduction: Reduction = "abs-sum"
) -> Importance:
    space = WeightSpace(model)
    return score_importance(
        model, space, _items(n), loss="margin", reduction=reduction, plan=plan, scratch=scratch
    )


def assert_same(found: Importance, expected: Importance) -> None:
    """To the bit."""
    for maps in ("products", "even_products"):
        pairs = zip(getattr(found, maps), getattr(expected, maps), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs), maps


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_gives_the_same_to_the_bit(name: str, model: PreTrainedModel, tmp_path: Path) -> None:
    before = model_bytes(model)
    assert_same(score(model, PLANS[name], tmp_path), score(model, ONE_PASS, tmp_path))
    assert model_bytes(model) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("kind", [*ARCHITECTURES, "nf4"])
def test_a_plan_of_everything_equals_plain_autograd(kind: str, reduction: Reduction, tmp_path: Path) -> None:
    if kind == "nf4":
        stored = checkpoint(tmp_path, FourBit("nf4"), vocab_size=64, num_hidden_layers=LAYERS, **EVEN)
        model = loaded_model(stored, dtype="float32")
        truth = dense_copy(model)
    else:
        model = truth = deep_model(kind)
    found, items = score(model, PLANS["all"], tmp_path, reduction=reduction), _items(12)
    tolerance = 1e-4 if kind == "nf4" else 1e-5  # random 4-bit weights amplify float32's rounding
    _assert_close(found.scores, _truth(truth, items, "margin", reduction), tolerance)
    for number, half in enumerate(found.halves):
        _assert_close(half, _truth(truth, items[number::2], "margin", reduction), tolerance)


def test_layers_below_a_group_keep_no_activations() -> None:
    model = deep_model()
    graphs: list[bool] = []
    for layer in model.model.layers:
        layer.register_forward_hook(lambda module, inputs, output: graphs.append(output.grad_fn is not None))
    plan = replace(ONE_PASS, groups=((0, 2), (2, LAYERS)))
    score_importance(model, WeightSpace(model), _items(1), loss="full", plan=plan)
    upper, lower = graphs[:LAYERS], graphs[LAYERS:]
    assert upper == [False, False, True, True]
    assert lower == [True] * LAYERS


@pytest.mark.parametrize("name", ["all", "checkpointing"])
def test_the_model_is_as_it_was_after_the_end_a_cancel_and_a_failure(name: str, tmp_path: Path) -> None:
    model = deep_model().train()
    model.model.layers[1].eval()
    model.model.norm.weight.requires_grad_(False)
    before = [_condition(model), [dict(vars(layer)) for layer in model.model.layers]]

    def is_as_before() -> bool:
        return [_condition(model), [dict(vars(layer)) for layer in model.model.layers]] == before

    score(model, PLANS[name], tmp_path)
    assert is_as_before()

    def stop(done: int, total: int) -> None:
        assert not is_as_before()
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_importance(
            model,
            WeightSpace(model),
            _items(12),
            loss="full",
            plan=PLANS[name],
            scratch=tmp_path,
            on_progress=stop,
        )
    assert is_as_before()

    with torch.no_grad():
        model.model.layers[2].mlp.up_proj.weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match=r"layers\.2\.mlp\.up_proj\.weight \(layer 2, up\)"):
        score(model, PLANS[name], tmp_path)
    assert is_as_before()


def test_no_dropout_comes_in_with_checkpointing(tmp_path: Path) -> None:
    model = random_model("llama", 64, num_hidden_layers=LAYERS, attention_dropout=0.5).train()
    assert_same(score(model, PLANS["checkpointing"], tmp_path), score(model, ONE_PASS, tmp_path))


def test_progress_of_several_passes_goes_on_to_all_items() -> None:
    model = deep_model()
    calls: list[tuple[int, int]] = []
    score_importance(
        model,
        WeightSpace(model),
        _items(9),
        loss="full",
        plan=replace(ONE_PASS, groups=UNEVEN, scoring_batch=3),
        on_progress=lambda done, n: calls.append((done, n)),
    )
    assert calls == sorted(calls)
    assert calls[-1] == (9, 9)


class LimitedBackward(torch.autograd.Function):
    """Identity whose backward has memory for so many rows."""

    @staticmethod
    def forward(ctx: object, output: torch.Tensor, rows: int) -> torch.Tensor:
        ctx.rows = rows  # type: ignore[attr-defined]
        return output.view_as(output)

    @staticmethod
    def backward(ctx: object, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        _require_memory(len(gradient), ctx.rows)  # type: ignore[attr-defined]
        return gradient, None


def _require_memory(rows: int, most: int) -> None:
    if rows > most:
        raise torch.OutOfMemoryError(f"CUDA out of memory, for the test: {rows} rows")


def limit_forward(model: PreTrainedModel, most: int) -> None:
    model.model.layers[2].register_forward_hook(
        lambda module, inputs, output: _require_memory(len(output), most)
    )


def limit_backward(model: PreTrainedModel, most: int) -> None:
    model.model.layers[2].mlp.up_proj.register_forward_hook(
        lambda module, inputs, output: LimitedBackward.apply(output, most)
    )


@pytest.mark.parametrize("limit", [limit_forward, limit_backward])
@pytest.mark.parametrize("name", ["groups", "all", "groups in the maps"])
def test_where_memory_runs_out_batches_are_halved(
    limit: Callable[[PreTrainedModel, int], None], name: str, tmp_path: Path
) -> None:
    """Half-filled sums of the batch that failed in its backward are gone: the result is that of few rows."""
    model, items = deep_model(), _items(24)
    space = WeightSpace(model)
    expected = score_importance(
        model, space, items, loss="full", plan=replace(PLANS[name], scoring_batch=4), scratch=tmp_path
    )
    limit(model, 5)
    done: list[int] = []
    found = score_importance(
        model,
        space,
        items,
        loss="full",
        plan=replace(PLANS[name], scoring_batch=16),
        scratch=tmp_path,
        on_progress=lambda items_done, total: done.append(items_done),
    )
    _assert_close(found.scores, expected.scores)
    fallen_back = [now for before, now in itertools.pairwise([0, *done]) if now <= before]
    assert len(fallen_back) == 2  # begun anew with 8 rows, and with 4
    assert done[-1] == 24


def test_progress_falls_back_when_a_half_is_begun_anew() -> None:
    model = deep_model()
    seen = 0

    def fail_once(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> None:
        nonlocal seen
        seen += 1
        if seen == 3:
            raise torch.OutOfMemoryError("for the test")

    model.model.layers[0].register_forward_hook(fail_once)
    done: list[int] = []
    score_importance(
        model,
        WeightSpace(model),
        _items(16),
        loss="full",
        plan=replace(ONE_PASS, scoring_batch=2),
        on_progress=lambda items_done, total: done.append(items_done),
    )
    assert done[:5] == [2, 4, 0, 1, 2]


def test_an_item_that_fits_with_checkpointing_alone_is_scored(tmp_path: Path) -> None:
    model = deep_model()
    expected = score(model, replace(PLANS["checkpointing"], scoring_batch=1), tmp_path)

    def require_checkpointing(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> None:
        _require_memory(len(output), 10 if module.training else 0)

    model.model.layers[1].register_forward_hook(require_checkpointing)
    _assert_close(score(model, ONE_PASS, tmp_path).scores, expected.scores)


def test_an_item_that_does_not_fit_alone_is_named(tmp_path: Path) -> None:
    model = deep_model()
    before = _condition(model)
    handle = model.model.layers[1].register_forward_hook(
        lambda module, inputs, output: _require_memory(len(output), 0)
    )
    with pytest.raises(ValueError, match=r"^Item item-\d+ alone \(\d+ tokens\) does not fit") as caught:
        score(model, ONE_PASS, tmp_path)
    assert "\n" not in str(caught.value)
    handle.remove()
    assert _condition(model) == before


def test_other_errors_of_torch_are_not_taken_for_memory(tmp_path: Path) -> None:
    model = deep_model()

    def fail(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> None:
        raise RuntimeError("cuBLAS is broken")

    model.model.layers[1].register_forward_hook(fail)
    with pytest.raises(RuntimeError, match="cuBLAS"):
        score(model, ONE_PASS, tmp_path)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_staged_sums_equal_those_beside_the_weights(
    tiny_llama: LlamaForCausalLM, reduction: Reduction
) -> None:
    generator, space = torch.Generator().manual_seed(0), WeightSpace(tiny_llama)
    matrices = space.matrices[:3]
    direct = {matrix: torch.zeros(matrix.rows, matrix.columns) for matrix in matrices}
    fetched = {matrix: torch.zeros(matrix.rows, matrix.columns) for matrix in matrices}
    with Offload(max(one.size for one in matrices), pinned=False) as offload:
        plain = GradientSums(space, direct, reduction)
        staged = GradientSums(space, fetched, reduction, offload)
        for sums in (plain, staged):
            sums.start([3, 2, 3, 1])
        for _ in range(7):
            for matrix in matrices:
                gradient = torch.randn(4, 3, matrix.rows, generator=generator)
                inputs = torch.randn(4, 3, matrix.columns, generator=generator)
                plain.add(matrix, gradient, inputs)
                staged.add(matrix, gradient, inputs)
        staged.finish()
    for matrix in matrices:
        assert direct[matrix].any()
        torch.testing.assert_close(fetched[matrix], direct[matrix], rtol=1e-5, atol=1e-5)


def test_offload_hands_over_in_order_and_raises_what_a_receiver_raises() -> None:
    received: list[torch.Tensor] = []
    sent = [torch.full((2, 3), float(number)) for number in range(5)]
    with Offload(10, pinned=False) as offload:
        for values in sent:
            offload.send(values, lambda slot: received.append(slot.clone()))
        offload.finish()
        assert all(torch.equal(one, other) for one, other in zip(received, sent, strict=True))

        def fail(slot: torch.Tensor) -> None:
            raise OSError("the disk is gone")

        offload.send(sent[0], fail)
        with pytest.raises(OSError, match="is gone"):
            offload.finish()


MATRICES = [Matrix(0, 0, "q", "first", 8, 6, 0), Matrix(1, 0, "k", "second", 3, 5, 48)]


def test_a_map_on_disk_has_no_name_and_goes_with_its_tensors(tmp_path: Path) -> None:
    maps = zero_map(MATRICES, tmp_path)
    assert [one.shape for one in maps] == [(8, 6), (3, 5)]
    assert not any(one.any() for one in maps)
    maps[1].fill_(7.0)
    assert float(maps[1].sum()) == 105.0
    assert not maps[0].any()
    assert list(tmp_path.iterdir()) == []
    assert _is_mapped(tmp_path)
    del maps
    gc.collect()
    assert not _is_mapped(tmp_path)


def _is_mapped(folder: Path) -> bool:
    return str(folder) in Path("/proc/self/maps").read_text()


def test_nothing_of_a_map_is_left_when_its_process_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from core.importance.maps import zero_map\n"
        "from core.models.matrices import Matrix\n"
        "maps = zero_map([Matrix(0, 0, 'q', 'first', 1000, 1000, 0)], Path(sys.argv[1]))\n"
        "maps[0].fill_(1.0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no room for 4503599\.6 GB of importance maps: free some"):
        zero_map([Matrix(0, 0, "q", "first", 2**25, 2**25, 0)], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_scores_are_read_in_parts(tmp_path: Path) -> None:
    found = score(deep_model(), ONE_PASS, tmp_path)
    rng = random.Random(0)
    for which in (found.scores, *found.halves):
        for scores in which:
            cuts = sorted(rng.sample(range(scores.size + 1), 3))
            ends: Sequence[int] = [0, *cuts, scores.size]
            parts = [scores.part(first, last) for first, last in itertools.pairwise(ends)]
            assert torch.cat(parts).equal(scores.dense().view(-1))
            assert min(float(part.min()) for part in parts if len(part)) >= 0
