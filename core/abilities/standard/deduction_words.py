"""Words for the items of deductive reasoning: kinds that nobody knows, traits, places, clubs, rules."""

from __future__ import annotations

from dataclasses import dataclass

KINDS: tuple[str, ...] = (
    "dax", "wug", "fep", "zib", "blick", "toma", "gorp", "lumf", "mib", "nard", "pell", "quen", "rond",
    "selk", "tarn", "vorp", "wex", "yim", "zant", "brill", "cruv", "dorl", "frim", "glon", "hask", "jelp",
    "kree", "lorb", "mard", "plim",
)  # fmt: skip
"""Invented nouns; each takes the article a."""

CREATURES: tuple[str, ...] = (
    "Rex", "Tiko", "Bolo", "Mimi", "Fipo", "Zuki", "Lumo", "Pip", "Kiki", "Odo", "Nim", "Tavi", "Ruli", "Gus",
)  # fmt: skip
"""Names of creatures that belong to such kinds."""

TRAITS: tuple[str, ...] = (
    "shy", "loud", "kind", "blue", "brave", "hungry", "furry", "small", "clever", "lazy", "fast", "cold",
    "round", "bright", "sleepy", "bitter", "smooth", "heavy", "quiet", "young",
)  # fmt: skip
"""Traits of which a creature can have any selection."""

PLACES: tuple[str, ...] = (
    "bakery", "library", "museum", "café", "bank", "cinema", "pharmacy", "market", "gallery", "theatre",
    "bookshop", "swimming pool", "post office", "tea room", "flower shop", "town hall",
)  # fmt: skip
"""Places that are open or closed; none stands for two of them."""

GROUPS: tuple[str, ...] = (
    "painters", "drummers", "swimmers", "gardeners", "cyclists", "singers", "dancers", "chess players",
    "climbers", "sailors", "bakers", "archers", "runners", "photographers", "skaters", "poets", "farmers",
)  # fmt: skip
"""Groups of members of one club; a member can be in any selection of them."""

COLOURS: tuple[str, ...] = ("red", "blue", "green", "yellow", "white", "orange", "purple", "pink", "brown")
"""Colours of lamps and boxes."""

DRINKS: tuple[str, ...] = ("tea", "coffee", "milk", "cocoa", "cider", "lemonade", "juice", "water", "beer")
"""Drinks."""


@dataclass(frozen=True)
class Regulation:
    """A grant and four conditions on which it may depend: three in favour and one against."""

    grant: str
    """Who is meant: goes after 'is granted to anyone who'."""
    question: str
    conditions: tuple[tuple[str, str], ...]
    """Each condition as said of a person who meets it, and of one who does not."""


REGULATIONS: tuple[Regulation, ...] = (
    Regulation(
        "The library lends the rare atlas to anyone who",
        "To whom does the library lend the atlas?",
        (
            ("is a student", "is not a student"),
            ("has a teacher's letter", "has no teacher's letter"),
            ("pays a deposit", "pays no deposit"),
            ("owes a fine", "owes no fine"),
        ),
    ),
    Regulation(
        "Entry to the pool is free for anyone who",
        "Who gets in for free?",
        (
            ("lives in the town", "does not live in the town"),
            ("is under twelve", "is not under twelve"),
            ("belongs to the swimming club", "does not belong to the swimming club"),
            ("was banned last year", "was not banned last year"),
        ),
    ),
    Regulation(
        "The airline upgrades anyone who",
        "Who gets an upgrade from the airline?",
        (
            ("holds a gold card", "holds no gold card"),
            ("booked early", "did not book early"),
            ("paid the full fare", "did not pay the full fare"),
            ("travels with a pet", "travels without a pet"),
        ),
    ),
    Regulation(
        "The firm pays a bonus to anyone who",
        "Who gets a bonus from the firm?",
        (
            ("met the sales target", "missed the sales target"),
            ("trained a colleague", "trained no colleague"),
            ("worked at a weekend", "worked at no weekend"),
            ("got a warning", "got no warning"),
        ),
    ),
    Regulation(
        "A place at the contest goes to anyone who",
        "Who gets a place at the contest?",
        (
            ("won the school round", "did not win the school round"),
            ("is in the maths club", "is not in the maths club"),
            ("has the best grade", "does not have the best grade"),
            ("missed a rehearsal", "missed no rehearsal"),
        ),
    ),
    Regulation(
        "Visits at night are allowed to anyone who",
        "Who may visit at night?",
        (
            ("is a relative", "is not a relative"),
            ("has a pass", "has no pass"),
            ("was called by a doctor", "was not called by a doctor"),
            ("has a cold", "has no cold"),
        ),
    ),
)
"""Grants and their conditions; the fourth condition is the one against."""


@dataclass(frozen=True)
class Measure:
    """What people are ranked by."""

    plain: str
    more: str
    less: str
    most: str
    least: str


MEASURES: tuple[Measure, ...] = (
    Measure("tall", "taller", "shorter", "tallest", "shortest"),
    Measure("old", "older", "younger", "oldest", "youngest"),
    Measure("fast", "faster", "slower", "fastest", "slowest"),
    Measure("rich", "richer", "poorer", "richest", "poorest"),
    Measure("strong", "stronger", "weaker", "strongest", "weakest"),
)
"""What people are ranked by."""

WEEKDAYS: tuple[str, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday")
"""The four days of a duty roster, in order."""
