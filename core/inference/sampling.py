"""Chooses the next token of answers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Sampler:
    """Chooses tokens. Every answer has its own random numbers, so no answer depends on the others' batch."""

    def __init__(self, temperature: float, seed: int, answers: int, most_tokens: int) -> None:
        """Draws the random numbers of all answers, if there is a temperature.

        Args:
            temperature: 0 takes the most likely token.
            seed: of the random numbers.
            answers: how many there are.
            most_tokens: of one answer.
        """
        self._temperature = temperature
        random = torch.Generator().manual_seed(seed)
        self._draws = torch.rand(answers if temperature else 0, most_tokens, generator=random)

    def __call__(self, logits: Tensor, answers: Sequence[int], places: Sequence[int]) -> Tensor:
        """(B,) int64: the next token of each row.

        Args:
            logits: (B, V) float32.
            answers: which answer each row is.
            places: which of its tokens comes next, from 0.
        """
        if self._temperature == 0:
            return logits.argmax(dim=1)
        reached = (logits / self._temperature).softmax(dim=1, dtype=torch.float64).cumsum(dim=1)
        draws = self._draws[list(answers), list(places)].to(reached)
        chosen = torch.searchsorted(reached, (draws * reached[:, -1])[:, None], right=True)[:, 0]
        return chosen.clamp(max=logits.shape[1] - 1)
