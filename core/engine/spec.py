"""Which engine: its model, its cache and how it scores. Screens that ask for the same share one engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from cache.folder import Store
from cache.keys import key_of
from core.benchmarks.benchmark import BenchmarkOptions
from core.experiment.specs import ImportanceSpec
from core.importance.memory import MemoryOptions
from core.models.spec import ModelSpec

ID_LENGTH = 4
"""Hexadecimal digits of an engine's id: few enough to type."""


@dataclass(frozen=True)
class EngineSpec:
    """What an engine works on."""

    model: ModelSpec
    cache: str
    """The cache folder, absolute."""
    importance: ImportanceSpec = field(default_factory=ImportanceSpec)
    batch_size: int | Literal["auto"] = "auto"
    benchmarks: BenchmarkOptions = field(default_factory=BenchmarkOptions)
    memory_options: MemoryOptions = field(default_factory=MemoryOptions)
    """Of how importance is computed."""

    @cached_property
    def id(self) -> str:
        """The id: a hash of all of it; names the socket and begins the jobs' ids."""
        return key_of("engine", 1, {"spec": self})[:ID_LENGTH]

    @property
    def store(self) -> Store:
        """The engine's cache."""
        return Store(Path(self.cache))
