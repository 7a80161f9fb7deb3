"""The ways to score: each gives the importance of the MLPs' weights for one ability, at least 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from core.models.matrices import MatrixKind
from tests.performance.scores.subject import ABSOLUTE, GIM, LOST, SIGNED, Subject
from tests.performance.scores.sums import Map

STEPS = 8
"""Steps of the way along which gradients are integrated."""

PROBES = 32
"""Random vectors of Hutchinson's estimate."""


def summed(subject: Subject, ability: str) -> Map:
    """|sum over items of gradient x weight|: the program's reduction `abs-sum`."""
    return [one.abs() for one in subject.sums(ability, SIGNED)]


def by_item(subject: Subject, ability: str) -> Map:
    """Sum over items of |gradient x weight|."""
    return subject.sums(ability, ABSOLUTE)


def lost(subject: Subject, ability: str) -> Map:
    """Sum over items of what an item loses, to first order, where a weight goes: the reduction `sum-lost`."""
    return subject.sums(ability, LOST)


def gim(subject: Subject, ability: str) -> Map:
    """Sum over items of |gradient x weight|, with the gradients of `tests.performance.scores.gim`."""
    return subject.sums(ability, GIM)


def fisher(subject: Subject, ability: str) -> Map:
    """Sum over items of (gradient x weight)^2: the second-order term, by Fisher's diagonal."""
    return _total([p.square() for p in one] for one in subject.products(subject.one_by_one(ability)))


def hutchinson(subject: Subject, ability: str) -> Map:
    """|what the loss changes by where a weight goes|, to second order, by the Hessian's diagonal.

    The diagonal is Hutchinson's estimate, the mean of v * Hv over vectors v of signs:
    https://doi.org/10.1080/03610919008812866.
    """
    generator = torch.Generator().manual_seed(0)
    batches = subject.batches(ability)
    diagonal = [torch.zeros_like(weight) for weight in subject.weights]
    with sdpa_kernel(SDPBackend.MATH):  # the others have no second derivative
        for probe in range(PROBES):
            batch = batches[probe % len(batches)]  # a part of the items each time
            signs = [torch.randint(0, 2, w.shape, generator=generator) * 2.0 - 1 for w in subject.weights]
            gradients = torch.autograd.grad(subject.loss(batch), subject.weights, create_graph=True)
            along = torch.stack([(g * s).sum() for g, s in zip(gradients, signs, strict=True)]).sum()
            share = len(subject.items(ability)) / len(batch.items) / PROBES
            for total, sign, product in zip(
                diagonal, signs, torch.autograd.grad(along, subject.weights), strict=True
            ):
                total.add_(sign * product, alpha=share)
    first = _total(subject.products(batches))
    return [
        (0.5 * h * w.detach().square() - p).abs()
        for h, w, p in zip(diagonal, subject.weights, first, strict=True)
    ]


def integrated(subject: Subject, ability: str) -> Map:
    """|mean gradient on the way from MLPs of zeros to the whole ones x weight|: integrated gradients."""
    whole = [weight.detach().clone() for weight in subject.weights]
    total = [torch.zeros_like(weight) for weight in whole]
    try:
        for step in range(STEPS):
            _set(subject, [weight * (step + 0.5) / STEPS for weight in whole])
            for batch in subject.batches(ability):
                gradients = torch.autograd.grad(subject.loss(batch), subject.weights)
                for one, gradient, weight in zip(total, gradients, whole, strict=True):
                    one.addcmul_(gradient, weight, value=1 / STEPS)
    finally:
        _set(subject, whole)
    return [one.abs() for one in total]


def wanda(subject: Subject, ability: str) -> Map:
    """Wanda: |weight| x norm of its input over all tokens, no gradient (https://arxiv.org/abs/2306.11695)."""
    squares = [torch.zeros(weight.shape[1]) for weight in subject.weights]
    lengths: list[int] = []

    def hook(place: int) -> Callable[..., None]:
        def add(_: object, inputs: tuple[Tensor, ...]) -> None:
            for row, length in zip(inputs[0], lengths, strict=True):
                squares[place].add_(row[:length].square().sum(dim=0))

        return add

    handles = [linear.register_forward_pre_hook(hook(i)) for i, linear in enumerate(subject.linears)]
    try:
        with torch.no_grad():
            for batch in subject.batches(ability):
                lengths[:] = batch.lengths
                subject.loss(batch)
    finally:
        for handle in handles:
            handle.remove()
    return [w.detach().abs() * s.sqrt() for w, s in zip(subject.weights, squares, strict=True)]


def helping(subject: Subject, ability: str) -> Map:
    """What the loss grows by where a weight goes, to first order; 0 where it falls."""
    return [one.neg().clamp(min=0) for one in _total(subject.products(subject.batches(ability)))]


def neurons_by_item(subject: Subject, ability: str) -> Map:
    """Sum over items of |sum over a neuron's weights of gradient x weight|, for each of its weights."""
    kinds = [matrix.kind for matrix in subject.space.candidates("mlp")]
    return _total(
        [one.abs() for one in _over_neurons(kinds, products)]
        for products in subject.products(subject.one_by_one(ability))
    )


def neurons_lost(subject: Subject, ability: str) -> Map:
    """Sum over items of what an item loses, to first order, where a neuron goes; 0 where it gains.

    That is its output times the output's gradient: gradient times weight, summed over its column of `down`.
    """
    downs = _total(
        [down.sum(0).neg().clamp(min=0) for down in products[2::3]]
        for products in subject.products(subject.one_by_one(ability))
    )
    layers = zip(downs, (subject.weights[i : i + 3] for i in range(0, len(subject.weights), 3)), strict=True)
    return [one for neurons, weights in layers for one in _spread(neurons, *weights)]


def neuron_sums(subject: Subject, ability: str) -> Map:
    """The same, summed over a neuron's weights, for each of its weights."""
    kinds = [matrix.kind for matrix in subject.space.candidates("mlp")]
    return _over_neurons(kinds, by_item(subject, ability))


WAYS: dict[str, Callable[[Subject, str], Map]] = {
    "abs-sum": summed,
    "sum-abs": by_item,
    "sum-lost": lost,
    "gim": gim,
    "fisher": fisher,
    "hutchinson": hutchinson,
    "integrated": integrated,
    "wanda": wanda,
    "helping": helping,
    "neurons": neurons_by_item,
    "neurons-lost": neurons_lost,
    "neuron-sums": neuron_sums,
}
"""By the word on the command line; the first three are in the program, and for whole units `neurons-lost`, in
which an item that gains counts a tenth there."""


def _total(maps: Iterable[Map]) -> Map:
    found: Map = []
    for one in maps:
        found = [a.add_(b) for a, b in zip(found, one, strict=True)] if found else one
    return found


def _over_neurons(kinds: list[MatrixKind], maps: Map) -> Map:
    """For each weight the sum over its neuron's weights: a row of gate and up, a column of down."""
    found: Map = []
    for start in range(0, len(maps), 3):  # gate, up and down of a layer follow each other
        assert kinds[start : start + 3] == ["gate", "up", "down"]
        gate, up, down = maps[start : start + 3]
        found += _spread(gate.sum(1) + up.sum(1) + down.sum(0), gate, up, down)
    return found


def _spread(neurons: Tensor, gate: Tensor, up: Tensor, down: Tensor) -> Map:
    """(neurons,) values, for each of their weights in the three matrices of a layer."""
    return [neurons[:, None].expand_as(gate), neurons[:, None].expand_as(up), neurons.expand_as(down)]


def _set(subject: Subject, values: Map) -> None:
    with torch.no_grad():
        for weight, value in zip(subject.weights, values, strict=True):
            weight.copy_(value)
