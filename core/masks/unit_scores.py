"""The scores of whole units: the mean over their weights, from the scores of weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from core.masks.ranking import CHUNK, Scores, part_of
from core.models.matrices import Variant
from core.models.units import Part, UnitBlock


def unit_scores(blocks: Sequence[UnitBlock], scores: Sequence[Scores] | Mapping[int, Scores]) -> list[Tensor]:
    """(count,) float32 for each block: the mean score of the weights of each unit, summed in float64.

    Units of one size are ranked as by their sums. A head is not ahead of neurons for its size, which k counts
    too.

    Args:
        blocks: the units.
        scores: of every matrix of these blocks, by its index; read a chunk at a time.
    """
    found = []
    for block in blocks:
        total = torch.zeros(block.count, dtype=torch.float64)
        for part in block.parts:
            lines = _line_sums(part, scores[part.matrix.index])
            total += lines.view(part.repeats, block.count, part.width).sum(dim=(0, 2))
        found.append((total / block.size).float())
    return found


def of_variant(blocks: Sequence[UnitBlock], scores: Sequence[Tensor], variant: Variant) -> list[Tensor]:
    """The scores of the blocks that a variant takes units from, out of the scores of all blocks."""
    of_blocks = zip(blocks, scores, strict=True)
    return [one for block, one in of_blocks if variant == "all" or block.parts[0].matrix.is_mlp]


def _line_sums(part: Part, scores: Scores) -> Tensor:
    """(rows,) or (columns,) float64: the sums over each line of a matrix."""
    rows, columns = part.matrix.rows, part.matrix.columns
    step = max(1, CHUNK // columns)
    sums, by_rows = torch.zeros(columns, dtype=torch.float64), []
    for first in range(0, rows, step):
        last = min(first + step, rows)
        chunk = part_of(scores, first * columns, last * columns).view(last - first, columns).double()
        if part.by == "columns":
            sums += chunk.sum(dim=0)
        else:
            by_rows.append(chunk.sum(dim=1))
    return torch.cat(by_rows) if by_rows else sums
