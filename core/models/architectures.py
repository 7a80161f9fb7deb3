"""The model architectures that are tested, and the names of their tensors that are no layers."""

from __future__ import annotations

ARCHITECTURES: dict[str, str] = {
    "apertus": "Apertus",
    "arcee": "Arcee",
    "biogpt": "BioGPT",
    "cohere": "Cohere",
    "cohere2": "Cohere 2",
    "cwm": "CWM",
    "ernie4_5": "Ernie 4.5",
    "exaone4": "EXAONE 4",
    "gemma": "Gemma",
    "gemma2": "Gemma 2",
    "gemma3_text": "Gemma 3",
    "glm": "GLM",
    "glm4": "GLM 4",
    "gpt_neox": "GPT-NeoX",
    "granite": "Granite",
    "helium": "Helium",
    "hunyuan_v1_dense": "HunYuan",
    "iquestcoder": "IQuestCoder",
    "internlm3": "InternLM 3",
    "jais2": "Jais 2",
    "llama": "Llama",
    "ministral": "Ministral",
    "ministral3": "Ministral 3",
    "mistral": "Mistral",
    "nanochat": "NanoChat",
    "nemotron": "Nemotron",
    "olmo": "OLMo",
    "olmo2": "OLMo 2",
    "olmo3": "OLMo 3",
    "opt": "OPT",
    "persimmon": "Persimmon",
    "phi": "Phi",
    "phi3": "Phi 3",
    "qwen2": "Qwen2",
    "qwen3": "Qwen3",
    "seed_oss": "Seed-OSS",
    "smollm3": "SmolLM 3",
    "stablelm": "StableLM",
    "starcoder2": "StarCoder 2",
    "vaultgemma": "VaultGemma",
}
"""The supported `model_type`s and their names."""

TIED_BY_DEFAULT = (
    "biogpt",
    "cohere",
    "cohere2",
    "ernie4_5",
    "gemma",
    "gemma2",
    "gemma3_text",
    "opt",
    "smollm3",
    "starcoder2",
    "vaultgemma",
)
"""The `model_type`s whose head is the embedding unless their config says otherwise."""

HEADS = ("lm_head.weight", "embed_out.weight")
"""Names of the language-model head."""

BUFFERS = (
    "rotary_emb.inv_freq",
    "attention.bias",
    "attention.masked_bias",
    "attn.bias",
    "attn.masked_bias",
    "act_fn.beta",
    "act_fn.eps",
)
"""Endings of the names of tensors that are in files but are no parameters."""
