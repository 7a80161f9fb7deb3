"""Evaluates a model on a benchmark: an outcome for every item, a batch at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core.benchmarks.benchmark import (
    Benchmark,
    ChoiceDocument,
    Document,
    GenerationDocument,
    fitted_new_tokens,
)
from core.benchmarks.scoring import prediction, prediction_norm
from core.inference import Finish
from core.inference.choice_plan import BatchSize, ChoicePlan, plan_choices
from core.inference.encoding import EncodedChoice, encode_options, longest_row
from core.inference.generation import Generated, Stage, generate
from core.inference.loglikelihood import answer_logprobs, greedy_options, loglikelihoods
from core.models.loading import LoadedModel

ANSWERS_AT_ONCE = 32
"""Answers that are written before they are scored and reported; memory decides how many form one batch."""

RIGHT = 1.0 - 1e-9
"""Lowest score at which a written answer counts as right."""


@dataclass(frozen=True)
class Outcome:
    """A model's answer to one item."""

    item_id: str
    gold: int | None
    """Index of the right option, the first of several; None for a written answer."""
    prediction: int | None
    """Index of the option with the largest summed log-likelihood, the first of equals; None for a written
    answer."""
    correct: bool
    """Whether that option is right (`acc`); for a written answer, whether it scores 1."""
    correct_norm: bool | None
    """Likewise by log-likelihood per character of the option: `acc_norm`."""
    loglikelihoods: tuple[float, ...] | None
    """Summed over the tokens of each option, in nats."""
    score: float
    """The benchmark's first metric, 0 to 1."""
    text: str | None = None
    """What the model wrote; untrusted."""
    answer: str | None = None
    """The part of the text that was scored, or how a program's tests went; untrusted."""
    finish: Finish | None = None
    """Why the text ended."""
    tokens: tuple[int, ...] | None = None
    """The new tokens, see `Generated`."""
    cut: int = 0
    """Tokens cut from the left of the prompt, which was too long for the model; the most of any option."""
    gold_logprob: float | None = None
    """The mean log-probability of the tokens of a right answer in the benchmark's form, in nats; None for
    multiple choice, and if there is none or it is not finite."""


@dataclass(frozen=True)
class Prepared:
    """A benchmark prepared for one model; shared by the intact and every ablated run."""

    benchmark: Benchmark
    documents: tuple[Document, ...]
    plan: ChoicePlan | None
    """The batches of options; None if answers are written."""
    encoded: tuple[EncodedChoice, ...]
    """The items' token ids, if a metric asks for greedy options; else empty."""
    tokenizer: PreTrainedTokenizerBase


class Watch(Protocol):
    """Sees the answers to a benchmark while they are written."""

    notes_logprobs: bool
    """Whether it wants the log-probabilities of answers."""

    def noted(self, item_id: str, logprobs: tuple[float, ...]) -> None:
        """The log-probability of each token of a whole answer, in nats."""

    def wrote(self, item_id: str, piece: str) -> None:
        """A new piece of an item's answer; untrusted."""

    def stepped(self, going: Sequence[str], stage: Stage) -> None:
        """Another token of each answer of a batch.

        Args:
            going: ids of the items whose answers are being written.
            stage: how far the answers are that are written together.
        """


def prepare(loaded: LoadedModel, benchmark: Benchmark, n: int, batch_size: BatchSize = "auto") -> Prepared:
    """The first n items of a benchmark, encoded for a model.

    Raises:
        ValueError: there are fewer items or no rows; an option adds no token or is too long for the model; or
            answers are programs that may not or cannot run here.
    """
    benchmark.source.check()
    return prepare_documents(loaded, benchmark, benchmark.documents(loaded.spec, n), batch_size)


def prepare_documents(
    loaded: LoadedModel, benchmark: Benchmark, documents: tuple[Document, ...], batch_size: BatchSize = "auto"
) -> Prepared:
    """Some items of a benchmark, encoded for a model; see `fitted_new_tokens` for written answers.

    Raises:
        ValueError: an option adds no token or is too long for the model.
    """
    positions = longest_row(loaded.model.config)
    documents = tuple(
        replace(one, max_new_tokens=fitted_new_tokens(one.max_new_tokens, positions))
        if isinstance(one, GenerationDocument)
        else one
        for one in documents
    )
    choices = [one for one in documents if isinstance(one, ChoiceDocument)]
    if not choices:
        return Prepared(benchmark, documents, None, (), loaded.tokenizer)
    encoded = [
        encode_options(one.id, one.contexts, one.continuations, min(one.gold), loaded.tokenizer)
        for one in choices
    ]
    plan = plan_choices(
        encoded,
        loaded.model.device,
        batch_size,
        pad_id=loaded.tokenizer.pad_token_id or 0,
        max_length=positions,
    )
    kept = tuple(encoded) if benchmark.source.needs_greedy else ()
    return Prepared(benchmark, documents, plan, kept, loaded.tokenizer)


def evaluate(
    model: PreTrainedModel,
    prepared: Prepared,
    cancelled: Callable[[], bool] | None = None,
    done: Collection[str] = (),
    watch: Watch | None = None,
) -> Iterator[list[Outcome]]:
    """Yields the outcomes of each batch, in an order of its own.

    Ends early when cancelled: between batches, and within one token of an answer being written.

    Args:
        model: in eval mode.
        prepared: the benchmark.
        cancelled: called between batches, and before each written token.
        done: ids of items with known outcomes. Batches that hold only these are skipped; all others keep
            their items, so that outcomes are equal to the bit.
        watch: is told what is written, as it is written.

    Raises:
        ValueError: a log-likelihood is not finite, or an item does not fit in memory.
    """
    if prepared.plan is None:
        yield from _written(model, prepared, cancelled or (lambda: False), done, watch)
        return
    left = [
        batch
        for batch, ids in zip(prepared.plan.batches, _batches_of_ids(prepared), strict=True)
        if not done or not all(one in done for one in ids)
    ]
    # If nothing is skipped, use the plan itself: batches that were halved for lack of memory stay halved.
    plan = prepared.plan if not done else replace(prepared.plan, batches=tuple(left))
    for scores in loglikelihoods(model, plan, cancelled):
        pairs = zip(scores.items, scores.loglikelihoods, strict=True)
        yield [
            replace(_choice(model, prepared, index, values), cut=plan.cut[index]) for index, values in pairs
        ]


def costs(prepared: Prepared) -> dict[str, float]:
    """What each item takes of a whole evaluation, as a share, by its id: the longest come first."""
    if prepared.plan is None:
        found = {one.id: 1.0 for one in prepared.documents}
    else:
        found = {
            prepared.documents[index].id: batch.rows.width
            for batch in prepared.plan.batches
            for index in batch.items
        }
    whole = sum(found.values())
    return {item_id: cost / whole for item_id, cost in found.items()}


def finished_batches(prepared: Prepared, known: Mapping[str, Outcome]) -> list[list[Outcome]]:
    """The batches of a whole evaluation whose outcomes are all known.

    Args:
        prepared: the benchmark.
        known: outcomes by item id.
    """
    found = ([known.get(one) for one in ids] for ids in _batches_of_ids(prepared))
    return [[one for one in batch if one is not None] for batch in found if None not in batch]


def choice_outcome(
    benchmark: Benchmark,
    document: Document,
    values: tuple[float, ...],
    greedy: tuple[bool, ...] | None = None,
) -> Outcome:
    """The outcome of an item from its continuations' log-likelihoods, by lm-evaluation-harness's rules."""
    assert isinstance(document, ChoiceDocument), "a plan has nothing else"
    values = document.of_options(values)
    chosen = prediction(values)
    judged = benchmark.source.judge_choice(document, values, greedy)
    return Outcome(
        item_id=document.id,
        gold=min(document.gold),
        prediction=chosen,
        correct=chosen in document.gold if len(values) > 1 else judged.score >= RIGHT,
        correct_norm=prediction_norm(document, values) in document.gold,
        loglikelihoods=values,
        score=judged.score,
        answer=judged.answer,
    )


def _choice(model: PreTrainedModel, prepared: Prepared, index: int, values: tuple[float, ...]) -> Outcome:
    greedy = None
    if prepared.encoded:
        greedy = greedy_options(model, prepared.encoded[index], longest_row(model.config))
    return choice_outcome(prepared.benchmark, prepared.documents[index], values, greedy)


def _batches_of_ids(prepared: Prepared) -> list[list[str]]:
    """The item ids of each batch, in the order of evaluation."""
    if prepared.plan is None:
        return [[one.id for one in some] for some in _written_batches(prepared)]
    return [[prepared.documents[index].id for index in batch.items] for batch in prepared.plan.batches]


def _written(
    model: PreTrainedModel,
    prepared: Prepared,
    cancelled: Callable[[], bool],
    done: Collection[str],
    watch: Watch | None,
) -> Iterator[list[Outcome]]:
    for some in _written_batches(prepared):
        if all(document.id in done for document in some):
            continue
        stop, max_new_tokens = _settings(some[0])
        texts = generate(
            model,
            prepared.tokenizer,
            [one.prompt for one in some],
            max_new_tokens=max_new_tokens,
            stop=stop,
            with_logprobs=watch is not None and watch.notes_logprobs,
            cancelled=cancelled,
            on_text=None if watch is None else _on_text(watch, some),
            on_step=None if watch is None else _on_step(watch, some),
        )
        golds = answer_logprobs(
            model, prepared.tokenizer, [(one.prompt, one.gold) for one in some], cancelled
        )
        if golds is None:
            return
        outcomes = []
        for document, text, gold in zip(some, texts, golds, strict=True):
            if text.finish == "cancelled" or cancelled():  # running a program takes time, too
                return
            outcomes.append(replace(_written_outcome(prepared.benchmark, document, text), gold_logprob=gold))
            if text.logprobs and watch is not None:
                watch.noted(document.id, text.logprobs)
        yield outcomes


def _on_text(watch: Watch, some: Sequence[Document]) -> Callable[[int, str], None]:
    return lambda number, piece: watch.wrote(some[number].id, piece)


def _on_step(watch: Watch, some: Sequence[Document]) -> Callable[[Stage], None]:
    return lambda stage: watch.stepped([some[number].id for number in stage.going], stage)


def _written_batches(prepared: Prepared) -> Iterator[Sequence[GenerationDocument]]:
    """Documents written together: those of a family side by side, since their prompts begin alike."""
    documents = [one for one in prepared.documents if isinstance(one, GenerationDocument)]
    ordered = sorted(documents, key=lambda one: (_settings(one), one.family, -len(one.prompt), one.id))
    for _, group in itertools.groupby(ordered, key=_settings):
        alike = list(group)
        for start in range(0, len(alike), ANSWERS_AT_ONCE):
            yield alike[start : start + ANSWERS_AT_ONCE]


def _settings(document: GenerationDocument) -> tuple[tuple[str, ...], int]:
    """The settings that documents written together share."""
    return document.until, document.max_new_tokens


def _written_outcome(benchmark: Benchmark, document: GenerationDocument, written: Generated) -> Outcome:
    judged = benchmark.source.judge(document, written.text)
    return Outcome(
        item_id=document.id,
        gold=None,
        prediction=None,
        correct=judged.score >= RIGHT,
        correct_norm=None,
        loglikelihoods=None,
        score=judged.score,
        text=written.text,
        answer=judged.answer,
        finish=written.finish,
        tokens=written.tokens,
        cut=written.cut,
    )
