from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.diagnosis.case import Asked, Written
from core.analysis.diagnosis.diagnose import diagnose
from core.analysis.diagnosis.failure_modes import Tag, main_tag
from core.benchmarks.answer_format import style_format
from core.inference import Finish
from core.inference.answers import first_difference
from tests.core.analysis.diagnosis.natural import pattern_format

STEPS = "8 1 9 2 10 3"
SUM = Asked("Eva had 7 cakes and bought 3 . now Eva has think :", style_format("cloze"), "10", STEPS)
SUM_BASE = Written(f"{STEPS} so 10", "eos")
KIND = Asked(
    "every wug sings . every dax digs . Tom is a wug . therefore Tom think :",
    style_format("cloze"),
    "sings",
    "Tom is a wug and every wug sings",
    ("sings", "digs", "hides", "jumps"),
)
KIND_BASE = Written("Tom is a wug and every wug sings so sings", "eos")


def names(asked: Asked, base: Written, text: str, finish: Finish = "eos") -> list[str]:
    return [tag.name for tag in diagnose(asked, base, Written(text, finish))]


def tag(asked: Asked, base: Written, text: str, name: str) -> Tag:
    [found] = [one for one in diagnose(asked, base, Written(text, "eos")) if one.name == name]
    return found


def test_a_wrong_number_of_the_true_steps_is_told_with_its_place() -> None:
    found = tag(SUM, SUM_BASE, "8 1 9 2 11 3 so 11", "miscounts")
    assert found.evidence == "The steps have 11 where 10 is right. Answers 11, 1 over 10."
    assert (found.start, found.end, found.excess) == (8, 10, 1.0)


def test_a_wrong_step_with_the_right_answer_is_a_miscount_without_another_answer() -> None:
    assert names(SUM, SUM_BASE, "8 1 9 2 11 3 so 10") == ["miscounts", "same_answer_other_way"]


def test_an_answer_under_the_right_one_is_under() -> None:
    assert tag(SUM, SUM_BASE, "so 6", "miscounts").excess == -4.0


def test_steps_that_base_writes_in_its_own_words_are_not_held_against_the_answer() -> None:
    asked = Asked(SUM.prompt, style_format("cloze"), "10", "seven and three are ten")
    assert names(asked, SUM_BASE, "8 1 9 2 10 so 10") == ["same_answer_other_way"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tom is a dax and every dax digs so digs", ["wrong_step", "other_answer"]),
        ("Tom is a wug and every wug sings so jumps", ["other_answer"]),
        ("Tom is a wug so sings", ["same_answer_other_way"]),
        ("so sings", ["same_answer_other_way", "skips_steps"]),
        ("so digs", ["skips_steps", "other_answer"]),
        ("so Baghdad", ["incoherent", "skips_steps", "other_answer"]),
        ("Tom is a wug and every wug sings", ["wrong_format", "same_answer_other_way"]),
        ("Tom is a wug and every wug", ["no_answer"]),
        ("Tom is a", ["stops_early", "no_answer"]),
        ("", ["stops_early", "no_answer"]),
    ],
)
def test_answers_about_kinds(text: str, expected: list[str]) -> None:
    assert names(KIND, KIND_BASE, text) == expected


def test_what_base_does_too_is_no_tag() -> None:
    loop = "Tom sings and Tom sings and Tom sings and Tom sings and"
    assert names(KIND, Written(loop, "length"), loop + " Tom", "length") == []
    refusal = Written("I cannot answer that.", "eos")
    assert names(KIND, refusal, "I cannot answer this.") == []


def test_an_answer_that_was_cut_in_the_middle_is_none() -> None:
    text = "Tom is a wug so every wug and so every"
    assert names(KIND, KIND_BASE, text, "length") == ["no_answer", "runs_on"]


def test_an_answer_that_was_ended_because_it_repeats_itself_does() -> None:
    assert names(KIND, KIND_BASE, "Tom " + "-" * 64, "repeats") == [
        "repeats_itself",
        "no_answer",
        "wrong_step",
    ]
    looping = Written("-" * 64, "repeats")
    assert "repeats_itself" not in names(KIND, looping, "+" * 64, "repeats")


def test_of_a_cancelled_answer_nothing_is_missing() -> None:
    assert names(KIND, KIND_BASE, "Tom is a", "cancelled") == []


def test_without_a_format_there_is_no_answer_to_miss() -> None:
    asked, base = Asked("Say hello."), Written("Hello there, how are you on this fine day?", "eos")
    assert names(asked, base, "Good evening to you, and to all of yours.") == []
    assert names(asked, base, "Good evening to") == ["stops_early"]
    assert names(asked, base, "Good evening.") == []


@pytest.mark.parametrize(
    ("likely", "expected"),
    [(-9.0, True), (-0.5, False)],
)
def test_a_text_that_surprises_the_base_model_is_incoherent(likely: float, expected: bool) -> None:
    base = Written("a b c d e f", "eos", tuple(range(6)), (-0.3,) * 6)
    text = Written("a x y z v w", "eos", (0, 9, 8, 7, 6, 5), (-0.3, -9.0, likely, likely, likely, likely))
    assert ("incoherent" in [one.name for one in diagnose(Asked("p"), base, text)]) == expected


def test_one_surprising_word_is_an_error_and_no_incoherence() -> None:
    base = Written("a b c d e f", "eos", tuple(range(6)), (-0.3,) * 6)
    wrong = Written("a x c d z f", "eos", (0, 9, 2, 3, 7, 5), (-0.3, -9.0, -0.3, -0.3, -15.0, -0.3))
    assert diagnose(Asked("p"), base, wrong) == ()


@given(st.text(max_size=200), st.sampled_from(["eos", "stop", "length", "cancelled"]))
def test_identical_answers_are_the_same_and_nothing_else(text: str, finish: Finish) -> None:
    for asked in (SUM, KIND, Asked("p")):
        assert names(asked, Written(text, "eos"), text, finish) == ["same"]


WORDS = [*KIND.prompt.split(), "so", "Answer:", "7", "is", "\n", "\x1b[31m"]
words = st.lists(st.sampled_from(WORDS)).map(" ".join)


@given(words, words, st.sampled_from(["eos", "length"]))
def test_every_tag_has_evidence_on_one_line_and_a_place_in_the_text(
    base: str, text: str, finish: Finish
) -> None:
    tags = diagnose(KIND, Written(base, "eos"), Written(text, finish))
    assert len({one.name for one in tags}) == len(tags)
    assert main_tag(tags) == (tags[0] if tags else None)
    for one in tags:
        assert one.evidence.endswith(".")
        assert "\n" not in one.evidence
        assert (one.start is None) == (one.end is None)
        assert one.start is None or one.end is None or 0 <= one.start < one.end <= len(text)


def test_the_same_number_in_other_words_is_the_same_answer_only_where_a_number_is_asked_for() -> None:
    asked, base = (
        Asked("When?", pattern_format("it is", r"(?s)(.+)"), "February 7, 2016"),
        Written("February 7, 2016", "eos"),
    )
    assert names(asked, base, "7 horses") == ["other_answer"]
    asked = Asked("How many?", pattern_format("it is", r"(?s)(.+)"), "7")
    assert names(asked, Written("7", "eos"), "7 horses") == ["same_answer_other_way"]


def test_first_difference() -> None:
    assert first_difference([1, 2, 3], [1, 2, 4]) == 2
    assert first_difference([1, 2], [1, 2, 4]) == 2
    assert first_difference([1, 2], [1, 2]) is None
    assert first_difference([], [5]) == 0
