from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.terminal import Terminal
from tui.output import note, plain_table, write, write_document, write_table
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


def test_on_a_terminal_lines_are_broken_at_spaces_and_go_on_below_what_they_are_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = "/a/path/of/so/many/folders/that/it/has/no/room/in/forty/columns"
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("sys.stdout", terminal := Terminal())
    monkeypatch.setattr("sys.stderr", errors := Terminal())
    write(f"ablated   {'word ' * 9}\n3 entries, 5 kB, in {path}\n")
    note(f"{'word ' * 9}")
    write_document({"text": "word " * 20})
    lines = terminal.getvalue().splitlines()
    assert lines[:2] == ["ablated   word word word word word word", f"{' ' * 10}word word word"]
    assert lines[2:4] == ["3 entries, 5 kB, in", path]
    assert json.loads("".join(lines[4:])) == {"text": "word " * 20}
    assert [len(line) <= 40 for line in errors.getvalue().splitlines()] == [True, True]


def test_the_title_of_a_table_may_be_wider_than_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("sys.stdout", terminal := Terminal())
    table = plain_table(("a", "b"), title="AIS · mlp · top · k 0.01 · n 10")
    table.add_row("1", "2")
    write_table(table)
    assert terminal.getvalue().splitlines()[0] == "AIS · mlp · top · k 0.01 · n 10"
