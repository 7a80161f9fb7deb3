"""Compares what a base and an ablated model wrote: where they part, and how much it surprises base."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.experiment.experiment import divergences_request
from core.experiment.storing import stored_whole, storing
from core.inference import Finish
from core.runner.cancellation import Cancelled

if TYPE_CHECKING:
    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from core.analysis.samples.written import TokenDivergence
    from core.experiment.experiment import OutcomesRequest
    from core.inference.generation import Generated
    from core.inference.probabilities import Comparison, Pair, Probabilities
    from core.runner.runner import Runner

CONTEXT = 8
"""Tokens before a token that are decoded with it: its spaces depend on the one before."""


@dataclass(frozen=True)
class RunPair:
    """A base and an ablated run of one benchmark with written answers, whose divergences are not stored."""

    base: OutcomesRequest
    ablated: OutcomesRequest


def pairs_to_compare(runner: Runner, requests: Sequence[OutcomesRequest]) -> list[RunPair]:
    """The ablated runs with written answers whose base run is stored, and whose divergences are not.

    Damaged divergences are told, and count as not stored.

    Args:
        runner: the model and the cache.
        requests: runs that are stored, or will be when their answers are compared.
    """
    found = []
    for request in requests:
        if request.mask is None or request.benchmark.kind == "multiple_choice":
            continue
        base = runner.request(None, request.benchmark, request.n)
        is_known = runner.store.outcomes.entries.has(base.key)
        entries, key = runner.store.divergences.entries, divergences_request(base, request)[0]
        if is_known and stored_whole(runner, entries, key) is None:
            found.append(RunPair(base, request))
    return found


@dataclass(frozen=True)
class SeenRuns:
    """Two runs, and what the ablated model made of the places where their answers part."""

    runs: RunPair
    base: pl.DataFrame
    ablated: pl.DataFrame
    pairs: list[Pair]
    probabilities: list[Probabilities]


def see_ablated(runner: Runner, runs: Sequence[RunPair], cancelled: Callable[[], bool]) -> Iterator[SeenRuns]:
    """The part of comparing that needs the ablated model. Whoever calls has applied the runs' mask.

    Runs whose outcomes are damaged by now are left out: whoever asks for those computes them anew, and the
    comparison with them.

    Raises:
        Cancelled: it was cancelled between two batches.
    """
    from core.inference.probabilities import ablated_probabilities

    for pair in runs:
        loaded = runner.store.outcomes.load_many([pair.base.key, pair.ablated.key])
        if len(loaded.frames) < 2:
            continue
        base, ablated = loaded.frames[pair.base.key], loaded.frames[pair.ablated.key]
        answers = _answers(runner, pair.ablated, base, ablated)
        probabilities = ablated_probabilities(runner.loaded.model, answers, cancelled)
        if probabilities is None:
            raise Cancelled
        yield SeenRuns(pair, base, ablated, answers, probabilities)


def _answers(
    runner: Runner, request: OutcomesRequest, base: pl.DataFrame, ablated: pl.DataFrame
) -> list[Pair]:
    """Prompt and answers of every item as token ids."""
    from core.benchmarks.benchmark import GenerationDocument
    from core.inference.probabilities import Pair, prompt_ids

    model, tokenizer = runner.loaded.model, runner.loaded.tokenizer
    # Not `prepared`, which refuses programs where they may not run: here none does.
    documents = request.benchmark.documents(runner.spec, request.n)
    written = (document for document in documents if isinstance(document, GenerationDocument))
    return [
        Pair(prompt_ids(model, tokenizer, one.prompt, one.max_new_tokens), tuple(before), tuple(after))
        for one, before, after in zip(written, base["tokens"], ablated["tokens"], strict=True)
    ]


BaseLogprobs = dict[str, list[tuple[float, ...]]]
"""Log-probability of each token of the base answers, item by item, by the key of the base run."""


def store_divergences(
    runner: Runner, seen: SeenRuns, cancelled: Callable[[], bool], base_logprobs: BaseLogprobs
) -> None:
    """The part of comparing that needs the intact model; stores the divergences of two runs.

    Args:
        runner: the model and the cache.
        seen: the two runs.
        cancelled: asked between batches.
        base_logprobs: what is known of base runs; what is found of this one is added.

    Raises:
        Cancelled: it was cancelled between two batches; then nothing is stored.
        ValueError: the intact model gives a log-probability that is not finite.
    """
    from core.inference.probabilities import compare

    known = base_logprobs.get(seen.runs.base.key)
    compared = compare(runner.loaded.model, seen.pairs, seen.probabilities, cancelled, known)
    if compared is None:
        raise Cancelled
    base_logprobs[seen.runs.base.key] = [one.base_logprobs for one in compared]
    rows = [
        {"item_id": item_id, **divergence_row(runner.loaded.tokenizer, pair, finishes, comparison)}
        for item_id, pair, finishes, comparison in zip(
            seen.base["item_id"],
            seen.pairs,
            zip(seen.base["finish"], seen.ablated["finish"], strict=True),
            compared,
            strict=True,
        )
    ]
    key, key_inputs = divergences_request(seen.runs.base, seen.runs.ablated)
    with storing(runner):
        runner.store.divergences.save(
            key, key_inputs, {name: [row[name] for row in rows] for name in rows[0]}
        )
    runner.unverified.append((runner.store.divergences.entries, key))


@dataclass(frozen=True)
class SeenTexts:
    """Two answers to a prompt, and what the ablated model made of the place where they part."""

    pair: Pair
    finishes: tuple[Finish, Finish]
    probabilities: list[Probabilities]


@dataclass(frozen=True)
class ComparedTexts:
    """How two answers to a prompt differ."""

    divergence: TokenDivergence | None
    """Where they part; None if they have the same tokens."""
    base_logprobs: tuple[float, ...]
    """Log-probability of each token of the base answer under the base model."""
    ablated_logprobs: tuple[float, ...]
    """The same of the ablated answer, under the base model too."""


def see_texts(
    runner: Runner, prompt: str, max_new_tokens: int, base: Generated, ablated: Generated
) -> SeenTexts:
    """The part of comparing two answers that needs the ablated model. Whoever calls has applied the mask.

    Args:
        runner: the model.
        prompt: as `prompt_for` gives it.
        max_new_tokens: that were allowed.
        base: what the intact model wrote.
        ablated: what the ablated model wrote.

    Raises:
        Cancelled: the bench was cancelled.
        ValueError: prompt and answers do not fit in memory.
    """
    from core.inference.probabilities import Pair, ablated_probabilities, prompt_ids

    model = runner.loaded.model
    ids = prompt_ids(model, runner.loaded.tokenizer, prompt, max_new_tokens)
    pair = Pair(ids, base.tokens, ablated.tokens)
    probabilities = ablated_probabilities(model, [pair], runner.cancelled)
    if probabilities is None:
        raise Cancelled
    return SeenTexts(pair, (base.finish, ablated.finish), probabilities)


def compare_texts(runner: Runner, seen: SeenTexts) -> ComparedTexts:
    """The part of comparing two answers that needs the intact model.

    Raises:
        Cancelled: the bench was cancelled.
        ValueError: the intact model gives a log-probability that is not finite.
    """
    from core.analysis.samples.written import divergence_of
    from core.inference.probabilities import compare

    compared = compare(runner.loaded.model, [seen.pair], seen.probabilities, runner.cancelled)
    if compared is None:
        raise Cancelled
    row = divergence_row(runner.loaded.tokenizer, seen.pair, seen.finishes, compared[0])
    return ComparedTexts(divergence_of(row), compared[0].base_logprobs, compared[0].ablated_logprobs)


def divergence_row(
    tokenizer: PreTrainedTokenizerBase, pair: Pair, finishes: tuple[Finish, Finish], compared: Comparison
) -> dict[str, Any]:
    """A comparison as a row of `cache.divergences.SCHEMA`, without its item.

    Args:
        tokenizer: the model's.
        pair: the two answers.
        finishes: why each of them ended.
        compared: what was found.
    """
    divergence = compared.divergence
    place = None if divergence is None else divergence.position
    base, ablated = (
        _token_text(tokenizer, (*pair.prompt, *answer), len(pair.prompt) + place, finish)
        if place is not None
        else None
        for answer, finish in zip((pair.base, pair.ablated), finishes, strict=True)
    )
    by_base = (None, None) if divergence is None else divergence.base_probabilities
    by_ablated = (None, None) if divergence is None else divergence.ablated_probabilities
    return {
        "place": place,
        "base_token": base,
        "ablated_token": ablated,
        "base_p_base": by_base[0],
        "base_p_ablated": by_base[1],
        "ablated_p_base": by_ablated[0],
        "ablated_p_ablated": by_ablated[1],
        "base_logprobs": compared.base_logprobs,
        "ablated_logprobs": compared.ablated_logprobs,
    }


def _token_text(
    tokenizer: PreTrainedTokenizerBase, ids: tuple[int, ...], place: int, finish: Finish
) -> str | None:
    """The text of one token; None where the answer ends."""
    if place >= len(ids) or (finish == "eos" and place == len(ids) - 1):
        return None
    first = max(place - CONTEXT, 0)
    before: str = tokenizer.decode(ids[first:place], clean_up_tokenization_spaces=False)
    after: str = tokenizer.decode(ids[first : place + 1], clean_up_tokenization_spaces=False)
    if after.startswith(before):
        return after[len(before) :]
    # A token that ends a character begun before it changes the text of the tokens before.
    alone: str = tokenizer.decode(ids[place : place + 1], clean_up_tokenization_spaces=False)
    return alone
