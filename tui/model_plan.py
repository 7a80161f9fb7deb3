"""What a model needs on this computer, before anything of it is loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from core.models.description import candidate_weights, read_config, weights_in_memory
from core.models.files import HUB_ID, model_folder
from core.models.spec import ModelSpec
from tui.machine import Machine

DEVICE_BYTES_PER_CANDIDATE = 8
"""Importance keeps two float32 sums for each candidate weight on the model's device, one for each half of the
items."""

HOST_BYTES_PER_CANDIDATE = 12
"""Importance ends with three float32 scores for each candidate weight in main memory. On a CPU two of them
take the sums' place."""


@dataclass(frozen=True)
class Need:
    """The memory that one step needs, without activations."""

    step: str
    """`load` or `importance`."""
    gpu_bytes: int
    """0 on a CPU."""
    main_bytes: int
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


def plan_use(spec: ModelSpec, folder: Path, machine: Machine) -> Plan:
    """What loading the model and scoring its weights need, and whether that fits.

    Args:
        spec: what is asked for.
        folder: the model's files.
        machine: where it would run.

    Raises:
        ValueError: the device is not here, the weights are quantized in another way than is asked for, or the
            config is not that of a Llama.
    """
    device = _device(spec.device, machine)
    config = read_config(folder)
    loaded = weights_in_memory(folder, config, spec.quantization, spec.dtype)
    weights = loaded.bytes
    candidates = candidate_weights(config)["all"]
    host = candidates * HOST_BYTES_PER_CANDIDATE
    if device == "cpu":
        needs = (("load", 0, weights), ("importance", 0, weights + host))
    else:
        sums = candidates * DEVICE_BYTES_PER_CANDIDATE
        needs = (("load", weights, 0), ("importance", weights + sums, host))
    return Plan(device, loaded.stored_as, candidates, tuple(_need(*need, device, machine) for need in needs))


def _device(name: str, machine: Machine) -> str:
    if name == "auto":
        return "cuda:0" if machine.gpus else "cpu"
    if name == "cpu":
        return name
    index = int(name.partition(":")[2] or 0)
    if index >= len(machine.gpus):
        raise ValueError(f"Device '{name}' is not here ({len(machine.gpus)} GPUs found): use cpu.")
    return f"cuda:{index}"


def _need(step: str, gpu_bytes: int, main_bytes: int, device: str, machine: Machine) -> Need:
    is_enough = [_holds(machine.memory.free_bytes, main_bytes)]
    if device != "cpu":
        gpu = machine.gpus[int(device.removeprefix("cuda:"))]
        is_enough.append(_holds(gpu.memory_free_bytes, gpu_bytes))
    fits = False if False in is_enough else None if None in is_enough else True
    return Need(step, gpu_bytes, main_bytes, fits)


def _holds(free_bytes: int | None, needed_bytes: int) -> bool | None:
    return None if free_bytes is None else needed_bytes <= free_bytes
