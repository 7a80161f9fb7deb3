"""Taps on the candidate matrices: what goes in, and the gradient of what comes out, without any `.grad`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from core.weights import Matrix, WeightSpace

OnOutput = Callable[[Matrix, Tensor], None]
"""Called in the forward pass with a matrix and its output."""

OnGradient = Callable[[Matrix, Tensor, Tensor], None]
"""Called in the backward pass with a matrix, the gradient of its output, and its input."""


class Tap(torch.autograd.Function):
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
def tapped(space: WeightSpace, on_output: OnOutput, on_gradient: OnGradient) -> Iterator[None]:
    """Taps every candidate matrix; the taps are gone afterwards, whatever happens."""
    with ExitStack() as stack:
        for matrix in space.matrices:
            hook = _tap_hook(matrix, on_output, on_gradient)
            stack.callback(space.linear(matrix).register_forward_hook(hook).remove)
        yield


@contextmanager
def frozen(model: nn.Module, embedding: nn.Module) -> Iterator[None]:
    """Evaluation mode, no parameter requires grad, the embeddings' output does; all as before afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    requiring = [parameter for parameter in model.parameters() if parameter.requires_grad]
    handle = embedding.register_forward_hook(lambda module, inputs, output: output.requires_grad_(True))
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


def _tap_hook(matrix: Matrix, on_output: OnOutput, on_gradient: OnGradient) -> Callable[..., Tensor]:
    def sink(gradient: Tensor, inputs: Tensor) -> None:
        on_gradient(matrix, gradient, inputs)

    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        on_output(matrix, output.detach())
        tapped_output: Tensor = Tap.apply(output, inputs[0].detach(), sink)
        return tapped_output

    return hook
