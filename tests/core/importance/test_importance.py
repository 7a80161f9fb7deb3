import copy
import random
from collections.abc import Sequence

import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedModel

from core.importance.maps import MatrixScores
from core.importance.scoring import score_importance
from core.importance.scoring_rule import LOSSES, REDUCTIONS, Loss, Reduction
from core.inference.encoding import EncodedChoice
from core.masks.layout import Layout
from core.masks.ranking import top_ranking
from core.models.weight_space import WeightSpace


def _items(n: int, longest: int = 14) -> list[EncodedChoice]:
    rng = random.Random(0)

    def tokens(low: int, high: int) -> tuple[int, ...]:
        return tuple(rng.randrange(64) for _ in range(rng.randint(low, high)))

    return [
        EncodedChoice(
            f"item-{i}", tokens(1, longest), tuple(tokens(1, 4) for _ in range(rng.randint(2, 5))), i % 2
        )
        for i in range(n)
    ]


def _log_likelihood(model: PreTrainedModel, context: tuple[int, ...], ids: tuple[int, ...]) -> torch.Tensor:
    """Mean log-likelihood of the continuation's tokens, one sequence at a time, without padding."""
    sequence = torch.tensor([context + ids])
    log_probabilities = model(sequence).logits[0, :-1].log_softmax(-1)
    each = log_probabilities[torch.arange(sequence.shape[1] - 1), sequence[0, 1:]]
    return each[-len(ids) :].mean()


def _plain_loss(model: PreTrainedModel, item: EncodedChoice, loss: Loss) -> torch.Tensor:
    right = item.continuation_ids[item.answer_index]
    if loss == "full":
        whole = torch.tensor([item.context_ids + right])
        return model(whole, labels=whole).loss  # transformers' own: the mean over all tokens but the first
    answer = _log_likelihood(model, item.context_ids, right)
    others = [ids for place, ids in enumerate(item.continuation_ids) if place != item.answer_index]
    return -answer + torch.stack([_log_likelihood(model, item.context_ids, ids) for ids in others]).mean()


def _truth(
    model: PreTrainedModel, items: list[EncodedChoice], loss: Loss, reduction: Reduction
) -> list[torch.Tensor]:
    """Plain autograd in float64, item by item."""
    double = copy.deepcopy(model).double().requires_grad_(True)
    weights = [dict(double.named_parameters())[matrix.name] for matrix in WeightSpace(double).matrices]
    totals = [torch.zeros_like(weight) for weight in weights]
    for item in items:
        gradients = torch.autograd.grad(_plain_loss(double, item, loss), weights)
        for total, gradient, weight in zip(totals, gradients, weights, strict=True):
            if reduction == "abs-sum":
                total += gradient
            else:  # the loss rises by -gradient * weight, to first order
                total += torch.where(gradient * weight < 0, gradient, 0).abs()
    return [(total * weight).abs().detach() for total, weight in zip(totals, weights, strict=True)]


def _assert_close(
    found: Sequence[MatrixScores], truth: Sequence[torch.Tensor | MatrixScores], tolerance: float = 1e-5
) -> None:
    for computed, other in zip(found, truth, strict=True):
        scores, expected = computed.dense(), other.dense() if isinstance(other, MatrixScores) else other
        assert scores.dtype == torch.float32
        assert scores.shape == expected.shape
        error = (scores.double() - expected.double()).norm() / expected.norm()
        assert error < tolerance, float(error)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_equals_plain_autograd(tiny_llama: LlamaForCausalLM, loss: Loss, reduction: Reduction) -> None:
    items = _items(12)
    space = WeightSpace(tiny_llama)
    importance = score_importance(tiny_llama, space, items, loss=loss, reduction=reduction)
    _assert_close(importance.scores, _truth(tiny_llama, items, loss, reduction))
    _assert_close(importance.halves[0], _truth(tiny_llama, items[::2], loss, reduction))
    _assert_close(importance.halves[1], _truth(tiny_llama, items[1::2], loss, reduction))
    assert (importance.items, importance.truncated) == (12, 0)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_batches_and_order_do_not_matter(
    tiny_llama: LlamaForCausalLM, loss: Loss, reduction: Reduction
) -> None:
    items = _items(20)
    space = WeightSpace(tiny_llama)
    one = score_importance(tiny_llama, space, items, loss=loss, reduction=reduction, batch_size=1)
    for batch_size in (3, 16):
        other = score_importance(
            tiny_llama, space, items, loss=loss, reduction=reduction, batch_size=batch_size
        )
        _assert_close(other.scores, list(one.scores))
    shuffled = random.Random(1).sample(items, len(items))
    _assert_close(
        score_importance(tiny_llama, space, shuffled, loss=loss, reduction=reduction).scores, list(one.scores)
    )


def test_half_precision_sums_in_float32(tiny_llama: LlamaForCausalLM) -> None:
    model = tiny_llama.bfloat16()
    items = _items(300)
    importance = score_importance(model, WeightSpace(model), items, loss="full", reduction="sum-lost")
    # What is left is the rounding of activations; with bfloat16 sums the error is 0.016 here.
    _assert_close(importance.scores, _truth(model, items, "full", "sum-lost"), tolerance=0.006)


def test_long_contexts_are_cut_on_the_left_and_counted(tiny_llama: LlamaForCausalLM) -> None:
    tiny_llama.config.max_position_embeddings = 10
    items = _items(8, longest=30)
    importance = score_importance(tiny_llama, WeightSpace(tiny_llama), items, loss="margin")
    # The last token is never an input, so 11 tokens fit into 10 positions.
    rooms = [11 - max(map(len, item.continuation_ids)) for item in items]
    cut = [
        EncodedChoice(item.item_id, item.context_ids[-room:], item.continuation_ids, item.answer_index)
        for item, room in zip(items, rooms, strict=True)
    ]
    assert importance.truncated == sum(map(lambda a, b: a != b, items, cut)) > 0
    _assert_close(importance.scores, _truth(tiny_llama, cut, "margin", "abs-sum"))


def test_leaves_the_model_as_it_was(tiny_llama: LlamaForCausalLM) -> None:
    tiny_llama.train()
    tiny_llama.model.layers[1].eval()
    tiny_llama.model.norm.weight.requires_grad_(False)
    before = _condition(tiny_llama)
    state = {name: tensor.clone() for name, tensor in tiny_llama.state_dict().items()}
    space = WeightSpace(tiny_llama)
    with torch.no_grad():
        score_importance(tiny_llama, space, _items(3), loss="full")
        assert not torch.is_grad_enabled()
    assert _condition(tiny_llama) == before
    assert all(tensor.equal(state[name]) for name, tensor in tiny_llama.state_dict().items())

    def stop(done: int, total: int) -> None:
        assert not tiny_llama.training
        assert all(parameter.grad is None for parameter in tiny_llama.parameters())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_importance(tiny_llama, space, _items(3), loss="full", on_progress=stop)
    assert _condition(tiny_llama) == before


def _condition(model: PreTrainedModel) -> list[object]:
    hooks = [
        len(m._forward_hooks) + len(m._backward_hooks) + len(m._forward_pre_hooks) for m in model.modules()
    ]
    assert all(parameter.grad is None for parameter in model.parameters())
    return [hooks, [m.training for m in model.modules()], [p.requires_grad for p in model.parameters()]]


def test_progress_counts_items(tiny_llama: LlamaForCausalLM) -> None:
    calls: list[tuple[int, int]] = []
    space = WeightSpace(tiny_llama)
    score_importance(
        tiny_llama,
        space,
        _items(9),
        loss="full",
        batch_size=2,
        on_progress=lambda done, n: calls.append((done, n)),
    )
    assert calls == [(2, 9), (4, 9), (5, 9), (7, 9), (9, 9)]


def test_finds_a_planted_layer(tiny_llama: LlamaForCausalLM) -> None:
    """Only layer 1's MLP speaks to the output; no other matrix has a say."""
    with torch.no_grad():
        tiny_llama.model.layers[0].mlp.down_proj.weight.zero_()
        for layer in tiny_llama.model.layers:
            layer.self_attn.o_proj.weight.zero_()
    space = WeightSpace(tiny_llama)
    scores = score_importance(tiny_llama, space, _items(10), loss="margin").scores
    addresses = Layout(space.matrices).addresses("all", top_ranking(scores, 1000).numpy())
    planted = [m for m in space.matrices if m.layer == 1 and m.block == "mlp"]
    assert planted[0].offset <= int(addresses.min())
    assert all(not scores[m.index].dense().any() for m in space.matrices if m not in planted)


def test_a_weight_that_is_not_finite_is_traced_to_its_matrix(tiny_llama: LlamaForCausalLM) -> None:
    with torch.no_grad():
        tiny_llama.model.layers[1].mlp.gate_proj.weight[0, 0] = float("nan")
    before = _condition(tiny_llama)
    with pytest.raises(ValueError, match=r"layers\.1\.mlp\.gate_proj\.weight \(layer 1, gate\).*item-0"):
        score_importance(tiny_llama, WeightSpace(tiny_llama), _items(1), loss="full")
    assert _condition(tiny_llama) == before


def test_a_gradient_that_is_not_finite_is_traced_to_its_matrix(tiny_llama: LlamaForCausalLM) -> None:
    class Spoil(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, x: torch.Tensor) -> torch.Tensor:
            return x.view_as(x)

        @staticmethod
        def backward(ctx: object, gradient: torch.Tensor) -> torch.Tensor:
            return gradient * float("inf")

    tiny_llama.model.layers[1].register_forward_hook(lambda module, inputs, output: Spoil.apply(output))
    with pytest.raises(ValueError, match=r"gradient of model\.layers\.1\.mlp\.down_proj"):
        score_importance(tiny_llama, WeightSpace(tiny_llama), _items(1), loss="full")


def test_what_cannot_be_scored_is_refused(tiny_llama: LlamaForCausalLM) -> None:
    space = WeightSpace(tiny_llama)

    def score(item: EncodedChoice, loss: Loss = "full") -> None:
        score_importance(tiny_llama, space, [item], loss=loss)

    with pytest.raises(ValueError, match="0 items"):
        score_importance(tiny_llama, space, [], loss="full")
    with pytest.raises(ValueError, match="Did you mean margin"):
        score(_items(1)[0], "margn")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one option"):
        score(EncodedChoice("single", (1,), ((2,),), 0), "margin")
    for context, option in (((), (1,)), ((1,), ())):
        with pytest.raises(ValueError, match="hollow has an empty"):
            score(EncodedChoice("hollow", context, (option, (1,)), 0))
    with pytest.raises(ValueError, match="long has 200 tokens"):
        score(EncodedChoice("long", (1,), ((1,) * 200, (1,)), 0))
