"""Random models of each architecture and two tokenizers, for the tests of models and inference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from _pytest.mark import ParameterSet
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    CONFIG_MAPPING,
    AutoModelForCausalLM,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from core.inference.loglikelihood import prompt_ids, token_values

SENTENCES = [
    "the cat sat on the mat and looked at the door",
    "if every dog barks and Rex is a dog then Rex barks",
    "three apples and four pears make seven pieces of fruit",
    "naïve café crème, déjà vu: 日本語 text",
    "Question: where is the key?\nAnswer: in the box",
]
ARCHITECTURES = ("llama", "mistral", "qwen2")
"""Those that most tests go through; `core.models.description` has all."""

QUICK = (*ARCHITECTURES, "gemma3_text", "gpt_neox", "opt", "phi3")
"""Those of every shape of matrix: the default tier runs tests of all architectures on these alone."""


def by_tier(names: Iterable[str]) -> list[ParameterSet]:
    """Parameters of a test of all architectures: those that are not `QUICK` belong to the slow tier."""
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow, id=name) for name in names]


OTHER_NAMES: dict[str, dict[str, Any]] = {
    "opt": {"ffn_dim": 64, "word_embed_proj_dim": 32, "init_std": 0.3},
    "cohere": {"logit_scale": 0.7},
    "cohere2": {"logit_scale": 0.7},
    "granite": {"logits_scaling": 1.7, "attention_multiplier": 0.4, "residual_multiplier": 0.8},
}
"""What an architecture's config calls its sizes, and factors that are 1 unless told."""


def word_tokenizer() -> PreTrainedTokenizerFast:
    """One token a word, unknown words as <unk>, BOS in front."""
    words = sorted({word for sentence in SENTENCES for word in sentence.split()})
    vocabulary = {word: i for i, word in enumerate(["<pad>", "<bos>", "<eos>", "<unk>", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", vocabulary["<bos>"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
    )


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE as Qwen2's: no BOS, no unknown words, pieces that are no whole character."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<eos>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>", pad_token="<eos>")


def with_bos(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    """The tokenizer with a BOS token of its own, `<s>`, which it puts before no text."""
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    return tokenizer


def small_config(architecture: str, vocabulary: int, **changes: Any) -> PreTrainedConfig:
    """The config of a small model: two layers, grouped queries where the architecture has them."""
    config_class = CONFIG_MAPPING[architecture]
    usual = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.3,
        "eos_token_id": 2,
        "pad_token_id": 0,
    }
    if "head_dim" in vars(config_class()) and architecture not in ARCHITECTURES:
        usual["head_dim"] = 8  # theirs is not told from the other sizes
    settings = {"vocab_size": vocabulary, **usual, **OTHER_NAMES.get(architecture, {}), **changes}
    return config_class(**settings)


def random_model(architecture: str, vocabulary: int, **changes: Any) -> PreTrainedModel:
    """A small random model in eval mode, its weights large enough for options to differ."""
    if architecture in ARCHITECTURES:
        changes = {"bos_token_id": None, **changes}
    config = small_config(architecture, vocabulary, **changes)
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config).eval()


def lively_model(architecture: str, vocabulary: int, **changes: Any) -> PreTrainedModel:
    """A small random model whose norms and biases are random too: their first values hide mistakes."""
    model = random_model(architecture, vocabulary, **changes)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() < 2:
                parameter += 0.2 * torch.randn_like(parameter)
    return model


def save_model(
    folder: Path,
    architecture: str = "llama",
    tokenizer: PreTrainedTokenizerFast | None = None,
    **changes: Any,
) -> PreTrainedModel:
    """A random model, saved with its tokenizer (one token a word unless given) as transformers does."""
    tokenizer = tokenizer or word_tokenizer()
    model = random_model(architecture, len(tokenizer), **changes)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model


def log_probabilities(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[str],
    answers: Sequence[Sequence[int]],
) -> list[tuple[float, ...]]:
    """The log-probability of each token of each answer after its prompt."""
    items = [
        (prompt_ids(model, tokenizer, prompt, len(answer)), [tuple(answer)])
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    found = token_values(model, items)
    assert found is not None
    return [values for (values,) in found]
