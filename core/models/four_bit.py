"""Loads weights as 4-bit: quantizes a checkpoint tensor by tensor, or takes one that is quantized already."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, BitsAndBytesConfig, PreTrainedModel
from transformers.quantizers.auto import register_quantization_config, register_quantizer
from transformers.quantizers.quantizer_bnb_4bit import Bnb4BitHfQuantizer

from core.models.checkpoint import FourBit
from core.models.files import ModelFilesError, is_gguf
from core.models.weight_space import keep_layout, problem_of, quantization_state

METHOD = "abilityscope_4bit"
"""The name of this quantization method in transformers."""


@register_quantization_config(METHOD)
class FourBitConfig(BitsAndBytesConfig):  # type: ignore[misc]
    """transformers' BitsAndBytesConfig, and the device."""

    def __init__(self, device: str, **settings: Any) -> None:
        super().__init__(load_in_4bit=True, **settings)
        self.quant_method = METHOD
        self.device = device

    def plain(self) -> BitsAndBytesConfig:
        """The same as a BitsAndBytesConfig, such as a saved model's config holds."""
        settings = {name: value for name, value in self.to_dict().items() if name != "device"}
        return BitsAndBytesConfig(**settings)


@register_quantizer(METHOD)
class FourBitQuantizer(Bnb4BitHfQuantizer):  # type: ignore[misc]
    """transformers' own quantizer, but for a model on a given device, whichever is torch's current one."""

    quantization_config: Any

    def validate_environment(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is needed but bitsandbytes."""

    def update_device_map(self, device_map: Any) -> Any:
        """The parts' GPUs if they are given, else the whole model on the one device."""
        return device_map or {"": torch.device(self.quantization_config.device)}

    def _process_model_after_weight_loading(self, model: PreTrainedModel, **kwargs: Any) -> PreTrainedModel:
        plain = self.quantization_config.plain()
        self.quantization_config, model.config.quantization_config = plain, plain
        return super()._process_model_after_weight_loading(model, **kwargs)


def four_bit_arguments(folder: Path, four_bit: FourBit, device: torch.device, dtype: str) -> dict[str, Any]:
    """Arguments with which `from_pretrained` loads 4-bit weights; `dtype` is that of computation."""
    # Importing bitsandbytes warns of kernels that it would download, and that are not used here.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    settings: dict[str, Any] = {
        "device": str(device),
        "bnb_4bit_quant_type": four_bit.kind,
        "bnb_4bit_use_double_quant": four_bit.is_double,
        "bnb_4bit_quant_storage": four_bit.storage,
        "bnb_4bit_compute_dtype": dtype,
        "llm_int8_skip_modules": None if four_bit.skipped is None else list(four_bit.skipped),
    }
    if is_gguf(folder):
        return {"quantization_config": FourBitConfig(**settings)}
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if getattr(config, "quantization_config", None) is None:
        return {"quantization_config": FourBitConfig(**settings)}
    config.quantization_config = {"quant_method": METHOD, **settings}
    return {"config": config}


def settle(model: PreTrainedModel, folder: Path, four_bit: FourBit, dtype: str) -> None:
    """Checks the packed weights of a model just loaded, and makes them ready to compute in a dtype.

    Raises:
        ModelFilesError: they do not fit the config.
    """
    from bitsandbytes.nn import Linear4bit

    found = {name: module for name, module in model.named_modules() if isinstance(module, Linear4bit)}
    for name, linear in found.items():
        problem = problem_of(linear)
        if not problem and quantization_state(linear).quant_type != four_bit.kind:
            problem = "are of another kind, as they say themselves: copy or download the model again"
        if problem:
            raise ModelFilesError(f"The {four_bit.kind} weights of {name} from {folder} {problem}.")
        keep_layout(linear)
        # Else the backward pass dequantizes to the checkpoint's dtype, but the forward pass to the model's.
        quantization_state(linear).dtype = getattr(torch, dtype)
    packed = {id(linear.weight) for linear in found.values()}
    for parameter in model.parameters():
        # transformers leaves the other weights of a 4-bit checkpoint in the dtype that they are stored in.
        if id(parameter) not in packed:
            parameter.data = parameter.data.to(getattr(torch, dtype))
