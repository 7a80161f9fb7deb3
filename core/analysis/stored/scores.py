"""The scores of answers, item by item and on average, with an interval that knows which share a passage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.analysis.statistics.accuracy import Accuracy
from core.analysis.statistics.mean_score import mean_score
from core.analysis.stored.answers import Answers
from core.analysis.stored.frames import clusters_of
from core.analysis.stored.item_table import ItemTable

Name = TypeVar("Name", bound=str)


def item_clusters(items: ItemTable) -> NDArray[Any] | None:
    """(N,) numbers, equal for items of one cluster; None if every item is on its own.

    Raises:
        OSError: the table of items was deleted.
    """
    column = pl.col("cluster")
    return clusters_of(items.lazy.select(pl.when(column != "").then(column)).collect())


def item_scores(answers: Answers) -> NDArray[np.float32] | None:
    """(N,) the benchmark's first metric of each item, 0 to 1; None of a run that is not stored yet.

    Raises:
        OSError: the file of the answers was deleted.
    """
    scores = answers.rows().select("score").collect().to_series()
    return None if scores.null_count() else scores.to_numpy()


def comparable_scores(answers: Mapping[Name, Answers]) -> dict[Name, NDArray[np.float32]]:
    """(N,) what the answers of each side count, 0 to 1, by the name of the side.

    A run that is not stored yet has told right and wrong alone, which then is what all sides count by.

    Raises:
        OSError: the file of some answers was deleted.
    """
    scores = {name: item_scores(of_one) for name, of_one in answers.items()}
    stored = {name: found for name, found in scores.items() if found is not None}
    if len(stored) == len(scores):
        return stored
    return {name: of_one.correct.astype(np.float32) for name, of_one in answers.items()}


def mean_scores(answers: Mapping[Name, Answers], clusters: NDArray[Any] | None) -> dict[Name, Accuracy]:
    """The mean score of each side over the items that it answered; none of a side without any.

    Args:
        answers: by the name of the side.
        clusters: see `item_clusters`.

    Raises:
        OSError: the file of some answers was deleted.
    """
    scores = comparable_scores(answers)
    known = {name: of_one.known for name, of_one in answers.items() if of_one.known.any()}
    return {
        name: mean_score(scores[name][which], None if clusters is None else clusters[which])
        for name, which in known.items()
    }
