"""Finds benchmarks by the words that a person uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from core.abilities import ABILITIES
from core.abilities.compound import JOINS, compound_id
from core.benchmarks.compound import compound_benchmarks, pair_benchmarks, triple_benchmarks
from core.benchmarks.data.load import is_at_hand
from core.benchmarks.description import Benchmark
from core.benchmarks.diagnostic import diagnostic_benchmarks
from core.benchmarks.options import DEFAULT_OPTIONS, BenchmarkOptions
from core.benchmarks.program_tests import require_sandbox
from core.benchmarks.task_source import TaskSource, task_benchmark
from core.benchmarks.tasks.catalogue import TASKS
from core.benchmarks.tasks.custom import custom_task
from core.benchmarks.tasks.custom_files import SUFFIXES, is_description
from core.benchmarks.tasks.task import Task
from core.models.spec import Level, one_of

GENERATED: Mapping[str, Callable[[Level], tuple[Benchmark, ...]]] = {
    "diagnostic": diagnostic_benchmarks,
    "compound": compound_benchmarks,
    "pairs": pair_benchmarks,
    "triples": triple_benchmarks,
}
"""Words for benchmarks that are made here: those of one ability; of two or three, and of either number."""

GROUPS = (*GENERATED, "all")
"""Words that stand for several benchmarks; `all`: the diagnostic ones and those whose data is at hand."""

HARNESS = "lm_eval:"
"""What a word begins with that names a task of lm-evaluation-harness, whose package is an extra."""


def find_benchmarks(
    words: Sequence[str], level: Level, options: BenchmarkOptions = DEFAULT_OPTIONS
) -> tuple[Benchmark, ...]:
    """The benchmarks that the words stand for, each once, in the order of the words.

    Args:
        words: ids of benchmarks, also of one's own that are described in the folder with the rows; paths of
            such descriptions; `lm_eval:` and a task of lm-evaluation-harness; words of `GROUPS`.
        level: of the items that are made here, as it suits the model.
        options: how those that are not made here are run.

    Raises:
        ValueError: there is no word, or no such benchmark, and the message names the nearest; or a
            benchmark runs code, which was not allowed.
    """
    generated = {one.id: one for one in (*diagnostic_benchmarks(level), *compound_benchmarks(level))}
    found: dict[str, Benchmark] = {}
    for word in words:
        if (ordered := _in_order(word)) in generated:
            found[ordered] = generated[ordered]
        elif word in GROUPS:
            make = GENERATED.get(word, diagnostic_benchmarks)
            found |= {benchmark.id: benchmark for benchmark in make(level)}
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


def reads_rows(benchmark: Benchmark) -> bool:
    """Whether its items are rows, which may have to be read before one knows how many there are."""
    return isinstance(benchmark.source, TaskSource)


def runs_code(benchmark: Benchmark) -> bool:
    """Whether a benchmark runs programs that the model writes."""
    return isinstance(benchmark.source, TaskSource) and benchmark.source.task.runs_code


def custom_tasks(data_dir: str | None, taken: Sequence[str]) -> dict[str, Task]:
    """One's own benchmarks that are described in a folder, by id.

    Args:
        data_dir: the folder; None for none.
        taken: ids that they may not have, beside the other benchmarks' and the words for groups.

    Raises:
        ValueError: a description is not whole, or its id is another's.
    """
    found: dict[str, Task] = {}
    files = [file for suffix in SUFFIXES for file in Path(data_dir).glob(f"*{suffix}")] if data_dir else []
    for file in sorted(files):
        if is_description(file):
            task = _own(file, [*taken, *found])
            found[task.id] = task
    return found


def _at_hand(options: BenchmarkOptions, generated: Sequence[str]) -> dict[str, Benchmark]:
    """What is not made here and can be run as things are."""
    folder = None if options.data_dir is None else Path(options.data_dir)
    tasks = [*TASKS.values(), *custom_tasks(options.data_dir, generated).values()]
    chosen = [task for task in tasks if is_at_hand(task, folder)]
    return {t.id: task_benchmark(t, options) for t in chosen if options.allow_code or not t.runs_code}


def _task(word: str, generated: Sequence[str], options: BenchmarkOptions) -> Task:
    """The one benchmark that a word stands for, which is not made here."""
    if word in TASKS:
        task = TASKS[word]
        if task.runs_code and not options.allow_code:
            require_sandbox(task.id, options)
        return task
    if word.endswith(SUFFIXES):
        return _own(Path(word), generated)
    own = custom_tasks(options.data_dir, generated)
    if word not in own and set(word.split(JOINS)) <= {ability.id for ability in ABILITIES}:
        raise ValueError(
            f"Unknown benchmark '{word}': compounds are of two different abilities, or one of the ten "
            "triples that 'abilityscope benchmarks' lists."
        )
    single = [one for one in generated if JOINS not in one]  # all of them would fill a screen
    return own[one_of(word, [*single, *TASKS, *own, *GROUPS], "benchmark")]


def _in_order(word: str) -> str:
    """The word itself; of a compound with its abilities in the order of the catalogue."""
    named = word.split(JOINS)
    ordered = [ability.id for ability in ABILITIES if ability.id in named]
    return compound_id(tuple(ordered)) if len(ordered) == len(named) else word


def _own(file: Path, taken: Sequence[str]) -> Task:
    task = custom_task(file)
    if task.id in taken or task.id in GROUPS:
        raise ValueError(f"{file}: the id '{task.id}' is taken: choose another.")
    return task
