"""What one model answered to the items of a benchmark: stored, or as far as a run has got."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cache.entries import Payload
from cache.files import CorruptEntry
from cache.outcomes import SCHEMA
from core.analysis.statistics.accuracy import Accuracy, accuracy
from core.analysis.stored.item_table import UNKNOWN, ItemTable
from core.experiment.events import ItemOutcome

DETAILS = ["prediction", "correct", "score", "loglikelihoods", "text", "answer", "finish", "tokens"]
"""The columns of `cache.outcomes.SCHEMA` that say what was answered."""


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers to all N items, in their order."""

    known: NDArray[np.bool_]
    """(N,) which items were answered."""
    correct: NDArray[np.bool_]
    """(N,) which were answered right; False where nothing is known."""
    prediction: NDArray[np.int16]
    """(N,) index of the chosen option; -1 where nothing is known, and for generation."""
    rows: Callable[[], pl.LazyFrame]
    """All of it, with log-likelihoods and texts: the columns of `DETAILS`, N rows."""

    @property
    def accuracy(self) -> Accuracy | None:
        """Over the known answers; None without any."""
        return accuracy(self.correct[self.known]) if self.known.any() else None

    def answer(self, place: int) -> Mapping[str, Any]:
        """One answer, by column name."""
        return self.rows().slice(place, 1).collect().row(0, named=True)


def stored_answers(path: Path, payload: Payload, items: ItemTable) -> Answers:
    """The answers in a payload of `cache.outcomes`, proved whole.

    Args:
        path: its file, which errors name.
        payload: what to read them from.
        items: those of the benchmark.

    Raises:
        CorruptEntry: it is not about these items, in this order.
    """
    lazy = pl.scan_parquet(payload)
    small = lazy.select("item_id", "prediction", "correct").collect()
    if len(small) != len(items) or not (small["item_id"] == items.ids).all():
        raise CorruptEntry(path, "its items are not those of the benchmark: delete it, and run it again")
    return Answers(
        known=np.ones(len(items), bool),
        correct=small["correct"].to_numpy(),
        prediction=small["prediction"].fill_null(UNKNOWN).to_numpy(),
        rows=lambda: lazy.select(DETAILS),
    )


def live_answers(outcomes: Sequence[ItemOutcome], n: int) -> Answers:
    """The answers of a run that goes on.

    Args:
        outcomes: all that it has given so far.
        n: items of the benchmark.

    Raises:
        ValueError: an outcome is of an item beyond n.
    """
    places = np.fromiter((outcome.place for outcome in outcomes), np.int64, len(outcomes))
    if len(places) and not 0 <= int(places.min()) <= int(places.max()) < n:
        raise ValueError(f"The running benchmark has other items than the {n} shown: choose it again.")
    known, correct = np.zeros(n, bool), np.zeros(n, bool)
    prediction = np.full(n, UNKNOWN, np.int16)
    known[places] = True
    correct[places] = [outcome.correct for outcome in outcomes]
    prediction[places] = [outcome.prediction for outcome in outcomes]
    return Answers(known, correct, prediction, cache(lambda: _live_rows(outcomes, n)))


def _live_rows(outcomes: Sequence[ItemOutcome], n: int) -> pl.LazyFrame:
    by_place = {outcome.place: outcome for outcome in outcomes}
    found = [by_place.get(place) for place in range(n)]
    nothing = [None] * n
    return pl.LazyFrame(
        {
            "prediction": [one.prediction if one and one.loglikelihoods else None for one in found],
            "correct": [one and one.correct for one in found],
            "score": nothing,
            "loglikelihoods": [list(one.loglikelihoods) or None if one else None for one in found],
            "text": nothing,
            "answer": nothing,
            "finish": nothing,
            "tokens": nothing,
        },
        schema={name: SCHEMA[name] for name in DETAILS},
    )
