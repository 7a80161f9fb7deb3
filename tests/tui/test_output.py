from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.numbers import age_text, count_text, size_text
from tui.output import write_document
from tui.safe_text import shown


@given(st.text())
def test_what_is_shown_has_no_effect_on_a_terminal(text: str) -> None:
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in shown(text))


def test_words_of_any_language_stay_and_what_acts_is_spelt_out() -> None:
    assert shown("naïve 日本語 [red] 👩‍🔬") == "naïve 日本語 [red] 👩‍🔬"
    assert shown("a\x1b[2Jb\r\nc\x9b\u202e") == r"a\x1b[2Jb\r\nc\x9b\u202e"


def test_a_number_that_json_does_not_have_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_document({"ais": float("nan")})
    assert capsys.readouterr().out == ""


def test_units() -> None:
    assert [size_text(n) for n in (0, 999, 1000, 999_499, 999_500, 16_060_522_496, 2 * 10**15)] == [
        *("0 B", "999 B", "1.00 kB", "999 kB"),
        *("1.00 MB", "16.1 GB", "2000 TB"),
    ]
    assert [count_text(n) for n in (7, 21_344, 8_030_261_248)] == ["7", "21.3 k", "8.03 B"]
    assert [age_text(s) for s in (-1, 59.9, 60, 7199, 86_400)] == ["0 s", "59 s", "1 min", "1 h", "1 d"]
