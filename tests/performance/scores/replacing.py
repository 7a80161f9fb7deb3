"""Neurons held at their mean over the neutral texts, in place of zeroed weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from core.masks.layout import Layout
from core.masks.mask import Mask
from tests.performance.scores.subject import NEUTRAL, Subject

SHARE = 0.5
"""Share of a neuron's weights that a mask has to have for the neuron to count as taken."""


def downs(subject: Subject) -> list[nn.Linear]:
    """The matrix of each layer whose inputs are the neurons."""
    pairs = zip(subject.space.candidates("mlp"), subject.linears, strict=True)
    return [linear for matrix, linear in pairs if matrix.kind == "down"]


def neuron_means(subject: Subject) -> list[Tensor]:
    """(neurons,) for each layer: the mean activation over all tokens of the neutral texts."""
    linears = downs(subject)
    sums = [torch.zeros(linear.in_features) for linear in linears]
    lengths: list[int] = []

    def add(number: int, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        for row, length in zip(inputs[0], lengths, strict=True):
            sums[number].add_(row[:length].float().sum(dim=0))

    with ExitStack() as stack, torch.no_grad():
        for number, linear in enumerate(linears):
            stack.callback(linear.register_forward_pre_hook(partial(add, number)).remove)
        for batch in subject.one_by_one(NEUTRAL):
            lengths[:] = batch.lengths
            subject.loss(batch)
    tokens = sum(item.length for item in subject.items(NEUTRAL))
    return [one / tokens for one in sums]


def neurons_in(subject: Subject, mask: Mask) -> list[Tensor]:
    """(neurons,) bool for each layer: those that a mask takes."""
    counts = mask.count_by_neuron(Layout(subject.space.matrices))
    per_neuron = 3 * subject.loaded.model.config.hidden_size
    return [torch.from_numpy(row >= SHARE * per_neuron) for row in counts]


@contextmanager
def held(subject: Subject, taken: Sequence[Tensor], values: Sequence[Tensor]) -> Iterator[None]:
    """Inside, neurons have fixed activations.

    Args:
        subject: the model.
        taken: (neurons,) bool for each layer.
        values: (neurons,) for each layer, what those that are taken have.
    """

    def hold(number: int, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (torch.where(taken[number], values[number].to(inputs[0].dtype), inputs[0]),)

    with ExitStack() as stack:
        for number, linear in enumerate(downs(subject)):
            stack.callback(linear.register_forward_pre_hook(partial(hold, number)).remove)
        yield
