"""The items of a benchmark as stored, and the answers of one model to them, stored or live. No torch."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cache.entries import Payload
from cache.files import CorruptEntry
from cache.tables import SCHEMA
from core.analysis.statistics.cells import clusters_of
from core.analysis.statistics.scores import Accuracy, mean_score
from core.models.spec import one_of
from core.run.events import ItemOutcome
from core.run.experiment import Experiment, OutcomesRequest

KEPT_TEXT_BYTES = 64_000_000
"""Most lower-case text that is kept for searching; a larger file is read again for each search."""

UNKNOWN = -1
"""Stands for the index of an option where there is none."""


def start_of(beginning: str, prompt: str) -> int:
    """The index in a prompt at which its item begins, given the item's first words; 0 if they are not in it.

    Examples come before the item, and may be alike: so the last place counts.
    """
    words = r"\s+".join(map(re.escape, beginning.split()))
    found = [match.start() for match in re.finditer(words, prompt)] if words else []
    return found[-1] if found else 0


class ItemTable:
    """The items of one benchmark, in its order."""

    def __init__(self, payload: Payload) -> None:
        """Reads ids, families and right options from a payload that is known to be whole."""
        self.lazy = pl.scan_parquet(payload)
        small = self.lazy.select("item_id", "family", "gold").collect()
        self.ids: pl.Series = small["item_id"]
        self.gold: NDArray[np.int16] = small["gold"].fill_null(UNKNOWN).to_numpy()
        """(N,) index of the right option, -1 where there are no options."""
        names = small["family"].unique().sort()
        self._family_names: list[str] = names.to_list()
        self._families: NDArray[np.uint32] = (
            small["family"].cast(pl.Enum(names)).to_physical().cast(pl.UInt32).to_numpy()
        )
        self._last_search: tuple[str, NDArray[np.bool_]] = ("", np.ones(len(self.ids), bool))

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def families(self) -> dict[str, int]:
        """Number of items of each family, by name."""
        return self.families_of(slice(None))

    def families_of(self, indices: NDArray[np.int64] | slice) -> dict[str, int]:
        """How many of some items each family has, by name."""
        counts = np.bincount(self._families[indices], minlength=len(self._family_names))
        return dict(zip(self._family_names, counts.tolist(), strict=True))

    def family_of(self, index: int) -> str:
        """The family of one item."""
        return self._family_names[int(self._families[index])]

    def of_family(self, name: str) -> NDArray[np.bool_]:
        """(N,) which items are of the family.

        Raises:
            ValueError: the family is unknown.
        """
        code = self._family_names.index(one_of(name, self._family_names, "tag"))
        return np.equal(self._families, code)

    def matches(self, search: str) -> NDArray[np.bool_]:
        """(N,) which items have the text in prompt, options or id, ignoring case. The last result is kept."""
        if self._last_search[0] != search:
            needle = pl.select(pl.lit(search).str.to_lowercase()).item()
            found = self._search_text.select(pl.col("text").str.contains(needle, literal=True))
            self._last_search = (search, found.collect(engine="streaming").to_series().to_numpy())
        return self._last_search[1]

    @cached_property
    def _search_text(self) -> pl.LazyFrame:
        size_bytes = (
            self.lazy.select(pl.col("prompt").str.len_bytes().sum()).collect(engine="streaming").item()
        )
        parts = (pl.col("prompt"), pl.col("options").list.join("\n"), pl.col("item_id"))
        text = self.lazy.select(pl.concat_str(*parts, separator="\n").str.to_lowercase().alias("text"))
        return text.collect().lazy() if size_bytes <= KEPT_TEXT_BYTES else text

    def beginnings(self, indices: NDArray[np.int64]) -> list[str]:
        """The beginning of each item at the indices, in their order."""
        if not len(indices):
            return []
        first, last = int(indices.min()), int(indices.max())
        span = self.lazy.select("beginning").slice(first, last - first + 1).collect()["beginning"]
        return span.gather(indices - first).to_list()

    def item(self, index: int) -> dict[str, Any]:
        """All columns of one item, by name."""
        return self.lazy.slice(index, 1).collect().row(0, named=True)


DETAILS = ["prediction", "correct", "score", "loglikelihoods", "text", "answer", "finish", "tokens", "cut"]
"""The columns of `cache.outcomes.SCHEMA` with the answer."""


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers to all N items, in their order."""

    known: NDArray[np.bool_]
    """(N,) which items were answered."""
    correct: NDArray[np.bool_]
    """(N,) which were answered right; False where unknown."""
    prediction: NDArray[np.int16]
    """(N,) index of the chosen option; -1 where unknown, and for generation."""
    cut: NDArray[np.bool_]
    """(N,) whose prompts were cut, because they are too long for the model."""
    gold_logprob: NDArray[np.float32]
    """(N,) see `cache.tables`; NaN where unknown."""
    rows: Callable[[], pl.LazyFrame]
    """N rows with the columns of `DETAILS`."""

    @property
    def n_known(self) -> int:
        """Number of items that were answered."""
        return int(self.known.sum())

    def answer(self, index: int) -> Mapping[str, Any]:
        """One answer, by column name."""
        return self.rows().slice(index, 1).collect().row(0, named=True)


def answers_of(
    experiment: Experiment, parts: Sequence[OutcomesRequest], items: ItemTable, most: int | None = None
) -> Answers | None:
    """The stored answers of runs that are about the items one after the other; None without any.

    Args:
        items: the benchmark's; those beyond the runs have no answer.
        most: how many answers count; None for all.

    Raises:
        CorruptEntry: a run is damaged, or not about these items, in this order.
    """
    entries, found, start = experiment.store.outcomes.entries, list[Answers](), 0
    for part in parts:
        payload = entries.whole_payload(part.key)
        if payload is None:
            break
        found.append(_stored(entries.read_path(part.key), payload, items.ids.slice(start, part.n)))
        start += part.n
    if len(found) < 2 and start == len(items):
        return found[0] if found else None
    n = start if most is None else min(most, start)
    return _joined([_slice(_joined(found), 0, n), live_answers((), len(items) - n)]) if n else None


def _stored(path: Path, payload: Payload, ids: pl.Series) -> Answers:
    """The answers in a payload of `cache.tables` that is known to be whole.

    Args:
        ids: of its items.

    Raises:
        CorruptEntry: it is not about these items, in this order.
    """
    lazy = pl.scan_parquet(payload, schema=SCHEMA, missing_columns="insert")
    small = lazy.select("item_id", "prediction", "correct", "cut", "gold_logprob").collect()
    if len(small) != len(ids) or not (small["item_id"] == ids).all():
        raise CorruptEntry(path, "its items are not those of the benchmark: delete it, and run it again")
    return Answers(
        known=np.ones(len(ids), bool),
        correct=small["correct"].to_numpy(),
        prediction=small["prediction"].fill_null(UNKNOWN).to_numpy(),
        cut=small["cut"].fill_null(0).to_numpy() > 0,
        gold_logprob=small["gold_logprob"].fill_null(math.nan).to_numpy(),
        rows=lambda: lazy.select(DETAILS),
    )


def continued(first: Answers, live: Answers) -> Answers:
    """The answers that are known of the first items, and those of a running run to the rest."""
    return _joined([_slice(first, 0, first.n_known), _slice(live, first.n_known, len(live.known))])


COLUMNS = ("known", "correct", "prediction", "cut", "gold_logprob")
"""The arrays of answers."""


def _joined(parts: Sequence[Answers]) -> Answers:
    columns = {name: np.concatenate([getattr(one, name) for one in parts]) for name in COLUMNS}
    return Answers(**columns, rows=lambda: pl.concat([one.rows() for one in parts]))


def _slice(answers: Answers, start: int, end: int) -> Answers:
    columns = {name: getattr(answers, name)[start:end] for name in COLUMNS}
    return Answers(**columns, rows=lambda: answers.rows().slice(start, end - start))


def live_answers(outcomes: Sequence[ItemOutcome], n: int) -> Answers:
    """The answers of a running run: its outcomes so far, on n items.

    Raises:
        ValueError: an outcome is about an item beyond n.
    """
    indices = np.fromiter((outcome.index for outcome in outcomes), np.int64, len(outcomes))
    if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < n:
        raise ValueError(f"The running benchmark has other items than the {n} shown: choose it again.")
    known, correct, cut = np.zeros(n, bool), np.zeros(n, bool), np.zeros(n, bool)
    prediction = np.full(n, UNKNOWN, np.int16)
    known[indices] = True
    correct[indices] = [outcome.correct for outcome in outcomes]
    prediction[indices] = [outcome.prediction for outcome in outcomes]
    cut[indices] = [outcome.cut > 0 for outcome in outcomes]
    golds = np.full(n, math.nan, np.float32)
    return Answers(known, correct, prediction, cut, golds, cache(lambda: _live_rows(outcomes, n)))


def _live_rows(outcomes: Sequence[ItemOutcome], n: int) -> pl.LazyFrame:
    by_index = {outcome.index: outcome for outcome in outcomes}
    found = [by_index.get(index) for index in range(n)]
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
            "cut": [one and one.cut for one in found],
        },
        schema={name: SCHEMA[name] for name in DETAILS},
    )


Name = TypeVar("Name", bound=str)


def item_clusters(items: ItemTable) -> NDArray[Any] | None:
    """(N,) numbers, equal for items of one cluster; None if every item is on its own.

    Raises:
        OSError: the table of items was deleted.
    """
    column = pl.col("cluster")
    return clusters_of(items.lazy.select(pl.when(column != "").then(column)).collect())


def item_scores(answers: Answers) -> NDArray[np.float32] | None:
    """(N,) the benchmark's first metric of each item, 0 to 1; None while the run is not stored.

    Raises:
        OSError: the file of the answers was deleted.
    """
    scores = answers.rows().select("score").collect().to_series()
    return None if scores.null_count() else scores.to_numpy()


def comparable_scores(answers: Mapping[Name, Answers]) -> dict[Name, NDArray[np.float32]]:
    """(N,) the scores of each side, 0 to 1, by its name.

    A run that is not stored has right and wrong alone; then all sides are scored so.

    Raises:
        OSError: the file of some answers was deleted.
    """
    scores = {name: item_scores(of_one) for name, of_one in answers.items()}
    stored = {name: found for name, found in scores.items() if found is not None}
    if len(stored) == len(scores):
        return stored
    return {name: of_one.correct.astype(np.float32) for name, of_one in answers.items()}


def probability_columns(answers: Answers, items: ItemTable) -> pl.DataFrame:
    """N rows with the columns of `cache.outcomes.SCHEMA` of which p(right) is made.

    Raises:
        OSError: the file of the answers was deleted.
    """
    return (
        answers.rows()
        .select("loglikelihoods")
        .collect()
        .with_columns(
            gold=pl.Series(items.gold, dtype=SCHEMA["gold"]).replace(UNKNOWN, None),
            gold_logprob=pl.Series(answers.gold_logprob, dtype=SCHEMA["gold_logprob"]).fill_nan(None),
        )
    )


def mean_scores(answers: Mapping[Name, Answers], clusters: NDArray[Any] | None) -> dict[Name, Accuracy]:
    """The mean score of each side over the items that it answered; sides without any are left out.

    Args:
        answers: by the name of the side.
        clusters: from `item_clusters`.

    Raises:
        OSError: the file of some answers was deleted.
    """
    scores = comparable_scores(answers)
    known = {name: of_one.known for name, of_one in answers.items() if of_one.known.any()}
    return {
        name: mean_score(scores[name][which], None if clusters is None else clusters[which])
        for name, which in known.items()
    }
