"""Pruning step by step: select a part, ablate it, score again what is left."""

from __future__ import annotations

import torch

from core.masks.ablation import Ablator
from tests.performance.scores.judge import Judge, Masks, against, flat, mask_at, shares_of
from tests.performance.scores.ways import by_item

ROUNDS = 4


def step_by_step(judge: Judge, n: int) -> Masks:
    """The masks of n weights each, by the reduction `sum-abs`.

    What the others need is scored on the whole model alone; with the mask so far, they are other models.
    """
    subject = judge.subject
    shares = {ability: shares_of(by_item(subject, ability)) for ability in judge.abilities}
    ablator, masks = Ablator(subject.space), {}
    for ability in judge.abilities:
        places = torch.zeros(0, dtype=torch.int64)
        for step in range(ROUNDS):
            with ablator.applied(mask_at(places, subject)):
                own = shares_of(by_item(subject, ability)) if step else shares[ability]
            scores = flat(against(shares, ability, own)).index_fill(0, places, float("-inf"))
            wanted = n * (step + 1) // ROUNDS - len(places)
            places = torch.cat([places, scores.topk(wanted).indices])
        masks[ability] = mask_at(places, subject)
    return masks
