"""Compares written answers of a base and an ablated run: where they part, and how likely each is to base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.inference import Finish
from core.inference.cancelling import Cancelled
from core.run.events import TokenDivergence
from core.run.experiment import OutcomesRequest, divergences_request
from core.run.loaded import LoadedExperiment
from core.run.storing import stored_whole, storing

if TYPE_CHECKING:
    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from core.inference.loglikelihood import Comparison, Pair, Probabilities

CONTEXT = 8
"""Tokens before a token that are decoded with it: its spaces depend on the one before."""


@dataclass(frozen=True)
class RunPair:
    """A base and an ablated run of one benchmark with written answers, whose divergences are not stored."""

    base: OutcomesRequest
    ablated: OutcomesRequest


@dataclass(frozen=True)
class MeasuredPair:
    """Two runs, and the ablated model's probabilities where their answers part."""

    runs: RunPair
    base: pl.DataFrame
    ablated: pl.DataFrame
    pairs: list[Pair]
    probabilities: list[Probabilities]


def pairs_to_compare(runner: LoadedExperiment, requests: Sequence[OutcomesRequest]) -> list[RunPair]:
    """The ablated runs with written answers whose base run is stored, and whose divergences are not.

    Args:
        runner: the model and the cache.
        requests: runs that are stored, or will be when their answers are compared.
    """
    found = []
    for request in requests:
        if request.mask is None or request.benchmark.kind == "multiple_choice":
            continue
        base = runner.request(None, request.benchmark, request.n)
        is_stored = runner.store.outcomes.entries.has(base.key)
        entries, key = runner.store.divergences.entries, divergences_request(base, request)[0]
        if is_stored and stored_whole(runner, entries, key) is None:
            found.append(RunPair(base, request))
    return found


def measure_ablated(runner: LoadedExperiment, runs: Sequence[RunPair]) -> Iterator[MeasuredPair]:
    """The part of comparing that needs the ablated model. The caller has applied the runs' mask.

    Runs whose outcomes have been damaged meanwhile are left out: whoever asks for them computes them anew,
    and the comparison with them.

    Raises:
        Cancelled: it was cancelled between two batches.
    """
    from core.inference.loglikelihood import ablated_probabilities

    for pair in runs:
        loaded = runner.store.outcomes.load_many([pair.base.key, pair.ablated.key])
        if len(loaded.frames) < 2:
            continue
        base, ablated = loaded.frames[pair.base.key], loaded.frames[pair.ablated.key]
        answers = _answers(runner, pair.ablated, base, ablated)
        model = runner.loaded.model
        with runner.progress.phase("comparing", pair.base.benchmark.id, len(answers)) as running:
            probabilities = ablated_probabilities(model, answers, runner.cancelled, running.advance)
        if probabilities is None:
            raise Cancelled
        yield MeasuredPair(pair, base, ablated, answers, probabilities)


def _answers(
    runner: LoadedExperiment, request: OutcomesRequest, base: pl.DataFrame, ablated: pl.DataFrame
) -> list[Pair]:
    """Prompt and answers of every item as token ids."""
    from core.benchmarks.benchmark import GenerationDocument, fitted_new_tokens
    from core.inference.encoding import longest_row
    from core.inference.loglikelihood import Pair, prompt_ids

    model, tokenizer = runner.loaded.model, runner.loaded.tokenizer
    # Not `prepared`, which refuses programs where they may not run: here none does.
    documents = request.benchmark.documents(runner.spec, request.n)
    written = (document for document in documents if isinstance(document, GenerationDocument))
    positions = longest_row(model.config)
    return [
        Pair(
            prompt_ids(model, tokenizer, one.prompt, fitted_new_tokens(one.max_new_tokens, positions)),
            tuple(before),
            tuple(after),
        )
        for one, before, after in zip(written, base["tokens"], ablated["tokens"], strict=True)
    ]


def store_divergences(runner: LoadedExperiment, measured: MeasuredPair) -> None:
    """The part of comparing that needs the intact model; stores the divergences of two runs.

    Raises:
        Cancelled: it was cancelled between two batches; then nothing is stored.
        ValueError: the intact model gives a log-probability that is not finite.
    """
    from core.inference.loglikelihood import compare

    loaded, base = runner.loaded, measured.runs.base
    known, pairs = runner.base_logprobs.get(base.key), measured.pairs
    with runner.progress.phase("comparing", base.benchmark.id, len(pairs)) as running:
        compared = compare(
            loaded.model, pairs, measured.probabilities, runner.cancelled, known, running.advance
        )
    if compared is None:
        raise Cancelled
    runner.base_logprobs[base.key] = [one.base_logprobs for one in compared]
    finishes = zip(measured.base["finish"], measured.ablated["finish"], strict=True)
    rows = [
        {"item_id": item_id, **divergence_row(loaded.tokenizer, pair, both, comparison)}
        for item_id, pair, both, comparison in zip(
            measured.base["item_id"], measured.pairs, finishes, compared, strict=True
        )
    ]
    key, key_inputs = divergences_request(measured.runs.base, measured.runs.ablated)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    with storing(runner):
        runner.store.divergences.save(key, key_inputs, columns)
    runner.note_stored(runner.store.divergences.entries, key)


def divergence_row(
    tokenizer: PreTrainedTokenizerBase, pair: Pair, finishes: tuple[Finish, Finish], compared: Comparison
) -> dict[str, Any]:
    """A comparison as a row of the divergences table, without its item.

    Args:
        tokenizer: the model's.
        pair: the two answers.
        finishes: why each of them ended.
        compared: how they differ.
    """
    divergence = compared.divergence
    index = None if divergence is None else divergence.position
    base, ablated = (
        _token_text(tokenizer, (*pair.prompt, *answer), len(pair.prompt) + index, finish)
        if index is not None
        else None
        for answer, finish in zip((pair.base, pair.ablated), finishes, strict=True)
    )
    by_base = (None, None) if divergence is None else divergence.base_probabilities
    by_ablated = (None, None) if divergence is None else divergence.ablated_probabilities
    return {
        "index": index,
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
    tokenizer: PreTrainedTokenizerBase, ids: tuple[int, ...], index: int, finish: Finish
) -> str | None:
    """The text of one token; None where the answer ends."""
    if index >= len(ids) or (finish == "eos" and index == len(ids) - 1):
        return None
    first = max(index - CONTEXT, 0)
    before: str = tokenizer.decode(ids[first:index], clean_up_tokenization_spaces=False)
    after: str = tokenizer.decode(ids[first : index + 1], clean_up_tokenization_spaces=False)
    if after.startswith(before):
        return after[len(before) :]
    # A token that ends a character begun before it changes the text of the tokens before.
    alone: str = tokenizer.decode(ids[index : index + 1], clean_up_tokenization_spaces=False)
    return alone


def divergence_of(row: Mapping[str, Any]) -> TokenDivergence | None:
    """The divergence in one row of that table; None if the answers have the same tokens."""
    if row["index"] is None:
        return None
    return TokenDivergence(
        index=row["index"],
        base_token=row["base_token"],
        ablated_token=row["ablated_token"],
        base_probabilities=(row["base_p_base"], row["base_p_ablated"]),
        ablated_probabilities=(row["ablated_p_base"], row["ablated_p_ablated"]),
    )
