"""Built-in and custom tasks as benchmarks: rows as documents, scored by rules or by running programs."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.benchmarks.benchmark import (
    AnswerFormat,
    Benchmark,
    BenchmarkOptions,
    ChoiceDocument,
    CodeReference,
    Document,
    GenerationDocument,
    Judged,
)
from core.benchmarks.diagnostic import choice_means
from core.benchmarks.rendering import Documents, Rows, chance_over, count_of, digest_of, documents_of
from core.benchmarks.scoring import choice_metric, stated, text_scores
from core.benchmarks.task import Task
from core.models.chat_template import ChatTemplate, chat_template_of
from core.models.spec import ModelSpec

if TYPE_CHECKING:
    import polars as pl


ALL_PASSED = "all {} tests passed"
LONGEST_ERROR = 200
"""Characters of an error that are kept."""


def require_sandbox(benchmark: str, options: BenchmarkOptions) -> None:
    """Refuses a code benchmark unless code is allowed and can be confined here.

    Raises:
        ValueError: it may not run; the message says what to do.
    """
    from core.sandbox.bubblewrap import why_no_sandbox

    if not options.allow_code:
        raise ValueError(
            f"'{benchmark}' runs programs that the model wrote: allow it with --allow-code-execution, "
            "and they run in a sandbox."
        )
    if problem := why_no_sandbox():
        raise ValueError(f"'{benchmark}' cannot run here. {problem}")


def judge_program(document: GenerationDocument, text: str) -> Judged:
    """Whether the program that the text completes passes all its tests, and how each went.

    Raises:
        SandboxError: the sandbox worked before and now does not start.
    """
    from core.sandbox.bubblewrap import execute

    code = document.code
    if code is None:
        raise ValueError(f"Item {document.id} has no tests.")
    helpers, tests = split_tests(code)
    program = "\n".join(part for part in (code.head + text, helpers) if part)
    run = execute(program, tests)
    if run.status == "passed":
        return Judged(1.0, ALL_PASSED.format(len(tests)))
    failed = [(number, error) for number, error in enumerate(run.errors, start=1) if error]
    shown = failed[:1] if len({error for _, error in failed}) == 1 else failed
    errors = "; ".join(f"test {number}: {error[:LONGEST_ERROR]}" for number, error in shown)
    passed = f"{len(tests) - len(failed)} of {len(tests)} tests passed"
    return Judged(0.0, f"{passed}; {errors or run.status}")


def split_tests(code: CodeReference) -> tuple[str, tuple[str, ...]]:
    """The helpers that the tests need, and the tests one by one: asserts and calls.

    Tests come from a data set: whatever Python cannot parse stays whole and fails when it runs.
    """
    try:
        statements = ast.parse(code.tests).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "", (code.tests,)
    is_test = [isinstance(statement, (ast.Assert, ast.Expr)) for statement in statements]
    if True not in is_test or not all(is_test[is_test.index(True) :]):
        return "", (code.tests,)
    first = is_test.index(True)
    texts = [ast.unparse(statement) for statement in statements]
    return "\n".join(texts[:first]), tuple(texts[first:])


def task_benchmark(task: Task, options: BenchmarkOptions) -> Benchmark:
    """The benchmark of a task under some options; no row is read yet."""
    return Benchmark(
        id=task.id,
        name=task.name,
        about=task.about,
        kind=task.kind,
        metrics=task.metrics,
        plausible_range=task.plausible_range,
        version=task.version,
        source=TaskSource(task, options),
    )


@dataclass(frozen=True)
class TaskSource:
    """The rows of a task as documents, read when they are first needed. Members: see `Source`."""

    task: Task
    options: BenchmarkOptions

    @property
    def n_items(self) -> int:
        """The number of local rows; for the hub, the known size of the pinned revision."""
        is_known = self.task.custom_files is None and self.options.data_dir is None
        if is_known and self.task.n_items is not None:
            return self.task.n_items
        return count_of(self._rows)

    @property
    def chance(self) -> float | None:
        """The task's chance level; where it varies, the mean over all rows."""
        return self.task.chance if self.task.chance != "by item" else chance_over(self._rows)

    @property
    def shots(self) -> int:
        """Few-shot examples before each item; a task that draws none from a split keeps its default."""
        wanted = self.options.shots if self.task.shots.split is not None else None
        return self.task.shots.count if wanted is None else wanted

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n rows, rendered."""
        return documents_of(self._documents(spec, n))

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """A hash of the documents, whatever folder, examples and template they come from."""
        return {"documents": digest_of(self._documents(spec, n))}

    @property
    def needs_greedy(self) -> bool:
        """False."""
        return False

    def judge_choice(
        self, document: ChoiceDocument, loglikelihoods: Sequence[float], greedy: Sequence[bool] | None
    ) -> Judged:
        """The task's first metric."""
        return Judged(choice_metric(self.task.metrics[0], document, loglikelihoods))

    @property
    def answer_format(self) -> AnswerFormat | None:
        """The form that the first metric's filter extracts; None for options and for programs."""
        task = self.task
        if task.judge is None:
            return None
        name = task.metrics[0].partition(",")[2]
        rule = next((one for one in task.filters if one.name == name), None)
        fits = "the answer alone" if rule is None else f"text that fits {rule.pattern}"
        return AnswerFormat(task.asks or fits, functools.partial(stated, rule))

    def check(self) -> None:
        """Raises a ValueError if programs may not or cannot run here."""
        if self.task.runs_code:
            require_sandbox(self.task.id, self.options)

    def judge(self, document: GenerationDocument, text: str) -> Judged:
        """The task's first metric with the answer it judged, or how a program's tests went."""
        if self.task.runs_code:
            return judge_program(document, text)
        judged = text_scores(self.task, document, text)
        metric = self.task.metrics[0]
        return Judged(judged.scores[metric], judged.answers[metric.partition(",")[2]])

    def metric_means(self, documents: Sequence[Document], outcomes: pl.DataFrame) -> dict[str, float]:
        """The mean of every metric of the task."""
        if self.task.kind == "multiple_choice":
            return choice_means(self.task.metrics, outcomes)
        sums = dict.fromkeys(self.task.metrics, 0.0)
        sums[self.task.metrics[0]] = float(outcomes["score"].sum())
        for metric in self.task.metrics[1:]:
            for document, text in zip(documents, outcomes["text"], strict=True):
                if isinstance(document, GenerationDocument):
                    sums[metric] += text_scores(self.task, document, text).scores[metric]
        return {metric: total / len(outcomes) for metric, total in sums.items()}

    @property
    def _rows(self) -> Rows:
        return Rows.of(self.task, self.task.split, self.options.data_dir)

    def _documents(self, spec: ModelSpec, n: int) -> Documents:
        chat: ChatTemplate | None = None
        if self.options.chat:
            chat = chat_template_of(spec)
        return Documents.of(self.task, self.options.data_dir, self.shots, chat, n)
