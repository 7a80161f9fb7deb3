"""Finds benchmarks by name, and lists them all without reading rows or asking the hub."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.abilities import ABILITIES
from core.abilities.catalogue import JOINS
from core.abilities.compound import compound_id
from core.benchmarks.benchmark import DEFAULT_OPTIONS, Benchmark, BenchmarkOptions, Kind
from core.benchmarks.custom import SUFFIXES, custom_task, is_description
from core.benchmarks.diagnostic import (
    GeneratedChoices,
    compound_benchmarks,
    diagnostic_benchmarks,
    pair_benchmarks,
    triple_benchmarks,
)
from core.benchmarks.rendering import Rows, count_of
from core.benchmarks.rows import is_at_hand
from core.benchmarks.task import Task
from core.benchmarks.task_source import TaskSource, require_sandbox, task_benchmark
from core.benchmarks.tasks import TASKS
from core.models.spec import OTHER_STYLE, PromptStyle, one_of

GENERATED: Mapping[str, Callable[[], tuple[Benchmark, ...]]] = {
    "diagnostic": diagnostic_benchmarks,
    "compound": compound_benchmarks,
    "pairs": pair_benchmarks,
    "triples": triple_benchmarks,
}
"""Groups of generated benchmarks; `compound`: pairs and triples."""

OTHER_FORM = "other-form"
"""Word for the ten diagnostic benchmarks in the form that the model's importance is not scored in."""

GROUPS = (*GENERATED, OTHER_FORM, "all")
"""Words that stand for several benchmarks; `all`: the diagnostic ones and those whose data is at hand."""

HARNESS = "lm_eval:"
"""Prefix of a task of lm-evaluation-harness, whose package is an extra."""


@dataclass(frozen=True)
class Listed:
    """One benchmark in the list."""

    id: str
    name: str
    about: str
    kind: Kind
    metrics: tuple[str, ...]
    """The first is the score."""
    n_items: int | None
    """Number of rows in the data folder, without one in the hub's split; None if it is not known."""
    chance: float | None
    """The score of guessing; None: no usable level, or it varies from item to item."""
    chance_varies: bool = False
    """Whether it is the mean over the items."""
    shots: int = 0
    """Few-shot examples before each item."""
    harness: str | None = None
    """Its name in lm-evaluation-harness."""
    source: str = "generated"
    """The data set on the hub, the path of a custom description, or `generated`."""
    runs_code: bool = False
    """Whether it runs programs that the model writes."""
    at_hand: bool = True
    """Whether its rows are on this machine."""
    needs: tuple[str, ...] = ()
    """Ids of the abilities that its items need by construction; empty if unknown."""


def find_benchmarks(
    words: Sequence[str], options: BenchmarkOptions = DEFAULT_OPTIONS, style: PromptStyle | None = None
) -> tuple[Benchmark, ...]:
    """The benchmarks that the words name, each once, in the order of the words.

    Args:
        words: ids of benchmarks, including custom ones described in the data folder; paths of descriptions;
            `lm_eval:` and a task of lm-evaluation-harness; words of `GROUPS`.
        options: how all but the generated ones are run.
        style: the form of the model's items, on which `other-form` depends.

    Raises:
        ValueError: there is no word, or one is unknown (the message names the nearest); or a benchmark runs
            code, which is not allowed.
    """
    generated = {one.id: one for one in (*diagnostic_benchmarks(), *compound_benchmarks())}
    in_forms = {one.id: one for form in OTHER_STYLE for one in diagnostic_benchmarks(form)}
    found: dict[str, Benchmark] = {}
    for word in words:
        if (ordered := _in_order(word)) in generated:
            found[ordered] = generated[ordered]
        elif word in in_forms:
            found[word] = in_forms[word]
        elif word == OTHER_FORM:
            found |= {benchmark.id: benchmark for benchmark in _other_form(style)}
        elif word in GROUPS:
            make = GENERATED.get(word, diagnostic_benchmarks)
            found |= {benchmark.id: benchmark for benchmark in make()}
            found |= _at_hand(options, list(generated)) if word == "all" else {}
        elif word.startswith(HARNESS):
            from core.benchmarks.harness import harness_benchmark

            found[word] = harness_benchmark(word, options)
        else:
            benchmark = task_benchmark(_task(word, list(generated), options), options)
            found[benchmark.id] = benchmark
    if not found:
        raise ValueError("No benchmark is named: give ids, 'diagnostic', 'compound', or 'all'.")
    return tuple(found.values())


def _other_form(style: PromptStyle | None) -> tuple[Benchmark, ...]:
    if style is None or style not in OTHER_STYLE:
        raise ValueError(f"The embedded models have one prompt form: '{OTHER_FORM}' is for real models.")
    return diagnostic_benchmarks(OTHER_STYLE[style])


def reads_rows(benchmark: Benchmark) -> bool:
    """Whether its items are rows, which may have to be read before their number is known."""
    return isinstance(benchmark.source, TaskSource)


def is_generated(benchmark: Benchmark) -> bool:
    """Whether its items are generated, in the model's prompt form and at its level."""
    return isinstance(benchmark.source, GeneratedChoices)


def ignored_options(benchmark: Benchmark, options: BenchmarkOptions) -> tuple[str, ...]:
    """The options that were given and change nothing about a benchmark, as they are called."""
    source, generated = benchmark.source, is_generated(benchmark)
    shots = source.shots if isinstance(source, TaskSource) else 0 if generated else options.shots
    ignored = {
        "--few-shot": options.shots not in (None, shots),
        "--chat": options.chat and generated,
    }
    return tuple(name for name, is_ignored in ignored.items() if is_ignored)


def shots_of(benchmark: Benchmark) -> int:
    """The worked examples before each of its items; 0 where that is unknown."""
    return benchmark.source.shots if isinstance(benchmark.source, TaskSource) else 0


def runs_code(benchmark: Benchmark) -> bool:
    """Whether it runs programs that the model writes."""
    return isinstance(benchmark.source, TaskSource) and benchmark.source.task.runs_code


def listed_benchmarks(data_dir: str | None) -> list[Listed]:
    """Every benchmark: diagnostic, compound, built-in and custom.

    Raises:
        ValueError: a description or a row in the folder is invalid.
    """
    generated = (*diagnostic_benchmarks(), *compound_benchmarks())
    custom = _custom_tasks(data_dir, [benchmark.id for benchmark in generated])
    folder = None if data_dir is None else Path(data_dir)
    return [
        *map(_listed_generated, generated),
        *(_listed_task(task, folder) for task in (*TASKS.values(), *custom.values())),
    ]


def _listed_generated(benchmark: Benchmark) -> Listed:
    return Listed(
        id=benchmark.id,
        name=benchmark.name,
        about=benchmark.about,
        kind=benchmark.kind,
        metrics=benchmark.metrics,
        n_items=benchmark.n_items,
        chance=benchmark.chance,
        needs=benchmark.needs,
    )


def _listed_task(task: Task, folder: Path | None) -> Listed:
    at_hand = is_at_hand(task, folder)
    n_items = task.n_items
    if folder is not None:
        n_items = count_of(Rows.of(task, task.split, str(folder))) if at_hand else None
    return Listed(
        id=task.id,
        name=task.name,
        about=task.about,
        kind=task.kind,
        metrics=task.metrics,
        n_items=n_items,
        chance=None if task.chance == "by item" else task.chance,
        chance_varies=task.chance == "by item",
        shots=task.shots.count,
        harness=task.harness,
        source=task.data.path,
        runs_code=task.runs_code,
        at_hand=at_hand,
    )


def _at_hand(options: BenchmarkOptions, generated: Sequence[str]) -> dict[str, Benchmark]:
    """Built-in and custom benchmarks that can be run as things are."""
    folder = None if options.data_dir is None else Path(options.data_dir)
    tasks = [*TASKS.values(), *_custom_tasks(options.data_dir, generated).values()]
    chosen = [task for task in tasks if is_at_hand(task, folder)]
    return {t.id: task_benchmark(t, options) for t in chosen if options.allow_code or not t.runs_code}


def _task(word: str, generated: Sequence[str], options: BenchmarkOptions) -> Task:
    """The built-in or custom task that a word names."""
    if word in TASKS:
        task = TASKS[word]
        if task.runs_code and not options.allow_code:
            require_sandbox(task.id, options)
        return task
    if word.endswith(SUFFIXES):
        return _custom_task(Path(word), generated)
    custom = _custom_tasks(options.data_dir, generated)
    if word not in custom and set(word.split(JOINS)) <= {ability.id for ability in ABILITIES}:
        raise ValueError(
            f"Unknown benchmark '{word}': compounds are of two different abilities, or one of the ten "
            "triples that 'abilityscope benchmarks' lists."
        )
    single = [one for one in generated if JOINS not in one]  # all of them would fill a screen
    return custom[one_of(word, [*single, *TASKS, *custom, *GROUPS], "benchmark")]


def _in_order(word: str) -> str:
    """The word; if it names abilities by id or short word, their ids in the order of the catalogue."""
    ids = {ability.word: ability.id for ability in ABILITIES}
    named = [ids.get(part, part) for part in word.split(JOINS)]
    ordered = [ability.id for ability in ABILITIES if ability.id in named]
    return compound_id(tuple(ordered)) if len(ordered) == len(named) else word


def _custom_tasks(data_dir: str | None, taken: Sequence[str]) -> dict[str, Task]:
    """The custom benchmarks described in a folder, by id.

    Args:
        data_dir: the folder, if any.
        taken: ids that they may not have, besides those of built-in benchmarks and groups.

    Raises:
        ValueError: a description is invalid, or its id is taken.
    """
    found: dict[str, Task] = {}
    for file in sorted(Path(data_dir).glob("*")) if data_dir else ():
        if file.suffix in SUFFIXES and is_description(file):
            task = _custom_task(file, [*taken, *found])
            found[task.id] = task
    return found


def _custom_task(file: Path, taken: Sequence[str]) -> Task:
    task = custom_task(file)
    if task.id in {*taken, *GROUPS, *(ability.word for ability in ABILITIES)}:
        raise ValueError(f"{file}: the id '{task.id}' is taken: choose another.")
    return task
