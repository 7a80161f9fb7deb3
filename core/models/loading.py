"""Loads a model and its tokenizer, ready to be evaluated and ablated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from core.models.description import ModelInfo, describe_folder, read_config
from core.models.files import ModelFilesError, model_folder
from core.models.quantization import FourBit, four_bit_in_memory
from core.models.spec import ModelSpec
from core.weights.packed import scales_bytes


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory."""

    spec: ModelSpec
    model: PreTrainedModel
    """In eval mode; no parameter requires a gradient."""
    tokenizer: PreTrainedTokenizerBase
    info: ModelInfo


def load(
    spec: ModelSpec, on_progress: Callable[[str], None] | None = None, memory: Path | None = None
) -> LoadedModel:
    """The model that a spec asks for, from local files.

    Args:
        spec: what is asked for.
        on_progress: told in a few words what happens next.
        memory: the file that remembers fingerprints, so that weights are not read twice.

    Raises:
        ValueError: the files are not there or not usable, the device is not available, or the weights are
            quantized in another way than is asked for.
    """
    tell = on_progress or (lambda _: None)
    device = _device(spec.device)
    if spec.is_embedded and device.type == "cpu":
        # So small are its matrices that several threads wait for each other more than they compute.
        torch.set_num_threads(1)
    tell("finding the files")
    folder = model_folder(spec)
    tell("reading the fingerprint")
    info = describe_folder(folder, spec.name, memory, spec.quantization, spec.dtype)
    tell(f"loading the weights as {info.stored_as}")
    four_bit = four_bit_in_memory(spec.quantization, read_config(folder))
    if four_bit:
        model = _load_four_bit(folder, four_bit, info.dtype, device)
    else:
        model = _load_model(folder, spec.dtype).to(device)
    model.eval().requires_grad_(False)
    info = replace(
        info,
        parameters=model.num_parameters(),
        dtype=str(model.dtype).removeprefix("torch."),
        device=str(device),
        bytes=model.get_memory_footprint(return_buffers=False) + scales_bytes(model),
    )
    return LoadedModel(spec, model, _load_tokenizer(folder), info)


def _load_four_bit(folder: Path, four_bit: FourBit, dtype: str, device: torch.device) -> PreTrainedModel:
    """The model of a folder on a device, its candidate weights as 4-bit."""
    # Here, because it makes transformers' quantization and bitsandbytes come in, which take seconds.
    from core.models.four_bit import four_bit_arguments, settle

    arguments = four_bit_arguments(folder, four_bit, device, dtype)
    try:
        model = _load_model(folder, dtype, **arguments)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # transformers' for everything that fails while weights are put together
        raise ModelFilesError(
            f"The {four_bit.kind} weights of {folder} cannot be put together: copy or download the model "
            "again."
        ) from error
    settle(model, folder, four_bit, dtype)
    return model


def _load_model(folder: Path, dtype: str, **arguments: Any) -> PreTrainedModel:
    """The model of a folder, every weight of it from the files."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
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
        raise ValueError(f"There is no device '{name}': give auto, cpu or cuda:0.") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"Device '{name}' is not here ({torch.cuda.device_count()} GPUs found): use cpu.")
    return device
