"""What was measured on a phantom: how far each ability falls when a block is zeroed. No torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

TRUTH_FILE = "truth.json"
"""Lies beside the weights."""

SHARED_BLOCK = "shared"
"""The row of the block that all abilities share."""


@dataclass(frozen=True)
class Truth:
    """The true matrix of a phantom."""

    items: int
    """The first n held-out items of each ability were asked."""
    accuracy: Mapping[str, float]
    """Of the intact model on each ability, a fraction."""
    drops: Mapping[str, Mapping[str, float]]
    """By the block that is zeroed (an ability's id, or `shared`) and the ability asked: how many points of
    accuracy, 100 to the whole, are lost; negative where they are won."""


def read_truth(folder: Path) -> Truth:
    """The truth that was measured on the model in a folder."""
    return Truth(**json.loads((folder / TRUTH_FILE).read_text(encoding="utf-8")))


def write_truth(truth: Truth, folder: Path) -> None:
    """Writes it beside the weights."""
    (folder / TRUTH_FILE).write_text(json.dumps(asdict(truth), indent=1) + "\n", encoding="utf-8")
