"""How importance is computed within the memory that is free. No torch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from core.importance.memory import FLOAT32_BYTES, STAGED_MATRICES, ItemsShape, ModelShape, activation_bytes
from core.inference.batching import PASS_ON_CPU, PASS_ON_GPU

Accumulators = Literal["device", "host"]
"""Where gradients are summed: beside the weights, or in main memory, in the maps themselves."""

Maps = Literal["memory", "disk"]
"""Where the two maps of the scores lie."""

Group = tuple[int, int]
"""The first and the past-the-last of some consecutive layers."""

ROWS = 16
"""Of a batch, if nothing speaks for fewer."""

MAPS = 2
"""float32 maps over all candidate weights that importance ends with."""

SHARE_OF_FREE = 0.9
"""Of the free memory, what a plan may fill: estimates are estimates, and allocators leave gaps."""

FETCHING_IN_TOKENS = 16_000
"""A weight's gradient takes as long from a GPU into main memory as the weight takes in the forward pass of so
many tokens: 4 bytes at 1e10 bytes a second, against 2 operations a token at 8e13 a second."""


@dataclass(frozen=True)
class Need:
    """The memory that a part of importance takes at its peak."""

    part: Literal["weights", "accumulators", "activations", "maps"]
    device_bytes: int = 0
    """Of a GPU."""
    host_bytes: int = 0
    disk_bytes: int = 0


@dataclass(frozen=True)
class ImportancePlan:
    """How importance is computed."""

    groups: tuple[Group, ...]
    """In ascending order; each takes a pass over all items, in which the layers below cost no backward."""
    accumulators: Accumulators = "device"
    maps: Maps = "memory"
    rows: int = ROWS
    """Of a batch at most; the rows of an item stay together."""
    checkpointing: bool = False
    """Whether layers keep their inputs alone, and compute the rest of their activations again."""
    needs: tuple[Need, ...] = ()
    """What it takes, as estimated; empty if nobody asked."""

    @property
    def device_bytes(self) -> int:
        """Of a GPU."""
        return sum(need.device_bytes for need in self.needs)

    @property
    def host_bytes(self) -> int:
        """Of main memory."""
        return sum(need.host_bytes for need in self.needs)

    @property
    def disk_bytes(self) -> int:
        """Of the disk, until the scores are no longer needed."""
        return sum(need.disk_bytes for need in self.needs)


@dataclass(frozen=True)
class Free:
    """What is free, in bytes; None where the system does not say, which passes for enough."""

    device_bytes: int | None
    """Of the model's GPU, or of all it is spread over; not looked at on a CPU."""
    host_bytes: int | None
    disk_bytes: int | None


@dataclass(frozen=True)
class MemoryOptions:
    """What a person decides of a plan; None leaves it to the plan."""

    passes: int | None = None
    accumulators: Accumulators | None = None
    maps: Maps | None = None
    rows: int | None = None
    checkpointing: bool | None = None


@dataclass(frozen=True)
class Task:
    """What is to be planned."""

    model: ModelShape
    items: ItemsShape
    on_gpu: bool
    weights_bytes: int
    """Of the weights that are not in memory yet."""


def one_pass(layers: int, rows: int = ROWS, *, on_cpu: bool) -> ImportancePlan:
    """The plan for a model of so many layers with memory enough.

    On a CPU the maps themselves are the accumulators.
    """
    return ImportancePlan(((0, layers),), "host" if on_cpu else "device", rows=rows)


def plan_importance(task: Task, free: Free, memory_options: MemoryOptions | None = None) -> ImportancePlan:
    """The quickest plan that fits.

    Maps lie in main memory if they fit there, else on disk. With accumulators beside the weights it takes as
    few passes as fit, and among these the cheapest number of rows, with checkpointing or without.
    Accumulators in main memory take one pass, and are chosen where that is cheaper still.
    The cost is counted in forward passes: 1 a pass, 1 for the gradients of the group's layers and of those
    above, for checkpointing 1 for these once more, and in all passes together 1 for the weights' gradients;
    a batch costs as much more as if it had PASS_ON_GPU more tokens, and with accumulators in main memory
    FETCHING_IN_TOKENS more of forward. So 7 to 8 passes or 4,000 tokens a batch speak for main memory.

    Args:
        task: the model and the items.
        free: what may be used, of which SHARE_OF_FREE is.
        memory_options: what is decided already.

    Raises:
        ValueError: nothing fits.
    """
    memory_options = memory_options or MemoryOptions()
    for maps in ("memory", "disk") if memory_options.maps is None else (memory_options.maps,):
        fitting = [
            plan
            for plan in _plans(task, free, maps, memory_options)
            if _fits(plan.device_bytes if task.on_gpu else 0, free.device_bytes)
            and _fits(plan.host_bytes, free.host_bytes)
            and _fits(plan.disk_bytes, free.disk_bytes)
        ]
        if fitting:
            return _quickest(task, fitting)
    raise ValueError(_nothing_fits(task, free, memory_options))


def _plans(task: Task, free: Free, maps: Maps, memory_options: MemoryOptions) -> Iterator[ImportancePlan]:
    """The plans that could be, with the fewest passes each; first those with the most rows."""
    for checkpointing in (
        (False, True) if memory_options.checkpointing is None else (memory_options.checkpointing,)
    ):
        for rows in _row_numbers(task.items) if memory_options.rows is None else (memory_options.rows,):
            for accumulators in _accumulators(task, maps):
                if memory_options.accumulators not in (None, accumulators):
                    continue
                bare = ImportancePlan((), accumulators, maps, rows, checkpointing)
                groups = _groups(task, free, bare, memory_options.passes)
                if groups:
                    yield with_needs(task, replace(bare, groups=groups))


def _row_numbers(items: ItemsShape) -> list[int]:
    """Rows of a batch that make a difference, the most first: half as many each time, down to one item's."""
    halves = [ROWS >> shift for shift in range(ROWS.bit_length())]
    return [rows for rows in halves if rows >= items.rows] or [items.rows]


def _accumulators(task: Task, maps: Maps) -> tuple[Accumulators, ...]:
    """Where gradients can be summed: on a CPU in the maps if they are in memory, else beside the weights."""
    if maps == "disk":
        return ("device",)
    return ("device", "host") if task.on_gpu else ("host",)


def _groups(task: Task, free: Free, bare: ImportancePlan, passes: int | None) -> tuple[Group, ...] | None:
    """The fewest groups whose sums fit beside their activations, or so many equal ones; None if none fit.

    From the lowest on, each takes as many layers as fit: the further a group reaches, the fewer activations
    has the next one.
    """
    layers = task.model.layers
    if passes is not None:
        ends = [layers * number // passes for number in range(passes + 1)] if 0 < passes <= layers else []
        return tuple(itertools.pairwise(ends)) or None
    free_bytes = free.device_bytes if task.on_gpu else free.host_bytes
    groups: list[Group] = []
    while not groups or groups[-1][1] < layers:
        first = groups[-1][1] if groups else 0
        last = layers
        while not _fits(_of_group(task, bare, (first, last)), free_bytes):
            last -= 1
            if last == first:
                return None
        groups.append((first, last))
    return tuple(groups)


def _of_group(task: Task, bare: ImportancePlan, group: Group) -> int:
    """The bytes that a group takes of the memory that weights, sums and activations share."""
    plan = with_needs(task, replace(bare, groups=(group,)))
    return plan.device_bytes if task.on_gpu else plan.host_bytes


def with_needs(task: Task, plan: ImportancePlan) -> ImportancePlan:
    """The plan with what it takes: sums and activations are those of the group that takes the most."""
    model = task.model
    accumulators, activations = max(
        ((_sums(task, plan, group), _activations(task, plan, group[0])) for group in plan.groups), key=sum
    )
    maps = MAPS * FLOAT32_BYTES * model.candidates
    # Beside the maps, the matrix that is multiplied by its weights, and on a GPU those on their way here.
    work = (1 + STAGED_MATRICES * task.on_gpu) * FLOAT32_BYTES * model.largest_matrix
    needs = (
        _need(task, "weights", task.weights_bytes),
        _need(task, "accumulators", accumulators),
        _need(task, "activations", activations),
        Need("maps", 0, work + maps, 0) if plan.maps == "memory" else Need("maps", 0, work, maps),
    )
    return replace(plan, needs=needs)


def _need(task: Task, part: Literal["weights", "accumulators", "activations"], size_bytes: int) -> Need:
    return Need(part, size_bytes) if task.on_gpu else Need(part, 0, size_bytes)


def _sums(task: Task, plan: ImportancePlan, group: Group) -> int:
    """What the gradient sums of a group take beside the weights."""
    if plan.accumulators == "device":
        return FLOAT32_BYTES * task.model.layer_weights * (group[1] - group[0])
    # On a GPU each batch's gradient of a matrix, while others are on their way to main memory.
    return (1 + STAGED_MATRICES) * FLOAT32_BYTES * task.model.largest_matrix if task.on_gpu else 0


def _activations(task: Task, plan: ImportancePlan, first_layer: int) -> int:
    """What a batch takes, with the matrices that 4-bit weights become for their product."""
    model = task.model
    dense = 2 * model.dtype_bytes * model.largest_matrix if model.is_four_bit else 0
    rows = max(plan.rows, task.items.rows)
    return dense + activation_bytes(model, task.items, rows, first_layer, checkpointing=plan.checkpointing)


def _fits(size_bytes: int, free_bytes: int | None) -> bool:
    return free_bytes is None or size_bytes <= SHARE_OF_FREE * free_bytes


def _quickest(task: Task, plans: list[ImportancePlan]) -> ImportancePlan:
    """As `plan_importance` says; of equally quick ones the first."""
    passes = [len(plan.groups) for plan in plans if plan.accumulators == "device"]
    fewest = min(passes, default=0)
    return min(
        (plan for plan in plans if plan.accumulators == "host" or len(plan.groups) == fewest),
        key=lambda plan: cost(task, plan),
    )


def cost(task: Task, plan: ImportancePlan) -> float:
    """How long a plan takes, in forward passes over all items; as `plan_importance` says."""
    layers, passes = task.model.layers, len(plan.groups)
    backward = sum((layers - first) / layers for first, _ in plan.groups)
    forward = passes + plan.checkpointing * backward
    tokens = max(plan.rows, task.items.rows) * task.items.tokens
    of_a_pass = PASS_ON_GPU if task.on_gpu else PASS_ON_CPU
    fetched = FETCHING_IN_TOKENS if task.on_gpu and plan.accumulators == "host" else 0
    return (forward + backward + 1) * (1 + of_a_pass / tokens) + fetched / tokens


def _nothing_fits(task: Task, free: Free, memory_options: MemoryOptions) -> str:
    """What the plan that takes the least needs, of what there is too little, and what to do."""
    least = ImportancePlan(
        tuple((layer, layer + 1) for layer in range(task.model.layers)),
        maps=memory_options.maps or "disk",
        rows=1,
        checkpointing=True,
    )
    least = with_needs(task, least)
    lacking = [
        f"{needed / 1e9:.1f} GB of {what} ({free_bytes / 1e9:.1f} GB are free)"
        for needed, free_bytes, what in (
            (least.device_bytes if task.on_gpu else 0, free.device_bytes, "GPU memory"),
            (least.host_bytes, free.host_bytes, "main memory"),
            (least.disk_bytes, free.disk_bytes, "disk"),
        )
        if free_bytes is not None and not _fits(needed, free_bytes)
    ]
    if not lacking:
        return "Importance does not fit in memory as it is wished for: leave the choice to the plan."
    remedy = "use a smaller model or --quantization nf4, or close what else uses the memory"
    if len(lacking) == 1 and "of disk" in lacking[0]:
        remedy = "free some of it, or choose another --cache-dir"
    return (
        f"Importance takes at least {' and '.join(lacking)}, and {SHARE_OF_FREE:.0%} of what is free may be "
        f"used: {remedy}."
    )
