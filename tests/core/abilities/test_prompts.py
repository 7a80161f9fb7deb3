"""Items as prompts: every form written out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.abilities import Item
from core.abilities.prompts import extract_answer, render_choice, render_generation
from core.models.spec import PromptStyle

ITEM = Item(
    "x",
    "spatial_reasoning",
    "f",
    "The cup is left of the pen. The pen is left of the key.",
    "What is right of the pen?",
    ("the cup", "the key", "the pen", "the box"),
    1,
    "The key is right of the pen.",
)
BARE = replace(ITEM, context="")

LISTED = "\nA. the cup\nB. the key\nC. the pen\nD. the box\nAnswer:"
TEXTS = (" the cup", " the key", " the pen", " the box")


@pytest.mark.parametrize(
    ("item", "style", "context", "continuations"),
    [
        (ITEM, "text", f"{ITEM.context}\nQuestion: What is right of the pen?\nAnswer:", TEXTS),
        (BARE, "text", "Question: What is right of the pen?\nAnswer:", TEXTS),
        (
            ITEM,
            "letters",
            f"{ITEM.context}\nQuestion: What is right of the pen?{LISTED}",
            (" A", " B", " C", " D"),
        ),
        (BARE, "letters", f"Question: What is right of the pen?{LISTED}", (" A", " B", " C", " D")),
        (ITEM, "cloze", f"{ITEM.context} What is right of the pen?", TEXTS),
    ],
)
def test_an_item_in_each_form(
    item: Item, style: PromptStyle, context: str, continuations: tuple[str, ...]
) -> None:
    prompt = render_choice(item, style)
    assert (prompt.context, prompt.continuations, prompt.answer_index) == (context, continuations, 1)


def test_the_forms_of_real_models_ask_for_the_same_written_answer() -> None:
    letters, text = (render_generation(ITEM, style) for style in ("letters", "text"))
    assert letters == text
    assert text.context == (
        f"{ITEM.context}\nQuestion: What is right of the pen?\nThink step by step. End with a line that "
        "begins with 'Answer:' and holds the answer alone.\n"
    )
    assert text.target == "The key is right of the pen.\nAnswer: the key"
    assert [extract_answer(text.target, style) for style in ("letters", "text")] == ["the key"] * 2
