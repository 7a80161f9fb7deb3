"""Answers as a real model writes them, intact and damaged, made up by hand, with a reader's tags."""

from __future__ import annotations

import re
from typing import NamedTuple

from core.analysis.diagnosis import Asked, TagName
from core.analysis.text_checks import Written
from core.benchmarks.benchmark import AnswerFormat
from core.benchmarks.scoring import style_format
from core.inference import Finish


def pattern_format(asked: str, pattern: str) -> AnswerFormat:
    """A format whose answer is the first group of a pattern's last match."""

    def stated(text: str) -> str | None:
        found = list(re.finditer(pattern, text))
        return (found[-1][1] or "").strip() or None if found else None

    return AnswerFormat(asked, stated)


LISTED = style_format("letters")
HASHES = pattern_format("#### and the number", r"####\s*(-?[\d.,]+)")

EGGS = Asked(
    "Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her "
    "friends with four. She sells the remainder at the market for $2 per egg. How much does she make "
    "every day?",
    HASHES,
    "18",
)
EGGS_BASE = Written(
    "Janet's ducks lay 16 eggs per day. She eats 3 and bakes with 4, which leaves 16 - 3 - 4 = 9 eggs.\n"
    "She sells them for $2 each, so she makes 9 * 2 = $18 every day.\n#### 18",
    "eos",
)
AGES = Asked(
    "Tom is older than Eva. Eva is older than Sam.\nQuestion: Who is the youngest?\nThink step by step. "
    "End with "
    "a line that begins with 'Answer:' and holds the answer alone.\n",
    LISTED,
    "Sam",
    options=("Tom", "Eva", "Sam", "Zoe"),
)
AGES_BASE = Written(
    "Tom is older than Eva, and Eva is older than Sam. So the order from old to young is Tom, Eva, Sam. "
    "The youngest is Sam.\nAnswer: Sam",
    "eos",
)
CHAT = Asked("Why is the sky blue?")
CHAT_BASE = Written(
    "The sky is blue because of the way the air scatters light. Sunlight is made of all colors, and the "
    "molecules "
    "of the air scatter the short waves of blue light more than the long waves of red light. So from every "
    "direction of the sky comes blue light to our eyes.",
    "eos",
)


class Natural(NamedTuple):
    """One answer and its reading."""

    asked: Asked
    base: Written
    text: str
    finish: Finish
    reading: tuple[TagName, ...]
    """All tags that hold, the one that counts first."""


NATURAL = {
    "sentence loop": Natural(
        EGGS,
        EGGS_BASE,
        "Janet has 16 eggs. She eats 3 eggs. She has 13 eggs left. She sells the eggs at the market. She "
        "sells the "
        "eggs at the market. She sells the eggs at the market. She sells the eggs at the market. She "
        "sells the eggs "
        "at the market. She sells the eggs at",
        "length",
        ("repetition", "truncated"),
    ),
    "drifting loop": Natural(
        CHAT,
        CHAT_BASE,
        "The sky is blue because the light of the sun is the light of the sky and the light of the sky is "
        "the light "
        "of the sun and the light of the sea is the light of the sky and the light of the sky is the "
        "light of the "
        "sun and the light of the sun is the light of the sea and the light of the",
        "length",
        ("repetition", "truncated"),
    ),
    "one syllable for ever": Natural(
        CHAT,
        CHAT_BASE,
        "The sky is blue because bluebluebluebluebluebluebluebluebluebluebluebluebluebluebluebluebluebluebl",
        "length",
        ("repetition", "truncated"),
    ),
    "apology": Natural(
        EGGS,
        EGGS_BASE,
        "I'm sorry, but I can't help with that. If you have any other questions, feel free to ask!",
        "eos",
        ("empty",),
    ),
    "not enough information": Natural(
        AGES,
        AGES_BASE,
        "There is not enough information given in the text to tell how old anybody is, because no ages "
        "are stated "
        "for any of these people.",
        "eos",
        ("empty",),
    ),
    "no refusal: a cannot inside the reasoning": Natural(
        AGES,
        AGES_BASE,
        "Tom cannot be the youngest, because he is older than Eva. I cannot determine the youngest from "
        "the first "
        "sentence alone, but Eva is older than Sam, so it has to be Sam.\nAnswer: Sam",
        "eos",
        (),
    ),
    "wrong product, too much": Natural(
        EGGS,
        EGGS_BASE,
        "She eats 3 and uses 4, so 16 - 3 - 4 = 9 eggs are left. Each one brings $2, and 9 * 2 = "
        "$20.\n#### 20",
        "eos",
        ("overcounting",),
    ),
    "counts one step too few": Natural(
        EGGS,
        EGGS_BASE,
        "She eats 3 of the 16 eggs, which leaves 16 - 3 = 12 eggs. Four of them go into muffins: 12 - 4 = "
        "8 eggs. "
        "For each of them she gets 2 dollars, 8 * 2 = 16.\n#### 16",
        "eos",
        ("wrong_option",),
    ),
    "forgets the muffins": Natural(
        EGGS,
        EGGS_BASE,
        "Janet has 16 eggs and eats 3 of them in the morning, which leaves 16 - 3 = 13 eggs to sell. She "
        "gets $2 "
        "for each, so she makes 13 * 2 = $26 every day at the market.\n#### 26",
        "eos",
        ("overcounting",),
    ),
    "right by another way": Natural(
        EGGS,
        EGGS_BASE,
        "If she sold all 16 eggs she would make 16 * 2 = 32 dollars. The 3 + 4 = 7 eggs that she does not "
        "sell "
        "would have brought 7 * 2 = 14 dollars, so it is 32 - 14 = 18 dollars.\n#### 18.00",
        "eos",
        (),
    ),
    "the number in bold, no hashes": Natural(
        EGGS,
        EGGS_BASE,
        "16 - 3 - 4 = 9 eggs are left, and 9 * 2 = 18 dollars are what she makes.\n\n**Answer:** $18 per day",
        "eos",
        ("format_lost",),
    ),
    "an essay with the name at its end": Natural(
        AGES,
        AGES_BASE,
        "First, we know that Tom is older than Eva. Second, we know that Eva is older than Sam. Putting both "
        "together, nobody is younger than Sam.",
        "eos",
        ("format_lost",),
    ),
    "the number alone": Natural(EGGS, EGGS_BASE, "#### 18", "eos", ()),
    "breaks off": Natural(
        EGGS, EGGS_BASE, "Janet's ducks lay 16 eggs per day. She eats", "eos", ("truncated",)
    ),
    "nothing at all": Natural(AGES, AGES_BASE, "", "eos", ("empty",)),
    "goes on with questions of its own": Natural(
        AGES,
        AGES_BASE,
        "Tom is older than Eva, who is older than Sam. So Sam is the youngest.\nAnswer: Sam\n\nMax is "
        "taller than "
        "Leo. Leo is taller than Ida.\nQuestion: Who is the tallest?\nMax is taller than Leo and Leo is "
        "taller than "
        "Ida, so that nobody is taller than",
        "length",
        (),
    ),
    "goes over to Chinese": Natural(
        EGGS,
        EGGS_BASE,
        "Janet's ducks lay 16 eggs. "
        "她每天早上吃三个鸡蛋，用四个鸡蛋做松饼，所以剩下九个鸡蛋。她每天赚十八美元。",
        "eos",
        ("gibberish", "empty"),
    ),
    "goes over to German": Natural(
        CHAT,
        CHAT_BASE,
        "The sky is blue because of the air. Das Licht der Sonne ist nicht nur weiß, es besteht aus allen "
        "Farben, und "
        "die Luft streut das blaue Licht mehr als das rote. Von allen Seiten kommt es zu uns, auch aus "
        "dem Schatten.",
        "eos",
        ("gibberish",),
    ),
    "no change: a French saying in English": Natural(
        CHAT,
        CHAT_BASE,
        "As the French say, c'est la vie: the sky is blue because the air scatters the blue part of the "
        "light of the "
        "sun in every direction, and the red part of it goes straight on. This is why the evening is red.",
        "eos",
        (),
    ),
    "no loop: a table and a list": Natural(
        CHAT,
        CHAT_BASE,
        "| color | wave | scattered |\n|---|---|---|\n| blue | short | much |\n| green | middle | some "
        "|\n| red | "
        "long | little |\n\n- Blue is scattered the most.\n- Green is scattered less.\n- Red is scattered "
        "the least.\n"
        "\nNo, no, no: it is not the sea that makes it blue. 1 + 1 + 1 + 1 + 1 = 5 reasons speak against it.",
        "eos",
        (),
    ),
}
