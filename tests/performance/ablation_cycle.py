"""Applying and restoring a mask against the bare writes of the same weights, and against moving the bytes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.masks.ablation import Ablator
from core.masks.layout import Layout
from core.masks.mask import Mask, random_subset
from core.models.matrices import weights_of
from core.models.weight_space import WeightSpace
from tests.performance.figures import Aim, Figure, Measured, ratio
from tests.performance.roof import bytes_per_second
from tests.performance.subject import Subject

ADDRESS_BYTES = 8
SECONDS_A_WEIGHT_ON_GPU = 0.1 / 82e6
"""82 million weights in 100 ms."""


def measure_ablation(subject: Subject) -> Measured:
    """A share of the weights, drawn at random, against `index_fill_` and `index_copy_`.

    The bare side has its indices and what it writes back given; ours finds them in each cycle.
    """
    space, scale, clock = subject.space, subject.scale, subject.clock
    mask = random_mask(space, scale.k)
    ablator = Ablator(space)
    apply_s, restore_s = _times(subject, ablator, mask)
    by_matrix = mask.by_matrix(Layout(space.matrices))
    places = [(space.matrices[index], torch.from_numpy(local)) for index, local in by_matrix]
    flat = [_elements(space, matrix.index) for matrix, _ in places]
    indices = [_indices(space, matrix.index, local.to(subject.device)) for matrix, local in places]
    saved = [elements[at] for elements, at in zip(flat, indices, strict=True)]
    bare_s = clock.best(lambda: _bare_cycle(flat, indices, saved), scale.cycles)
    moved = (2 * ADDRESS_BYTES + 5 * flat[0].element_size()) * len(mask)
    aim = Aim(1e3 * SECONDS_A_WEIGHT_ON_GPU * len(mask)) if subject.on_gpu else None
    before = [_sum_of_bytes(elements) for elements in flat]
    with ablator.applied(mask):
        is_zero = all(not space.read(matrix).flatten()[local].any() for matrix, local in places)
    is_restored = before == [_sum_of_bytes(elements) for elements in flat] and all(
        torch.equal(elements[at].view(torch.uint8), values.view(torch.uint8))
        for elements, at, values in zip(flat, indices, saved, strict=True)
    )
    return Measured(
        "apply and restore",
        (
            Figure("apply, ms", 1e3 * apply_s, aim),
            Figure("restore, ms", 1e3 * restore_s, aim),
            Figure("both x index_fill_ + index_copy_", ratio(apply_s + restore_s, bare_s), Aim(1.3)),
            Figure("both x moving the bytes", (apply_s + restore_s) / (moved / bytes_per_second(clock))),
        ),
        {"apply, seconds": apply_s, "restore, seconds": restore_s},
        {"zero while applied": is_zero, "the same bits afterwards": is_restored},
        size=f"{len(mask):,} weights",
    )


def random_mask(space: WeightSpace, k: float) -> Mask:
    """The mask of a share of all parameters, drawn from all candidates."""
    return Mask(random_subset(space.size, weights_of(k, space.total_parameters), seed=0))


def _times(subject: Subject, ablator: Ablator, mask: Mask) -> tuple[float, float]:
    """Seconds of applying and of restoring, the least of the repeats' means."""
    clock, cycles = subject.clock, subject.scale.cycles
    with ablator.applied(mask):
        pass  # warms up
    found = []
    for _ in range(subject.scale.repeats):
        pairs = [
            (clock.seconds_of(lambda: ablator.apply(mask)), clock.seconds_of(ablator.restore))
            for _ in range(cycles)
        ]
        found.append(tuple(sum(part) / cycles for part in zip(*pairs, strict=True)))
    return min(pair[0] for pair in found), min(pair[1] for pair in found)


def _elements(space: WeightSpace, index: int) -> Tensor:
    """What a matrix is stored as, in one row: its weights, or bytes of two 4-bit ones."""
    data = space.linear(space.matrices[index]).weight.data
    return data.view(torch.uint8).view(-1) if _is_packed(space, index) else data.view(-1)


def _indices(space: WeightSpace, index: int, local: Tensor) -> Tensor:
    return local >> 1 if _is_packed(space, index) else local


def _is_packed(space: WeightSpace, index: int) -> bool:
    return not space.linear(space.matrices[index]).weight.is_floating_point()


def _sum_of_bytes(elements: Tensor) -> int:
    return int(elements.view(torch.uint8).sum(dtype=torch.int64))


def _bare_cycle(flat: Sequence[Tensor], indices: Sequence[Tensor], saved: Sequence[Tensor]) -> None:
    for elements, at in zip(flat, indices, strict=True):
        elements.index_fill_(0, at, 0)
    for elements, at, values in zip(flat, indices, saved, strict=True):
        elements.index_copy_(0, at, values)
