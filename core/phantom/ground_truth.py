"""What is known of a phantom: which neurons belong to which ability; what each block carries. No torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from core.abilities.catalogue import ABILITIES, find_ability
from core.models.files import model_folder
from core.models.spec import EMBEDDED, ModelSpec

PHANTOMS = tuple(name for name in EMBEDDED if name.startswith("phantom"))
"""The embedded models whose abilities are known."""

PRIVATE = 32
"""Neurons of one ability's block, in each layer."""

SHARED = 160
"""Neurons of the block that all abilities share, in each layer; they come after the private ones."""

MLP_SIZE = len(ABILITIES) * PRIVATE + SHARED
"""Neurons of an MLP: the `intermediate_size` of the phantom."""

TRUTH_FILE = "truth.json"
"""The measured truth, beside the weights."""

SHARED_BLOCK = "shared"
"""The row of the shared block in `Truth.drops`."""


@dataclass(frozen=True)
class Truth:
    """The true matrix of a phantom: how far each ability falls when a block is zeroed."""

    items: int
    """Held-out items of each ability."""
    accuracy: Mapping[str, float]
    """Accuracy of the intact model by ability, a fraction."""
    drops: Mapping[str, Mapping[str, float]]
    """By zeroed block (an ability's id, or `shared`) and ability: points of accuracy lost, out of 100."""


def neurons_of(ability_id: str) -> range:
    """The neurons of an ability's own block, counted within a layer.

    Raises:
        ValueError: the ability is unknown.
    """
    index = ABILITIES.index(find_ability(ability_id))
    return range(index * PRIVATE, (index + 1) * PRIVATE)


def shared_neurons() -> range:
    """The neurons of the shared block, counted within a layer."""
    return range(MLP_SIZE - SHARED, MLP_SIZE)


def phantom_of(spec: ModelSpec) -> ModelSpec:
    """The model itself if it is a phantom, else the first phantom, on the same device."""
    return spec if spec.name in PHANTOMS else ModelSpec(PHANTOMS[0], device=spec.device)


def truth_of(spec: ModelSpec) -> Truth:
    """The measured truth of a phantom.

    Raises:
        ValueError: the model is not a phantom, or its files are missing.
    """
    if not spec.is_embedded or not (model_folder(spec) / TRUTH_FILE).is_file():
        raise ValueError(
            f"It is unknown which weights of '{spec.name}' an ability needs, so it cannot calibrate: "
            f"give --model {' or '.join(PHANTOMS)}."
        )
    return read_truth(model_folder(spec))


def read_truth(folder: Path) -> Truth:
    """Reads the truth from a model's folder."""
    return Truth(**json.loads((folder / TRUTH_FILE).read_text(encoding="utf-8")))


def write_truth(truth: Truth, folder: Path) -> None:
    """Writes the truth beside the weights."""
    (folder / TRUTH_FILE).write_text(json.dumps(asdict(truth), indent=1) + "\n", encoding="utf-8")
