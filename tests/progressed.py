"""Made-up events of progress, for tests of what is shown of them."""

from __future__ import annotations

from typing import Any

from core.run.events import Phase, Progressed


def progressed(phase: Phase, about: str = "", done: int = 0, total: int = 1, **changes: Any) -> Progressed:
    """How far a job named `3f2a-1` is, without rate and time left."""
    usual: dict[str, Any] = {
        "job": "3f2a-1",
        "seconds": 0.0,
        "tokens": 0,
        "rate": None,
        "number": 1,
        "of": 1,
        "elapsed_s": 0.0,
        "left_s": None,
    }
    return Progressed(phase=phase, about=about, done=done, total=total, **usual | changes)
