"""Proves that the weights are as they were loaded: a checksum of their bytes, taken on their own device."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache

import torch
from torch import Tensor

from core.models.matrix import Matrix
from core.models.weight_space import WeightSpace

CHUNK = 1 << 18
"""32-bit words that are looked at together: they and their products stay in a processor's cache."""


class LoadedWeights:
    """What the candidate weights were when this was made, to compare with after each job."""

    def __init__(self, space: WeightSpace) -> None:
        """Takes the fingerprint of every candidate matrix, which have to be as loaded."""
        self._space = space
        self._before = {matrix: fingerprint(space, [matrix]) for matrix in space.matrices}

    def changed(self, matrices: Iterable[Matrix] | None = None) -> tuple[Matrix, ...]:
        """Those of the matrices (all if None) that are other bytes now; none after a whole restoration."""
        looked_at = self._space.matrices if matrices is None else matrices
        return tuple(m for m in looked_at if fingerprint(self._space, [m]) != self._before[m])


def fingerprint(space: WeightSpace, matrices: Iterable[Matrix]) -> str:
    """The digest of the raw bytes of some matrices as they are stored, packed 4-bit codes too.

    Each chunk of bytes is summed up as 32-bit words times random odd 64-bit numbers (multilinear hashing,
    Lemire and Kaser 2014): a change of one word is always seen, of several with all but 2 in 1e10 chances;
    against accident, not against forgery. Same bytes, same digest, on every device.
    """
    digest = hashlib.blake2b(digest_size=16)
    for matrix in matrices:
        digest.update(matrix.name.encode())
        for part in _checksums(space.linear(matrix).weight):
            digest.update(part)
    return digest.hexdigest()


def _checksums(weight: Tensor) -> Iterator[bytes]:
    """The size of a tensor, and the checksums of its chunks and of the bytes at the end that fill no word."""
    raw = weight.detach().contiguous().view(-1).view(torch.uint8)
    yield str(len(raw)).encode()
    whole = len(raw) - len(raw) % 4
    yield bytes(raw[whole:].tolist())
    factors = _factors(raw.device)
    words = raw[:whole].view(torch.int32)
    products = torch.empty_like(factors)  # reused: fresh memory for each chunk takes longer than the sums
    parts = [(part, len(part)) for part in torch.split(words, CHUNK)]
    sums = [torch.mul(part, factors[:size], out=products[:size]).sum() for part, size in parts]
    if sums:
        yield torch.stack(sums).cpu().numpy().tobytes()


@cache
def _factors(device: torch.device) -> Tensor:
    """(CHUNK,) int64 odd and random, always the same."""
    generator = torch.Generator().manual_seed(0)
    bounds = torch.iinfo(torch.int64)
    return (torch.randint(bounds.min, bounds.max, (CHUNK,), generator=generator) | 1).to(device)
