"""Words for the items of contextual recall: facts about people, things, places and invented peoples."""

from __future__ import annotations

from dataclasses import dataclass

from core.abilities.standard.names import NAMES


@dataclass(frozen=True)
class Trait:
    """A kind of fact about a person."""

    fact: str
    """What is said of the person, with a place for the value."""
    question: str
    """How it is asked, with a place for the person."""
    values: tuple[str, ...]


TRAITS: dict[str, Trait] = {
    "city": Trait(
        "lives in {}",
        "In which city does {} live?",
        (
            "Lyon", "Lima", "Oslo", "Kyoto", "Turin", "Quito", "Dublin", "Porto", "Tunis", "Leeds", "Perth",
            "Havana", "Geneva", "Nairobi", "Boston", "Krakow", "Riga", "Split", "Dakar", "Osaka",
        ),
    ),
    "pet": Trait(
        "keeps {}",
        "Which animal does {} keep?",
        (
            "a parrot", "a tortoise", "a rabbit", "a hamster", "a canary", "a goat", "a lizard", "a pony",
            "a spaniel", "a hedgehog", "a goose", "a ferret", "a poodle", "a raven", "a python", "a donkey",
        ),
    ),
    "instrument": Trait(
        "plays {}",
        "Which instrument does {} play?",
        (
            "the cello", "the flute", "the harp", "the trumpet", "the organ", "the banjo", "the oboe",
            "the violin", "the drums", "the clarinet", "the piano", "the guitar", "the tuba", "the zither",
        ),
    ),
    "collection": Trait(
        "collects {}",
        "What does {} collect?",
        (
            "stamps", "old maps", "teapots", "postcards", "fossils", "coins", "toy trains", "seashells",
            "wrist watches", "film posters", "cameras", "bottles", "beetles", "road signs", "door knobs",
        ),
    ),
    "language": Trait(
        "is learning {}",
        "Which language is {} learning?",
        (
            "Arabic", "Basque", "Czech", "Danish", "Finnish", "Greek", "Hindi", "Korean", "Latin", "Polish",
            "Swahili", "Swedish", "Turkish", "Welsh", "Zulu",
        ),
    ),
}  # fmt: skip
"""What a person has one of."""

JOBS: tuple[str, ...] = (
    "baker", "plumber", "teacher", "florist", "tailor", "nurse", "carpenter", "barber", "butcher", "pilot",
    "jeweller", "librarian", "gardener", "painter", "chemist", "welder",
)  # fmt: skip
"""Jobs; each takes the article a."""

RELATIONS: tuple[str, ...] = (
    "coach", "landlord", "dentist", "employer", "piano teacher", "doctor", "lawyer", "tutor", "hairdresser",
)  # fmt: skip
"""What one person can be to another; none of them holds both ways."""

THINGS: tuple[str, ...] = (
    "coin", "ring", "stamp", "key", "whistle", "compass", "thimble", "marble", "medal", "candle", "brooch",
    "locket", "chess piece", "pocket knife", "magnet",
)  # fmt: skip
"""Things small enough for a tin."""

COLOURS: tuple[str, ...] = ("red", "blue", "green", "yellow", "white", "black", "brown", "orange", "purple")
"""Colours."""

HOLDERS: tuple[str, ...] = (
    "wicker basket", "oak chest", "leather suitcase", "steel trunk", "canvas bag", "pine cupboard",
    "toolbox", "picnic hamper", "rucksack", "filing cabinet",
)  # fmt: skip
"""What a tin fits into and a person can move."""

ROOMS: tuple[str, ...] = (
    "kitchen", "cellar", "attic", "garage", "library", "study", "workshop", "pantry", "bedroom", "laundry",
    "hall", "nursery", "stable", "greenhouse",
)  # fmt: skip
"""Rooms of one large house."""

EVENTS: tuple[str, ...] = (
    "choir practice", "budget meeting", "chess evening", "first-aid course", "book club", "dance class",
    "safety briefing", "wine tasting", "poetry reading", "quiz night", "job interview", "staff lunch",
)  # fmt: skip
"""What can be planned and planned again."""

DAYS: tuple[str, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""Days of the week."""

PLANS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "day": (
        "The {e} is set for {v}.",
        "The {e} is moved to {v}.",
        "For which day was the {e} planned {when}?",
        DAYS,
    ),
    "room": (
        "The {e} is to be held in the {v}.",
        "The {e} is moved to the {v}.",
        "In which room was the {e} to be held {when}?",
        ROOMS,
    ),
    "leader": (
        "{v} is put in charge of the {e}.",
        "{v} takes over the {e}.",
        "Who was in charge of the {e} {when}?",
        NAMES,
    ),
}
"""What is planned of an event: how it is set, changed and asked, the values."""

DISHES: tuple[str, ...] = (
    "the mushroom soup", "the grilled trout", "the lentil curry", "the onion tart", "the lamb stew",
    "the pumpkin risotto", "the bean salad", "the roast chicken", "the cheese platter", "the beef noodles",
    "the potato pancakes", "the spinach omelette", "the fish pie", "the tomato pasta",
)  # fmt: skip
"""Dishes of one menu."""

GOODS: tuple[str, ...] = (
    "a torch", "a towel", "a map", "matches", "a rope", "soap", "a kettle", "candles", "a hammer", "socks",
    "a blanket", "a mirror", "bandages", "a radio", "string", "a whistle", "a tent", "gloves", "a bucket",
)  # fmt: skip
"""What is on a packing list."""

PROJECTS: tuple[str, ...] = (
    "Heron", "Falcon", "Otter", "Badger", "Lynx", "Condor", "Bison", "Gecko", "Marten", "Osprey", "Walrus",
    "Puffin", "Cobra", "Jackal",
)  # fmt: skip
"""Code names of projects."""

PEOPLES: tuple[str, ...] = (
    "Ravoni", "Telmari", "Oskeni", "Durvani", "Maluti", "Sarenni", "Belkori", "Yandari", "Ithuni", "Gorvani",
    "Pelasi", "Wethari",
)  # fmt: skip
"""Invented peoples, in the plural."""

CUSTOMS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "home": (
        "live in {}",
        "What do the people who {} live in?",
        ("tents", "caves", "houseboats", "tree houses", "stone towers", "clay huts", "longhouses", "wagons"),
    ),
    "trade": (
        "trade in {}",
        "What do the people who {} trade in?",
        ("salt", "amber", "wool", "pepper", "copper", "honey", "furs", "silk", "timber", "pearls"),
    ),
    "money": (
        "pay with {}",
        "What do the people who {} pay with?",
        ("shells", "beads", "iron rings", "cocoa beans", "feathers", "tea bricks", "silver bars", "buttons"),
    ),
    "feast": (
        "celebrate the Feast of {}",
        "Which feast do the people who {} celebrate?",
        ("Lanterns", "Ashes", "the First Snow", "Kites", "the Long Night", "Bells", "the Harvest", "Masks"),
    ),
}
"""Customs of a people: what is said, how it is asked of the people known by another custom, the values."""

RENAMED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "On a map in a novel, the names of six cities have been exchanged.",
        "city",
        ("Paris", "Rome", "Madrid", "Vienna", "Berlin", "London", "Athens", "Lisbon", "Moscow", "Cairo"),
    ),
    (
        "In a secret language, the names of six animals have been exchanged.",
        "animal",
        ("horse", "cow", "sheep", "goat", "dog", "cat", "pig", "hen", "duck", "mouse"),
    ),
    (
        "On an old sailor's map, the names of six colours have been exchanged.",
        "colour",
        ("red", "blue", "green", "yellow", "white", "black", "grey", "brown", "pink", "orange"),
    ),
    (
        "In a play, the names of six metals have been exchanged.",
        "metal",
        ("gold", "silver", "copper", "iron", "tin", "lead", "zinc", "nickel", "bronze", "steel"),
    ),
    (
        "In a children's game, the names of six fruits have been exchanged.",
        "fruit",
        ("apple", "pear", "plum", "cherry", "lemon", "grape", "peach", "melon", "fig", "banana"),
    ),
)  # fmt: skip
"""Worlds in which things bear one another's names: how it is told, the kind, the names."""
