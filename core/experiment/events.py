"""What the engine tells while it works. Plain words: no torch, no screen.

Structs, because they also travel over the engine's socket: `msgspec` writes them as JSON with the name of
their class, and refuses on reading what has other fields.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from core.experiment.specs import MaskSpec
from core.inference import Finish

JobKind = Literal["runs", "rankings", "generation", "calibration"]
"""`runs`: masks on benchmarks; `rankings`: importance and selection alone; `generation`: text; `calibration`:
all of the method, on a phantom."""

JobState = Literal["queued", "running", "paused", "completed", "failed", "cancelled"]

ENDED: tuple[JobState, ...] = ("completed", "failed", "cancelled")


class ModelLoading(msgspec.Struct, frozen=True, tag=True):
    """A model is being loaded."""

    name: str
    doing: str
    """What happens just now, in a few words."""
    done_bytes: int = 0
    """Of `total_bytes`."""
    total_bytes: int = 0
    """Of what is read, converted or moved just now; 0 where that is not known."""


class ModelLoaded(msgspec.Struct, frozen=True, tag=True):
    """A model is in memory."""

    name: str
    seconds: float
    device: str = ""
    """Where its weights are, such as `cpu` or `cuda:0`."""
    bytes: int = 0
    """Of its parameters in memory."""


class ModelFailed(msgspec.Struct, frozen=True, tag=True):
    """The model cannot be loaded; the engine stays and says so to whoever asks for a job."""

    problem: str


class ImportancePlanned(msgspec.Struct, frozen=True, tag=True):
    """The importance of an ability is computed from now on, as memory allows."""

    ability: str
    passes: int
    """Passes over all items, each for a group of layers."""
    accumulate_on: Literal["device", "host"]
    """Where gradients are summed: beside the weights, or in main memory."""
    maps: Literal["memory", "disk"]
    """Where the scores are."""
    scoring_batch: int
    """Rows in a batch at most."""
    checkpointing: bool
    """Whether activations are computed twice."""
    on_gpu: bool
    device_bytes: int
    """Of a GPU's memory, beside the weights, as estimated."""
    host_bytes: int
    disk_bytes: int


class ItemsScored(msgspec.Struct, frozen=True, tag=True):
    """Importance went on by some items."""

    ability: str
    done: int
    total: int
    """Items of this ability."""


class RunsFound(msgspec.Struct, frozen=True, tag=True):
    """What a profile or a job needs, and what of it the cache has."""

    total: int
    """Runs: one mask on one benchmark."""
    cached: int


class RunStarted(msgspec.Struct, frozen=True, tag=True):
    """One mask on one benchmark begins."""

    mask: MaskSpec | None
    """None for the intact model."""
    benchmark: str
    n: int
    """Items."""


class ItemOutcome(msgspec.Struct, frozen=True, array_like=True):
    """What the model answered to one item of the running benchmark."""

    place: int
    """Of the item in the benchmark, from 0. Items come longest first, not in this order."""
    gold: int
    """Index of the right option; -1 where the answer is written."""
    prediction: int
    """Index of the chosen option; -1 where the answer is written."""
    correct: bool
    loglikelihoods: tuple[float, ...]
    """Summed over the tokens of each option, in nats; empty where the answer is written."""


class BatchFinished(msgspec.Struct, frozen=True, tag=True):
    """Some more items of the run that started last."""

    outcomes: tuple[ItemOutcome, ...]


class RunFinished(msgspec.Struct, frozen=True, tag=True):
    """One mask on one benchmark was evaluated and stored."""

    mask: str
    """What was ablated, in words; `base` for the intact model."""
    benchmark: str
    score: float
    """Its mean over the items, a fraction."""
    done: int
    total: int
    """Runs that had to be computed."""


class EntryReplaced(msgspec.Struct, frozen=True, tag=True):
    """A cache entry was damaged and is computed anew."""

    problem: str


class NotStored(msgspec.Struct, frozen=True, tag=True):
    """The cache cannot be written to; the work goes on, and its results last as long as the process."""

    problem: str


class TextWritten(msgspec.Struct, frozen=True, tag=True):
    """A generation job wrote a piece of one of its answers."""

    job: str
    pane: int
    """Which of the job's answers, from 0."""
    text: str


class TextEnded(msgspec.Struct, frozen=True, tag=True):
    """One answer of a generation job is whole."""

    job: str
    pane: int
    finish: Finish
    tokens: int
    seconds: float
    unknown_words: tuple[str, ...] = ()
    """Words of the prompt that the model's closed vocabulary lacks."""


class TextCompared(msgspec.Struct, frozen=True, tag=True):
    """An ablated answer of a generation job was compared with the job's base answer, token by token.

    The divergence is that of `core.analysis.samples.written.TokenDivergence`.
    """

    job: str
    pane: int
    """Of the ablated answer."""
    place: int | None
    """Of the first token that differs, from 0; None if none does."""
    base_token: str | None
    """Its text in the base answer; None if that ends there, or nothing differs."""
    ablated_token: str | None
    """The same of the ablated answer."""
    base_probabilities: tuple[float | None, float | None]
    """The base model's of the base and of the ablated token; None where there is none to tell."""
    ablated_probabilities: tuple[float | None, float | None]
    """The ablated model's of the same two."""
    base_tokens: tuple[int, ...]
    """All of the base answer."""
    ablated_tokens: tuple[int, ...]
    """All of the ablated answer."""
    base_logprobs: tuple[float, ...]
    """Log-probability of each token of the base answer under the base model."""
    ablated_logprobs: tuple[float, ...]
    """The same of the ablated answer, under the base model too."""


class Job(msgspec.Struct, frozen=True):
    """One thing that the engine was asked to do."""

    id: str
    """Unique among the engines of this machine, such as `3f2a-1`."""
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


class JobChanged(msgspec.Struct, frozen=True, tag=True):
    """A job was queued, started, paused, resumed, went on by a run, or ended."""

    job: Job


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A command asked for something that there is not."""

    problem: str


class GpuFacts(msgspec.Struct, frozen=True):
    """What the driver says of a GPU that the model is on, whoever uses it."""

    load: int | None
    """Per cent of the time; None where the driver does not say, as of the next two."""
    used_bytes: int | None
    total_bytes: int | None
    celsius: int | None


class Heartbeat(msgspec.Struct, frozen=True, tag=True):
    """The engine is alive; every two seconds."""

    resident_bytes: int
    """Main memory of the engine's process."""
    device_bytes: int | None = None
    """Memory that torch holds on the model's GPUs; None on a CPU."""
    gpus: tuple[GpuFacts, ...] = ()
    """The model's; none on a CPU, and without the extra `gpu`."""


class Snapshot(msgspec.Struct, frozen=True, tag=True):
    """All that a newly connected screen has to know; the first thing that it is told."""

    engine: str
    pid: int
    jobs: tuple[Job, ...]
    """The running one, the queued ones, and the last that ended, oldest first."""
    model: ModelLoading | ModelLoaded | ModelFailed | None
    run: RunStarted | None
    """The run that goes on, if one does."""
    outcomes: tuple[ItemOutcome, ...]
    """What it has given so far."""
    texts: tuple[TextWritten, ...]
    """What the running or last generation job wrote so far, one entry for each answer."""
    scored: ItemsScored | None = None
    """How far the importance that is being computed is."""
    planned: ImportancePlanned | None = None
    """How it is computed."""
    compared: tuple[TextCompared, ...] = ()
    """What is known of how that job's answers differ from its base answer."""


Event = (
    ModelLoading
    | ModelLoaded
    | ModelFailed
    | ImportancePlanned
    | ItemsScored
    | RunsFound
    | RunStarted
    | BatchFinished
    | RunFinished
    | EntryReplaced
    | NotStored
    | TextWritten
    | TextEnded
    | TextCompared
    | JobChanged
    | Refused
    | Heartbeat
    | Snapshot
)
