"""Models with random weights, made where they are used, and random words for them to read."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from core.inference.encoding import EncodedChoice
from core.models.spec import Quantization

SPREAD = 0.02
"""Standard deviation of the weights, as transformers has it for a new Llama."""


def make_model(
    config: PretrainedConfig, device: torch.device, dtype: torch.dtype, quantization: Quantization
) -> PreTrainedModel:
    """A model in eval mode, its weights drawn on the device; always the same on one kind of device.

    Of a 4-bit one there is no more than one matrix in full precision at a time.

    Args:
        config: its shape.
        device: where it will be.
        dtype: of the weights that are not 4-bit, and of what is computed.
        quantization: of the matrices of the decoder layers.
    """
    model = _skeleton(config, dtype)
    generator = torch.Generator(device).manual_seed(0)
    for name, module in list(model.named_modules()):
        for part, parameter in list(module.named_parameters(recurse=False)):
            values = _drawn(part, parameter, generator)
            setattr(module, part, nn.Parameter(values, requires_grad=False))
        if quantization != "none" and isinstance(module, nn.Linear) and ".layers." in name:
            model.set_submodule(name, _four_bit(module, quantization, dtype))
    # Its frequencies are no parameters: they are computed from the config.
    with device:
        model.model.rotary_emb = type(model.model.rotary_emb)(config)
    # By this transformers knows that packed weights count twice.
    model.is_loaded_in_4bit = quantization != "none"
    return model.eval()


def number_of_parameters(config: PretrainedConfig) -> int:
    """Parameters of a model of that shape; none of it is made."""
    return int(_skeleton(config, torch.bfloat16).num_parameters())


def _skeleton(config: PretrainedConfig, dtype: torch.dtype) -> PreTrainedModel:
    """The model without any numbers."""
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config, dtype=dtype)


def _drawn(name: str, like: Tensor, generator: torch.Generator) -> Tensor:
    """The numbers of a parameter: normal ones of a matrix, ones of a norm, zeros of a bias."""
    device = generator.device
    if like.dim() > 1:
        return torch.empty(like.shape, dtype=like.dtype, device=device).normal_(
            0, SPREAD, generator=generator
        )
    return torch.full(like.shape, float(name == "weight"), dtype=like.dtype, device=device)


def _four_bit(linear: nn.Linear, kind: Quantization, dtype: torch.dtype) -> nn.Linear:
    """The module with its weights packed, as it is after loading."""
    from bitsandbytes.nn import Linear4bit, Params4bit

    packed = Linear4bit(
        linear.in_features,
        linear.out_features,
        linear.bias is not None,
        dtype,
        quant_type=kind,
        device="meta",
    )
    # Moving it to where it is already is what quantizes it.
    packed.weight = Params4bit(linear.weight.data, quant_type=kind, module=packed).to(linear.weight.device)
    packed.bias = linear.bias
    packed.quant_state.dtype = dtype
    found: nn.Linear = packed
    return found


def write_checkpoint(config: PretrainedConfig, folder: Path, device: torch.device) -> None:
    """A checkpoint of random bfloat16 weights, drawn and written a module at a time."""
    generator = torch.Generator(device).manual_seed(0)
    for number, (name, parts) in enumerate(_parameters_by_module(_skeleton(config, torch.bfloat16))):
        tensors = {f"{name}.{part}": _drawn(part, like, generator).cpu() for part, like in parts.items()}
        save_file(tensors, folder / f"model-{number:05}.safetensors", metadata={"format": "pt"})
    _write_index(folder)
    config.architectures, config.dtype = [type(_skeleton(config, torch.bfloat16)).__name__], "bfloat16"
    config.save_pretrained(folder)
    numbered_words(config.vocab_size).save_pretrained(folder)


def _parameters_by_module(model: nn.Module) -> Iterator[tuple[str, dict[str, Tensor]]]:
    for name, module in model.named_modules():
        parts = dict(module.named_parameters(recurse=False))
        if parts:
            yield name, parts


def _write_index(folder: Path) -> None:
    """Says which file each tensor is in."""
    places: dict[str, str] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            places |= dict.fromkeys(file.keys(), path.name)
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def numbered_words(vocabulary: int) -> PreTrainedTokenizerFast:
    """A tokenizer whose words are `w0`, `w1` …, one token each; `w0` begins a text and `w1` ends it."""
    words = {f"w{number}": number for number in range(vocabulary)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="w2"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="w0", eos_token="w1", pad_token="w0")


def random_items(
    vocabulary: int, items: int, context: tuple[int, int], option: tuple[int, int]
) -> list[EncodedChoice]:
    """Items with four options, of random tokens; always the same.

    Args:
        vocabulary: tokens to draw from.
        items: how many.
        context: tokens of a context, at least and at most.
        option: tokens of an option, at least and at most.
    """
    rng = random.Random(0)

    def tokens(limits: tuple[int, int]) -> tuple[int, ...]:
        return tuple(rng.randrange(vocabulary) for _ in range(rng.randint(*limits)))

    return [
        EncodedChoice(str(number), tokens(context), tuple(tokens(option) for _ in range(4)), number % 4)
        for number in range(items)
    ]
