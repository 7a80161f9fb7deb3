"""How importance is computed within the memory at hand: what it needs, what is free, and the quickest plan.

No torch by itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.importance.scoring_rule import DEFAULT_RULE, Loss
from core.inference.batching import HEAD_POSITIONS, PASS_ON_CPU, PASS_ON_GPU
from core.models.checkpoint import DTYPE_BYTES, storage_words
from core.models.description import Weights, read_config, weights_in_memory
from core.models.devices import Machine, free_memory, free_on_disk, layers_over_gpus
from core.models.files import is_gguf
from core.models.spec import ModelSpec

if TYPE_CHECKING:
    from core.inference.encoding import EncodedChoice
    from core.models.matrices import Matrix
    from core.models.weight_space import WeightSpace

AccumulateOn = Literal["device", "host"]
"""Where gradients are summed: beside the weights, or in main memory, in the maps themselves."""

Maps = Literal["memory", "disk"]
"""Where the two maps of the scores are."""

FLOAT32_BYTES = 4

DEFAULT_TOKENS = 256
"""Tokens of the longest generated item with all its options."""

DEFAULT_COUNTED = 16
"""Positions of a generated item that predict a token of an option, at most."""

CPU_BATCH_TOKENS = 512
"""Padded tokens of a batch on a CPU, unless a single item has more: larger ones are no quicker, take more
memory, and are longer in the way of a cancel."""

OFFLOAD_SLOTS = 2
"""Matrices on their way from a GPU to main memory: one is copied while the one before is added up."""


@dataclass(frozen=True)
class MemoryNeed:
    """The memory that a part of importance takes at its peak."""

    part: Literal["weights", "accumulators", "activations", "maps"]
    device_bytes: int = 0
    """GPU memory."""
    host_bytes: int = 0
    disk_bytes: int = 0


@dataclass(frozen=True)
class AvailableMemory:
    """What is free, in bytes; None where the system does not say, which counts as enough."""

    device_bytes: int | None
    """Memory of the GPU, or of all that the model is spread over; ignored on a CPU."""
    host_bytes: int | None
    disk_bytes: int | None


def available_memory(space: WeightSpace, folder: Path) -> AvailableMemory:
    """What is free now on the loaded model's devices, in main memory, and on the disk of a folder."""
    import torch

    def on_gpu(device: torch.device) -> int:
        # What the driver has free, and what torch keeps of the GPU for later.
        free: int = torch.cuda.mem_get_info(device)[0]
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)

    devices = {space.device(matrix) for matrix in space.matrices}
    is_on_gpus = all(device.type == "cuda" for device in devices)
    device_bytes = sum(map(on_gpu, devices)) if is_on_gpus else None
    return AvailableMemory(device_bytes, free_memory(), free_on_disk(folder))


@dataclass(frozen=True)
class ModelShape:
    """The sizes of a model that its memory depends on."""

    layers: int
    layer_weights: int
    """Candidate weights of a decoder layer."""
    largest_matrix: int
    """Weights of the largest candidate matrix."""
    hidden: int
    queries: int
    """Outputs of the query matrix: heads times their size."""
    keys: int
    """Outputs of the key matrix."""
    inner: int
    """Neurons of an MLP."""
    vocabulary: int
    dtype_bytes: int
    """Bytes of one number in computation."""
    is_four_bit: bool

    @classmethod
    def of(cls, matrices: Sequence[Matrix], vocabulary: int, dtype: str, *, is_four_bit: bool) -> ModelShape:
        """The sizes, from all candidate matrices in order, and the dtype of computation."""
        of_a_layer = {matrix.kind: matrix for matrix in matrices if matrix.layer == 0}
        output, down = of_a_layer["o"], of_a_layer["down"]
        queries = output.columns
        fused = of_a_layer.get("qkv")
        return cls(
            layers=matrices[-1].layer + 1,
            layer_weights=sum(matrix.size for matrix in of_a_layer.values()),
            largest_matrix=max(matrix.size for matrix in of_a_layer.values()),
            hidden=output.rows,
            queries=queries,
            keys=(fused.rows - queries) // 2 if fused else of_a_layer["k"].rows,
            inner=down.columns,
            vocabulary=vocabulary,
            dtype_bytes=DTYPE_BYTES[dtype],
            is_four_bit=is_four_bit,
        )

    @property
    def candidates(self) -> int:
        """All candidate weights."""
        return self.layers * self.layer_weights


@dataclass(frozen=True)
class ItemsShape:
    """The sizes of the diagnostic items that activations depend on."""

    tokens: int
    """Tokens of the longest row: an item's context and the options that the loss reads."""
    counted: int
    """Positions of a row that predict a counted token, at most."""

    @classmethod
    def of(cls, items: Sequence[EncodedChoice], loss: Loss, longest_row: int) -> ItemsShape:
        """The sizes of items for a model that takes so many tokens of a context with an option."""
        shapes = [_shape_of_a_row(item, loss, longest_row) for item in items]
        return cls(*map(max, zip(*shapes, strict=True)))

    @classmethod
    def usual(cls, loss: Loss) -> ItemsShape:
        """The sizes of generated items, before any is tokenized."""
        return cls(DEFAULT_TOKENS, DEFAULT_TOKENS if loss == "full" else DEFAULT_COUNTED)


def _shape_of_a_row(item: EncodedChoice, loss: Loss, longest_row: int) -> tuple[int, int]:
    """Tokens of an item's row, and positions of it that predict a counted token."""
    inputs = [len(ids) - 1 for ids in item.continuation_ids]
    context = min(len(item.context_ids), longest_row - max(inputs))
    of_options = sum(inputs) if loss == "margin" else inputs[item.answer_index]
    return context + of_options, context + of_options if loss == "full" else 1 + of_options


def batch_tokens(items: ItemsShape, batch_size: int, *, on_gpu: bool) -> int:
    """Padded tokens of the largest batch of at most batch_size items."""
    most = batch_size * items.tokens
    return most if on_gpu else min(most, max(items.tokens, CPU_BATCH_TOKENS))


def activation_bytes(
    shape: ModelShape, tokens: int, positions: int, first_layer: int, *, checkpointing: bool
) -> int:
    """Bytes of a batch's forward and backward from a layer on, beside weights and sums.

    Its positions are those that predict a counted token.

    With h, q, k, f the sizes of hidden states, queries, keys and the MLP, and d bytes a number, a layer keeps
    for a token: 8h of its norms in float32; d(2h + q + f), the inputs of its matrices; d(2q + 2k), the
    attention's queries, keys, values and output; 3df of the gated product. With checkpointing it keeps dh. On
    top comes the larger of: the head, V(2d + 12) bytes of logits for a position, of those in memory at once;
    the backward of one layer, 3df and, where d < 4, float32 copies 4(f + h), with checkpointing beside all
    that the layer would have kept.
    """
    d, h, f = shape.dtype_bytes, shape.hidden, shape.inner
    layer = 8 * h + d * (2 * h + shape.queries + f) + d * (2 * shape.queries + 2 * shape.keys) + 3 * d * f
    layers = shape.layers - first_layer
    kept = d * h * layers if checkpointing else layer * layers
    backward = 3 * d * f + (FLOAT32_BYTES * (f + h) if d < FLOAT32_BYTES else 0) + layer * checkpointing
    head = min(positions, tokens, HEAD_POSITIONS) * shape.vocabulary * (2 * d + 12)
    return tokens * kept + max(tokens * backward, head)


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
    for maps, places in _places(task).items():
        fitting = [
            plan
            for plan in _plans(task, free, maps, places)
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


def _places(task: Task) -> dict[Maps, tuple[AccumulateOn, ...]]:
    """Where maps can be, the first being the quicker, and where gradients can be summed then.

    On a CPU they are summed in the maps if these are in memory, else beside the weights.
    """
    if task.of_units:
        return {"memory": ("host",)}
    return {"memory": ("device", "host") if task.on_gpu else ("host",), "disk": ("device",)}


def _plans(
    task: Task, free: AvailableMemory, maps: Maps, places: Sequence[AccumulateOn]
) -> Iterator[ImportancePlan]:
    """The possible plans, with the fewest passes each; first those with the most items in a batch."""
    halves = [DEFAULT_SCORING_BATCH >> shift for shift in range(DEFAULT_SCORING_BATCH.bit_length())]
    for checkpointing, items, accumulate_on in itertools.product((False, True), halves, places):
        bare = ImportancePlan((), accumulate_on, maps, items, checkpointing)
        if groups := _groups(task, free, bare):
            yield _with_needs(task, replace(bare, groups=groups))


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
        maps=[*_places(task)][-1],
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


@dataclass(frozen=True)
class StepMemory:
    """The memory that a step needs."""

    step: str
    """`load` or `importance`."""
    gpu_bytes: int
    """0 on a CPU."""
    main_bytes: int
    disk_bytes: int
    fits: bool | None
    """Whether this much is free; None if the driver does not say."""


@dataclass(frozen=True)
class ModelPlan:
    """How a model would be loaded and scored."""

    device: str
    """`cpu`, `mps`, `cuda:N`, or several of these, separated by commas."""
    dtype: str
    """`float32`, or `nf4, bfloat16`."""
    is_own_dtype: bool
    """Whether that is the checkpoint's own."""
    candidate_weights: int
    """Weights that are scored: those of the seven matrices of every decoder layer."""
    needs: tuple[StepMemory, ...]
    """Memory of loading, and of importance if it fits."""
    importance: ImportancePlan | None
    """None if importance does not fit."""
    problem: str | None
    """Why importance does not fit."""


def plan_use(
    spec: ModelSpec,
    folder: Path,
    machine: Machine,
    cache_folder: Path | None = None,
) -> ModelPlan:
    """The memory that loading a model and scoring its weights need, and whether it fits.

    Args:
        spec: the model.
        folder: its files.
        machine: where it would run.
        cache_folder: where maps go that do not fit in main memory; None ignores its disk.

    Raises:
        ValueError: the machine lacks the device, the weights are quantized differently, the model is not a
            Llama.
    """
    config = read_config(folder)
    loaded = weights_in_memory(folder, config, spec.quantization, spec.dtype, spec.device)
    device = _devices(spec, config, loaded, machine)
    on_gpu = device != "cpu"
    task = Task(
        ModelShape.of(
            loaded.matrices, config["vocab_size"], loaded.dtype, is_four_bit=loaded.quantization != "none"
        ),
        ItemsShape.usual(DEFAULT_RULE.loss),
        on_gpu,
        loaded.bytes,
    )
    free = _free(device, machine, cache_folder)
    loading = StepMemory(
        "load", on_gpu * loaded.bytes, (not on_gpu) * loaded.bytes, 0, _load_fits(loaded.bytes, on_gpu, free)
    )
    candidates = task.model.candidates
    is_own_dtype = spec.keeps_dtype(loaded.quantization) and not is_gguf(folder)
    stored_as = storage_words(loaded.quantization, loaded.dtype)
    try:
        importance = plan_importance(task, free)
    except ValueError as error:
        return ModelPlan(device, stored_as, is_own_dtype, candidates, (loading,), None, str(error))
    needs = (loading, _need_of(importance, free, on_gpu))
    return ModelPlan(device, stored_as, is_own_dtype, candidates, needs, importance, None)


def _free(device: str, machine: Machine, cache_folder: Path | None) -> AvailableMemory:
    on_disk = None if cache_folder is None else free_on_disk(cache_folder)
    return AvailableMemory(free_on_gpus(device, machine), machine.memory.free_bytes, on_disk)


def free_on_gpus(device: str, machine: Machine) -> int | None:
    """Free bytes on the GPUs of a plan together; None without GPUs, or if the driver does not say."""
    numbers = [int(name.removeprefix("cuda:")) for name in device.split(", ") if name.startswith("cuda:")]
    free = [machine.gpus[number].memory_free_bytes for number in numbers]
    known = [one for one in free if one is not None]
    return sum(known) if known and len(known) == len(free) else None


def _load_fits(weights_bytes: int, on_gpu: bool, free: AvailableMemory) -> bool | None:
    there = free.device_bytes if on_gpu else free.host_bytes
    return None if there is None else weights_bytes <= there


def _need_of(importance: ImportancePlan, free: AvailableMemory, on_gpu: bool) -> StepMemory:
    is_known = free.host_bytes is not None and not (on_gpu and free.device_bytes is None)
    amounts = (importance.device_bytes, importance.host_bytes, importance.disk_bytes)
    return StepMemory("importance", *amounts, True if is_known else None)


def _devices(spec: ModelSpec, config: Mapping[str, Any], loaded: Weights, machine: Machine) -> str:
    """The devices that loading would choose."""
    device = _device(spec.device, machine)
    free = [gpu.memory_free_bytes for gpu in machine.gpus if gpu.memory_free_bytes is not None]
    if spec.device != "auto" or len(free) < len(machine.gpus):
        return device
    every = ", ".join(f"cuda:{number}" for number in range(len(free)))
    try:
        places = layers_over_gpus(config, loaded.bytes, DTYPE_BYTES[loaded.dtype], free)
    except ValueError:  # not even all together, as the needs of the plan will say
        return every
    return device if places is None else every


def _device(name: str, machine: Machine) -> str:
    if name == "auto":
        return "cuda:0" if machine.gpus else "cpu"
    if name in ("cpu", "mps"):
        return name
    index = int(name.partition(":")[2] or 0)
    if index >= len(machine.gpus):
        raise ValueError(f"Device '{name}' is not here ({len(machine.gpus)} GPUs found): use cpu.")
    return f"cuda:{index}"
