"""Muon over stacked matrices, against torch's own."""

from __future__ import annotations

import torch
from torch.nn import Parameter

from core.phantom.training.muon import StackedMuon, orthogonal

SHAPES = [(32, 128), (32, 128), (128, 32), (64, 64)]


def test_it_steps_as_torchs_does_but_for_bfloat16() -> None:
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(shape, generator=generator) for shape in SHAPES]
    ours, theirs = ([Parameter(one.clone()) for one in start] for _ in range(2))
    settings = {"lr": 0.02, "weight_decay": 0.15}
    optimizers = StackedMuon(ours, **settings), torch.optim.Muon(theirs, **settings)
    for _ in range(5):
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad = torch.randn(mine.shape, generator=generator)
            other.grad = mine.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    for mine, other, before in zip(ours, theirs, start, strict=True):
        assert (mine - other).norm() < 0.01 * (other - before).norm()


def test_singular_values_come_near_one_and_vectors_stay() -> None:
    matrix = torch.randn(1, 8, 20, generator=torch.Generator().manual_seed(1))
    found = orthogonal(matrix)
    assert torch.linalg.svdvals(found).sub(1).abs().max() < 0.4
    left, _, right = torch.linalg.svd(matrix[0], full_matrices=False)
    rotated = left.T @ found[0] @ right.T
    assert (rotated - torch.diag(rotated.diagonal())).abs().max() < 1e-4


def test_a_matrix_without_gradient_stays() -> None:
    still, moving = Parameter(torch.ones(4, 4)), Parameter(torch.ones(4, 4))
    moving.grad = torch.eye(4)
    StackedMuon([still, moving], lr=0.1).step()
    assert torch.equal(still, torch.ones(4, 4))
    assert not torch.equal(moving, torch.ones(4, 4))
