from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.analysis.answers import (
    ItemTable,
    comparable_scores,
    item_clusters,
    item_scores,
    live_answers,
    mean_scores,
)
from core.analysis.samples import Samples
from core.analysis.statistics.scores import accuracy
from core.run.events import ItemOutcome
from core.run.storing import ensure_items
from tests.core.analysis.samples.graded_samples import GRADED, SCORES, graded_samples
from tests.core.analysis.samples.stored_samples import MASK, predictions, stored_samples


def test_right_and_wrong_have_the_scores_one_and_nought(tmp_path: Path) -> None:
    experiment, benchmark = stored_samples(tmp_path, 50)
    samples = Samples.open(experiment, benchmark, 50, MASK)
    assert samples is not None
    assert samples.base_answers is not None
    assert item_clusters(samples.items) is None
    right = predictions(50, 0.9, seed=1) == np.arange(50) % 4
    scores = item_scores(samples.base_answers)
    assert scores is not None
    assert scores.tolist() == right.tolist()
    assert mean_scores({"base": samples.base_answers}, None) == {"base": accuracy(right)}


def test_scores_and_passages_come_from_what_is_stored(tmp_path: Path) -> None:
    experiment, benchmark = graded_samples(tmp_path)
    samples = Samples.open(experiment, benchmark, GRADED, MASK)
    assert samples is not None
    assert samples.base_answers is not None
    assert samples.ablated_answers is not None
    clusters = item_clusters(samples.items)
    assert clusters is not None
    assert [len(set(clusters[place : place + 3])) for place in range(0, GRADED - 2, 3)] == [1] * (GRADED // 3)
    assert len(set(clusters)) == GRADED // 3
    scores = comparable_scores({"base": samples.base_answers, "ablated": samples.ablated_answers})
    for side in ("base", "ablated"):
        assert scores[side] == pytest.approx(SCORES[side])


def test_beside_a_run_that_goes_on_all_count_by_right_and_wrong(tmp_path: Path) -> None:
    experiment, benchmark = graded_samples(tmp_path)
    samples = Samples.open(experiment, benchmark, GRADED, None)
    assert samples is not None
    assert samples.base_answers is not None
    live = live_answers((ItemOutcome(2, -1, -1, True, ()),), GRADED)
    scores = comparable_scores({"base": samples.base_answers, "ablated": live})
    assert scores["base"].tolist() == samples.base_answers.correct.tolist()
    means = mean_scores({"base": samples.base_answers, "ablated": live}, None)
    assert (means["ablated"].n, means["ablated"].score) == (1, 1.0)
    nothing = replace(live, known=np.zeros(GRADED, bool))
    assert list(mean_scores({"base": samples.base_answers, "ablated": nothing}, None)) == ["base"]


def test_items_without_a_passage_are_on_their_own(tmp_path: Path) -> None:
    experiment, benchmark = stored_samples(tmp_path, 8)
    assert item_clusters(ItemTable(ensure_items(experiment, benchmark, 8))) is None
