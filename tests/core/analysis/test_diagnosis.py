"""The tags against a reader, rule by rule, and their shares.

`generations.jsonl` holds 100 answers of the embedded model, intact and ablated, with all tags that a reader
noted, the main one first. The rules were fitted to the half "rules"; the half "check" was read before they
were run on it.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.diagnosis import (
    PRIORITY,
    Asked,
    Tag,
    TagName,
    diagnose,
    frequent_failures,
    main_tag,
    shares,
)
from core.analysis.text_checks import Written
from core.benchmarks.scoring import style_format
from core.inference import Finish
from core.inference.answers import first_difference
from tests.core.analysis.natural import NATURAL, Natural, pattern_format
from tui.failure_words import TAG_VERBS, TAG_WORDS, share_text

ROWS = [json.loads(line) for line in (Path(__file__).parent / "generations.jsonl").read_text().splitlines()]

SUM = Asked("Eva had 7 cakes and bought 3 . now Eva has think :", style_format("cloze"), "10")
SUM_BASE = Written("8 1 9 2 10 3 so 10", "eos")
KIND = Asked(
    "every wug sings . every dax digs . Tom is a wug . therefore Tom think :",
    style_format("cloze"),
    "sings",
    ("sings", "digs", "hides", "jumps"),
)
KIND_BASE = Written("Tom is a wug and every wug sings so sings", "eos")


def tags_of(row: dict[str, Any]) -> list[TagName]:
    asked = Asked(row["prompt"], style_format("cloze"), row["gold"], tuple(row["options"]))
    base, ablated = (
        Written(one["text"], one["finish"], tuple(one["tokens"]), tuple(one["log_probabilities"]))
        for one in (row["base"], row["ablated"])
    )
    return [tag.name for tag in diagnose(asked, base, ablated)]


@pytest.mark.parametrize(
    ("half", "main", "precision", "recall"), [("rules", 45, 0.92, 0.97), ("check", 44, 0.88, 0.97)]
)
def test_the_rules_agree_with_the_reader(half: str, main: int, precision: float, recall: float) -> None:
    found = [(row["reading"], tags_of(row)) for row in ROWS if row["half"] == half]
    assert len(found) == 50
    assert sum(reading[:1] == tags[:1] for reading, tags in found) >= main
    both = sum(len(set(reading) & set(tags)) for reading, tags in found)
    assert both / sum(len(tags) for _, tags in found) >= precision
    assert both / sum(len(reading) for reading, _ in found) >= recall


@pytest.mark.parametrize("natural", NATURAL.values(), ids=NATURAL.keys())
def test_natural_answers_get_the_tags_that_a_reader_gives(natural: Natural) -> None:
    tags = [tag.name for tag in diagnose(natural.asked, natural.base, Written(natural.text, natural.finish))]
    assert tags == list(natural.reading)


def names(asked: Asked, base: Written, text: str, finish: Finish = "eos") -> list[str]:
    return [tag.name for tag in diagnose(asked, base, Written(text, finish))]


def test_a_number_over_the_right_one_is_overcounting_and_one_under_it_a_wrong_answer() -> None:
    (over,) = diagnose(SUM, SUM_BASE, Written("8 1 9 2 11 3 so 11", "eos"))
    assert (over.name, over.evidence, over.start, over.end) == (
        "overcounting",
        "Answers 11, 1 over 10.",
        16,
        18,
    )
    (under,) = diagnose(SUM, SUM_BASE, Written("so 6", "eos"))
    assert (under.name, under.evidence) == ("wrong_option", "Answers “6”; “10” is right.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tom is a dax and every dax digs so digs", ["wrong_option"]),
        ("Tom is a wug so sings", []),
        ("so Baghdad", ["gibberish", "wrong_option"]),
        ("Tom is a wug and every wug sings", ["format_lost"]),
        ("Tom is a wug and every wug", ["empty"]),
        ("Tom is a", ["truncated"]),
        ("", ["empty"]),
    ],
)
def test_answers_about_kinds(text: str, expected: list[str]) -> None:
    assert names(KIND, KIND_BASE, text) == expected


def test_what_base_does_too_is_no_tag() -> None:
    loop = "Tom sings and Tom sings and Tom sings and Tom sings and"
    assert names(KIND, Written(loop, "length"), loop + " Tom", "length") == []
    assert names(KIND, Written("I cannot answer that.", "eos"), "I cannot answer this.") == []
    assert names(SUM, Written("so 11", "eos"), "it is 12 so 11") == []


def test_an_answer_that_was_cut_in_the_middle_is_none() -> None:
    assert names(KIND, KIND_BASE, "Tom is a wug so every wug and so every", "length") == ["truncated"]


def test_an_answer_that_was_ended_because_it_repeats_itself_does() -> None:
    assert names(KIND, KIND_BASE, "Tom " + "-" * 64, "repeats") == ["repetition", "truncated"]
    assert "repetition" not in names(KIND, Written("-" * 64, "repeats"), "+" * 64, "repeats")


def test_of_a_cancelled_answer_nothing_is_missing() -> None:
    assert names(KIND, KIND_BASE, "Tom is a", "cancelled") == []


def test_without_a_format_there_is_no_answer_to_miss() -> None:
    asked, base = Asked("Say hello."), Written("Hello there, how are you on this fine day?", "eos")
    assert names(asked, base, "Good evening to you, and to all of yours.") == []
    assert names(asked, base, "Good evening to") == ["truncated"]
    assert names(asked, base, "Good evening.") == []
    assert names(asked, base, " \n") == ["empty"]


@pytest.mark.parametrize(("likely", "expected"), [(-9.0, ["gibberish"]), (-0.5, [])])
def test_a_text_that_surprises_the_base_model_is_gibberish(likely: float, expected: list[str]) -> None:
    base = Written("a b c d e f.", "eos", tuple(range(6)), (-0.3,) * 6)
    text = Written("a x y z v w.", "eos", (0, 9, 8, 7, 6, 5), (-0.3, -9.0, likely, likely, likely, likely))
    assert [one.name for one in diagnose(Asked("p"), base, text)] == expected


def test_one_surprising_word_is_an_error_and_no_gibberish() -> None:
    base = Written("a b c d e f", "eos", tuple(range(6)), (-0.3,) * 6)
    wrong = Written("a x c d z f", "eos", (0, 9, 2, 3, 7, 5), (-0.3, -9.0, -0.3, -0.3, -15.0, -0.3))
    assert diagnose(Asked("p"), base, wrong) == ()


@given(st.text(max_size=200), st.sampled_from(["eos", "stop", "length", "cancelled"]))
def test_identical_answers_do_not_fail(text: str, finish: Finish) -> None:
    for asked in (SUM, KIND, Asked("p")):
        assert names(asked, Written(text, "eos"), text, finish) == []


WORDS = [*KIND.prompt.split(), "so", "Answer:", "7", "is", "\n", "\x1b[31m"]
words = st.lists(st.sampled_from(WORDS)).map(" ".join)


@given(words, words, st.sampled_from(["eos", "length"]))
def test_every_tag_has_evidence_on_one_line_and_a_place_in_the_text(
    base: str, text: str, finish: Finish
) -> None:
    tags = diagnose(KIND, Written(base, "eos"), Written(text, finish))
    assert len({one.name for one in tags}) == len(tags)
    assert [one.name for one in tags] == sorted((one.name for one in tags), key=PRIORITY.index)
    for one in tags:
        assert one.evidence.endswith(".")
        assert "\n" not in one.evidence
        assert (one.start is None) == (one.end is None)
        assert one.start is None or one.end is None or 0 <= one.start < one.end <= len(text)


def test_the_same_number_in_other_words_is_the_same_answer_only_where_a_number_is_asked_for() -> None:
    form = pattern_format("it is", r"(?s)(.+)")
    asked, base = Asked("When?", form, "February 7, 2016"), Written("February 7, 2016", "eos")
    assert names(asked, base, "7 horses") == ["wrong_option"]
    assert names(Asked("How many?", form, "7"), Written("7", "eos"), "7 horses") == []


def test_first_difference() -> None:
    assert first_difference([1, 2, 3], [1, 2, 4]) == 2
    assert first_difference([1, 2], [1, 2, 4]) == 2
    assert first_difference([1, 2], [1, 2]) is None
    assert first_difference([], [5]) == 0


OVER, LOOP = (Tag("overcounting", "One too many."),), (Tag("repetition", "Repeats itself."),)


def test_every_tag_has_words() -> None:
    assert set(TAG_WORDS) == set(TAG_VERBS) == set(PRIORITY)


def test_shares_cover_all_answers_and_name_what_is_frequent() -> None:
    answers = [OVER] * 82 + [LOOP] * 20 + [()] * 93 + [(Tag("empty", "No."),)] * 5
    found = shares(map(main_tag, answers))
    assert [(one.name, one.count) for one in found] == [
        (None, 93),
        ("overcounting", 82),
        ("repetition", 20),
        ("empty", 5),
    ]
    assert sum(one.share.score for one in found) == pytest.approx(1)
    assert [share_text(one) for one in frequent_failures(found)] == [
        "41 % [34, 48] overcount",
        "10 % [7, 15] repeat themselves",
    ]
    assert shares(Counter(map(main_tag, answers))) == found


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no answers"):
        shares([])
