"""Any task of lm-evaluation-harness as a benchmark on our engine, with its own prompts and metrics.

Its tasks may bring Python of their own, which runs in this process: that is how the harness works. Tasks that
run what the model writes are refused. Imports torch, so only commands use it, never a screen.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from core.benchmarks.benchmark import (
    Benchmark,
    BenchmarkOptions,
    ChoiceDocument,
    Document,
    GenerationDocument,
    Judged,
)
from core.benchmarks.harness_tasks import HarnessTasks, load_tasks
from core.benchmarks.loaded import digest
from core.models.chat_template import chat_template_of
from core.models.spec import ModelSpec

if TYPE_CHECKING:
    import polars as pl

    from core.benchmarks.answer_format import AnswerFormat


def harness_benchmark(word: str, options: BenchmarkOptions) -> Benchmark:
    """The task or group that a word names; its rows are loaded.

    Args:
        word: `lm_eval:` and the name; the data folder is searched for tasks too.
        options: how it is run.

    Raises:
        ValueError: see `load_tasks`.
    """
    tasks = load_tasks(word.partition(":")[2], options.data_dir, options.shots)
    return Benchmark(
        id=word,
        name=f"lm-eval {tasks.name}",
        about="a task of lm-evaluation-harness, with its own metrics",
        kind="generation" if tasks.writes else "multiple_choice",
        metrics=tasks.metrics,
        plausible_range=(0.0, 1.0),
        version=1,
        source=HarnessSource(tasks, options.chat),
    )


@dataclass(frozen=True)
class HarnessSource:
    """The documents of a task of the harness, or of all tasks of a group. Members: see `Source`."""

    tasks: HarnessTasks
    chat: bool

    @property
    def n_items(self) -> int:
        """The documents of all tasks."""
        return len(self.tasks.rows)

    @property
    def chance(self) -> float | None:
        """For accuracy over options the mean share of one, for exact match 0, else None."""
        metric = self.tasks.metrics[0].partition(",")[0]
        if metric == "exact_match" and self.tasks.writes:
            return 0.0
        if metric not in ("acc", "acc_norm") or self.tasks.first.OUTPUT_TYPE != "multiple_choice":
            return None
        shares = [1 / len(task.doc_to_choice(row)) for task, row in self.tasks.rows.values()]
        return sum(shares) / len(shares)

    @property
    def needs_greedy(self) -> bool:
        """Whether a metric asks if greedy decoding would write the option."""
        wants = "exact_match" in self.tasks.first.aggregation()
        return not self.tasks.writes and (wants or self.tasks.first.OUTPUT_TYPE == "loglikelihood")

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n documents, the tasks of a group taking turns."""
        chat = chat_template_of(spec) if self.chat else None
        return self.tasks.documents(chat)[:n]

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """A hash of the documents, and the rules that score them."""
        documents = digest(self.documents(spec, n))
        return {"documents": documents, "rules": self.tasks.rules, "lm_eval": version("lm-eval")}

    @property
    def answer_format(self) -> AnswerFormat | None:
        """None: its filters are arbitrary code."""
        return None

    def check(self) -> None:
        """Accepts every machine; `load_tasks` refuses tasks that run code."""

    def judge_choice(
        self, document: ChoiceDocument, loglikelihoods: Sequence[float], greedy: Sequence[bool] | None
    ) -> Judged:
        """The first metric; the answer holds all of them as JSON."""
        flags = greedy or [False] * len(loglikelihoods)
        values = self.tasks.values(document.id, list(zip(loglikelihoods, flags, strict=True)))
        return Judged(float(values[self.tasks.metrics[0]]), json.dumps(values))

    def judge(self, document: GenerationDocument, text: str) -> Judged:
        """The first metric, and the answer that it scored."""
        metric = self.tasks.metrics[0]
        answers = self.tasks.filtered(document.id, [text])[metric.partition(",")[2]]
        return Judged(float(self.tasks.values(document.id, [text])[metric]), str(answers[0]))

    def metric_means(self, documents: Sequence[Document], outcomes: pl.DataFrame) -> dict[str, float]:
        """Every metric, aggregated as the harness does."""
        by_metric: defaultdict[str, list[Any]] = defaultdict(list)
        for document, text, answer in zip(documents, outcomes["text"], outcomes["answer"], strict=True):
            values = json.loads(answer) if text is None else self.tasks.values(document.id, [text])
            for name, value in values.items():
                by_metric[name].append(value)
        return self.tasks.aggregated(by_metric)
