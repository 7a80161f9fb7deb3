"""What an engine works on, what it is asked, and how commands and events travel: JSON lines. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec

from cache.folder import Store
from cache.keys import key_of
from core.benchmarks.benchmark import BenchmarkOptions
from core.cluster.ray_options import RayOptions
from core.models.spec import ModelSpec
from core.phantom import SHIPPED_CACHE
from core.run.events import Event
from core.run.specs import ImportanceSpec, MaskSpec, Run

ID_LENGTH = 4
"""Hexadecimal digits of an engine's id: few enough to type."""

LONGEST_LINE_BYTES = 64 << 20
"""Longest message; the snapshot of a run over 100,000 items takes about 10 MB."""


@dataclass(frozen=True)
class EngineSpec:
    """What an engine works on. Screens that ask for the same share one engine."""

    model: ModelSpec
    cache: str
    """The cache folder, absolute."""
    importance: ImportanceSpec = field(default_factory=ImportanceSpec)
    batch_size: int | Literal["auto"] = "auto"
    benchmarks: BenchmarkOptions = field(default_factory=BenchmarkOptions)
    ray: RayOptions | None = None
    """Ray's workers, which do runs and rankings; None: the engine's own model does all."""

    @cached_property
    def id(self) -> str:
        """A hash of all of it; names the socket and begins the jobs' ids."""
        return key_of("engine", 1, {"spec": self})[:ID_LENGTH]

    @property
    def store(self) -> Store:
        """The engine's cache."""
        return Store(Path(self.cache), SHIPPED_CACHE)


class StartRuns(msgspec.Struct, frozen=True, tag=True):
    """Evaluate runs; what is in the cache is not computed again."""

    title: str
    runs: tuple[Run, ...]
    until: float | None = None
    """Stop each run under a mask as soon as it is settled whether its AIS is above this, as a profile does;
    every run says in which order its items are drawn. None: evaluate all items."""
    allow_code: bool = False
    """Run programs that the model writes, in the sandbox, even if the engine's spec does not say so."""


class StartRankings(msgspec.Struct, frozen=True, tag=True):
    """Score weights and store the rankings that masks are cut from; evaluate nothing."""

    title: str
    masks: tuple[MaskSpec, ...]


class StartAutoK(msgspec.Struct, frozen=True, tag=True):
    """Find the k at which one mask tells its ability from others and the model can still write."""

    title: str
    masks: tuple[MaskSpec]
    """The mask, whatever its k."""


class StartGeneration(msgspec.Struct, frozen=True, tag=True):
    """Write on from a prompt, once for each mask (None: the intact model), in turn."""

    title: str
    prompt: str
    masks: tuple[MaskSpec | None, ...]
    max_new_tokens: int = 64
    temperature: float = 0.0
    seed: int = 0
    factor: float = 0.0
    """What the selected weights are multiplied by; 0 ablates."""
    chat: bool = False
    """Put the prompt into the model's chat template."""


class StartCalibration(msgspec.Struct, frozen=True, tag=True):
    """Calibrate the method's main settings on a phantom: the open model if it is one, else the first."""

    title: str
    n_items: int
    """Diagnostic items of each ability."""
    limit: int
    """Held-out items of each benchmark."""
    seed: int = 0


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Hold a running job after its current layer; meanwhile text is written if that is asked for."""

    job: str


class Resume(msgspec.Struct, frozen=True, tag=True):
    """Go on with a paused job."""

    job: str


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """End a job, within a layer of its batch if it runs; what it finished is kept."""

    job: str


class Move(msgspec.Struct, frozen=True, tag=True):
    """Let a waiting job change places with others."""

    job: str
    step: int
    """How many places back; a negative number moves it forward."""


class Shutdown(msgspec.Struct, frozen=True, tag=True):
    """End the engine; running and queued jobs are cancelled."""

    if_unused: bool = False
    """Only if no other screen is connected and no job runs or waits."""


Start = StartRuns | StartRankings | StartAutoK | StartGeneration | StartCalibration
"""Commands that become jobs."""

Command = Start | Pause | Resume | Cancel | Move | Shutdown

_encoder = msgspec.json.Encoder()
_commands: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_events: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(message: Command | Event) -> bytes:
    """The message as one line, its end included."""
    return _encoder.encode(message) + b"\n"


def command_of(line: bytes) -> Command:
    """The command on a line.

    Raises:
        ValueError: it is none; the message says why.
    """
    try:
        return _commands.decode(line)
    except msgspec.DecodeError as error:
        raise ValueError(f"This is no command of the engine: {error}.") from None


def event_of(line: bytes) -> Event:
    """The event on a line.

    Raises:
        ValueError: it is none; the message says why.
    """
    try:
        return _events.decode(line)
    except msgspec.DecodeError as error:
        raise ValueError(f"This is no event of an engine: {error}.") from None
