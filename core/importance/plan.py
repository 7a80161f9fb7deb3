"""How importance is computed within the memory that is available. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from core.importance.memory import (
    FLOAT32_BYTES,
    OFFLOAD_SLOTS,
    AccumulateOn,
    AvailableMemory,
    ItemsShape,
    Maps,
    MemoryNeed,
    ModelShape,
    activation_bytes,
    batch_tokens,
)
from core.inference.batching import PASS_ON_CPU, PASS_ON_GPU

Group = tuple[int, int]
"""The first and the past-the-last of some consecutive layers."""

DEFAULT_SCORING_BATCH = 16
"""Default items per batch."""

MAPS = 2
"""float32 maps over all candidate weights that importance ends with."""

SHARE_OF_FREE = 0.9
"""Share of the available memory that a plan may fill: estimates are estimates, and allocators leave gaps."""

FETCHING_IN_TOKENS = 16_000
"""Copying a weight's gradient from a GPU to main memory takes as long as the weight's forward pass of so many
tokens: 4 bytes at 1e10 bytes a second, against 2 operations a token at 8e13 a second."""


@dataclass(frozen=True)
class ImportancePlan:
    """How importance is computed."""

    groups: tuple[Group, ...]
    """In ascending order; each takes a pass over all items, in which the layers below cost no backward."""
    accumulate_on: AccumulateOn = "device"
    maps: Maps = "memory"
    scoring_batch: int = DEFAULT_SCORING_BATCH
    """Items in a batch at most."""
    checkpointing: bool = False
    """Whether layers keep their inputs only, and compute the rest of their activations again."""
    needs: tuple[MemoryNeed, ...] = ()
    """The estimated memory; empty if it was not estimated."""

    @property
    def device_bytes(self) -> int:
        """GPU memory."""
        return sum(need.device_bytes for need in self.needs)

    @property
    def host_bytes(self) -> int:
        """Main memory."""
        return sum(need.host_bytes for need in self.needs)

    @property
    def disk_bytes(self) -> int:
        """Disk, until the scores are no longer needed."""
        return sum(need.disk_bytes for need in self.needs)


@dataclass(frozen=True)
class Task:
    """What a plan is made for."""

    model: ModelShape
    items: ItemsShape
    on_gpu: bool
    weights_bytes: int
    """Bytes of weights that are not loaded yet."""
    of_units: bool = False
    """Whether whole units are scored: in one pass, without sums and maps of weights."""


def one_pass(layers: int, batch_size: int = DEFAULT_SCORING_BATCH, *, on_cpu: bool) -> ImportancePlan:
    """The plan for a model with enough memory. On a CPU gradients are summed in the maps themselves."""
    return ImportancePlan(((0, layers),), "host" if on_cpu else "device", scoring_batch=batch_size)


def plan_importance(task: Task, free: AvailableMemory) -> ImportancePlan:
    """The quickest plan that fits.

    Maps are in main memory if they fit there, else on disk. With accumulation on the device it takes as
    few passes as fit, and among these the cheapest size of batches, with checkpointing or without.
    Accumulation in main memory takes one pass, and is chosen where that is cheaper still.
    The cost is counted in forward passes: 1 a pass, 1 for the gradients of the group's layers and of those
    above, for checkpointing 1 for these once more, and in all passes together 1 for the weights' gradients.
    A batch costs PASS_ON_GPU tokens extra, and with accumulation in main memory FETCHING_IN_TOKENS of
    forward: 7 to 8 passes, or 4,000 tokens a batch, favour main memory.

    Args:
        task: the model and the items.
        free: what is available, of which SHARE_OF_FREE may be used.

    Raises:
        ValueError: nothing fits.
    """
    for maps in _maps(task):
        fitting = [
            plan
            for plan in _plans(task, free, maps)
            if _fits(plan.device_bytes if task.on_gpu else 0, free.device_bytes)
            and _fits(plan.host_bytes, free.host_bytes)
            and _fits(plan.disk_bytes, free.disk_bytes)
        ]
        if fitting:
            passes = [len(plan.groups) for plan in fitting if plan.accumulate_on == "device"]
            fewest = min(passes, default=0)
            return min(
                (one for one in fitting if one.accumulate_on == "host" or len(one.groups) == fewest),
                key=lambda plan: cost(task, plan),
            )
    raise ValueError(_nothing_fits(task, free))


def _maps(task: Task) -> tuple[Maps, ...]:
    return ("memory",) if task.of_units else ("memory", "disk")


def _plans(task: Task, free: AvailableMemory, maps: Maps) -> Iterator[ImportancePlan]:
    """The possible plans, with the fewest passes each; first those with the most items in a batch."""
    halves = [DEFAULT_SCORING_BATCH >> shift for shift in range(DEFAULT_SCORING_BATCH.bit_length())]
    for checkpointing in (False, True):
        for items in halves:
            for accumulate_on in _accumulate_on(task, maps):
                bare = ImportancePlan((), accumulate_on, maps, items, checkpointing)
                groups = _groups(task, free, bare)
                if groups:
                    yield _with_needs(task, replace(bare, groups=groups))


def _accumulate_on(task: Task, maps: Maps) -> tuple[AccumulateOn, ...]:
    """Where gradients can be summed: on a CPU in the maps if they are in memory, else beside the weights."""
    if task.of_units:
        return ("host",)
    if maps == "disk":
        return ("device",)
    return ("device", "host") if task.on_gpu else ("host",)


def _groups(task: Task, free: AvailableMemory, bare: ImportancePlan) -> tuple[Group, ...] | None:
    """The fewest groups whose sums fit beside their activations, of units a single one; None if none fit.

    From the lowest on, each takes as many layers as fit: the higher a group begins, the fewer activations it
    keeps.
    """
    layers = task.model.layers
    if task.of_units:
        return ((0, layers),)
    groups: list[Group] = []
    while not groups or groups[-1][1] < layers:
        first = groups[-1][1] if groups else 0
        last = layers
        while not _group_fits(task, free, replace(bare, groups=((first, last),))):
            last -= 1
            if last == first:
                return None
        groups.append((first, last))
    return tuple(groups)


def _group_fits(task: Task, free: AvailableMemory, bare: ImportancePlan) -> bool:
    """Whether a plan fits in the memory that weights, sums and activations share."""
    plan = _with_needs(task, bare)
    if task.on_gpu:
        return _fits(plan.device_bytes, free.device_bytes)
    return _fits(plan.host_bytes, free.host_bytes)


def _with_needs(task: Task, plan: ImportancePlan) -> ImportancePlan:
    """The plan with its memory: sums and activations are those of the group that takes the most."""
    model = task.model
    accumulators, activations = max(
        ((_sums(task, plan, group), _activations(task, plan, group[0])) for group in plan.groups), key=sum
    )
    maps = MAPS * FLOAT32_BYTES * model.candidates
    # Beside the maps, the matrix that is multiplied by its weights, and from a GPU those on their way here.
    work = (1 + OFFLOAD_SLOTS * task.on_gpu) * FLOAT32_BYTES * model.largest_matrix
    if task.of_units:
        maps = work = 0
    needs = (
        _need(task, "weights", task.weights_bytes),
        _need(task, "accumulators", accumulators),
        _need(task, "activations", activations),
        MemoryNeed("maps", 0, work + maps, 0) if plan.maps == "memory" else MemoryNeed("maps", 0, work, maps),
    )
    return replace(plan, needs=needs)


def _need(task: Task, part: Literal["weights", "accumulators", "activations"], size_bytes: int) -> MemoryNeed:
    return MemoryNeed(part, size_bytes) if task.on_gpu else MemoryNeed(part, 0, size_bytes)


def _sums(task: Task, plan: ImportancePlan, group: Group) -> int:
    """Bytes of the gradient sums of a group beside the weights."""
    if task.of_units:
        return 0
    if plan.accumulate_on == "device":
        return FLOAT32_BYTES * task.model.layer_weights * (group[1] - group[0])
    # On a GPU each batch's gradient of a matrix, while others are on their way to main memory.
    return (1 + OFFLOAD_SLOTS) * FLOAT32_BYTES * task.model.largest_matrix if task.on_gpu else 0


def _activations(task: Task, plan: ImportancePlan, first_layer: int) -> int:
    """Bytes of a batch, with the matrices that 4-bit weights are dequantized to."""
    model = task.model
    dense = 2 * model.dtype_bytes * model.largest_matrix if model.is_four_bit else 0
    tokens = batch_tokens(task.items, plan.scoring_batch, on_gpu=task.on_gpu)
    positions = plan.scoring_batch * task.items.counted
    return dense + activation_bytes(model, tokens, positions, first_layer, checkpointing=plan.checkpointing)


def _fits(size_bytes: int, free_bytes: int | None) -> bool:
    return free_bytes is None or size_bytes <= SHARE_OF_FREE * free_bytes


def cost(task: Task, plan: ImportancePlan) -> float:
    """The time a plan takes, in forward passes over all items; as `plan_importance` says."""
    layers, passes = task.model.layers, len(plan.groups)
    backward = sum((layers - first) / layers for first, _ in plan.groups)
    forward = passes + plan.checkpointing * backward
    tokens = batch_tokens(task.items, plan.scoring_batch, on_gpu=task.on_gpu)
    of_a_pass = PASS_ON_GPU if task.on_gpu else PASS_ON_CPU
    fetches = task.on_gpu and plan.accumulate_on == "host" and not task.of_units
    of_weights = 0 if task.of_units else 1
    fetched = FETCHING_IN_TOKENS if fetches else 0
    return (forward + backward + of_weights) * (1 + of_a_pass / tokens) + fetched / tokens


def _nothing_fits(task: Task, free: AvailableMemory) -> str:
    """Error text: the minimum, the shortfall, remedies."""
    layers = task.model.layers
    least = ImportancePlan(
        ((0, layers),) if task.of_units else tuple((layer, layer + 1) for layer in range(layers)),
        maps=_maps(task)[-1],
        scoring_batch=1,
        checkpointing=True,
    )
    least = _with_needs(task, least)
    lacking = [
        f"{needed / 1e9:.1f} GB of {what} ({free_bytes / 1e9:.1f} GB are free)"
        for needed, free_bytes, what in (
            (least.device_bytes if task.on_gpu else 0, free.device_bytes, "GPU memory"),
            (least.host_bytes, free.host_bytes, "main memory"),
            (least.disk_bytes, free.disk_bytes, "disk"),
        )
        if free_bytes is not None and not _fits(needed, free_bytes)
    ]
    remedy = "use a smaller model or --quantization nf4, or close what else uses the memory"
    if len(lacking) == 1 and "of disk" in lacking[0]:
        remedy = "free some of it, or choose another --cache-dir"
    return (
        f"Importance takes at least {' and '.join(lacking)}, and {SHARE_OF_FREE:.0%} of what is free may be "
        f"used: {remedy}."
    )
