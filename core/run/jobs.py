"""Jobs: the units of work of an engine. No torch, no screen."""

from __future__ import annotations

from typing import Literal

import msgspec

JobKind = Literal["runs", "rankings", "auto_k", "generation", "calibration"]
"""`runs`: masks on benchmarks; `rankings`: importance and selection alone; `auto_k`: the search for a k;
`generation`: text; `calibration`: the whole method, on a phantom."""

JobState = Literal["queued", "running", "paused", "completed", "failed", "cancelled"]

ENDED: tuple[JobState, ...] = ("completed", "failed", "cancelled")


class Job(msgspec.Struct, frozen=True):
    """A unit of work that the engine was asked for."""

    id: str
    """Unique among this machine's engines, such as `3f2a-1`."""
    kind: JobKind
    title: str
    """What it does, in words."""
    state: JobState
    done: int = 0
    """Runs (or rankings, or answers) finished, cached ones included."""
    total: int = 0
    created: float = 0.0
    """Seconds since the epoch."""
    ended: float | None = None
    problem: str = ""
    """Why it failed, in one sentence; empty unless it did."""
    started: float | None = None
    """When it began to run, in seconds since the epoch."""
    is_cancelling: bool = False
    """Whether it was cancelled and has not ended yet."""
    until: float | None = None
    """The least AIS of interest: runs stop as soon as it is settled. None: they take all items."""
