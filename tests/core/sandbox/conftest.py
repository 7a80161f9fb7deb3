from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.sandbox.kinds import Apart, why_not

_REASONS: dict[Apart, str | None] = {}


@pytest.fixture(params=["namespaces", "bubblewrap"])
def kind(request: pytest.FixtureRequest) -> Apart:
    """Each sandbox that works here; the others are skipped with the reason that their trial gave."""
    kind: Apart = request.param
    if kind not in _REASONS:
        _REASONS[kind] = why_not(kind)
    if reason := _REASONS[kind]:
        pytest.skip(f"{kind} does not work here: {reason}")
    return kind


@pytest.fixture
def yours() -> Iterator[Path]:
    """A file outside that everybody may read and write, as far as its own mode goes."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "id_secret"
        file.write_text("private")
        file.chmod(0o666)
        yield file
