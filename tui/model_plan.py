"""What a model needs on this computer, before anything of it is loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from core.free_space import free_on_disk
from core.importance.needs import ItemsShape, ModelShape
from core.importance.plan import Free, ImportancePlan, Task, plan_importance
from core.models.description import read_config, weights_in_memory
from core.models.files import HUB_ID, model_folder
from core.models.spec import ModelSpec
from core.recipes import ImportanceRecipe
from tui.machine import Machine

LOSS = ImportanceRecipe().loss
"""With which importance is planned: the default."""


@dataclass(frozen=True)
class Need:
    """The memory that one step needs."""

    step: str
    """`load` or `importance`."""
    gpu_bytes: int
    """0 on a CPU."""
    main_bytes: int
    disk_bytes: int
    fits: bool | None
    """Whether this much is free; None where the system does not say."""


@dataclass(frozen=True)
class Plan:
    """How the model would be used."""

    device: str
    """`cpu` or `cuda:N`."""
    dtype: str
    """In words: `float32`, or `nf4, bfloat16`."""
    candidate_weights: int
    """Weights that importance scores: those of the seven matrices of every decoder layer."""
    needs: tuple[Need, ...]
    """Of importance only if it fits in some way."""
    importance: ImportancePlan | None
    """How importance would be computed; None if it does not fit."""
    problem: str | None
    """Why importance does not fit, in one sentence."""


def local_model_folder(spec: ModelSpec) -> Path:
    """The model's folder, as model_folder gives it, but nothing is downloaded.

    Raises:
        ValueError: it is not on this computer, or not usable.
    """
    if spec.is_embedded or Path(spec.name).is_dir() or not HUB_ID.fullmatch(spec.name):
        return model_folder(spec)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = snapshot_download(spec.name, revision=spec.revision, local_files_only=True)
    except LocalEntryNotFoundError as error:
        raise ValueError(
            f"'{spec.name}' is not on this computer: the first command that uses it downloads it."
        ) from error
    return model_folder(replace(spec, name=folder, revision=None))


def plan_use(spec: ModelSpec, folder: Path, machine: Machine, cache_folder: Path | None = None) -> Plan:
    """What loading the model and scoring its weights need, whether that fits, and how it would be done.

    Args:
        spec: what is asked for.
        folder: the model's files.
        machine: where it would run.
        cache_folder: where maps go that do not fit in main memory; None leaves its disk out of account.

    Raises:
        ValueError: the device is not here, the weights are quantized in another way than is asked for, or the
            config is not that of a Llama.
    """
    device = _device(spec.device, machine)
    config = read_config(folder)
    loaded = weights_in_memory(folder, config, spec.quantization, spec.dtype)
    on_gpu = device != "cpu"
    task = Task(
        ModelShape.of(config, loaded.dtype, is_four_bit=loaded.quantization != "none"),
        ItemsShape.usual(LOSS),
        on_gpu,
        loaded.bytes,
    )
    free = _free(device, machine, cache_folder)
    loading = Need(
        "load", on_gpu * loaded.bytes, (not on_gpu) * loaded.bytes, 0, _load_fits(loaded.bytes, on_gpu, free)
    )
    candidates = task.model.candidates
    try:
        importance = plan_importance(task, free)
    except ValueError as error:
        return Plan(device, loaded.stored_as, candidates, (loading,), None, str(error))
    needs = (loading, _need_of(importance, free, on_gpu))
    return Plan(device, loaded.stored_as, candidates, needs, importance, None)


def _free(device: str, machine: Machine, cache_folder: Path | None) -> Free:
    gpu = machine.gpus[int(device.removeprefix("cuda:"))] if device != "cpu" else None
    on_disk = None if cache_folder is None else free_on_disk(cache_folder)
    return Free(gpu.memory_free_bytes if gpu else None, machine.memory.free_bytes, on_disk)


def _load_fits(weights_bytes: int, on_gpu: bool, free: Free) -> bool | None:
    there = free.device_bytes if on_gpu else free.host_bytes
    return None if there is None else weights_bytes <= there


def _need_of(importance: ImportancePlan, free: Free, on_gpu: bool) -> Need:
    is_known = free.host_bytes is not None and not (on_gpu and free.device_bytes is None)
    amounts = (importance.device_bytes, importance.host_bytes, importance.disk_bytes)
    return Need("importance", *amounts, True if is_known else None)


def _device(name: str, machine: Machine) -> str:
    if name == "auto":
        return "cuda:0" if machine.gpus else "cpu"
    if name == "cpu":
        return name
    index = int(name.partition(":")[2] or 0)
    if index >= len(machine.gpus):
        raise ValueError(f"Device '{name}' is not here ({len(machine.gpus)} GPUs found): use cpu.")
    return f"cuda:{index}"
