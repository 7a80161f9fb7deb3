"""Gradients of batches of items: losses as rows with factors, forward and backward, and hooks that sum.

Every loss here is a weighted sum of token log-likelihoods. An item is one row, packed as in evaluation: its
context once, and behind it the options that the loss reads. Gradients are summed from the outputs and inputs
of the candidate matrices, without any `.grad`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from core.importance.maps import Offload
from core.importance.plan import CPU_BATCH_TOKENS
from core.importance.scoring_rule import Loss, Reduction
from core.inference.batching import cheapest_batches, pass_cost
from core.inference.choice_plan import (
    PackedRows,
    Predictions,
    head_logits,
    head_parts,
    pack_rows,
    predictions_of,
    row_length,
)
from core.inference.encoding import EncodedChoice, cut_context
from core.models.matrices import Matrix
from core.models.weight_space import WeightSpace

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PADDING = 0
"""The token that rows are padded with; nothing attends to it and no loss reads it, so any would do."""


@dataclass(frozen=True)
class LossItem:
    """The loss of one item: the sum over options of factor times the log-likelihoods of their tokens."""

    read: EncodedChoice
    """Its context, maybe cut, and the options that the loss reads."""
    factors: tuple[float, ...]
    """For each of these options, what each log-likelihood is multiplied by."""
    is_cut: bool
    """Whether its context lost tokens on the left."""

    @property
    def length(self) -> int:
        """Tokens of its row."""
        return row_length(self.read)


def loss_item(item: EncodedChoice, loss: Loss, max_length: int) -> LossItem:
    """The options and factors whose weighted log-likelihoods add up to the item's loss.

    `full`: the mean negative log-likelihood of all tokens of context and right continuation but the first;
    `margin`: minus the right continuation's mean log-likelihood plus the mean of the others'.
    The context is cut as in evaluation (`cut_context`), the same for every loss.

    Raises:
        ValueError: the item has no token to score, no other option to compare with, or does not fit.
    """
    if not item.context_ids or not all(item.continuation_ids):
        raise ValueError(f"Item {item.item_id} has an empty context or option: give it a token.")
    fitting = cut_context(item, max_length)
    is_cut = fitting is not item
    options, answer = fitting.continuation_ids, fitting.answer_index
    if loss == "full":
        whole = fitting.context_ids + options[answer]
        all_tokens = replace(fitting, context_ids=whole[:1], continuation_ids=(whole[1:],), answer_index=0)
        return LossItem(all_tokens, (-1.0 / (len(whole) - 1),), is_cut)
    if len(options) == 1:
        raise ValueError(f"Item {item.item_id} has one option, but the loss 'margin' compares options.")
    others = len(options) - 1
    factors = ((-1.0 if i == answer else 1.0 / others) / len(ids) for i, ids in enumerate(options))
    return LossItem(fitting, tuple(factors), is_cut)


@dataclass(frozen=True)
class Batch:
    """Items that go through the model together, a row each."""

    items: tuple[LossItem, ...]
    half: int
    """0: items at even indices of the list; 1: at odd indices."""

    @property
    def lengths(self) -> list[int]:
        """Tokens of each row."""
        return [item.length for item in self.items]

    def rows(self) -> PackedRows:
        """The rows, on the CPU; causal attention will do if no two options of an item have inputs."""
        read = [item.read for item in self.items]
        is_causal = all(sum(len(ids) > 1 for ids in one.continuation_ids) < 2 for one in read)
        return pack_rows(read, PADDING, is_causal=is_causal)

    def predictions(self) -> Predictions:
        """The tokens whose log-likelihoods count."""
        return predictions_of([item.read for item in self.items], max(self.lengths))

    def factors(self) -> Tensor:
        """(options,) float32: the factors of the items' options."""
        return torch.tensor([factor for item in self.items for factor in item.factors])


def plan_batches(items: Sequence[LossItem], batch_size: int, device: str) -> list[Batch]:
    """Batches that are quickest on a kind of device, the longest items first.

    They have at most batch_size rows, and on a CPU at most CPU_BATCH_TOKENS padded tokens or a single row.
    """
    batches: list[Batch] = []
    for half in (0, 1):
        ordered = sorted(items[half::2], key=lambda item: -item.length)
        lengths = [item.length for item in ordered]
        most = CPU_BATCH_TOKENS if device == "cpu" else batch_size * max(lengths, default=0)
        waiting = iter(ordered)
        for rows in cheapest_batches(lengths, most, pass_cost(device), batch_size):
            batches.append(Batch(tuple(itertools.islice(waiting, rows)), half))
    return batches


def last_hidden(model: PreTrainedModel, batch: Batch) -> Tensor:
    """(B * T, H) last hidden states."""
    rows = batch.rows().to(model.get_input_embeddings().weight.device)
    # An added mask is made once; of a bool mask every layer would make and keep one of its own.
    return rows.hidden_states(model, added_mask=True)


def losses(model: PreTrainedModel, batch: Batch, hidden: Tensor) -> Iterator[Tensor]:
    """Parts of the sum of the items' losses, (), of (B * T, H) last hidden states.

    The head is computed for the positions that predict a counted token, some at once.
    """
    predictions, factors = batch.predictions(), batch.factors()
    for part in head_parts(predictions, hidden.device):
        loglikelihoods = head_logits(model, hidden[part.positions]).log_softmax(dim=1)
        found = loglikelihoods[part.predictors, part.targets]
        yield (found * factors[part.cells.cpu() // predictions.longest].to(found.device)).sum()


def backward(model: PreTrainedModel, batch: Batch) -> None:
    """Brings the gradient of the sum of the items' losses to whatever requires one."""
    with torch.enable_grad():
        hidden = last_hidden(model, batch)
        last = hidden.detach().requires_grad_(True)
        for loss in losses(model, batch, last):
            torch.autograd.backward(loss)  # so that the logits of one part are in memory at once
    torch.autograd.backward(hidden, last.grad)


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
