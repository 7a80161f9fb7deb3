"""Any task of lm-evaluation-harness as a benchmark on our engine, with its own prompts and metrics.

Its tasks may bring Python of their own, which runs in this process: that is how the harness works. Tasks that
run what the model writes are refused. Imports torch, so only commands use it, never a screen.
"""

from __future__ import annotations

import functools
import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from core.benchmarks.rendering import digest
from core.benchmarks.rows import cache_only, first_line, why_not_online
from core.benchmarks.task import HARNESS_MAX_NEW_TOKENS, HARNESS_SEED, DataSet
from core.models.chat_template import ChatTemplate, chat_template_of
from core.models.spec import ModelSpec

if TYPE_CHECKING:
    import polars as pl

    from core.benchmarks.benchmark import AnswerFormat

WELL_KNOWN = DataSet("openai/gsm8k", "gsm8k")
"""Requested to see whether the hub can be reached."""

OUTPUTS = ("multiple_choice", "loglikelihood", "generate_until")
"""The kinds of task that our engine can answer."""


@dataclass(frozen=True, eq=False)
class HarnessTasks:
    """A task of the harness, or the tasks of a group, with their rows."""

    name: str
    """The task or group as requested."""
    tasks: Mapping[str, Any]
    """The harness's own objects by name, all of one kind and with the same metrics."""
    rows: Mapping[str, tuple[Any, Any]]
    """Task and row by document id; the tasks take turns."""

    @property
    def first(self) -> Any:
        """Represents all tasks, which are of one kind."""
        return next(iter(self.tasks.values()))

    @property
    def writes(self) -> bool:
        """Whether answers are written."""
        return bool(self.first.OUTPUT_TYPE == "generate_until")

    @functools.cached_property
    def metrics(self) -> tuple[str, ...]:
        """Every metric with its filter; the first is a mean over the items.

        Raises:
            ValueError: none is.
        """
        from lm_eval.api.metrics import mean

        aggregations = self.first.aggregation()
        names = [f"{metric},{rule.name}" for rule in self.first._filters for metric in aggregations]
        means = [name for name in names if aggregations[name.partition(",")[0]] is mean]
        if not means:
            raise ValueError(f"'{self.name}' has no metric that is a mean over its items: use another task.")
        return (means[0], *(name for name in names if name != means[0]))

    def filtered(self, document: str, answers: Sequence[Any]) -> dict[str, list[Any]]:
        """The answers to a document's requests after each filter."""
        from lm_eval.api.instance import Instance

        task, row = self.rows[document]
        instances = [Instance(task.OUTPUT_TYPE, row, ("", ""), index) for index in range(len(answers))]
        for instance, answer in zip(instances, answers, strict=True):
            instance.resps = [answer]
        for rule in task._filters:
            rule.apply(instances)
        names = [rule.name for rule in task._filters]
        return {name: [instance.filtered_resps[name] for instance in instances] for name in names}

    def values(self, document: str, answers: Sequence[Any]) -> dict[str, Any]:
        """Each metric, by `metric,filter`, for the answers to a document's requests."""
        task, row = self.rows[document]
        return {
            f"{metric},{rule}": _plain(value)
            for rule, kept in self.filtered(document, answers).items()
            for metric, value in task.process_results(row, kept).items()
        }

    def aggregated(self, by_metric: Mapping[str, Sequence[Any]]) -> dict[str, float]:
        """Each metric over all items, aggregated as the harness does."""
        aggregations = self.first.aggregation()
        return {
            name: float(aggregations[name.partition(",")[0]](values)) for name, values in by_metric.items()
        }

    @functools.cached_property
    def rules(self) -> str:
        """The tasks' settings as JSON, as far as they can be written down, for cache keys."""
        settings = [task.dump_config() for task in self.tasks.values()]
        return json.dumps(settings, sort_keys=True, default=lambda value: getattr(value, "__name__", ""))

    def documents(self, chat: ChatTemplate | None) -> tuple[Document, ...]:
        """All documents with the harness's own prompts.

        Raises:
            ValueError: our engine cannot answer a request.
        """
        return _documents(self, chat)


@functools.lru_cache(maxsize=4)
def load_tasks(name: str, include: str | None, shots: int | None) -> HarnessTasks:
    """The task or group of this name.

    Args:
        name: the harness's.
        include: a folder with more tasks in the harness's YAML.
        shots: few-shot examples; None: the task's default. As in the harness, a default of 0 is kept.

    Raises:
        ValueError: the harness is not installed, has no such task or cannot load it, or our engine cannot do
            what the task asks for.
    """
    tasks = _load(name, include)
    for task in tasks.values():
        _check(name, task)
        default = task.get_config("num_fewshot")
        if default != 0 and shots is not None:
            task.set_config(key="num_fewshot", value=shots)
        elif default is None:
            task.set_config(key="num_fewshot", value=0)
        task.set_fewshot_seed(seed=HARNESS_SEED)
    if len({(task.OUTPUT_TYPE, *task.aggregation()) for task in tasks.values()}) != 1:
        raise ValueError(f"The tasks of '{name}' have different metrics: name one of {', '.join(tasks)}.")
    numbered = [
        (number, index, f"{name}/{task_name}/{number}", task, row)
        for index, (task_name, task) in enumerate(tasks.items())
        for number, row in enumerate(task.eval_docs)
    ]
    rows = {key: (task, row) for _, _, key, task, row in sorted(numbered, key=lambda one: one[:2])}
    return HarnessTasks(name, tasks, rows)


def _load(name: str, include: str | None) -> dict[str, Any]:
    try:
        from lm_eval.tasks import TaskManager
    except ModuleNotFoundError as error:
        raise ValueError(
            "lm_eval: tasks need lm-evaluation-harness: pip install 'abilityscope[harness]'."
        ) from error
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    # If the folder has the task, the harness's own thousands need not be scanned.
    manager = TaskManager(include_path=include, include_defaults=False) if include else None
    if manager is None or name not in manager.all_subtasks:
        manager = TaskManager(include_path=include)
    if name not in manager.all_tasks:
        raise ValueError(f"lm-evaluation-harness has no task '{name}': `lm-eval ls tasks` lists them.")
    reason = why_not_online(WELL_KNOWN)
    try:
        with cache_only(bool(reason)):
            return dict(manager.load([name])["tasks"])
    except Exception as error:  # from the harness, datasets or a task's own code
        hint = f"; {reason}" if reason else ""
        raise ValueError(f"The task '{name}' cannot be loaded: {first_line(error)}{hint}.") from error


def _check(name: str, task: Any) -> None:
    if getattr(task, "UNSAFE_CODE", False):
        raise ValueError(
            f"'{name}' would run what the model writes outside the sandbox: use humaneval or mbpp."
        )
    if task.OUTPUT_TYPE not in OUTPUTS or not hasattr(task, "_filters"):
        raise ValueError(f"'{name}' asks for {task.OUTPUT_TYPE}, which does not score single items.")


@functools.lru_cache(maxsize=4)
def _documents(tasks: HarnessTasks, chat: ChatTemplate | None) -> tuple[Document, ...]:
    found = {}
    for task_name, task in tasks.tasks.items():
        _build(task, chat)
        requests = defaultdict(list)
        for instance in task.instances:
            requests[instance.doc_id].append(instance)
        family = task_name if len(tasks.tasks) > 1 else ""
        for number, instances in requests.items():
            key = f"{tasks.name}/{task_name}/{number}"
            instances.sort(key=lambda instance: instance.idx)
            found[key] = _document(task, key, family, [instance.args for instance in instances])
    return tuple(found[key] for key in tasks.rows)


def _build(task: Any, chat: ChatTemplate | None) -> None:
    """Makes the task build its requests."""

    def template(messages: Sequence[Mapping[str, str]], add_generation_prompt: bool = True) -> str:
        assert chat is not None, "else it is not called"
        return chat(messages)

    in_turns = chat is not None
    given = template if in_turns else None
    task.build_all_requests(apply_chat_template=in_turns, fewshot_as_multiturn=in_turns, chat_template=given)


def _document(task: Any, key: str, family: str, requests: Sequence[Any]) -> Document:
    row = task.eval_docs[int(key.rpartition("/")[2])]
    if task.OUTPUT_TYPE == "generate_until":
        ((prompt, settings),) = requests
        if settings.get("do_sample") and settings.get("temperature"):
            raise ValueError(f"'{key}' asks for sampling: only greedy answers are written.")
        until = settings.get("until") or ()
        return GenerationDocument(
            id=key,
            family=family,
            cluster="",
            prompt=prompt,
            until=(until,) if isinstance(until, str) else tuple(stop for stop in until if stop),
            max_new_tokens=int(settings.get("max_gen_toks", HARNESS_MAX_NEW_TOKENS)),
            targets=(str(task.doc_to_target(row)),),
            asked=prompt,
        )
    contexts, continuations = zip(*requests, strict=True)
    return ChoiceDocument(
        id=key,
        family=family,
        cluster="",
        contexts=contexts[:1] if len(set(contexts)) == 1 else contexts,
        continuations=continuations,
        gold=_gold(task, row, len(continuations)),
        options=tuple(text.strip() or text for text in continuations),
        lengths=tuple(len(text.strip()) for text in continuations),
        asked=contexts[0],
    )


def _gold(task: Any, row: Any, options: int) -> frozenset[int]:
    """Indices of the right options, for display; the first if the task does not say."""
    if task.OUTPUT_TYPE != "multiple_choice":
        return frozenset((0,))
    stated = task.doc_to_text(row) if getattr(task, "multiple_input", 0) else task.doc_to_target(row)
    choices = list(task.doc_to_choice(row))
    right = stated if isinstance(stated, list) else [stated]
    found = [choices.index(one) if isinstance(one, str) and one in choices else one for one in right]
    return frozenset(one for one in found if isinstance(one, int) and 0 <= one < options) or frozenset((0,))


def _plain(value: Any) -> Any:
    """A metric's value in JSON types."""
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value.item() if hasattr(value, "item") else value


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
