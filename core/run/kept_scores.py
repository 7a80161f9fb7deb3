"""Scores that are kept in the cache between processes: what a contrast needs of the other abilities."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cache.files import CorruptEntry
from core.importance.maps import Importance, MatrixScores
from core.models.devices import free_on_disk
from core.run.loaded import LoadedExperiment
from core.run.storing import replace_damaged, storing


def kept_scores(experiment: LoadedExperiment, ability: str, n_items: int) -> Sequence[MatrixScores] | None:
    """The kept scores of all candidate matrices, read from the disk as they are used; None without them."""
    scores = experiment.store.scores
    key, _ = experiment.scores_request(ability, n_items)
    shapes = [(matrix.rows, matrix.columns) for matrix in experiment.space.matrices]
    try:
        arrays = scores.load(key, shapes)
    except CorruptEntry as error:
        replace_damaged(experiment, scores.entries, key, error)
        return None
    return None if arrays is None else [MatrixScores(torch.from_numpy(array)) for array in arrays]


def keep_scores(experiment: LoadedExperiment, ability: str, n_items: int, importance: Importance) -> None:
    """Stores an ability's scores; where the disk has no room, nothing is stored."""
    size_bytes = sum(products.nbytes for products in importance.products)
    if free_on_disk(experiment.store.root) < size_bytes:
        return
    key, key_inputs = experiment.scores_request(ability, n_items)
    with storing(experiment):
        experiment.store.scores.save(key, key_inputs, [one.numpy() for one in importance.products])
    experiment.note_stored(experiment.store.scores.entries, key)
