"""A whole cell: from a stored ranking to the impact of its mask on the items of one benchmark."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from cache.keys import key_of
from cache.rankings import Rankings
from core.analysis.statistics.cells import cell_statistics
from core.masks.ablation import Ablator
from core.masks.layout import Layout
from core.masks.mask import Mask
from tests.performance.ablation_cycle import random_mask
from tests.performance.choice_scoring import OPTION_TOKENS, score_choices
from tests.performance.figures import Figure, Measured, ratio
from tests.performance.random_model import random_items
from tests.performance.subject import Subject

CHANCE = 0.25


def measure_cell(subject: Subject) -> Measured:
    """Cut the ranking, apply, score the items, restore, interval and test; beside scoring the items alone."""
    space, scale, model = subject.space, subject.scale, subject.model
    items = random_items(subject.config.vocab_size, scale.items, scale.context, OPTION_TOKENS)
    gold = [int(np.argmax(row)) for row in np.reshape(score_choices(model, items), (-1, 4))]
    base = np.ones(len(items), dtype=bool)
    ablator = Ablator(space)
    layout = Layout(space.matrices)
    with tempfile.TemporaryDirectory() as folder:
        rankings, key = Rankings(Path(folder)), key_of("ranking", 1, {})
        drawn = random_mask(space, scale.k)
        matrices = np.repeat(np.arange(len(layout.matrices), dtype=np.int16), drawn.count_by_matrix(layout))
        places = drawn.addresses - layout.starts[matrices]
        rankings.save(key, {}, matrices, places.astype(np.int32), {})

        def cell() -> float:
            stored = rankings.load(key, len(drawn) // 2)
            assert stored is not None
            mask = Mask.of(layout.starts[stored.matrix_ids] + stored.local_indices)
            with ablator.applied(mask):
                values = np.reshape(score_choices(model, items), (-1, 4))
            (found,) = cell_statistics(base, (values.argmax(axis=1) == gold)[None], CHANCE)
            return found.score

        seconds, scoring_s = subject.clock.best_of_both(cell, lambda: score_choices(model, items))
    return Measured(
        "whole cell",
        (Figure("s", seconds), Figure("x scoring the items alone", ratio(seconds, scoring_s))),
        {"seconds": seconds},
        size=f"{len(items)} items",
    )
