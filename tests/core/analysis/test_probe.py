"""What the probe's answers settle: made-up tables against the rules worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.abilities import ABILITIES
from core.analysis.probe import (
    ProbeTable,
    Question,
    every_question,
    questions_left,
    settled_by,
    settlement,
)
from core.analysis.statistics.scores import is_above_chance
from core.models.spec import Level, ModelSpec, PromptStyle

IDS = [ability.id for ability in ABILITIES]
REAL = ModelSpec("some/model")
Column = Sequence[int] | None


def table(**columns: Column) -> ProbeTable:
    """Right answers by `form_level`, ability by ability; fewer than ten: the others were not asked."""
    right = {}
    for name, values in columns.items():
        style, level = name.split("_")
        for ability, value in zip(IDS, values or (), strict=False):
            right[Question(ability, style, level)] = value  # type: ignore[arg-type]
    return ProbeTable(right)


def test_above_chance_by_the_exact_binomial_test() -> None:
    # By hand: of 20 items with four options, P(9 or more) = .0409 and P(8 or more) = .1018.
    assert [is_above_chance(right, 20, 0.25) for right in (8, 9)] == [False, True]
    assert [is_above_chance(right, 3, 0.25) for right in (2, 3)] == [False, True]  # .156, .0156
    assert [is_above_chance(right, 100, 0.25) for right in (32, 33)] == [False, True]
    assert [is_above_chance(right, 200, 0.25) for right in (60, 61)] == [False, True]
    assert is_above_chance(0, 20, 0.25) is False


SIX, FIVE, NONE = [9] * 6 + [5] * 4, [9] * 5 + [8] * 5, [5] * 10


@pytest.mark.parametrize(
    ("answers", "settled"),
    [
        # At chance everywhere: the easiest level, letters on a tie, else the form that is right more often.
        (table(letters_plain=NONE, text_plain=NONE), ("letters", "plain")),
        (table(letters_plain=NONE, text_plain=[*NONE[:9], 6]), ("text", "plain")),
        # Five of ten is not most, though more answers are right.
        (table(letters_plain=FIVE, text_plain=NONE), ("letters", "plain")),
        # Six is: the harder level is asked in that form, and taken if most are above chance there too.
        (table(letters_plain=NONE, text_plain=SIX, text_standard=SIX), ("text", "standard")),
        (table(letters_plain=NONE, text_plain=SIX, text_standard=FIVE), ("text", "plain")),
        # Given up after the fifth that is not above chance.
        (table(letters_plain=NONE, text_plain=SIX, text_standard=[8] * 5), ("text", "plain")),
        # Both forms at the harder level: there is where they are compared, though plain says otherwise.
        (
            table(letters_plain=[19] * 10, text_plain=[20] * 10, letters_standard=[14] * 10,
                  text_standard=[13] * 10),
            ("letters", "standard"),
        ),
        # A form that fails at the harder level is not taken there, whatever it has at the easier one.
        (
            table(letters_plain=[12] * 10, text_plain=[15] * 10, letters_standard=SIX,
                  text_standard=[20] * 4 + [8] * 5),
            ("letters", "standard"),
        ),
    ],
)  # fmt: skip
def test_what_a_table_settles(answers: ProbeTable, settled: tuple[PromptStyle, Level]) -> None:
    assert questions_left(answers, REAL) == []
    assert settled_by(answers, REAL) == settled


def test_a_whole_probe_settles_the_same_as_one_that_stopped_early() -> None:
    stopped = table(letters_plain=NONE, text_plain=SIX, text_standard=[8] * 5)
    whole = table(
        letters_plain=NONE, text_plain=SIX, text_standard=[8] * 5 + [20] * 5, letters_standard=[20] * 10
    )
    assert settled_by(stopped, REAL) == settled_by(whole, REAL) == ("text", "plain")


def test_what_was_given_is_not_asked() -> None:
    as_text = ModelSpec("some/model", prompt="text")
    assert {question.style for question in questions_left(ProbeTable(), as_text)} == {"text"}
    standard = ModelSpec("some/model", level_asked="standard")
    assert questions_left(ProbeTable(), standard) == every_question(levels=("standard",))
    answers = table(letters_standard=NONE, text_standard=FIVE)
    assert settled_by(answers, standard) == ("text", "standard")
    basic = ModelSpec("some/model", level_asked="basic")
    assert {question.level for question in questions_left(ProbeTable(), basic)} == {"basic"}


def test_the_easier_level_is_asked_first_and_the_rest_only_if_needed() -> None:
    left = questions_left(ProbeTable(), REAL)
    assert left == every_question()
    assert [question.level for question in left] == ["plain"] * 20 + ["standard"] * 20
    after = questions_left(table(letters_plain=NONE), REAL)
    assert [(q.style, q.level) for q in after[::10]] == [("text", "plain"), ("text", "standard")]
    with pytest.raises(ValueError, match="has 20 questions left"):
        settled_by(table(letters_plain=NONE), REAL)


def test_the_shares_are_of_the_level_where_both_forms_were_asked() -> None:
    answers = table(letters_plain=NONE, text_plain=SIX, text_standard=SIX)
    found = settlement(answers, REAL.settled("text", "standard"))
    assert (found.prompt, found.level, found.probed_level) == ("text", "standard", "plain")
    assert found.shares == {"letters": 0.25, "text": (6 * 9 + 4 * 5) / 200}
    assert settlement(ProbeTable(), REAL.settled("text", "plain")).shares == {}


def test_the_rows_have_every_figure() -> None:
    rows = table(text_plain=[9, 8]).rows()
    assert [(row["ability"], row["right"], row["shown"]) for row in rows] == [
        (IDS[0], 9, True),
        (IDS[1], 8, False),
    ]
    # Wilson's interval of 9 of 20, by hand.
    assert (rows[0]["n"], round(rows[0]["low"], 3), round(rows[0]["high"], 3)) == (20, 0.258, 0.658)
