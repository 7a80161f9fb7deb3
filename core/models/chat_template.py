"""A model's chat template. No torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.models.files import (
    SPECIAL_TOKENS,
    TEMPLATE_FILE,
    TOKENIZER_CONFIG,
    ModelFilesError,
    is_gguf,
    tokenizer_path,
)
from core.models.gguf import read_header, special_tokens
from core.models.spec import ModelSpec


@dataclass(frozen=True)
class ChatTemplate:
    """Turns the messages of a conversation into a prompt."""

    template: str
    """Jinja source. A stranger's program: transformers runs it in a sandbox."""
    tokens: tuple[tuple[str, str], ...]
    """Names and texts of the special tokens, such as `bos_token`."""

    def __call__(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The prompt up to the model's turn; without the system message where the template refuses it.

        Raises:
            ValueError: the template refuses the conversation, or is broken.
        """
        from jinja2 import TemplateError

        try:
            try:
                return self._rendered(messages)
            except TemplateError:  # as lm-evaluation-harness does
                return self._rendered([message for message in messages if message["role"] != "system"])
        except TemplateError as error:
            raise ValueError(
                f"The model's chat template fails ({error}): leave the chat template out."
            ) from error

    def _rendered(self, messages: Sequence[Mapping[str, str]]) -> str:
        # Only this part of transformers: it imports no torch.
        from transformers.utils.chat_template_utils import render_jinja_template

        prompts, _ = render_jinja_template(
            [list(messages)], chat_template=self.template, add_generation_prompt=True, **dict(self.tokens)
        )
        return str(prompts[0])


def chat_template_of(spec: ModelSpec) -> ChatTemplate:
    """The chat template of a model's tokenizer.

    Raises:
        ModelFilesError: its files are missing.
        ValueError: it has none, or its files cannot be read.
    """
    return read_chat_template(tokenizer_path(spec), spec.name)


def read_chat_template(tokenizer: Path, name: str) -> ChatTemplate:
    """The chat template in a tokenizer's folder or a GGUF file; messages call the model by its name.

    Raises:
        ValueError: it has none, or its files cannot be read.
    """
    try:
        template, tokens = _of_gguf(tokenizer) if is_gguf(tokenizer) else _of_folder(tokenizer)
    except ModelFilesError:
        raise
    except (OSError, ValueError) as error:
        raise ValueError(
            f"The tokenizer's settings in {tokenizer} cannot be read: copy or download them again."
        ) from error
    if isinstance(template, list):  # several, by name
        named = {entry.get("name"): entry.get("template") for entry in template if isinstance(entry, dict)}
        template = named.get("default")
    if not isinstance(template, str):
        raise ValueError(f"'{name}' has no chat template: leave --chat out.")
    return ChatTemplate(template, tuple(sorted(tokens.items())))


def _of_folder(folder: Path) -> tuple[Any, dict[str, str]]:
    """The template of a folder's tokenizer, and its special tokens."""
    config, file = _json_object(folder / TOKENIZER_CONFIG), folder / TEMPLATE_FILE
    template = file.read_text("utf-8") if file.is_file() else config.get("chat_template")
    tokens = {}
    for key, value in {**_json_object(folder / SPECIAL_TOKENS), **config}.items():
        text = value.get("content") if isinstance(value, dict) else value
        if key.endswith("_token") and isinstance(text, str):
            tokens[key] = text
    return template, tokens


def _of_gguf(path: Path) -> tuple[Any, dict[str, str]]:
    """The template in a GGUF file, and its special tokens."""
    header = read_header(path)
    return header.metadata.get("tokenizer.chat_template"), special_tokens(header)


def _json_object(file: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if the file is missing or holds something else."""
    document = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return document if isinstance(document, dict) else {}
