from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
