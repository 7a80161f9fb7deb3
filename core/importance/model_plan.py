"""The memory that a model needs on a computer, before anything of it is loaded. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.importance.memory import (
    AvailableMemory,
    ItemsShape,
    ModelShape,
)
from core.importance.plan import ImportancePlan, Task, plan_importance
from core.importance.scoring_rule import DEFAULT_RULE
from core.models.checkpoint import DTYPE_BYTES, storage_words
from core.models.description import Weights, read_config, weights_in_memory
from core.models.devices import Machine, free_on_disk, layers_over_gpus
from core.models.files import is_gguf
from core.models.spec import ModelSpec


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
