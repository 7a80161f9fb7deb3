"""Analogies: a relation, a role, a place in an order or a pattern is carried over to something else.

The four options are all related to what is asked about, each in another way; the context shows which way is
meant. The question never tells, so nothing is to be gained from question and options alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from core.abilities.item import Draft, Family
from core.abilities.standard.analogy_stories import STORIES, TASKS
from core.abilities.standard.analogy_words import MISSING, ORDERED, PAIRS, ROLES, SYSTEMS, THINGS, WORD_FORMS
from core.abilities.standard.names import NAMES
from core.abilities.standard.tables import capital, draft_of

PROPORTIONS = (
    "In a word game every card has a partner, and one rule fixes all partners. The partner of “{a}” is "
    "“{b}”. Then the card “{c}” is turned over.",
    "{name} matches words by one and the same rule. For “{a}” the rule gives “{b}”, and now “{c}” is next.",
    "On a worksheet, the left column has “{a}” and “{c}”. Next to “{a}”, {name} has already written “{b}”, "
    "and that is right. Both lines are to be completed in the same manner.",
    "“{a}” is to “{b}” as “{c}” is to another word, says the puzzle that {name} has been given.",
    "{name} pairs “{a}” with “{b}” and wants to pair “{c}” with a word according to the very same idea.",
)
"""Wordings that give one pair and the first word of another."""

PROPORTION_QUESTIONS = (
    "Which word is missing?",
    "Which of these completes the second pair?",
    "What comes out for the second word?",
    "Which answer follows the same rule?",
)
"""Questions after one of the PROPORTIONS."""

LETTERS = "BDFHJLNPRTVX"
"""Consonants, so that strings of them make no words; none is the successor of another."""

CHANGES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("reversed", lambda s: s[::-1]),
    ("first to the end", lambda s: s[1:] + s[0]),
    ("last to the front", lambda s: s[-1] + s[:-1]),
    ("first two swapped", lambda s: s[1] + s[0] + s[2:]),
    ("last two swapped", lambda s: s[:-2] + s[-1] + s[-2]),
    ("first and last swapped", lambda s: s[-1] + s[1:-1] + s[0]),
    ("first repeated at the end", lambda s: s + s[0]),
    ("last one doubled", lambda s: s + s[-1]),
    ("first replaced by its successor", lambda s: chr(ord(s[0]) + 1) + s[1:]),
    ("last replaced by its successor", lambda s: s[:-1] + chr(ord(s[-1]) + 1)),
)
"""What can be done to a string of letters."""


def _two(rng: random.Random, n: int) -> tuple[int, int, str]:
    """Two different numbers below n, and the key that both orders share."""
    a, b = rng.sample(range(n), 2)
    return a, b, f"{min(a, b)}-{max(a, b)}"


def _common(a: Sequence[str], b: Sequence[str]) -> list[int]:
    """The columns in which both rows have a word, and not the same one."""
    return [i for i in range(1, len(a)) if MISSING not in (a[i], b[i]) and a[i] != b[i]]


def _two_rows(
    rng: random.Random, table: Sequence[Sequence[str]]
) -> tuple[Sequence[str], Sequence[str], list[int]]:
    """Two rows of the table and four columns in which both differ."""
    while True:
        a, b = rng.sample(table, 2)
        columns = _common(a, b)
        if len(columns) >= 4:
            return a, b, rng.sample(columns, 4)


def _proportion(rng: random.Random, table: Sequence[Sequence[str]], topic: str) -> Draft:
    """The word in the fourth place of a proportion made of two rows of the table."""
    a, c, columns = _two_rows(rng, table)
    gold = rng.randrange(4)
    context = rng.choice(PROPORTIONS).format(a=a[0], b=a[columns[gold]], c=c[0], name=rng.choice(NAMES))
    key = f"{topic}:{'>'.join(sorted((a[0], c[0])))}"
    return draft_of(key, context, rng.choice(PROPORTION_QUESTIONS), [c[i] for i in columns], gold)


def _things(rng: random.Random) -> Draft:
    """The attribute of a thing that the other thing's attribute stands for."""
    return _proportion(rng, rng.choice(THINGS), "things")


def _word_forms(rng: random.Random) -> Draft:
    """The form or relative of a word that the other word's form stands for."""
    return _proportion(rng, WORD_FORMS, "forms")


def _same_pair(rng: random.Random) -> Draft:
    """The pair with the same relation as the given pair, among pairs with other relations."""
    given, shown, key = _two(rng, len(PAIRS[0]))
    relations = rng.sample(range(len(PAIRS)), 4)
    gold = rng.randrange(4)
    a, b = PAIRS[relations[gold]][given]
    context = rng.choice((
        "{name} collects pairs of words that belong together in one particular way. The first pair is “{a} "
        "– {b}”.",
        "The example on the blackboard reads “{a} – {b}”. The class, {name} among them, looks for a second "
        "pair whose two words stand in the same relation, in the same order.",
        "A quiz shows the pair “{a} – {b}”. {name} has to think about what the first word is to the second.",
    )).format(a=a, b=b, name=rng.choice(NAMES))  # fmt: skip
    question = rng.choice(
        ("Which pair is related in the same way?", "Which of these pairs matches the given one?")
    )
    return draft_of(f"pair:{key}", context, question, [" – ".join(PAIRS[r][shown]) for r in relations], gold)


def _odd_pair(rng: random.Random) -> Draft:
    """The one of four pairs whose relation is not that of the other three."""
    shown = rng.sample(range(len(PAIRS[0])), 4)
    common, odd = rng.sample(range(len(PAIRS)), 2)
    gold = rng.randrange(4)
    options = [" – ".join(PAIRS[odd if i == gold else common][place]) for i, place in enumerate(shown)]
    name = rng.choice(NAMES)
    context = rng.choice((
        f"{name} wrote down four pairs of words. In three of them the first word stands to the second in "
        "one and the same relation.",
        f"Four cards with two words each lie on the table. {name} notices that three of them were made "
        "after the same pattern and one was not.",
        f"A list of word pairs was meant to show one single relation, but, as {name} sees, one pair does "
        "not fit.",
    ))  # fmt: skip
    question = rng.choice(("Which pair is the odd one out?", "Which pair shows another relation?"))
    return draft_of(f"odd:{'-'.join(map(str, sorted(shown)))}", context, question, options, gold)


def _systems(rng: random.Random) -> Draft:
    """The part of one system that does what a part of another system does."""
    a, c, columns = _two_rows(rng, SYSTEMS)
    gold = rng.randrange(4)
    told = " ".join(f"Its {a[i]} {ROLES[i - 1]}." for i in rng.sample(columns, 4))
    parts = [c[i] for i in columns]
    listed = rng.sample(parts, 4)
    listed = [_with_article(part) for part in rng.sample(parts, 4)]
    context = (
        f"{capital(a[0])} can be compared with {c[0]}. Take {a[0]} first. {told} Now take {c[0]}: it has, "
        f"among other things, {', '.join(listed[:3])} and {listed[3]}. {rng.choice(NAMES)} looks for the "
        f"counterpart of the {a[columns[gold]]}."
    )
    key = f"system:{'>'.join(sorted((a[0], c[0])))}"
    question = rng.choice(("What does it correspond to in the second?", "Which part is the counterpart?"))
    return draft_of(key, context, question, parts, gold)


def _with_article(noun: str) -> str:
    """The noun after `a` or `an`, by its first letter."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _ordered(rng: random.Random) -> Draft:
    """The member of one ordered list that has the place which a given one has in another list."""
    first, second, key = _two(rng, len(ORDERED))
    gold = rng.randrange(4)
    (label, *members), (other_label, *other_members) = ORDERED[first], ORDERED[second]
    context = (
        f"Two lists are to be sorted. One holds {label}: {', '.join(rng.sample(members, 4))}. The other "
        f"holds {other_label}: {', '.join(rng.sample(other_members, 4))}. Sorted and laid side by side, "
        f"each member has a counterpart. {rng.choice(NAMES)} asks about “{members[gold]}”."
    )
    question = rng.choice(
        ("What is its counterpart?", "Which member of the other list is in the same place?")
    )
    return draft_of(f"ordered:{key}", context, question, other_members, gold)


def _letters(rng: random.Random) -> Draft:
    """A string of letters changed as another string was changed."""
    length = rng.choice((4, 5))
    given, target = ("".join(rng.sample(LETTERS, length)) for _ in range(2))
    changes = rng.sample(CHANGES, 4)
    gold = rng.randrange(4)
    context = rng.choice((
        "A machine changes strings of letters, always in the same manner. It turned {a} into {b}. Then "
        "{name} put in {c}.",
        "{name} writes in a secret code that treats every string of letters alike. {a} is written as {b}. "
        "The next string is {c}.",
        "If {a} becomes {b}, then {c} has to be changed likewise, {name} was told.",
    )).format(a=given, b=changes[gold][1](given), c=target, name=rng.choice(NAMES))  # fmt: skip
    question = rng.choice(("What is the result?", "What does it become?"))
    return draft_of(f"letters:{given}>{target}", context, question, [c(target) for _, c in changes], gold)


def _stories(rng: random.Random) -> Draft:
    """The story with the same pattern as the given one, about other things."""
    group = rng.randrange(len(STORIES) // 4)
    patterns = STORIES[4 * group : 4 * group + 4]
    given, shown, key = _two(rng, len(patterns[0]))
    gold = rng.randrange(4)
    intro = rng.choice((
        "{name} read this in an old calendar: {story}",
        "{name}'s grandmother used to tell a little story. {story}",
        "{story} That was in the newspaper, and it reminded {name} of something else.",
    ))  # fmt: skip
    context = intro.format(name=rng.choice(NAMES), story=patterns[gold][given])
    question = rng.choice(("Which of these has the same pattern?", "Which of these shows the same lesson?"))
    return draft_of(f"story:{group}:{key}", context, question, [p[shown] for p in patterns], gold)


def _remedies(rng: random.Random) -> Draft:
    """The way to do a task that follows the idea by which another task was done."""
    first, second, key = _two(rng, len(TASKS))
    a, c = TASKS[first], TASKS[second]
    columns = rng.sample(range(1, len(a)), 4)
    gold = rng.randrange(4)
    name, other = rng.sample(NAMES, 2)
    context = rng.choice((
        f"{name} had {a[0]}. The plan was to {a[columns[gold]]}, and that worked well. Now {other} has "
        f"{c[0]} and would like to go about it in the same spirit.",
        f"When {name} had {a[0]}, the advice was to {a[columns[gold]]}. {other} has {c[0]} and is given "
        "advice of exactly the same sort.",
    ))  # fmt: skip
    question = rng.choice(("Which plan follows the same idea?", "What is the matching plan?"))
    return draft_of(f"remedy:{key}", context, question, [capital(c[i]) for i in columns], gold)


FAMILIES: tuple[Family, ...] = (
    Family("things", _things),
    Family("word_forms", _word_forms),
    Family("same_pair", _same_pair),
    Family("odd_pair", _odd_pair),
    Family("systems", _systems),
    Family("ordered", _ordered),
    Family("letters", _letters),
    Family("stories", _stories),
    Family("remedies", _remedies),
)
"""The ways of thinking of this ability."""
