"""Pruning step by step: select a part, ablate it, score again what is left."""

from __future__ import annotations

import torch

from core.masks.ablation import Ablator
from core.phantom.calibration import PRIVATE
from tests.performance.scores.judge import Judge, Masks
from tests.performance.scores.masking import mask_at
from tests.performance.scores.rules import Scored
from tests.performance.scores.subject import ABSOLUTE

ROUNDS = 4


def step_by_step(judge: Judge, n: int) -> Masks:
    """The masks of n weights each, by `sum-abs` with `contrast_max`; for small models.

    What the others need is scored on the whole model alone; with the mask so far, they are other models.
    """
    subject = judge.subject
    maps = {ability: subject.sums(ability, ABSOLUTE) for ability in PRIVATE}
    ablator, masks = Ablator(subject.space), {}
    for number, ability in enumerate(PRIVATE):
        places = torch.zeros(0, dtype=torch.int64)
        for step in range(ROUNDS):
            with ablator.applied(mask_at(places, subject)):
                own = subject.summed(ability)[0] if step else maps[ability]
            scores = Scored({**maps, ability: own}).scores("contrast_max")[number]
            scores = scores.index_fill(0, places, float("-inf"))
            wanted = n * (step + 1) // ROUNDS - len(places)
            places = torch.cat([places, scores.topk(wanted).indices])
        masks[ability] = mask_at(places, subject)
    return masks
