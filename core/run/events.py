"""Jobs, and the events of a computation. No torch, no screen.

They also travel over the engine's socket: `msgspec` writes a struct as JSON with the name of its class, and
refuses to read one with other fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from core.benchmarks.drawn import Part
from core.inference import Finish
from core.models.spec import AskedLevel, AskedPrompt, RealStyle
from core.run.specs import MaskSpec


class ModelLoading(msgspec.Struct, frozen=True, tag=True):
    """A model is being loaded."""

    name: str
    doing: str
    """The current step, in a few words."""
    done_bytes: int = 0
    total_bytes: int = 0
    """Bytes to read, convert or move in this step; 0 if unknown."""


Phase = Literal[
    "preparing",
    "scoring",
    "scoring_units",
    "ranking",
    "evaluating",
    "writing",
    "comparing",
    "quality",
    "checking",
]
"""`preparing`: items become tokens; `scoring`: importance of all weights for an ability, `scoring_units`:
of all whole units; `ranking`: weights are ordered by it; `evaluating`: options of a benchmark's items;
`writing`: answers; `comparing`: written answers with those of the intact model; `quality`: whether a mask
leaves the model able to write; `checking`: that the weights are as loaded."""


class ModelLoaded(msgspec.Struct, frozen=True, tag=True):
    """A model is in memory."""

    name: str
    seconds: float
    device: str = ""
    """Device of its weights, such as `cpu` or `cuda:0`."""
    bytes: int = 0
    """Memory of its parameters."""
    warning: str = ""
    """What is wrong with its tokenizer, and what to do; empty if nothing is known to be."""


class ModelFailed(msgspec.Struct, frozen=True, tag=True):
    """The model cannot be loaded; the engine stays, and the next job that needs the model tries again."""

    problem: str


class Probing(msgspec.Struct, frozen=True, tag=True):
    """The intact model answers the probe's items, which settles prompt form and level."""

    done: int
    total: int
    """Questions: an ability in one form at one level. Falls when some turn out not to be needed."""


class PromptsSettled(msgspec.Struct, frozen=True, tag=True):
    """Prompt form and level of a real model's items are settled."""

    prompt: AskedPrompt
    """Never `auto`."""
    level: AskedLevel
    """Never `auto`."""
    shares: dict[RealStyle, float] = {}
    """The probe's share of right answers in each form; empty if form and level were given."""
    probed_level: str = ""
    """The level that the shares are of."""


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
    """Whether activations are computed twice to save memory."""
    on_gpu: bool
    device_bytes: int
    """Estimated GPU memory, beside the weights."""
    host_bytes: int
    disk_bytes: int


class Progressed(msgspec.Struct, frozen=True, tag=True):
    """How far the running job is: its phase, and the whole."""

    job: str
    """Its id; empty without an engine."""
    phase: Phase
    about: str
    """The ability or benchmark that the phase is about; may be empty."""
    done: int
    total: int
    """Units of the phase: items, answers, texts, matrices."""
    seconds: float
    """Since the phase began, without pauses."""
    tokens: int
    """Written so far; 0 where nothing is written."""
    rate: float | None
    """Units, or tokens where any are written, per second over the last seconds."""
    number: int
    of: int
    """The job's phases of this kind, and which one it is."""
    elapsed_s: float
    """Since the job began, without pauses."""
    left_s: float | None
    """Estimated for the rest of the job; None as long as nothing was measured."""


class RunsFound(msgspec.Struct, frozen=True, tag=True):
    """Number of runs that a profile or a job needs, and that the cache has."""

    total: int
    """Runs: one mask on one benchmark."""
    cached: int


class CellsSettled(msgspec.Struct, frozen=True, tag=True):
    """How many cells of a profile that stops when it is known are settled after a round."""

    n: int
    """Items of each cell that was not settled before."""
    settled: int
    total: int


class RunStarted(msgspec.Struct, frozen=True, tag=True):
    """One mask on one benchmark begins."""

    mask: MaskSpec | None
    """None for the intact model."""
    benchmark: str
    n: int
    """Items."""
    part: Part | None = None
    """Which; None: the first in the benchmark's own order."""
    worker: int = 0
    """Number of the worker that does it, where several do runs at a time."""


class ItemOutcome(msgspec.Struct, frozen=True, array_like=True):
    """The model's answer to one item of the running benchmark."""

    index: int
    """The item's, in the benchmark. Items come longest first, not in this order."""
    gold: int
    """Index of the right option; -1 where the answer is written."""
    prediction: int
    """Index of the chosen option; -1 where the answer is written."""
    correct: bool
    loglikelihoods: tuple[float, ...]
    """Summed over the tokens of each option, in nats; empty where the answer is written."""
    cut: int = 0
    """Tokens cut from the left of its prompt, which was too long for the model."""


class BatchFinished(msgspec.Struct, frozen=True, tag=True):
    """Some more outcomes of the run that a worker started last."""

    outcomes: tuple[ItemOutcome, ...]
    worker: int = 0


class AnswerWritten(msgspec.Struct, frozen=True, tag=True):
    """A piece of one of the answers that the running benchmark asks for; of many written together, of one."""

    index: int
    """The item's, in the benchmark. A new one begins another answer."""
    text: str
    """Untrusted."""


class RunFinished(msgspec.Struct, frozen=True, tag=True):
    """One mask on one benchmark was evaluated and stored."""

    mask: str
    """The mask in words; `base` for the intact model."""
    benchmark: str
    score: float
    """Mean over the items, a fraction."""
    done: int
    total: int
    """Runs that have to be computed."""
    worker: int = 0


class WorkerLost(msgspec.Struct, frozen=True, tag=True):
    """A worker died, or can do no more; the others go on."""

    problem: str


class EntryReplaced(msgspec.Struct, frozen=True, tag=True):
    """A cache entry was damaged and is computed anew."""

    problem: str


class NotStored(msgspec.Struct, frozen=True, tag=True):
    """The cache cannot be written to; results are kept in memory until the process ends."""

    problem: str


class JobChanged(msgspec.Struct, frozen=True, tag=True):
    """A job was queued, started, paused, resumed, advanced by a run, or ended."""

    job: Job


class QueueOrdered(msgspec.Struct, frozen=True, tag=True):
    """The jobs that have not ended have another order now."""

    jobs: tuple[str, ...]
    """Their ids, in the order in which they are taken."""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A command cannot be carried out."""

    problem: str


class GpuFacts(msgspec.Struct, frozen=True):
    """The driver's figures of a GPU that the model is on, whoever uses it."""

    load: int | None
    """Utilization in per cent; None, as for the others, if the driver does not say."""
    used_bytes: int | None
    total_bytes: int | None
    celsius: int | None


class Heartbeat(msgspec.Struct, frozen=True, tag=True):
    """The engine is alive; every two seconds."""

    resident_bytes: int
    """The engine process's main memory."""
    device_bytes: int | None = None
    """Memory that torch holds on the model's GPUs; None on a CPU."""
    gpus: tuple[GpuFacts, ...] = ()
    """The model's; none on a CPU."""


class Snapshot(msgspec.Struct, frozen=True, tag=True):
    """The engine's state: the first event for a newly connected screen."""

    engine: str
    pid: int
    jobs: tuple[Job, ...]
    """The running one, the queued ones, and the last that ended; oldest first."""
    model: ModelLoading | ModelLoaded | ModelFailed | None
    run: RunStarted | None
    """The current run."""
    outcomes: tuple[ItemOutcome, ...]
    """Its outcomes so far."""
    texts: tuple[TextWritten, ...]
    """Texts of the running or last generation job so far, one for each answer."""
    progress: tuple[Progressed, ...] = ()
    """How far the jobs are that run or are paused."""
    planned: ImportancePlanned | None = None
    """How importance is computed, while it is."""
    probing: Probing | None = None
    """Progress of the probe while it runs."""
    settled: PromptsSettled | None = None
    """Prompt form and level of the items; None for an embedded model, and until they are settled."""
    answer: AnswerWritten | None = None
    """The text so far of an answer that the current run asks for."""
    compared: tuple[TextCompared, ...] = ()
    """Comparisons of that job's answers with its base answer."""
    beside: tuple[tuple[RunStarted, tuple[ItemOutcome, ...]], ...] = ()
    """The runs of other workers with their outcomes so far."""


class TextWritten(msgspec.Struct, frozen=True, tag=True):
    """A generation job wrote a piece of one of its answers."""

    job: str
    pane: int
    """Index of the answer among the job's."""
    text: str


class TextEnded(msgspec.Struct, frozen=True, tag=True):
    """One answer of a generation job is complete."""

    job: str
    pane: int
    finish: Finish
    tokens: int
    seconds: float
    unknown_words: tuple[str, ...] = ()
    """Words of the prompt that the model's closed vocabulary lacks."""


@dataclass(frozen=True)
class TokenDivergence:
    """The first token in which a base and an ablated answer differ. The tokens are untrusted text."""

    index: int
    """Index of the token, from 0, in both answers."""
    base_token: str | None
    """The base answer's text there; None if the base answer ends there."""
    ablated_token: str | None
    """The ablated answer's text there; None if it ends there."""
    base_probabilities: tuple[float | None, float | None]
    """The base model's probabilities of the base and of the ablated token (of its end token where an answer
    ends by itself); None where an answer was ended from outside, or the number is not finite."""
    ablated_probabilities: tuple[float | None, float | None]
    """The ablated model's probabilities of the same two."""


class TextCompared(msgspec.Struct, frozen=True, tag=True):
    """An ablated answer of a generation job was compared with the job's base answer, token by token."""

    job: str
    pane: int
    """Index of the ablated answer."""
    divergence: TokenDivergence | None
    """None if both have the same tokens."""
    base_tokens: tuple[int, ...]
    """All tokens of the base answer."""
    ablated_tokens: tuple[int, ...]
    """All tokens of the ablated answer."""
    base_logprobs: tuple[float, ...]
    """Log-probability of each token of the base answer under the base model."""
    ablated_logprobs: tuple[float, ...]
    """The same of the ablated answer, under the base model too."""


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


Event = (
    ModelLoading
    | ModelLoaded
    | ModelFailed
    | Probing
    | PromptsSettled
    | ImportancePlanned
    | Progressed
    | RunsFound
    | CellsSettled
    | RunStarted
    | BatchFinished
    | AnswerWritten
    | RunFinished
    | WorkerLost
    | EntryReplaced
    | NotStored
    | TextWritten
    | TextEnded
    | TextCompared
    | JobChanged
    | QueueOrdered
    | Refused
    | Heartbeat
    | Snapshot
)
