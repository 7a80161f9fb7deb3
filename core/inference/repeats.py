"""Knows when an answer only repeats itself.

The rule: for some period p up to LONGEST_PERIOD, the last tokens are at least LEAST_REPEATS times the same p
tokens, and at least LEAST_TOKENS in all.
"""

from __future__ import annotations

import numpy as np

LONGEST_PERIOD = 128
LEAST_REPEATS = 4
LEAST_TOKENS = 64
"""So that no line of dashes or zeros counts as a loop."""

_PERIODS = np.arange(1, LONGEST_PERIOD + 1)
_NEEDED = np.maximum(LEAST_REPEATS * _PERIODS, LEAST_TOKENS) - _PERIODS
"""For each period, how many tokens in a row have to equal the one a period before."""


class RepeatWatch:
    """Watches the tokens of one answer, each as it comes."""

    def __init__(self) -> None:
        self._last = np.full(LONGEST_PERIOD, -1)
        """The last tokens, the newest first."""
        self._equal = np.zeros(LONGEST_PERIOD, dtype=np.int64)
        """For each period, how many of the newest tokens equal the one a period before."""

    def push(self, token: int) -> bool:
        """Takes the next token; whether the answer now only repeats itself."""
        self._equal = np.where(self._last == token, self._equal + 1, 0)
        self._last[1:] = self._last[:-1].copy()
        self._last[0] = token
        return bool((self._equal >= _NEEDED).any())
