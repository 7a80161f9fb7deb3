"""Options that several commands share, in groups; see `tui.option_groups`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cache.files import expanded
from core.importance.scoring_rule import DEFAULT_RULE, PAPER_RULE, ScoringRule
from core.models.spec import AskedLevel, AskedPrompt, DType, ModelSpec, Quantization

if TYPE_CHECKING:
    from cache.folder import Store
    from core.benchmarks.benchmark import BenchmarkOptions

DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?|mps")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Random seed.")]
CacheDir = Annotated[
    Path | None,
    typer.Option(
        help="Cache folder. Default: $ABILITYSCOPE_CACHE, else the platform's user cache folder.",
        show_default=False,
        metavar="DIR",
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder with the benchmarks' rows and custom benchmarks (.yaml). Default: the hub.",
        show_default=False,
        metavar="DIR",
    ),
]


Chat = Annotated[
    bool, typer.Option("--chat", help="Put prompts into the model's chat template. Default: plain prompts.")
]


class UsageError(typer.TyperException):
    """The command line is wrong; the message says how, and what to give instead."""

    exit_code = 2


@contextmanager
def checked_arguments() -> Iterator[None]:
    """A context in which a ValueError is a usage error.

    Raises:
        UsageError: in its place, with the same message.
    """
    try:
        yield
    except ValueError as error:
        raise UsageError(str(error)) from error


def open_store(cache_dir: Path | None) -> Store:
    """The cache in the given or the default folder; nothing is read or created yet."""
    from cache.folder import Store, cache_root
    from core.phantom import SHIPPED_CACHE

    return Store(cache_root(cache_dir), SHIPPED_CACHE)


def absolute_folder(data_dir: Path | None) -> str | None:
    """The absolute path of the folder with the benchmarks' rows, as the engine runs elsewhere; or None.

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


@dataclass(frozen=True)
class ModelFlags:
    """The model, where it runs, and the cache. Each field is an option, as in the other groups."""

    model: Annotated[
        str,
        typer.Option(
            help="demo, phantom, smollm2, a folder, a GGUF file, or a hub id (owner/name).", metavar="NAME"
        ),
    ] = "demo"
    gguf: Annotated[
        str | None, typer.Option(help="GGUF file of the folder or of the hub id.", metavar="NAME")
    ] = None
    tokenizer: Annotated[
        str | None,
        typer.Option(
            help="Folder, GGUF file or hub id to take the tokenizer from.",
            show_default="the model's own",
            metavar="DIR|ID",
        ),
    ] = None
    quantization: Annotated[Quantization, typer.Option(help="Format of the weights in memory.")] = "none"
    dtype: Annotated[
        DType,
        typer.Option(
            help="Dtype of the weights; auto: the checkpoint's, bfloat16 if 4-bit, float32 for GGUF on a CPU."
        ),
    ] = "auto"
    device: Annotated[
        str,
        typer.Option(
            help="Device; auto: the first GPU, all GPUs if one is too small, else the CPU.",
            metavar="auto|cpu|cuda:N|mps",
        ),
    ] = "auto"
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit of a hub model.", metavar="NAME")
    ] = None
    prompt: Annotated[
        AskedPrompt,
        typer.Option(
            help="Whether an option's letter or its text is scored; auto: what the model does better."
        ),
    ] = "auto"
    level: Annotated[
        AskedLevel,
        typer.Option(
            help="Of generated items; auto: the hardest at which the model is above chance on most."
        ),
    ] = "auto"
    cache_dir: CacheDir = None
    seed: Seed = 0
    batch_size: Annotated[str, typer.Option(help="Rows per batch.", metavar="auto|N")] = "auto"

    def __post_init__(self) -> None:
        if not DEVICE.fullmatch(self.device):
            raise UsageError(f"Unknown device '{self.device}': give auto, cpu, cuda:0 or mps.")
        if self.batch_size != "auto" and not re.fullmatch("[1-9][0-9]*", self.batch_size):
            raise UsageError(f"The batch size is '{self.batch_size}': give auto or a number from 1.")
        with checked_arguments():
            _ = self.spec

    @property
    def spec(self) -> ModelSpec:
        """The model."""
        return ModelSpec(
            self.model,
            self.quantization,
            self.dtype,
            self.device,
            self.revision,
            self.prompt,
            self.level,
            self.gguf,
            self.tokenizer,
        )

    @property
    def store(self) -> Store:
        """The cache; nothing is read or created yet."""
        return open_store(self.cache_dir)

    @property
    def batch_rows(self) -> int | Literal["auto"]:
        """Rows per batch."""
        return "auto" if self.batch_size == "auto" else int(self.batch_size)


@dataclass(frozen=True)
class RuleFlags:
    """The scoring rule."""

    preset: Annotated[
        Literal["paper"] | None,
        typer.Option(
            help="paper: score weights by its formula, |sum over items of gradient x weight| of the loss of "
            "all tokens, and select top where no selection is named."
        ),
    ] = None

    @property
    def rule(self) -> ScoringRule:
        """The scoring rule."""
        return PAPER_RULE if self.preset else DEFAULT_RULE


@dataclass(frozen=True)
class BenchmarkFlags:
    """How benchmarks are run."""

    data_dir: DataDir = None
    few_shot: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Few-shot examples, for benchmarks that draw them from a split. "
            "Default: as in lm-evaluation-harness.",
            show_default=False,
            metavar="N",
        ),
    ] = None
    chat: Chat = False
    allow_code_execution: Annotated[
        bool, typer.Option("--allow-code-execution", help="Run programs that the model writes, in a sandbox.")
    ] = False

    @property
    def benchmark_options(self) -> BenchmarkOptions:
        """The same for the registry.

        Raises:
            UsageError: there is no such folder.
        """
        from core.benchmarks.benchmark import BenchmarkOptions

        folder = absolute_folder(self.data_dir)
        return BenchmarkOptions(folder, self.few_shot, self.chat, allow_code=self.allow_code_execution)
