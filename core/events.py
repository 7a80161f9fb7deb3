"""What the engine tells while it works. Plain words: no torch, no screen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelLoading:
    """A model is being loaded."""

    name: str
    doing: str
    """What happens just now, in a few words."""


@dataclass(frozen=True)
class ModelLoaded:
    """A model is in memory."""

    name: str
    seconds: float


@dataclass(frozen=True)
class ItemsScored:
    """Importance went on by some items."""

    ability: str
    done: int
    total: int
    """Items of this ability."""


@dataclass(frozen=True)
class RunsFound:
    """What a profile needs, and what of it the cache has."""

    total: int
    """Runs: one mask on one benchmark."""
    cached: int


@dataclass(frozen=True)
class RunFinished:
    """One mask on one benchmark was evaluated and stored."""

    mask: str
    """What was ablated, in words; `base` for the intact model."""
    benchmark: str
    score: float
    """Accuracy, a fraction."""
    done: int
    total: int
    """Runs that had to be computed."""


@dataclass(frozen=True)
class EntryReplaced:
    """A cache entry was damaged and is computed anew."""

    problem: str


Event = ModelLoading | ModelLoaded | ItemsScored | RunsFound | RunFinished | EntryReplaced
