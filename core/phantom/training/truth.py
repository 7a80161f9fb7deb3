"""Measures what each block of a phantom carries: `python -m core.phantom.training.truth` writes truth.json.

A block is zeroed in all layers and all three matrices of the MLP, and the held-out items are asked again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

import numpy as np
import torch

from core.abilities.catalogue import ABILITIES
from core.benchmarks.diagnostic import HELDOUT_ITEMS
from core.benchmarks.evaluation import Prepared, evaluate, prepare
from core.benchmarks.registry import find_benchmarks
from core.masks.ablation import Ablator
from core.masks.mask import Mask
from core.models.files import model_folder
from core.models.loading import LoadedModel, load
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from core.phantom.ground_truth import SHARED_BLOCK, Truth, neurons_of, shared_neurons, write_truth

BLOCKS = (*(ability.id for ability in ABILITIES), SHARED_BLOCK)

PHANTOMS = ("phantom", "phantom-1")
"""The names of the models, by their training seeds from 0."""


def block_mask(space: WeightSpace, neurons: Iterable[int]) -> Mask:
    """All weights of some neurons, in all layers: rows of gate and up, columns of down."""
    chosen = np.array(list(neurons))
    parts = []
    for matrix in space.candidates("mlp"):
        addresses = matrix.offset + np.arange(matrix.size).reshape(matrix.rows, matrix.columns)
        own = addresses[:, chosen] if matrix.kind == "down" else addresses[chosen]
        parts.append(own.ravel())
    return Mask.of(np.concatenate(parts))


def measure_truth(loaded: LoadedModel, items: int = HELDOUT_ITEMS, blocks: Sequence[str] = BLOCKS) -> Truth:
    """The accuracy on every ability, and how far it falls with each of some blocks zeroed.

    Args:
        loaded: a phantom.
        items: held-out items of each ability.
        blocks: ids of the abilities whose blocks are zeroed, or `shared`.
    """
    prepared = [prepare(loaded, benchmark, items) for benchmark in find_benchmarks(["diagnostic"], "basic")]
    space = WeightSpace(loaded.model)
    ablator = Ablator(space)
    right = _right_answers(loaded, prepared)
    drops = {}
    for block in blocks:
        neurons = shared_neurons() if block == SHARED_BLOCK else neurons_of(block)
        with ablator.applied(block_mask(space, neurons)):
            ablated = _right_answers(loaded, prepared)
        drops[block] = {ability: 100 * (right[ability] - ablated[ability]) / items for ability in right}
    return Truth(items, {ability: n / items for ability, n in right.items()}, drops)


def _right_answers(loaded: LoadedModel, prepared: Sequence[Prepared]) -> dict[str, int]:
    """How many items of each benchmark are answered right."""
    return {
        one.benchmark.id: sum(o.correct for batch in evaluate(loaded.model, one) for o in batch)
        for one in prepared
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=PHANTOMS, action="append", help="which of them; all by default")
    torch.set_num_threads(1)
    for name in parser.parse_args().model or PHANTOMS:
        spec = ModelSpec(name)
        write_truth(measure_truth(load(spec)), model_folder(spec))


if __name__ == "__main__":
    main()
