"""The rules against a reader, who noted for each answer all tags that hold, the one that counts first.

`generations.jsonl` holds 100 answers of the embedded model, intact and ablated (masks from 200 items an
ability). The rules were fitted to the half "rules". The readings of the half "check" were written before the
rules were run on it: they agreed on the main tag of 43 of its 50. Two rules (loops that base has too, answers
without a marker) were mended afterwards; on 40 more answers, read in the same way and not kept here, they
agreed on 36.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.analysis.diagnosis.case import Asked, Written
from core.analysis.diagnosis.diagnose import diagnose
from core.analysis.diagnosis.failure_modes import TagName
from core.benchmarks.answer_format import style_format
from tests.core.analysis.diagnosis.natural import NATURAL, Natural

ROWS = [json.loads(line) for line in (Path(__file__).parent / "generations.jsonl").read_text().splitlines()]


def tags_of(row: dict[str, Any]) -> list[TagName]:
    asked = Asked(row["prompt"], style_format("cloze"), row["gold"], row["steps"], tuple(row["options"]))
    base, ablated = (
        Written(one["text"], one["finish"], tuple(one["tokens"]), tuple(one["log_probabilities"]))
        for one in (row["base"], row["ablated"])
    )
    return [tag.name for tag in diagnose(asked, base, ablated)]


@pytest.mark.parametrize(
    ("half", "main", "precision", "recall"), [("rules", 46, 0.93, 0.98), ("check", 44, 0.92, 0.98)]
)
def test_the_rules_agree_with_the_reader(half: str, main: int, precision: float, recall: float) -> None:
    rows = [row for row in ROWS if row["half"] == half]
    found = [(row["reading"], tags_of(row)) for row in rows]
    assert len(rows) == 50
    assert sum(reading[0] == tags[0] for reading, tags in found) >= main
    both = sum(len(set(reading) & set(tags)) for reading, tags in found)
    assert both / sum(len(tags) for _, tags in found) >= precision
    assert both / sum(len(reading) for reading, _ in found) >= recall


@pytest.mark.parametrize("natural", NATURAL.values(), ids=NATURAL.keys())
def test_natural_answers_get_the_tags_that_a_reader_gives(natural: Natural) -> None:
    tags = [tag.name for tag in diagnose(natural.asked, natural.base, Written(natural.text, natural.finish))]
    assert set(tags) == set(natural.reading)
    assert tags[:1] == list(natural.reading[:1])
