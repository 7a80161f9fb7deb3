"""Hooks on the candidate matrices: gradients are summed from outputs and inputs, without any `.grad`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from core.importance.maps import Offload
from core.importance.scoring_rule import Reduction
from core.models.matrices import Matrix
from core.models.weight_space import WeightSpace


class Hook(torch.autograd.Function):
    """Identity on a module's output, whose backward passes gradient and input to a sink."""

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
def hooked(space: WeightSpace, matrices: Collection[Matrix], sums: GradientSums) -> Iterator[None]:
    """Inside, sums watch the outputs of all candidate matrices, and add the gradients of some."""

    def hook(
        matrix: Matrix, is_summed: bool, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor
    ) -> Tensor:
        sums.watch_output(matrix, output.detach())
        if not is_summed:
            return output
        summed: Tensor = Hook.apply(output, inputs[0].detach(), partial(sums.add, matrix))
        return summed

    with ExitStack() as stack:
        for matrix in space.matrices:
            handle = space.linear(matrix).register_forward_hook(partial(hook, matrix, matrix in matrices))
            stack.callback(handle.remove)
        yield


@contextmanager
def frozen(model: nn.Module, source: nn.Module) -> Iterator[None]:
    """Inside, the model is in eval mode, no parameter requires grad, but a module's output does.

    What comes before that module needs no gradient and keeps no activations.
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
    """Inside, decoder layers keep their inputs only, and compute the rest again when gradients come.

    It is transformers' own switch, which acts in training mode only: the layers themselves are put into it,
    and not their modules, so that no dropout comes in.
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


class GradientSums:
    """Sums the gradients of some matrices over items, in float32, into one accumulator each."""

    def __init__(
        self,
        space: WeightSpace,
        accumulators: Mapping[Matrix, Tensor],
        reduction: Reduction,
        offload: Offload | None = None,
    ) -> None:
        """Adds nothing yet.

        Args:
            space: the matrices' weights, whose signs `sum-lost` needs.
            accumulators: (rows, columns) float32 each, on the matrix's device; with offload in main memory.
            reduction: whether items may cancel.
            offload: brings each batch's gradient of a matrix to its accumulator.
        """
        self._space = space
        self._accumulators = accumulators
        self._reduction = reduction
        self._offload = offload
        self._lengths: Sequence[int] = ()
        self._outputs: list[tuple[Matrix, Tensor]] = []
        self._gradients: list[tuple[Matrix, Tensor]] = []

    def start(self, lengths: Sequence[int]) -> None:
        """Prepares for the forward pass of a batch; given are the tokens of its rows, which are items."""
        self._lengths = lengths
        self._outputs, self._gradients = [], []

    def watch_output(self, matrix: Matrix, output: Tensor) -> None:
        """Remembers whether a matrix's output is finite."""
        self._outputs.append((matrix, probe(output)))

    def add(self, matrix: Matrix, gradient: Tensor, inputs: Tensor) -> None:
        """Adds a batch's gradient of a matrix: the sum over tokens of output gradient times input.

        Args:
            matrix: the matrix.
            gradient: (B, T, rows) gradient of its output, or (B * T, rows) as OPT's MLPs have it.
            inputs: its input in the same shape, with its columns.
        """
        gradient, inputs = (one.reshape(len(self._lengths), -1, one.shape[-1]) for one in (gradient, inputs))
        self._gradients.append((matrix, probe(gradient)))
        accumulator = self._accumulators[matrix]
        if self._offload is None:
            self._add_into(accumulator, matrix, gradient, inputs)
            return
        of_batch = torch.zeros(matrix.rows, matrix.columns, device=gradient.device)
        self._add_into(of_batch, matrix, gradient, inputs)
        self._offload.send(of_batch, accumulator.add_)

    def _add_into(self, sums: Tensor, matrix: Matrix, gradient: Tensor, inputs: Tensor) -> None:
        if not _multiplies_halves(gradient, inputs):
            gradient, inputs = gradient.float(), inputs.float()
        if self._reduction == "abs-sum":
            gradient, inputs = gradient.flatten(0, 1), inputs.flatten(0, 1)
            if gradient.dtype == torch.float32:
                sums.addmm_(gradient.T, inputs)
            else:
                sums += _product(gradient, inputs)
            return
        # The sign of a gradient with which the loss rises when the weight goes.
        rises = self._space.read(matrix).sign().neg_().float()
        for row, length in enumerate(self._lengths):
            product = _product(gradient[row, :length], inputs[row, :length])
            sums += product.mul_(rises).clamp_(min=0)

    def finish(self) -> None:
        """Returns when everything is in the accumulators."""
        if self._offload is not None:
            self._offload.finish()

    def not_finite(self) -> tuple[Matrix, str] | None:
        """The matrix where the batch first had a value that is not finite, and its pass; None if none had."""
        # Read only now: reading in the hooks would make a GPU wait at every matrix.
        for matrix, probe in self._outputs:
            if not probe.isfinite():
                return matrix, "output"
        for matrix, probe in self._gradients:
            if not probe.isfinite():
                return matrix, "gradient"
        return None


def _multiplies_halves(gradient: Tensor, inputs: Tensor) -> bool:
    """Whether the device multiplies 16-bit numbers as exactly as float32 ones, and many times as fast."""
    return gradient.is_cuda and gradient.dtype == inputs.dtype and gradient.element_size() == 2


def _product(gradient: Tensor, inputs: Tensor) -> Tensor:
    """(tokens, rows), (tokens, columns) -> (rows, columns) in float32, where 16-bit products are exact."""
    if gradient.dtype == torch.float32:
        return gradient.T @ inputs
    return torch.mm(gradient.T, inputs, torch.float32)


def probe(values: Tensor) -> Tensor:
    """A sum, which is finite only if all values are: one pass, where isfinite needs three."""
    # A sum of float16 can leave its range; bfloat16 has float32's, and is summed twice as fast as it is.
    return values.sum(dtype=torch.float32 if values.dtype == torch.float16 else None)
