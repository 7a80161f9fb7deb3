"""Basic analogies. All options belong to the asked word; the given pair says which relation is meant."""

from __future__ import annotations

import random
from collections.abc import Mapping

from core.abilities.basic.words import NAMES, draft, pick
from core.abilities.item import Draft, Family

ANIMAL_RELATIONS = ("young", "sound", "home", "food")
ANIMALS = {
    "dog": ("puppy", "bark", "kennel", "bone"),
    "cat": ("kitten", "meow", "basket", "fish"),
    "cow": ("calf", "moo", "barn", "grass"),
    "horse": ("foal", "neigh", "stable", "hay"),
    "duck": ("duckling", "quack", "pond", "weed"),
    "pig": ("piglet", "oink", "sty", "acorn"),
    "lion": ("cub", "roar", "den", "zebra"),
    "hen": ("chick", "cluck", "coop", "corn"),
    "bee": ("larva", "buzz", "hive", "nectar"),
    "frog": ("tadpole", "croak", "swamp", "fly"),
}
"""Each animal's young, sound, home and food."""

WORK_RELATIONS = ("place", "tool", "product", "guest")
WORKERS = {
    "teacher": ("school", "chalk", "lesson", "pupil"),
    "doctor": ("hospital", "needle", "cure", "patient"),
    "baker": ("bakery", "oven", "bread", "buyer"),
    "barber": ("salon", "scissors", "haircut", "client"),
    "pilot": ("airport", "plane", "flight", "passenger"),
    "actor": ("theater", "costume", "play", "viewer"),
    "judge": ("court", "gavel", "verdict", "suspect"),
    "singer": ("stage", "microphone", "song", "listener"),
}
"""Each worker's place, tool, product and the person served."""

THINGS: tuple[Mapping[str, tuple[str, ...]], ...] = (ANIMALS, WORKERS)

VERB_FORMS = {
    "walk": ("walked", "walking", "walker", "walks"),
    "write": ("wrote", "writing", "writer", "writes"),
    "drive": ("drove", "driving", "driver", "drives"),
    "dance": ("danced", "dancing", "dancer", "dances"),
    "paint": ("painted", "painting", "painter", "paints"),
    "ride": ("rode", "riding", "rider", "rides"),
    "climb": ("climbed", "climbing", "climber", "climbs"),
    "dream": ("dreamed", "dreaming", "dreamer", "dreams"),
}
"""Each verb's past, ongoing form, doer and habit."""


def _key(relation: int, a: str, c: str) -> str:
    return f"{relation}:{':'.join(sorted((a, c)))}"


def _complete(rng: random.Random, table: Mapping[str, tuple[str, ...]], template: str) -> Draft:
    """The fourth term of a proportion whose first pair shows one of four relations."""
    relation = rng.randrange(4)
    a, c = pick(rng, list(table), 2)
    return draft(
        rng,
        _key(relation, a, c),
        f"{rng.choice(NAMES)} says {a} is to {table[a][relation]}",
        template.format(c=c),
        table[c][relation],
        table[c],
    )


def _things(rng: random.Random) -> Draft:
    """Relations between things of the world."""
    return _complete(rng, rng.choice(THINGS), "as {c} is to")


def _word_forms(rng: random.Random) -> Draft:
    """Relations between forms of a word."""
    return _complete(rng, VERB_FORMS, "like {c} and")


def _name_relation(rng: random.Random) -> Draft:
    """The relation itself, named, from two pairs that show it."""
    table, names = rng.choice(((ANIMALS, ANIMAL_RELATIONS), (WORKERS, WORK_RELATIONS)))
    relation = rng.randrange(4)
    a, c = pick(rng, list(table), 2)
    context = f"{rng.choice(NAMES)} pairs {a} with {table[a][relation]} and {c} with {table[c][relation]} ."
    return draft(rng, _key(relation, a, c), context, "both show a", names[relation], names)


def _same_pair(rng: random.Random) -> Draft:
    """The pair in which the same relation holds as in the given pair."""
    table = rng.choice(THINGS)
    a, *others = pick(rng, list(table), 5)
    relations = pick(rng, range(4), 4)
    options = [f"{word} {table[word][r]}" for word, r in zip(others, relations, strict=True)]
    context = f"{rng.choice(NAMES)} pairs {a} with {table[a][relations[0]]} ."
    return draft(rng, _key(relations[0], a, others[0]), context, "so goes the pair", options[0], options)


FAMILIES = (
    Family("things", _things),
    Family("word_forms", _word_forms),
    Family("name_relation", _name_relation),
    Family("same_pair", _same_pair),
)
