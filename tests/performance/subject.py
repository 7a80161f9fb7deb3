"""What is measured, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from transformers import PretrainedConfig, PreTrainedModel

from core.models.spec import Quantization
from core.models.weight_space import WeightSpace
from tests.performance.clock import Clock
from tests.performance.random_model import make_model


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    items: int
    """Items of an importance pass, and of a cell."""
    context: tuple[int, int]
    """Tokens of an item's context, at least and at most."""
    prompts: int
    new_tokens: int
    """Written after each prompt."""
    scores: int
    """That are ranked."""
    ranked: int
    """Weights of the stored ranking."""
    cycles: int
    """How often a mask is applied and restored in a repeat."""
    repeats: int
    roof_side: int
    """Side of the square matrices whose product is the measure of the device."""
    k: float = 0.01
    """Share of all parameters, or of the scores that are ranked."""
    is_compared: bool = True
    """Whether the plain way is measured, too."""

    def at(self, *, items: int | None = None, k: float | None = None) -> Scale:
        """The same for other numbers, without the comparison: for what grows."""
        return replace(self, items=items or self.items, k=k or self.k, is_compared=False)


ON_CPU = Scale(32, (32, 96), 16, 16, 10**8, 10**6, 10, 3, 2048)
ON_GPU = Scale(128, (128, 384), 32, 32, 10**8, 10**6, 20, 3, 8192)
QUICK = Scale(4, (8, 24), 2, 4, 10**5, 10**4, 2, 1, 256)


@dataclass(frozen=True)
class Subject:
    """A random model on a device."""

    config: PretrainedConfig
    device: torch.device
    dtype: torch.dtype
    quantization: Quantization
    scale: Scale

    @property
    def name(self) -> str:
        """How its weights are stored."""
        stored = str(self.dtype).removeprefix("torch.")
        return stored if self.quantization == "none" else self.quantization

    @property
    def on_gpu(self) -> bool:
        """Whether it is on one."""
        return self.device.type == "cuda"

    @cached_property
    def clock(self) -> Clock:
        """What takes its times."""
        return Clock(self.device, self.scale.repeats)

    @cached_property
    def model(self) -> PreTrainedModel:
        """The model, made when it is first asked for."""
        return make_model(self.config, self.device, self.dtype, self.quantization)

    @cached_property
    def space(self) -> WeightSpace:
        """Its candidate weights."""
        return WeightSpace(self.model)

    def at(self, scale: Scale) -> Subject:
        """The same model, measured by another scale."""
        other = replace(self, scale=scale)
        vars(other).update(model=self.model, space=self.space)
        return other
