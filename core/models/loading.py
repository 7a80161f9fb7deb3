"""Loads a model and its tokenizer, ready to be evaluated and ablated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from core.models.description import ModelInfo, describe_folder
from core.models.files import ModelFilesError, model_folder
from core.models.spec import ModelSpec


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
        ValueError: the files are not there or not usable, or the device or quantization is not available.
    """
    if spec.quantization != "none":
        raise ValueError(f"Quantization '{spec.quantization}' is not there yet: use 'none'.")
    tell = on_progress or (lambda _: None)
    device = _device(spec.device)
    if spec.is_embedded and device.type == "cpu":
        # So small are its matrices that several threads wait for each other more than they compute.
        torch.set_num_threads(1)
    tell("finding the files")
    folder = model_folder(spec)
    tell("reading the fingerprint")
    info = describe_folder(folder, spec.name, memory)
    tell("loading the weights")
    model = _load_model(folder, spec, device)
    info = replace(
        info,
        parameters=model.num_parameters(),
        dtype=str(model.dtype).removeprefix("torch."),
        device=str(device),
        bytes=model.get_memory_footprint(return_buffers=False),
    )
    return LoadedModel(spec, model, _load_tokenizer(folder), info)


def _load_model(folder: Path, spec: ModelSpec, device: torch.device) -> PreTrainedModel:
    """The model of a folder on a device, frozen, every weight of it from the files."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    model, report = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=spec.dtype,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    absent = sorted(report["missing_keys"]) + sorted(str(key) for key, *_ in report["mismatched_keys"])
    if absent:  # transformers fills these with random numbers
        raise ModelFilesError(
            f"The weight files of {folder} do not fit its config.json ({len(absent)} weights missing or of "
            f"another shape, first {absent[0]}): copy or download the model again."
        )
    return model.to(device).eval().requires_grad_(False)


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
