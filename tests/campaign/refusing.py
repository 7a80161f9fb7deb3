"""What users may expect of a command that cannot do what they ask for."""

from __future__ import annotations

import pytest

from tests.tui.calling import called

LONGEST_SENTENCE = 700
"""Characters; the longest lists all benchmarks."""


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and the one sentence of a command that fails as it should, with no other output."""
    code, out, err = called(capsys, *arguments)
    assert code in (1, 2), f"exit code {code}: {out} {err}"
    assert out == ""
    assert "Traceback" not in err
    said = err.splitlines()[-1]
    assert said.startswith("abilityscope: ")
    assert "--debug" not in said, f"nobody foresaw it: {said}"
    assert "[Errno" not in said, f"a person reads it: {said}"
    assert said.endswith((".", "?"))
    assert said.isprintable()
    assert len(said) <= LONGEST_SENTENCE
    return code, said.removeprefix("abilityscope: ")
