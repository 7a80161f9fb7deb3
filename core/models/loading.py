"""Loads a model and its tokenizer, ready to be evaluated and ablated, and reports how far it is."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from torch import nn
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from core.models.checkpoint import DTYPE_BYTES, FourBit, four_bit_in_memory, owner, stored_tensors
from core.models.description import ModelInfo, describe_model, read_config
from core.models.devices import layers_over_gpus, no_room
from core.models.files import ModelFilesError, is_gguf, model_folder, tokenizer_path, weight_files
from core.models.gguf_model import parameters_of
from core.models.spec import ModelSpec
from core.models.storage import scales_bytes
from core.models.tokenizers import check_vocabulary, load_tokenizer, tokenizer_warning

OnProgress = Callable[[str, int, int], None]
"""Called with the current step in a few words, and its bytes done and in total; 0 of 0 where unknown."""

OnBytes = Callable[[int, int], None]
"""Called with bytes done and in total."""

REPORT_EVERY_S = 0.1
"""Seconds between two reports of the same step."""

LOADING_BAR = "Loading weights"
"""Title of transformers' progress bar over the parameters that it reads from the files."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory."""

    spec: ModelSpec
    model: PreTrainedModel
    """In eval mode; no parameter requires a gradient."""
    tokenizer: PreTrainedTokenizerBase
    info: ModelInfo
    warning: str = ""
    """What is wrong with the tokenizer, and what to do; empty if nothing is known to be."""


@dataclass(frozen=True)
class Target:
    """Where a model will be; as text, its devices."""

    device: torch.device
    """The device of all of it, or of its embedding."""
    gpus: Mapping[str, int] | None = None
    """The GPU number of each part, if it is spread over several."""

    def __str__(self) -> str:
        if self.gpus is None:
            return str(self.device)
        return ", ".join(f"{self.device.type}:{number}" for number in sorted(set(self.gpus.values())))


def load(spec: ModelSpec, on_progress: OnProgress | None = None, memory: Path | None = None) -> LoadedModel:
    """The model that a spec asks for, from local files.

    Where the device is `auto` and the first of several GPUs cannot hold the weights, they are spread.

    Args:
        spec: what is asked for.
        on_progress: called before each step, and during loading with the bytes done.
        memory: the file that remembers fingerprints, so that weights are not read twice.

    Raises:
        ValueError: the files are missing or not usable, the device is not available or too small, or the
            weights are quantized in another way than is asked for.
    """
    emit = on_progress or (lambda step, done, total: None)
    device = _device(spec.device)
    if spec.is_embedded and device.type == "cpu":
        # Its matrices are so small that several threads wait for each other more than they compute.
        torch.set_num_threads(1)
    emit("finding the files", 0, 0)
    folder = model_folder(spec)
    emit("reading the fingerprint", 0, 0)
    info = describe_model(replace(spec, device=str(device)), memory)
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
    emit("reading the tokenizer", 0, 0)
    source = tokenizer_path(spec)
    tokenizer = load_tokenizer(source)
    if spec.tokenizer:
        check_vocabulary(tokenizer, source, info.vocabulary)
    return LoadedModel(spec, model, tokenizer, info, tokenizer_warning(tokenizer, source))


def _device(name: str) -> torch.device:
    """The torch device of a name, which has to be available."""
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"Unknown device '{name}': give auto, cpu, cuda:0 or mps.") from error
    here = torch.accelerator.current_accelerator(check_available=True)
    count = torch.accelerator.device_count() if here is not None and here.type == device.type else 0
    if device.type != "cpu" and (device.index or 0) >= count:
        raise ValueError(f"Device '{name}' is not here ({count} GPUs found): use cpu.")
    return device


def _target(spec: ModelSpec, device: torch.device, folder: Path, info: ModelInfo) -> Target:
    """The device, or the GPUs, that the weights will be on, and that have room for them."""
    if device.type != "cuda":
        return Target(device)
    if spec.device == "auto":
        free = [torch.cuda.mem_get_info(number)[0] for number in range(torch.cuda.device_count())]
        gpus = layers_over_gpus(read_config(folder), info.bytes, DTYPE_BYTES[info.dtype], free)
        if gpus is not None:
            return Target(device, gpus)
    free_bytes = torch.cuda.mem_get_info(device)[0]
    if info.bytes > free_bytes:
        raise ValueError(no_room(info.bytes, free_bytes, str(device)))
    return Target(device)


def _load(
    folder: Path, spec: ModelSpec, info: ModelInfo, target: Target, emit: OnProgress
) -> PreTrainedModel:
    """The model of a folder on its target."""
    words = f"reading weights as {info.stored_as}"
    if spec.keeps_dtype(info.quantization) and not is_gguf(folder):
        words += ", the checkpoint's dtype"
    if target.gpus is not None:
        words += f", over {target}"
    emit(words, 0, 0)
    four_bit = four_bit_in_memory(spec.quantization, read_config(folder))

    def loaded(done: int, total: int) -> None:
        emit(words, done, total)

    if four_bit:
        return _load_four_bit(folder, four_bit, info.dtype, target, loaded)
    if target.gpus is not None:
        return _load_model(folder, info.dtype, loaded, device_map=dict(target.gpus))
    model = _load_model(folder, info.dtype, loaded)
    if target.device.type != "cpu":
        _move(model, target.device, lambda done, total: emit(f"moving them to {target}", done, total))
    return model


def _load_four_bit(
    folder: Path, four_bit: FourBit, dtype: str, target: Target, loaded: OnBytes
) -> PreTrainedModel:
    """The model of a folder on its target, its candidate weights as 4-bit."""
    # Imported here: transformers' quantization and bitsandbytes take seconds.
    from core.models.four_bit import four_bit_arguments, settle

    arguments = four_bit_arguments(folder, four_bit, target.device, dtype)
    if target.gpus is not None:
        arguments["device_map"] = dict(target.gpus)
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
    """The model of a folder or a GGUF file, every weight of it from the files."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with _counted(folder, loaded):
            cls, source = _source(folder, dtype)
            model, report = cls.from_pretrained(
                **source,
                dtype=dtype,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
                **arguments,
            )
    except (StrictDataclassError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        # What transformers raises for a bad config, such as an unknown activation.
        raise ModelFilesError(
            f"{folder if is_gguf(folder) else folder / 'config.json'} describes no model that can be built "
            f"({' '.join(str(error).split())}): copy or download the model again."
        ) from error
    absent = sorted(report["missing_keys"]) + sorted(str(key) for key, *_ in report["mismatched_keys"])
    if absent:  # transformers fills these with random numbers
        raise ModelFilesError(
            f"The weight files of {folder} do not fit its config.json ({len(absent)} weights missing or of "
            f"another shape, first {absent[0]}): copy or download the model again."
        )
    return model


def _source(folder: Path, dtype: str) -> tuple[Any, dict[str, Any]]:
    """The class whose `from_pretrained` loads a model, and its arguments that say where the weights are."""
    if not is_gguf(folder):
        return AutoModelForCausalLM, {"pretrained_model_name_or_path": folder}
    from core.models.gguf_weights import stored_weights

    # Not its own `gguf_file`: that reads the header several times in up to 14 s each, holds all weights twice
    # while it packs them, and ignores how some models stretch positions.
    config = AutoConfig.for_model(**read_config(folder))
    cls = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    return cls, {
        "pretrained_model_name_or_path": None,
        "config": config,
        "state_dict": stored_weights(folder, getattr(torch, dtype)),
    }


@contextmanager
def _counted(folder: Path, emit: OnBytes) -> Iterator[None]:
    """Inside, the parameters that transformers reads from a folder are counted in bytes of the files."""
    sizes: Counter[str] = Counter()  # of each parameter, its scales included
    if is_gguf(folder):
        sizes.update({parameter.name: parameter.tensor.size_bytes for parameter in parameters_of(folder)})
    else:
        for tensor in stored_tensors(weight_files(folder)):
            sizes[owner(tensor.name)] += tensor.size_bytes

    def make_bar(factory: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if named.get("desc") != LOADING_BAR:
            return factory(*arguments, **named)
        return _counting(arguments[0], sizes, emit)

    before = logging.set_tqdm_hook(make_bar)
    try:
        yield
    finally:
        logging.set_tqdm_hook(before)


def _counting(
    parts: Iterable[tuple[str, Any]], sizes: Counter[str], emit: OnBytes
) -> Iterator[tuple[str, Any]]:
    """The parts, each counted when the next one is asked for."""
    total, done, report = sizes.total(), 0, _Paced(emit)
    for name, part in parts:
        yield name, part
        done += sizes[name]
        report(done, total)
    emit(total, total)


def _move(model: PreTrainedModel, device: torch.device, emit: OnBytes) -> None:
    """Moves a model to a device, as `model.to` does, module by module."""
    total, report = model.get_memory_footprint(), _Paced(emit)
    seen: set[int] = set()
    done = 0
    for module in model.modules():
        if next(module.children(), None) is None:
            own = {id(tensor): tensor.nbytes for tensor in _tensors(module)}
            done += sum(size for tensor, size in own.items() if tensor not in seen)
            seen |= own.keys()
            module.to(device)
            report(done, total)
    model.to(device)  # what is in no leaf
    emit(total, total)


def _tensors(module: nn.Module) -> list[torch.Tensor]:
    return [*module.parameters(recurse=False), *module.buffers(recurse=False)]


class _Paced:
    """Passes on a count at most every REPORT_EVERY_S."""

    def __init__(self, emit: OnBytes) -> None:
        self._emit, self._next = emit, 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next:
            self._emit(done, total)
            self._next = time.monotonic() + REPORT_EVERY_S
