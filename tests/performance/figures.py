"""What a measurement gives: figures with their aims, costs that grow, and checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Aim:
    """What a figure should be."""

    bound: float
    at_least: bool = False
    """Whether more is better."""

    def is_met(self, value: float) -> bool:
        """Whether a value is as it should be."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True)
class Figure:
    """One number of the table."""

    name: str
    """With its unit."""
    value: float | None
    """None where it cannot be measured here."""
    aim: Aim | None = None

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or nothing without an aim or a value."""
        if self.aim is None or self.value is None:
            return ""
        return "met" if self.aim.is_met(self.value) else "missed"


@dataclass(frozen=True)
class Measured:
    """One thing that was measured."""

    what: str
    figures: tuple[Figure, ...]
    costs: Mapping[str, float | None] = field(default_factory=dict)
    """Seconds and bytes of the whole of it, whose growth is fitted; None where they are not measured."""
    checks: Mapping[str, bool] = field(default_factory=dict)
    """What has to hold, whatever the figures are."""
    facts: Mapping[str, float | int | str] = field(default_factory=dict)
    """What it was measured at, and with."""
    size: str = ""
    """The numbers that it was measured at, in words."""

    @property
    def title(self) -> str:
        """What was measured, and at which numbers."""
        return f"{self.what}: {self.size}" if self.size else self.what


def ratio(value: float | None, other: float | None) -> float | None:
    """One value over another, if both are there and the other is not 0."""
    return None if value is None or not other else value / other
