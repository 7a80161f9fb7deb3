"""Loads a model and its tokenizer, ready to be evaluated and ablated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from core.models.description import ModelInfo, describe_folder, read_config
from core.models.device import layers_over_gpus, no_room
from core.models.files import ModelFilesError, model_folder
from core.models.packed import scales_bytes
from core.models.progress import OnBytes, OnProgress, counted, move
from core.models.quantization import DTYPE_BYTES, FourBit, four_bit_in_memory
from core.models.spec import ModelSpec


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory."""

    spec: ModelSpec
    model: PreTrainedModel
    """In eval mode; no parameter requires a gradient."""
    tokenizer: PreTrainedTokenizerBase
    info: ModelInfo


@dataclass(frozen=True)
class Target:
    """Where a model is to be; as text, its devices."""

    device: torch.device
    """All of it, or its embedding."""
    places: Mapping[str, int] | None = None
    """The GPU of each part, if it is spread over several."""

    def __str__(self) -> str:
        if self.places is None:
            return str(self.device)
        return ", ".join(f"{self.device.type}:{number}" for number in sorted(set(self.places.values())))


def load(spec: ModelSpec, on_progress: OnProgress | None = None, memory: Path | None = None) -> LoadedModel:
    """The model that a spec asks for, from local files.

    Where the device is left open and the first of several GPUs cannot hold the weights, they are spread.

    Args:
        spec: what is asked for.
        on_progress: told what happens next, and of weights how far it is.
        memory: the file that remembers fingerprints, so that weights are not read twice.

    Raises:
        ValueError: the files are not there or not usable, the device is not available or too small, or the
            weights are quantized in another way than is asked for.
    """
    emit = on_progress or (lambda doing, done, total: None)
    device = _device(spec.device)
    if spec.is_embedded and device.type == "cpu":
        # So small are its matrices that several threads wait for each other more than they compute.
        torch.set_num_threads(1)
    emit("finding the files", 0, 0)
    folder = model_folder(spec)
    emit("reading the fingerprint", 0, 0)
    info = describe_folder(folder, spec.name, memory, spec.quantization, spec.dtype)
    target = _target(spec, device, folder, info)
    model = _load(folder, spec, info, target, emit)
    model.eval().requires_grad_(False)
    info = replace(
        info,
        parameters=model.num_parameters(),
        dtype=str(model.dtype).removeprefix("torch."),
        device=str(target),
        bytes=model.get_memory_footprint(return_buffers=False) + scales_bytes(model),
    )
    return LoadedModel(spec, model, _load_tokenizer(folder), info)


def _target(spec: ModelSpec, device: torch.device, folder: Path, info: ModelInfo) -> Target:
    """The device, or the GPUs, that the weights are to be on.

    Raises:
        ValueError: they have no room for them.
    """
    if device.type != "cuda":
        return Target(device)
    if spec.device == "auto":
        free = [torch.cuda.mem_get_info(number)[0] for number in range(torch.cuda.device_count())]
        places = layers_over_gpus(read_config(folder), info.bytes, DTYPE_BYTES[info.dtype], free)
        if places is not None:
            return Target(device, places)
    free_bytes = torch.cuda.mem_get_info(device)[0]
    if info.bytes > free_bytes:
        raise ValueError(no_room(info.bytes, free_bytes, str(device)))
    return Target(device)


def _load(
    folder: Path, spec: ModelSpec, info: ModelInfo, target: Target, emit: OnProgress
) -> PreTrainedModel:
    """The model of a folder where it is to be."""
    words = f"reading weights as {info.stored_as}"
    if spec.keeps_dtype(info.quantization):
        words += ", the checkpoint's dtype"
    if target.places is not None:
        words += f", over {target}"
    emit(words, 0, 0)
    four_bit = four_bit_in_memory(spec.quantization, read_config(folder))

    def loaded(done: int, total: int) -> None:
        emit(words, done, total)

    if four_bit:
        return _load_four_bit(folder, four_bit, info.dtype, target, loaded)
    if target.places is not None:
        return _load_model(folder, spec.dtype, loaded, device_map=dict(target.places))
    model = _load_model(folder, spec.dtype, loaded)
    if target.device.type != "cpu":
        move(model, target.device, lambda done, total: emit(f"moving them to {target}", done, total))
    return model


def _load_four_bit(
    folder: Path, four_bit: FourBit, dtype: str, target: Target, loaded: OnBytes
) -> PreTrainedModel:
    """The model of a folder where it is to be, its candidate weights as 4-bit."""
    # Here, because it makes transformers' quantization and bitsandbytes come in, which take seconds.
    from core.models.four_bit import four_bit_arguments, settle

    arguments = four_bit_arguments(folder, four_bit, target.device, dtype)
    if target.places is not None:
        arguments["device_map"] = dict(target.places)
    try:
        model = _load_model(folder, dtype, loaded, **arguments)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # transformers' for everything that fails while weights are put together
        raise ModelFilesError(
            f"The {four_bit.kind} weights of {folder} cannot be put together: copy or download the model "
            "again."
        ) from error
    settle(model, folder, four_bit, dtype)
    return model


def _load_model(folder: Path, dtype: str, loaded: OnBytes, **arguments: Any) -> PreTrainedModel:
    """The model of a folder, every weight of it from the files."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with counted(folder, loaded):
            model, report = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=dtype,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
                **arguments,
            )
    except (StrictDataclassError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        # What transformers makes of a config that nobody checked: an activation that is none, say.
        raise ModelFilesError(
            f"{folder / 'config.json'} describes no model that can be built "
            f"({' '.join(str(error).split())}): copy or download the model again."
        ) from error
    absent = sorted(report["missing_keys"]) + sorted(str(key) for key, *_ in report["mismatched_keys"])
    if absent:  # transformers fills these with random numbers
        raise ModelFilesError(
            f"The weight files of {folder} do not fit its config.json ({len(absent)} weights missing or of "
            f"another shape, first {absent[0]}): copy or download the model again."
        )
    return model


def _load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder."""
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (ValueError, OSError, KeyError) as error:
        raise ModelFilesError(
            f"The tokenizer in {folder} cannot be read: copy or download it again."
        ) from error


def _device(name: str) -> torch.device:
    """The torch device of a name, checked."""
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"There is no device '{name}': give auto, cpu, cuda:0 or mps.") from error
    here = torch.accelerator.current_accelerator(check_available=True)
    count = torch.accelerator.device_count() if here is not None and here.type == device.type else 0
    if device.type != "cpu" and (device.index or 0) >= count:
        raise ValueError(f"Device '{name}' is not here ({count} GPUs found): use cpu.")
    return device
