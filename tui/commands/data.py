"""`abilityscope data`: diagnostic items as JSON lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.abilities.item import Split
from core.models.spec import Level
from tui import output
from tui.options import Seed, checked_arguments

if TYPE_CHECKING:
    from core.abilities import Item


def data(
    ability: Annotated[
        str, typer.Option(help="An ability, such as spatial_reasoning, or spatial for short.", metavar="NAME")
    ],
    n: Annotated[int, typer.Option("--n", min=1, help="Number of items.", metavar="N")] = 10,
    seed: Seed = 0,
    split: Annotated[Split, typer.Option(help="train: to score weights; heldout: to evaluate.")] = "train",
    level: Annotated[
        Level, typer.Option(help="standard: for large models; plain: for small ones; basic: for demo.")
    ] = "standard",
) -> None:
    """Write diagnostic items as JSON lines."""
    from core.abilities import generate_items, named_ability

    with checked_arguments():
        items = generate_items(named_ability(ability).id, level, split, n, seed)
    for item in items:
        output.write_json_line(item_document(item))


def item_document(item: Item) -> dict[str, Any]:
    """The item in the format of `importance --items`."""
    return {
        "id": item.id,
        "ability": item.ability,
        "question_type": item.family,
        "context": item.context,
        "question": item.question,
        "options": list(item.options),
        "answer": item.answer,
        "answer_index": item.answer_index,
        "steps": item.steps,
    }
