"""Texts that ask for no ability in particular: what perplexity is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from core.abilities import ABILITIES
from core.abilities.generate import generate_items
from core.abilities.prompts import render_generation
from core.models.spec import Level

ITEMS = 3
"""Items of each ability that the embedded model's texts are made of."""

ENGLISH = (
    "The road left the village by the old mill and climbed slowly between stone walls. On the left "
    "the fields fell away towards the river, and on a clear morning one could see the roofs of the "
    "next town beyond it.",
    "She opened the window and looked out. It had rained in the night, the street was still wet, and "
    "two children in yellow boots were stepping into every puddle on their way to school.",
    "Bread needs flour, water, salt and time. The dough is mixed in the evening, left to rise in a "
    "cool room, and baked early the next day until the crust is dark and sounds hollow when it is "
    "tapped.",
    "In autumn the birds gather on the wires along the coast. For a week or two they come and go, "
    "more of them every day, and then one morning they are gone and the wires are empty until spring.",
    "The library opens at nine on weekdays and at ten on Saturdays. Books can be kept for four weeks; "
    "whoever needs one for longer can ask at the desk, unless somebody else is already waiting for "
    "it.",
    "My grandfather repaired clocks. His workshop was a narrow room behind the kitchen, with a lamp "
    "over the table and a hundred small drawers, and as a child I believed that he knew what was in "
    "each of them.",
    "A bridge of this kind carries its load through two towers into the ground. The cables between "
    "them are made of many thin wires, so that a single wire may break without any danger to those "
    "who cross.",
    "The meeting lasted longer than anyone had expected. When it was over, most people went home at "
    "once, but a few stayed at the door and talked about the new playground until it was quite dark.",
    "Most of the garden lies in the shade, and only ferns and ivy grow well there. Along the southern "
    "wall, however, it is warm enough for tomatoes, and in good years even for a few peaches.",
    "The boat was small and the wind was against them, so the crossing took the whole day. Towards "
    "evening the island rose out of the haze, first the lighthouse, then the cliffs, and last the "
    "little harbour.",
    "To change the filter, switch the machine off and wait until it has cooled down. Open the cover "
    "at the back, pull the old filter out by its handle, and push the new one in until it clicks.",
    "Nobody knows who built the first houses on the hill. There are no letters and no pictures, only "
    "the foundations under the grass, a few broken pots, and a well that still has water in it.",
)
"""Plain prose of many kinds, written for this purpose."""


@dataclass(frozen=True)
class NeutralText:
    """A text, of which a part is measured."""

    prompt: str
    """What comes before and is not measured; empty where everything is."""
    text: str
    """What is measured."""

    @property
    def beginning(self) -> str:
        """What a model is made to write on from: the prompt, or else the first half of the text's words."""
        words = self.text.split()
        return self.prompt or " ".join(words[: len(words) // 2])


@cache
def neutral_texts(level: Level) -> tuple[NeutralText, ...]:
    """The texts for models of a level, always the same.

    The embedded model (`basic`) has only ever learnt to continue its own kind of text. It gets held-out items
    of all abilities in equal parts, of which the worked solution and the answer are measured.
    """
    if level == "standard":
        return tuple(NeutralText("", text) for text in ENGLISH)
    rendered = [
        render_generation(item, "cloze")
        for ability in ABILITIES
        for item in generate_items(ability.id, level, "heldout", ITEMS)
    ]
    return tuple(NeutralText(prompt.context, prompt.target) for prompt in rendered)
