"""A model's chat template, read from its files and filled in as transformers does. No torch.

Templates are programs of strangers: they run in Jinja's sandbox, with no file and no module within reach.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE_FILE = "chat_template.jinja"
CONFIG_FILE = "tokenizer_config.json"
MAPS = ("special_tokens_map.json", CONFIG_FILE)
"""Where the special tokens stand, the later before the earlier."""


@dataclass(frozen=True)
class ChatTemplate:
    """What makes a prompt of the messages of a conversation."""

    template: str
    """In Jinja."""
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
                return self._filled(messages)
            except TemplateError:  # as lm-evaluation-harness does
                return self._filled([message for message in messages if message["role"] != "system"])
        except TemplateError as error:
            raise ValueError(
                f"The model's chat template fails ({error}): leave the chat template out."
            ) from error

    def _filled(self, messages: Sequence[Mapping[str, str]]) -> str:
        filled: str = _compiled(self.template).render(
            dict(self.tokens), messages=list(messages), tools=None, documents=None, add_generation_prompt=True
        )
        return filled


def read_chat_template(folder: Path, name: str) -> ChatTemplate:
    """The chat template in a model's folder.

    Args:
        folder: as `model_folder` gives it.
        name: what the person calls the model.

    Raises:
        ValueError: it has none, or its files cannot be read.
    """
    try:
        template = _template_of(folder)
        tokens = {key: text for file in MAPS for key, text in _special_tokens(folder / file)}
    except (OSError, ValueError) as error:
        raise ValueError(
            f"The tokenizer's settings in {folder} cannot be read: copy or download them again."
        ) from error
    if template is None:
        raise ValueError(f"'{name}' has no chat template: leave --chat out.")
    return ChatTemplate(template, tuple(sorted(tokens.items())))


def _template_of(folder: Path) -> str | None:
    file = folder / TEMPLATE_FILE
    if file.is_file():
        return file.read_text("utf-8")
    found = _document(folder / CONFIG_FILE).get("chat_template")
    if isinstance(found, list):  # several, by name
        named = {entry.get("name"): entry.get("template") for entry in found if isinstance(entry, dict)}
        found = named.get("default")
    return found if isinstance(found, str) else None


def _special_tokens(file: Path) -> list[tuple[str, str]]:
    found = []
    for name, value in _document(file).items():
        text = value.get("content") if isinstance(value, dict) else value
        if name.endswith("_token") and isinstance(text, str):
            found.append((name, text))
    return found


def _document(file: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if it is not there or holds something else."""
    if not file.is_file():
        return {}
    document = json.loads(file.read_text("utf-8"))
    return document if isinstance(document, dict) else {}


@functools.lru_cache(maxsize=4)
def _compiled(template: str) -> Template:
    from jinja2 import TemplateError, nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.parser import Parser
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """Marks what a model wrote; of no account here."""

        tags = {"generation"}  # noqa: RUF012 (Jinja's own declaration)

        def parse(self, parser: Parser) -> list[nodes.Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    def refuse(message: str) -> NoReturn:
        raise TemplateError(message)

    def now(form: str) -> str:
        return datetime.now().strftime(form)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = _as_json  # Jinja's own escapes for HTML
    environment.globals.update(raise_exception=refuse, strftime_now=now)
    return environment.from_string(template)


def _as_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **options)
