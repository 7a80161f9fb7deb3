from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.diagnosis.arithmetic import WrongNumber, first_wrong


@pytest.mark.parametrize(
    ("text", "wrong", "excess"),
    [
        ("So 3 + 4 = 8.", "8", 1),
        ("12-5=8", "8", 1),
        ("5 - 8 = 3", "3", 6),
        ("$5 + $3 = $9.50 in all", "$9.50", 1.5),
        ("5 apples plus 3 apples equals 7 apples", "7", -1),
        ("(2 + 3) * 4 = 24", "24", 4),
        ("2 + 3 * 4 = 20", "20", 6),
        ("She has 7 x 6 = 48 of them.", "48", 6),
        ("1,200 + 300 = 1,600", "1,600", 100),
        ("7 / 2 = 4.5", "4.5", 1),
        ("3 * 4 = 12 and 12 + 5 = 18", "18", 1),
        ("2 + 3 = 5 + 4 = 10", "10", 1),
        ("4 \\times 5 = 21", "21", 1),
        ("a = 7 - 3 = 5", "5", 1),
        ("1. 5 + 3 = 8\n2. 8 + 1 = 10", "10", 1),
        ("(3 + 4 = 8)", "8", 1),
        ("6 7 9 10 11", "9", 1),
        ("12, 11, 10, 8, 7", "8", -1),
        ("bell 1 seed 1 bell 2 seed 2 bell 4 seed 4 bell 5", "4", 1),
    ],
)
def test_the_first_wrong_number_is_found_with_its_place(text: str, wrong: str, excess: float) -> None:
    found = first_wrong(text)
    assert found is not None
    assert (text[found.start : found.end], found.excess) == (wrong, excess)


@pytest.mark.parametrize(
    "text",
    [
        "12 - 5 = 7",
        "5 - 8 = -3",
        "16-3-4=<<16-3-4=9>>9",
        "2 + 3 = 5 + 4 = 9",
        "3 + 4 = 8 - 1",
        "10 / 3 = 3.33 and 10 / 3 = 3",
        "3 + 4 = 7.0, which is 7.",
        "x + 5 + 3 = 20",
        "2x + 5 + 3 = 20",
        "5 + 3 + y = 20",
        "3^2 + 4 = 13",
        "100 - 30% = 70",
        "50 * 20% = 10",
        "10:30 + 2 = 12:30",
        "4 red apples and 3 - 1 = 2 pears",
        "5 / 0 = 7",
        "Version v2.5 + 3 = 1",
        "1, 2, 3, 5, 8, 13",
        "1, 2, 3, 4, 6, 12",
        "In 1997 1998 1999 2003 and later",
        "pears 3 plums 7 nuts 2 eggs 9 figs 4",
        "bell 1 seed 1 bell 2 seed 2 bell 3",
        "",
    ],
)
def test_what_is_right_or_cannot_be_judged_is_not_wrong(text: str) -> None:
    assert first_wrong(text) is None


numbers = st.integers(0, 10_000)


@given(numbers, numbers, st.sampled_from("+-*"), st.integers(-50, 50))
def test_sums_are_judged_as_python_judges_them(a: int, b: int, sign: str, error: int) -> None:
    right = {"+": a + b, "-": a - b, "*": a * b}[sign]
    found = first_wrong(f"We get {a:,} {sign} {b} = {right + error:,} of them.")
    assert (found.excess if found else 0) == error


@given(st.text(max_size=300))
def test_any_text_is_read_without_complaint(text: str) -> None:
    found = first_wrong(text)
    assert found is None or (isinstance(found, WrongNumber) and 0 <= found.start < found.end <= len(text))


@pytest.mark.parametrize("piece", ["1 + ", "(", "1", "1,", "a 1 ", "1 1 ", "1 = ", "1+1=", "- ", "\n"])
def test_long_hostile_texts_are_read(piece: str) -> None:
    assert first_wrong(piece * 2_000 + " 2 + 2 = 4") is None
