"""Old names of options and values: one sentence that says the new ones, in every command."""

from __future__ import annotations

import pytest

from tests.tui.calling import called
from tui.renamed import refuse_old_names

COMMANDS = ("tui", "profile", "importance", "overlap", "calibrate", "bench", "generate", "doctor")


@pytest.mark.parametrize(
    ("words", "new"),
    [
        ("--form items", "--reduction sum-abs"),
        ("--form=sum", "--reduction abs-sum"),
        ("--form", "--reduction"),
        ("--quota matrix", "--scope per-matrix"),
        ("--quota global", "--scope global"),
        ("--sums host", "--accumulate-on host"),
        ("--rows 4", "--scoring-batch 4"),
        ("--rows --json", "--scoring-batch"),
        ("--reduction sum", "--reduction abs-sum"),
        ("--reduction=items", "--reduction sum-abs"),
        ("--scope matrix", "--scope per-matrix"),
        ("--selection minus_core", "--selection top_minus_shared"),
        ("--selections top,minus_core", "--selections top,top_minus_shared"),
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_an_old_name_is_a_usage_error_that_says_the_new_one(
    command: str, words: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = called(capsys, command, *words.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"abilityscope: {words.split()[0].partition('=')[0]}")
    assert err.endswith(f" has been renamed: give {new}.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "--", "--form"],
        ["bench", "--reduction", "sum-abs", "--scope", "per-matrix", "--selection", "top_minus_shared"],
        ["data", "--ability", "sum", "--split", "items"],
        ["importance", "--items", "rows"],
        [],
    ],
)
def test_everything_else_passes(arguments: list[str]) -> None:
    refuse_old_names(arguments)
