"""Chat templates are filled in as transformers does, without transformers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.models.chat_template import read_chat_template
from tests.core.tiny_models import word_tokenizer

MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "2 < 3 & 'x'?\n"},
    {"role": "assistant", "content": "yes"},
    {"role": "user", "content": "日本語 <bos>"},
]
TEMPLATES = {
    "headers": (
        "{{ bos_token }}{% for m in messages %}\n<|{{ m['role'] }}|>\n"
        "{{ m['content'] | trim }}{{ eos_token }}\n"
        "{% endfor %}\n{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
    ),
    "tools": "{% if tools %}{{ tools | tojson }}{% endif %}{{ messages[1] | tojson }}{{ documents is none }}",
    "loop": (
        "{% for m in messages %}{% if loop.index > 3 %}{% break %}{% endif %}"
        "{% generation %}{{ m.content }}{% endgeneration %};{% endfor %}{{ strftime_now('%Y') | length }}"
    ),
}


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("beside", [True, False])
def test_prompts_are_those_of_transformers(tmp_path: Path, name: str, beside: bool) -> None:
    tokenizer = word_tokenizer()
    tokenizer.chat_template = TEMPLATES[name]
    tokenizer.save_pretrained(tmp_path, save_jinja_files=beside)
    assert (tmp_path / "chat_template.jinja").exists() == beside
    expected = tokenizer.apply_chat_template(MESSAGES, tokenize=False, add_generation_prompt=True)
    assert read_chat_template(tmp_path, "tiny")(MESSAGES) == expected


def test_the_default_of_several_counts(tmp_path: Path) -> None:
    named = [{"name": "rag", "template": "x"}, {"name": "default", "template": "{{ messages | length }}"}]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": named}), "utf-8")
    assert read_chat_template(tmp_path, "tiny")(MESSAGES) == "4"


def test_a_template_that_refuses_the_system_message_is_asked_without_it(tmp_path: Path) -> None:
    refusing = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ messages | length }}"
    )
    (tmp_path / "chat_template.jinja").write_text(refusing, "utf-8")
    assert read_chat_template(tmp_path, "tiny")(MESSAGES) == "3"


def test_what_cannot_be_filled_in_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'tiny' has no chat template: leave --chat out"):
        read_chat_template(tmp_path, "tiny")
    (tmp_path / "chat_template.jinja").write_text(
        "{{ messages.__class__.__mro__ }}{{ raise_exception('no') }}"
    )
    with pytest.raises(ValueError, match="chat template fails"):
        read_chat_template(tmp_path, "tiny")(MESSAGES)
