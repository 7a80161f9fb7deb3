from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.abilities import Item
from core.benchmarks.benchmark import Benchmark, ChoiceDocument
from core.benchmarks.diagnostic import METRICS, ItemSource
from core.benchmarks.evaluation import Outcome, Prepared, choice_outcome, evaluate, prepare
from core.models.loading import LoadedModel, load
from core.models.spec import Level, ModelSpec
from tests.core.tiny_models import byte_tokenizer, save_model

OPTIONS = (("the cat", "Rex", "a dog", "four pears"), ("door", "key", "box"), ("naïve café", "text"))


def toy_items(level: Level, n: int) -> tuple[Item, ...]:
    return tuple(
        Item(f"toy/{i}", "contextual_recall", "toy", f"if {i} dogs", "then", OPTIONS[i % 3], i % 2)
        for i in range(n)
    )


TOY = Benchmark(
    "toy",
    "toy",
    "nothing",
    "multiple_choice",
    METRICS,
    (0.1, 1.0),
    1,
    ItemSource(toy_items, 30, 0.25),
)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, tokenizer=byte_tokenizer())
    return load(ModelSpec(str(folder), device="cpu").settled("letters", "standard"))


def outcomes_of(loaded: LoadedModel, prepared: Prepared) -> dict[str, Outcome]:
    return {outcome.item_id: outcome for batch in evaluate(loaded.model, prepared) for outcome in batch}


def test_prediction_and_norm_by_hand() -> None:
    options = ("aa", "bbbb", "c")
    document = ChoiceDocument(
        "x", "", "", ("Q",), tuple(f" {o}" for o in options), frozenset({1}), options, (2, 4, 1)
    )
    outcome = choice_outcome(TOY, document, (-3.0, -4.0, -3.0))
    assert outcome == Outcome("x", 1, 0, False, True, (-3.0, -4.0, -3.0), 0.0)
    assert choice_outcome(TOY, document, (-3.0, -2.9, -2.9)).prediction == 1, "the first of equals"


def test_every_item_once_and_by_the_truth(loaded: LoadedModel) -> None:
    items = toy_items("standard", 9)
    prepared = prepare(loaded, TOY, 9)
    found = outcomes_of(loaded, prepared)
    assert set(found) == {item.id for item in items}
    for item in items:
        context = f"{item.context}\nQuestion: {item.question}\n"
        context += "".join(
            f"{letter}. {option}\n" for letter, option in zip("ABCD", item.options, strict=False)
        )
        context += "Answer:"
        truth = []
        for letter in "ABCD"[: len(item.options)]:
            ids = torch.tensor([loaded.tokenizer(f"{context} {letter}")["input_ids"]])
            start = len(loaded.tokenizer(context)["input_ids"])
            logprobs = loaded.model(ids).logits[0].log_softmax(-1)
            truth.append(sum(logprobs[i - 1, ids[0, i]].item() for i in range(start, ids.shape[1])))
        outcome = found[item.id]
        assert outcome.loglikelihoods == pytest.approx(truth, abs=1e-4)
        assert outcome.prediction == max(range(len(truth)), key=truth.__getitem__)
        assert (outcome.gold, outcome.correct) == (item.answer_index, outcome.prediction == item.answer_index)


@pytest.mark.parametrize("batch_size", [1, 4, "auto"])
def test_batches_change_no_answer(loaded: LoadedModel, batch_size: int) -> None:
    usual = outcomes_of(loaded, prepare(loaded, TOY, 9))
    for item_id, outcome in outcomes_of(loaded, prepare(loaded, TOY, 9, batch_size)).items():
        assert outcome.prediction == usual[item_id].prediction
        assert outcome.loglikelihoods == pytest.approx(usual[item_id].loglikelihoods, abs=1e-4)


def test_base_against_base_is_the_same_to_the_bit(loaded: LoadedModel) -> None:
    prepared = prepare(loaded, TOY, 12)
    assert outcomes_of(loaded, prepared) == outcomes_of(loaded, prepared)


def test_cancelled_keeps_finished_batches(loaded: LoadedModel) -> None:
    prepared = prepare(loaded, TOY, 9, batch_size=2)
    answers = iter([False, False, True])
    assert [len(batch) for batch in evaluate(loaded.model, prepared, lambda: next(answers))] == [2, 2]


def test_an_embedded_style_scores_the_options_text(loaded: LoadedModel) -> None:
    embedded = LoadedModel(ModelSpec("demo"), loaded.model, loaded.tokenizer, loaded.info)
    prepared = prepare(embedded, TOY, 3)
    first = prepared.documents[0]
    assert isinstance(first, ChoiceDocument)
    assert first.continuations == (" the cat", " Rex", " a dog", " four pears")
    assert first.contexts == ("if 0 dogs then",)
    outcome = outcomes_of(embedded, prepared)["toy/0"]
    lengths = [len(option) for option in OPTIONS[0]]
    normed = [value / length for value, length in zip(outcome.loglikelihoods, lengths, strict=True)]
    assert outcome.correct_norm == (normed.index(max(normed)) == outcome.gold)


def test_evaluating_leaves_the_model_as_it_was(loaded: LoadedModel, tmp_path: Path) -> None:
    before = {name: tensor.clone() for name, tensor in loaded.model.state_dict().items()}
    outcomes_of(loaded, prepare(loaded, TOY, 5))
    assert all(torch.equal(before[name], tensor) for name, tensor in loaded.model.state_dict().items())
    assert not loaded.model.training
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
