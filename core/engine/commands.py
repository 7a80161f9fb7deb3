"""What a screen or a command line asks of the engine process. Plain words: no torch."""

from __future__ import annotations

import msgspec

from core.experiment.specs import MaskSpec, Run


class StartRuns(msgspec.Struct, frozen=True, tag=True):
    """Evaluate; what is in the cache is not computed again."""

    title: str
    runs: tuple[Run, ...]
    allow_code: bool = False
    """Whether programs that the model writes may run, in the sandbox, even if the engine was not told so."""
    without_sandbox: bool = False
    """Whether they run even where no sandbox works; see `BenchmarkOptions`."""


class StartRankings(msgspec.Struct, frozen=True, tag=True):
    """Score weights and store the rankings that the masks are cut from; evaluate nothing."""

    title: str
    masks: tuple[MaskSpec, ...]


class StartGeneration(msgspec.Struct, frozen=True, tag=True):
    """Write on from a prompt, once for each mask (None: the intact model), in turn."""

    title: str
    prompt: str
    masks: tuple[MaskSpec | None, ...]
    max_new_tokens: int = 64
    temperature: float = 0.0
    seed: int = 0
    factor: float = 0.0
    """What the selected weights are multiplied by: 0 ablates."""


class StartCalibration(msgspec.Struct, frozen=True, tag=True):
    """Calibrate the method by its main settings on a phantom: the open model if it is one, else the first."""

    title: str
    n_items: int
    """Diagnostic items of each ability."""
    limit: int
    """Held-out items of each benchmark."""
    seed: int = 0


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Hold a running job after its current batch."""

    job: str


class Resume(msgspec.Struct, frozen=True, tag=True):
    """Go on with a paused job."""

    job: str


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """End a job, within one batch if it runs; what it finished is kept."""

    job: str


class Shutdown(msgspec.Struct, frozen=True, tag=True):
    """End the engine; running and queued jobs are cancelled."""

    if_unused: bool = False
    """Only if no other screen is connected and no job runs or waits."""


Command = StartRuns | StartRankings | StartGeneration | StartCalibration | Pause | Resume | Cancel | Shutdown
