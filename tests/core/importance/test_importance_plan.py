"""The plan of importance's memory: what it chooses, that it fits, and that its estimates are right."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.importance.plan import (
    AvailableMemory,
    ImportancePlan,
    ItemsShape,
    ModelShape,
    Task,
    cost,
    one_pass,
    plan_importance,
)
from core.inference.encoding import EncodedChoice
from core.models.checkpoint import four_bit_bytes
from core.models.matrices import Matrix, MatrixKind
from tests.performance.importance_memory import Settings, taken_in_a_process

LLAMA_8B = {
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "vocab_size": 128256,
}
MISTRAL_7B = {**LLAMA_8B, "vocab_size": 32768}
QWEN_7B = {
    "hidden_size": 3584,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "vocab_size": 152064,
}
MODELS = {"llama": LLAMA_8B, "mistral": MISTRAL_7B, "qwen": QWEN_7B}
GB = 10**9
GIB = 2**30
DISK = 1000 * GB


def matrices_of(config: dict[str, int]) -> list[Matrix]:
    """The candidate matrices of a Llama."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    keys = hidden // config["num_attention_heads"] * config["num_key_value_heads"]
    rows: dict[MatrixKind, int] = {"q": hidden, "k": keys, "v": keys, "o": hidden, "gate": inner, "up": inner}
    layer: list[tuple[MatrixKind, int, int]] = [(kind, rows[kind], hidden) for kind in rows]
    layer.append(("down", hidden, inner))
    return [
        Matrix(0, i, kind, "", *shape, 0)
        for i in range(config["num_hidden_layers"])
        for kind, *shape in layer
    ]


def task_of(config: dict[str, int], *, four_bit: bool, on_gpu: bool = True) -> Task:
    sizes = [matrix.size for matrix in matrices_of(config)]
    beside = 2 * 2 * config["vocab_size"] * config["hidden_size"]
    weights = beside + (four_bit_bytes(sizes, True) if four_bit else 2 * sum(sizes))
    shape = ModelShape.of(matrices_of(config), config["vocab_size"], "bfloat16", is_four_bit=four_bit)
    return Task(shape, ItemsShape.usual("margin"), on_gpu, weights)


def test_whole_units_take_no_sums_and_no_maps() -> None:
    """They are scored in one pass where maps of weights would take 56 GB, and need no gradients of these."""
    task = replace(task_of(LLAMA_8B, four_bit=True), of_units=True)
    free = AvailableMemory(8 * GIB, 8 * GB, DISK)
    plan = plan_importance(task, free)
    assert (plan.groups, plan.accumulate_on, plan.maps) == (((0, 32),), "host", "memory")
    assert (plan.host_bytes, plan.disk_bytes) == (0, 0)
    assert {need.part for need in plan.needs if need.device_bytes} == {"weights", "activations"}
    assert cost(task, plan) < cost(replace(task, of_units=False), plan)
    with pytest.raises(ValueError, match=r"^Importance takes at least .* of GPU memory"):
        plan_importance(task, replace(free, device_bytes=4 * GIB))


@pytest.mark.parametrize("host_gb", [64, 128, 1000])
@pytest.mark.parametrize("name", MODELS)
def test_plans_for_the_cards_that_people_have(name: str, host_gb: int) -> None:
    full, packed = (task_of(MODELS[name], four_bit=four_bit) for four_bit in (False, True))

    def plan(task: Task, gib: int) -> ImportancePlan:
        # 4 % of a card are the driver's.
        return plan_importance(task, AvailableMemory(int(0.96 * gib * GIB), host_gb * GB, DISK))

    large = plan(full, 80)
    assert (len(large.groups), large.accumulate_on, large.checkpointing) == (1, "device", False)
    usual = plan(packed, 24)
    assert len(usual.groups) in (2, 3)
    assert (usual.accumulate_on, usual.maps) == ("device", "memory")
    tight = plan(full, 24)
    assert len(tight.groups) >= 3 or tight.accumulate_on == "host"
    assert tight.checkpointing
    least = plan(packed, 8)
    assert len(least.groups) > 4 or least.accumulate_on == "host"
    for one in (large, usual, tight, least):
        assert one.groups[0][0] == 0
        assert one.groups[-1][1] == MODELS[name]["num_hidden_layers"]


def test_where_main_memory_is_small_maps_go_to_disk_and_layers_into_groups() -> None:
    full = task_of(LLAMA_8B, four_bit=False)
    plan = plan_importance(full, AvailableMemory(24 * GIB, 32 * GB, DISK))
    assert (plan.maps, plan.accumulate_on) == ("disk", "device")
    assert len(plan.groups) > 3
    assert plan.disk_bytes == 8 * full.model.candidates
    assert plan.host_bytes < GB


def test_on_a_cpu_the_maps_are_the_accumulators_unless_they_are_on_disk() -> None:
    task = task_of(LLAMA_8B, four_bit=False, on_gpu=False)
    there = plan_importance(task, AvailableMemory(None, 128 * GB, DISK))
    assert (there.accumulate_on, there.maps, there.groups) == ("host", "memory", ((0, 32),))
    assert there.device_bytes == there.disk_bytes == 0
    assert there.needs[1].host_bytes == 0
    small = plan_importance(task, AvailableMemory(None, 32 * GB, DISK))
    assert (small.accumulate_on, small.maps) == ("device", "disk")
    assert len(small.groups) > 1


def test_what_the_system_does_not_say_passes_for_enough() -> None:
    task = task_of(LLAMA_8B, four_bit=False)
    plan = plan_importance(task, AvailableMemory(None, None, None))
    assert replace(plan, needs=()) == one_pass(32, on_cpu=False)


def test_what_fits_nowhere_is_said_with_its_numbers() -> None:
    task = task_of(LLAMA_8B, four_bit=False)
    with pytest.raises(
        ValueError, match=r"at least 17\.\d GB of GPU memory \(8\.0 GB are free\).*smaller model"
    ):
        plan_importance(task, AvailableMemory(8 * GB, 64 * GB, DISK))
    with pytest.raises(ValueError, match=r"at least 55\.8 GB of disk \(10\.0 GB are free\).*--cache-dir"):
        plan_importance(task, AvailableMemory(80 * GIB, 32 * GB, 10 * GB))
    with pytest.raises(ValueError, match=r"GPU memory .* and .* main memory .* and .* disk"):
        plan_importance(task, AvailableMemory(0, 0, 0))


def test_sums_go_to_main_memory_where_that_saves_many_passes() -> None:
    task = task_of(LLAMA_8B, four_bit=False)
    for gib, expected in ((40, "device"), (24, "host")):
        assert plan_importance(task, AvailableMemory(gib * GIB, 128 * GB, DISK)).accumulate_on == expected


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    heads = draw(st.integers(1, 8))
    config = {
        "hidden_size": heads * draw(st.sampled_from([8, 64, 128])),
        "num_attention_heads": heads,
        "num_key_value_heads": draw(
            st.sampled_from([one for one in range(1, heads + 1) if heads % one == 0])
        ),
        "intermediate_size": draw(st.integers(8, 20_000)),
        "num_hidden_layers": draw(st.integers(1, 40)),
        "vocab_size": draw(st.integers(10, 300_000)),
    }
    dtype = draw(st.sampled_from(["float32", "bfloat16"]))
    tokens = draw(st.integers(1, 4096))
    items = ItemsShape(tokens, draw(st.integers(1, tokens)))
    matrices, vocabulary = matrices_of(config), config["vocab_size"]
    shape = ModelShape.of(matrices, vocabulary, dtype, is_four_bit=draw(st.booleans()))
    return Task(shape, items, draw(st.booleans()), draw(st.integers(0, 10**10)))


AMOUNT = st.one_of(st.none(), st.integers(0, 10**12), st.integers(10**7, 10**10))
FREE = st.builds(AvailableMemory, AMOUNT, AMOUNT, AMOUNT)


def planned(task: Task, free: AvailableMemory) -> ImportancePlan | None:
    try:
        return plan_importance(task, free)
    except ValueError:
        return None


@settings(deadline=None)
@given(task=tasks(), free=FREE)
def test_a_plan_never_takes_more_than_is_free(task: Task, free: AvailableMemory) -> None:
    plan = planned(task, free)
    if plan is None:
        return
    assert plan.device_bytes <= (free.device_bytes if free.device_bytes is not None else 10**20)
    assert plan.host_bytes <= (free.host_bytes if free.host_bytes is not None else 10**20)
    assert plan.disk_bytes <= (free.disk_bytes if free.disk_bytes is not None else 10**20)
    assert task.on_gpu or not plan.device_bytes
    ends = [0, *(last for _, last in plan.groups)]
    assert plan.groups == tuple(itertools.pairwise(ends))
    assert all(first < last for first, last in plan.groups)
    assert ends[-1] == task.model.layers


@settings(deadline=None)
@given(task=tasks(), free=FREE, more=st.tuples(*[st.integers(0, 10**11)] * 3))
def test_with_more_memory_there_is_still_a_plan(
    task: Task, free: AvailableMemory, more: tuple[int, int, int]
) -> None:
    amounts = (free.device_bytes, free.host_bytes, free.disk_bytes)
    richer = AvailableMemory(
        *(None if had is None else had + add for had, add in zip(amounts, more, strict=True))
    )
    plan, other = planned(task, free), planned(task, richer)
    if plan is not None:
        assert other is not None
        assert (plan.maps, other.maps) != ("memory", "disk")
        if (plan.accumulate_on, other.accumulate_on) == ("device", "device"):
            assert len(other.groups) <= len(plan.groups)


def test_the_shape_of_items_is_that_of_their_rows() -> None:
    items = [
        EncodedChoice("a", (1,) * 10, ((1,), (2, 3), (4,)), 0),
        EncodedChoice("b", (1,) * 30, ((1,), (2,)), 0),
    ]
    assert ItemsShape.of(items, "margin", 100) == ItemsShape(30, 2)
    assert ItemsShape.of(items, "margin", 8) == ItemsShape(8, 2)
    assert ItemsShape.of(items, "full", 20) == ItemsShape(20, 20)
    longer = [EncodedChoice("c", (1,) * 10, ((1, 2, 3), (4, 5), (6, 7, 8, 9)), 1)]
    assert ItemsShape.of(longer, "margin", 100) == ItemsShape(16, 7)
    assert ItemsShape.of(longer, "full", 100) == ItemsShape(11, 11)
    assert ItemsShape.of(longer, "margin", 8) == ItemsShape(11, 7)


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Settings(), id="float32", marks=pytest.mark.long),
        pytest.param(Settings("bfloat16", loss="margin", keys=8), id="bfloat16", marks=pytest.mark.long),
        pytest.param(
            Settings("bfloat16", loss="full", vocabulary=8000, checkpointing=True), id="checkpointing"
        ),
    ],
)
def test_activations_take_what_is_estimated(case: Settings) -> None:
    taken = taken_in_a_process(case)
    if taken is None:
        pytest.skip("this system does not tell a process's peak of memory")
    assert taken.estimated == pytest.approx(taken.measured, rel=0.3)
