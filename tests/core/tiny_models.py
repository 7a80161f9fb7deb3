"""Random models of each architecture and two tokenizers, for the tests of models and inference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

SENTENCES = [
    "the cat sat on the mat and looked at the door",
    "if every dog barks and Rex is a dog then Rex barks",
    "three apples and four pears make seven pieces of fruit",
    "naïve café crème, déjà vu: 日本語 text",
    "Question: where is the key?\nAnswer: in the box",
]
ARCHITECTURES = ("llama", "mistral", "qwen2")
CLASSES: dict[str, tuple[Any, Any]] = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "mistral": (MistralConfig, MistralForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
}


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


def random_model(architecture: str, vocabulary: int, **changes: Any) -> PreTrainedModel:
    """A small random model in eval mode, its weights large enough for options to differ."""
    config_class, model_class = CLASSES[architecture]
    settings: dict[str, Any] = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.3,
        "bos_token_id": None,
        "eos_token_id": 2,
        "pad_token_id": 0,
    }
    torch.manual_seed(0)
    return model_class(config_class(**{**settings, **changes})).eval()


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
