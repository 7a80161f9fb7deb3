"""Taps on the candidate matrices: what goes in, and the gradient of what comes out, without any `.grad`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from core.models.matrices import Matrix
from core.models.weight_space import WeightSpace

OnOutput = Callable[[Matrix, Tensor], None]
"""Called in the forward pass with a matrix and its output."""

OnGradient = Callable[[Matrix, Tensor, Tensor], None]
"""Called in the backward pass with a matrix, the gradient of its output, and its input."""


class Hook(torch.autograd.Function):
    """Identity on a module's output, whose backward hands gradient and input to a sink."""

    @staticmethod
    def forward(ctx: Any, output: Tensor, inputs: Tensor, sink: Callable[[Tensor, Tensor], None]) -> Tensor:
        """The output itself."""
        ctx.save_for_backward(inputs)
        ctx.sink = sink
        return output.view_as(output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """The gradient itself, after the sink has seen it."""
        (gradient,) = gradients
        ctx.sink(gradient, *ctx.saved_tensors)
        return gradient, None, None


@contextmanager
def tapped(
    space: WeightSpace, matrices: Collection[Matrix], on_output: OnOutput, on_gradient: OnGradient
) -> Iterator[None]:
    """Watches the outputs of all candidate matrices and taps some; the hooks are gone afterwards."""
    with ExitStack() as stack:
        for matrix in space.matrices:
            hook = _hook(matrix, on_output, on_gradient if matrix in matrices else None)
            stack.callback(space.linear(matrix).register_forward_hook(hook).remove)
        yield


@contextmanager
def frozen(model: nn.Module, source: nn.Module) -> Iterator[None]:
    """Evaluation mode, no parameter requires grad, a module's output does; all as before afterwards.

    What comes before that module, and so needs no gradient, keeps no activations.
    """
    modes = [(module, module.training) for module in model.modules()]
    requiring = [parameter for parameter in model.parameters() if parameter.requires_grad]
    handle = source.register_forward_hook(lambda module, inputs, output: output.requires_grad_(True))
    try:
        model.eval()
        model.requires_grad_(False)
        yield
    finally:
        handle.remove()
        for module, training in modes:
            module.training = training
        for parameter in requiring:
            parameter.requires_grad_(True)


@contextmanager
def checkpointed(layers: Sequence[nn.Module]) -> Iterator[None]:
    """Decoder layers keep their inputs alone and compute the rest again when gradients come; as before after.

    transformers' own switch, which acts in training mode only: the layers themselves are put into it, and not
    their modules, so that no dropout comes in.
    """
    switches = {
        "gradient_checkpointing": True,
        "_gradient_checkpointing_func": partial(checkpoint, use_reentrant=False, preserve_rng_state=False),
        "training": True,
    }
    before = [{name: vars(layer)[name] for name in switches if name in vars(layer)} for layer in layers]
    try:
        for layer in layers:
            vars(layer).update(switches)
        yield
    finally:
        for layer, values in zip(layers, before, strict=True):
            for name in switches:
                vars(layer).pop(name, None)
            vars(layer).update(values)


def _hook(matrix: Matrix, on_output: OnOutput, on_gradient: OnGradient | None) -> Callable[..., Tensor]:
    def sink(gradient: Tensor, inputs: Tensor) -> None:
        assert on_gradient is not None
        on_gradient(matrix, gradient, inputs)

    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        on_output(matrix, output.detach())
        if on_gradient is None:
            return output
        tapped_output: Tensor = Hook.apply(output, inputs[0].detach(), sink)
        return tapped_output

    return hook
