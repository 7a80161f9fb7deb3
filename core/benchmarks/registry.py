"""Finds benchmarks by the words that a person uses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.abilities import Level
from core.benchmarks.data.load import is_at_hand
from core.benchmarks.description import Benchmark
from core.benchmarks.diagnostic import diagnostic_benchmarks
from core.benchmarks.options import DEFAULT_OPTIONS, BenchmarkOptions
from core.benchmarks.program_tests import require_sandbox
from core.benchmarks.task_source import TaskSource, task_benchmark
from core.benchmarks.tasks.catalogue import TASKS
from core.benchmarks.tasks.own import own_task
from core.benchmarks.tasks.own_files import SUFFIXES, is_description
from core.benchmarks.tasks.task import Task
from core.choices import one_of

GROUPS = ("diagnostic", "all")
"""Words that stand for several benchmarks: the ten diagnostic ones; these and all whose data is at hand."""

HARNESS = "lm_eval:"
"""What a word begins with that names a task of lm-evaluation-harness, whose package is an extra."""


def find_benchmarks(
    words: Sequence[str], level: Level, options: BenchmarkOptions = DEFAULT_OPTIONS
) -> tuple[Benchmark, ...]:
    """The benchmarks that the words stand for, each once, in the order of the words.

    Args:
        words: ids of benchmarks, also of one's own that are described in the folder with the rows; paths of
            such descriptions; `lm_eval:` and a task of lm-evaluation-harness; `diagnostic`, or `all`.
        level: of the diagnostic items, as it suits the model.
        options: how those that are not diagnostic are run.

    Raises:
        ValueError: there is no word, or no such benchmark, and the message names the nearest; or a
            benchmark runs code, which was not allowed.
    """
    diagnostic = {benchmark.id: benchmark for benchmark in diagnostic_benchmarks(level)}
    found: dict[str, Benchmark] = {}
    for word in words:
        if word in diagnostic:
            found[word] = diagnostic[word]
        elif word in GROUPS:
            found |= diagnostic
            found |= _at_hand(options, list(diagnostic)) if word == "all" else {}
        elif word.startswith(HARNESS):
            from core.benchmarks.harness import harness_benchmark

            found[word] = harness_benchmark(word, options)
        else:
            benchmark = task_benchmark(_task(word, list(diagnostic), options), options)
            found[benchmark.id] = benchmark
    if not found:
        raise ValueError("No benchmark is named: give ids, 'diagnostic', or 'all'.")
    return tuple(found.values())


def reads_rows(benchmark: Benchmark) -> bool:
    """Whether its items are rows, which may have to be read before one knows how many there are."""
    return isinstance(benchmark.source, TaskSource)


def runs_code(benchmark: Benchmark) -> bool:
    """Whether a benchmark runs programs that the model writes."""
    return isinstance(benchmark.source, TaskSource) and benchmark.source.task.runs_code


def own_tasks(data_dir: str | None, taken: Sequence[str]) -> dict[str, Task]:
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


def _at_hand(options: BenchmarkOptions, diagnostic: Sequence[str]) -> dict[str, Benchmark]:
    """What is not diagnostic and can be run as things are."""
    folder = None if options.data_dir is None else Path(options.data_dir)
    tasks = [*TASKS.values(), *own_tasks(options.data_dir, diagnostic).values()]
    chosen = [task for task in tasks if is_at_hand(task, folder)]
    return {t.id: task_benchmark(t, options) for t in chosen if options.allow_code or not t.runs_code}


def _task(word: str, diagnostic: Sequence[str], options: BenchmarkOptions) -> Task:
    """The one benchmark that a word stands for, which is not diagnostic."""
    if word in TASKS:
        task = TASKS[word]
        if task.runs_code and not options.allow_code:
            require_sandbox(task.id, options)
        return task
    if word.endswith(SUFFIXES):
        return _own(Path(word).expanduser(), diagnostic)
    own = own_tasks(options.data_dir, diagnostic)
    return own[one_of(word, [*diagnostic, *TASKS, *own, *GROUPS], "benchmark")]


def _own(file: Path, taken: Sequence[str]) -> Task:
    task = own_task(file)
    if task.id in taken or task.id in GROUPS:
        raise ValueError(f"{file}: the id '{task.id}' is taken: choose another.")
    return task
