"""The options that several commands share, and what they stand for."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer

from cache.paths import expanded
from core.importance.scoring_rule import DEFAULT_RULE, PAPER_RULE, Loss, Reduction, ScoringRule
from core.masks.choices import CONTROLS, Selection
from core.models.spec import DType, ModelSpec, Quantization

if TYPE_CHECKING:
    from cache.folder import Store
    from core.benchmarks.benchmark import BenchmarkOptions
    from core.importance.memory import MemoryOptions

DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?|mps")
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else there.")]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Decides all that is drawn.")]
CacheDir = Annotated[
    Path | None,
    typer.Option(
        help="The cache folder. Default: $ABILITYSCOPE_CACHE, else the platform's user cache folder.",
        show_default=False,
        metavar="DIR",
    ),
]


class UsageError(typer.TyperException):
    """The command line asks for something that there is not; the message says what to do."""

    exit_code = 2


@contextmanager
def checked_arguments() -> Iterator[None]:
    """A context in which a ValueError means that the person's words are wrong.

    Raises:
        UsageError: in its place, with the same message.
    """
    try:
        yield
    except ValueError as error:
        raise UsageError(str(error)) from error


def open_store(cache_dir: Path | None) -> Store:
    """The cache in the folder given, or in the usual one; nothing is read or made yet."""
    from cache.folder import Store, cache_root

    return Store(cache_root(cache_dir))


@dataclass(frozen=True)
class ModelOptions:
    """What every command that uses a model can be told; each field is an option."""

    model: Annotated[
        str, typer.Option(help="demo, phantom, a folder, or a hub id (owner/name).", metavar="NAME")
    ] = "demo"
    quantization: Annotated[Quantization, typer.Option(help="How the weights are stored in memory.")] = "none"
    dtype: Annotated[
        DType, typer.Option(help="Of the weights; auto: the checkpoint's, bfloat16 if 4-bit.")
    ] = "auto"
    device: Annotated[
        str,
        typer.Option(
            help="Where it runs; auto: the first GPU, or all if one is too small; else the CPU.",
            metavar="auto|cpu|cuda:N|mps",
        ),
    ] = "auto"
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit of a hub id.", metavar="NAME")
    ] = None
    cache_dir: CacheDir = None
    seed: Seed = 0
    batch_size: Annotated[
        str, typer.Option(help="Rows that the model sees at once: a number, or auto.", metavar="auto|N")
    ] = "auto"

    def __post_init__(self) -> None:
        if not DEVICE.fullmatch(self.device):
            raise UsageError(f"Unknown device '{self.device}': give auto, cpu, cuda:0 or mps.")
        if self.batch_size != "auto" and not re.fullmatch("[1-9][0-9]*", self.batch_size):
            raise UsageError(f"The batch size is '{self.batch_size}': give auto or a number from 1.")

    @property
    def spec(self) -> ModelSpec:
        """The model that is asked for."""
        return ModelSpec(self.model, self.quantization, self.dtype, self.device, self.revision)

    @property
    def store(self) -> Store:
        """The cache; nothing is read or made yet."""
        return open_store(self.cache_dir)

    @property
    def batch_rows(self) -> int | None:
        """The batch size in rows; None for auto."""
        return None if self.batch_size == "auto" else int(self.batch_size)


@dataclass(frozen=True)
class ScoringOptions(ModelOptions):
    """What every command that scores weights can be told beside the model options: how memory is used."""

    passes: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Scoring: passes over the items, each for a group of layers.",
            show_default="what fits",
            metavar="N",
        ),
    ] = None
    accumulate_on: Annotated[
        Literal["device", "host"] | None,
        typer.Option(
            help="Scoring: where gradients are summed, on the GPU or in main memory.",
            show_default="what fits",
        ),
    ] = None
    maps: Annotated[
        Literal["memory", "disk"] | None,
        typer.Option(
            help="Scoring: where the scores lie, in main memory or in the cache folder.",
            show_default="what fits",
        ),
    ] = None
    scoring_batch: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Scoring: rows of a batch.",
            show_default="what fits",
            metavar="N",
        ),
    ] = None
    checkpointing: Annotated[
        bool | None,
        typer.Option(
            "--checkpointing/--no-checkpointing",
            help="Scoring: compute activations twice in place of keeping them.",
            show_default="what fits",
        ),
    ] = None

    @property
    def memory_options(self) -> MemoryOptions:
        """What is decided of how importance is computed.

        Raises:
            UsageError: the options do not go together.
        """
        from core.importance.memory import MemoryOptions, check_memory_options

        memory_options = MemoryOptions(
            self.passes, self.accumulate_on, self.maps, self.scoring_batch, self.checkpointing
        )
        with checked_arguments():
            check_memory_options(memory_options)
        return memory_options


@dataclass(frozen=True)
class WayOptions(ScoringOptions):
    """What every command that ranks weights can be told beside these."""

    loss: Annotated[
        Loss | None,
        typer.Option(help="What is differentiated to score the weights.", show_default=DEFAULT_RULE.loss),
    ] = None
    reduction: Annotated[
        Reduction | None,
        typer.Option(
            help="items: sum over items of |gradient x weight|; sum: |sum over items|, as in the paper.",
            show_default=DEFAULT_RULE.reduction,
        ),
    ] = None
    preset: Annotated[
        Literal["paper"] | None,
        typer.Option(
            help="paper: its formula, which is --loss full --reduction abs-sum and the selection top."
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.preset and (self.loss or self.reduction):
            raise UsageError(
                "--preset paper is --loss full --reduction abs-sum and the selection top: give either it or "
                "these."
            )

    @property
    def way(self) -> ScoringRule:
        """How weights are to be scored."""
        return (
            PAPER_RULE
            if self.preset
            else ScoringRule(self.loss or DEFAULT_RULE.loss, self.reduction or DEFAULT_RULE.reduction)
        )

    def require_selections(self, selections: Iterable[Selection]) -> None:
        """Makes sure that a preset and the selections that are asked for go together.

        Raises:
            UsageError: they do not.
        """
        other = [one for one in selections if one != "top" and one not in CONTROLS]
        if self.preset and other:
            raise UsageError(
                f"The paper selects 'top', not '{other[0]}': leave out --preset paper or the selection."
            )


DataDir = Annotated[
    Path | None,
    typer.Option(
        help="A folder with the benchmarks' rows, and custom benchmarks (.toml). Default: the hub.",
        show_default=False,
        metavar="DIR",
    ),
]


@dataclass(frozen=True)
class RunOptions(WayOptions):
    """What every command that runs benchmarks can be told beside these."""

    data_dir: DataDir = None
    few_shot: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Worked examples before each item, of the benchmarks that draw them from a split. "
            "Default: as lm-evaluation-harness.",
            show_default=False,
            metavar="N",
        ),
    ] = None
    chat: Annotated[bool, typer.Option("--chat", help="Ask in the model's chat template.")] = False
    allow_code_execution: Annotated[
        bool,
        typer.Option("--allow-code-execution", help="Run programs that the model writes, in a sandbox."),
    ] = False
    without_sandbox: Annotated[
        bool,
        typer.Option(
            "--without-sandbox",
            help="Run them even where no sandbox works, with limits and nothing else: they can read and "
            "change your files and reach the network.",
        ),
    ] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.without_sandbox and not self.allow_code_execution:
            raise UsageError("--without-sandbox is about programs that run: give --allow-code-execution too.")

    @property
    def benchmark_options(self) -> BenchmarkOptions:
        """How benchmarks are to be run; the folder by its whole path, as an engine works in another one.

        Raises:
            UsageError: there is no such folder.
        """
        from core.benchmarks.benchmark import BenchmarkOptions

        folder = whole_path(self.data_dir)
        return BenchmarkOptions(
            folder, self.few_shot, self.chat, self.allow_code_execution, self.without_sandbox
        )


def whole_path(data_dir: Path | None) -> str | None:
    """The folder with the benchmarks' rows by its whole path; None for none.

    Raises:
        UsageError: there is no such folder.
    """
    if data_dir is None:
        return None
    with checked_arguments():
        folder = expanded(data_dir).absolute()
    if not folder.is_dir():
        raise UsageError(f"There is no folder {data_dir}: give one with the benchmarks' rows.")
    return str(folder)


def with_model_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of its first parameter's class in its place, behind its own options."""
    kind: type[ModelOptions] = next(iter(get_type_hints(command).values()))
    names = [field.name for field in fields(kind)]

    @functools.wraps(command)
    def spread(**arguments: Any) -> None:
        options = kind(**{name: arguments.pop(name) for name in names})
        command(options, **arguments)

    parameters = [*_parameters(command)[1:], *_parameters(kind)]
    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    spread.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return spread


def _parameters(of: Callable[..., Any]) -> list[inspect.Parameter]:
    """Its parameters, to be given by name, annotations evaluated."""
    hints = get_type_hints(of, include_extras=True)
    return [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
        for parameter in inspect.signature(of).parameters.values()
    ]
