"""Analogies: a relation, a role, a position in an order or a pattern is carried over to something else.

The four options are all related to what is asked about, each in another way; the context shows which way is
meant. The question is general, so question and options alone give nothing away.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from core.abilities.drafting import (
    BASIC_NAMES,
    NAMES,
    capital,
    draft_from,
    draft_of,
    families,
    family,
    pick,
    sentence,
    with_article,
)
from core.abilities.item import Draft, Family
from core.abilities.tables import MISSING, Row, Table, read_tables
from core.models.spec import Level

# Basic analogies. All options belong to the asked word; the given pair says which relation is meant.

BASIC_TABLES = read_tables("basic/analogical_reasoning")
ANIMALS, WORKERS, VERBS = BASIC_TABLES["animals"], BASIC_TABLES["workers"], BASIC_TABLES["verbs"]
BASIC_THINGS = (ANIMALS, WORKERS)


def _key(relation: int, a: str, c: str) -> str:
    return f"{relation}:{':'.join(sorted((a, c)))}"


def _complete(rng: random.Random, table: Table, template: str) -> Draft:
    """The fourth term of a proportion whose first pair shows one of four relations."""
    relation = rng.randrange(4)
    (a, *of_a), (c, *of_c) = pick(rng, table.rows, 2)
    return draft_from(
        rng,
        _key(relation, a, c),
        f"{rng.choice(BASIC_NAMES)} says {a} is to {of_a[relation]}",
        template.format(c=c),
        of_c[relation],
        of_c,
    )


def _basic_things(rng: random.Random) -> Draft:
    return _complete(rng, rng.choice(BASIC_THINGS), "as {c} is to")


def _name_relation(rng: random.Random) -> Draft:
    table = rng.choice(BASIC_THINGS)
    names = table.columns[1:]
    relation = rng.randrange(4)
    (a, *of_a), (c, *of_c) = pick(rng, table.rows, 2)
    context = f"{rng.choice(BASIC_NAMES)} pairs {a} with {of_a[relation]} and {c} with {of_c[relation]} ."
    return draft_from(rng, _key(relation, a, c), context, "both show a", names[relation], names)


def _basic_same_pair(rng: random.Random) -> Draft:
    table = rng.choice(BASIC_THINGS)
    (a, *of_a), *others = pick(rng, table.rows, 5)
    relations = pick(rng, range(4), 4)
    options = [f"{word} {of_word[r]}" for (word, *of_word), r in zip(others, relations, strict=True)]
    context = f"{rng.choice(BASIC_NAMES)} pairs {a} with {of_a[relations[0]]} ."
    key = _key(relations[0], a, others[0][0])
    return draft_from(rng, key, context, "so goes the pair", options[0], options)


# Plain analogies: two pairs show a relation, and the asked word is given its partner in the same relation.
#
# All options are partners of the asked word, each by another relation; only the pairs say which is meant.

PLAIN_TABLES = read_tables("plain/analogical_reasoning")
TOLD = "{a} goes with {b}"
"""A pair, given or answered: after pairs told in the same words, the answer is a mapping."""


def _pair(rng: random.Random, table: Table) -> Draft:
    """The partner of a word, after two pairs; the key is the relation and the three words."""
    relation = rng.randrange(4)
    rows = pick(rng, table.rows, 3)
    while len({row[1 + relation] for row in rows}) < 3:  # a partner told already would be a copy
        rows = pick(rng, table.rows, 3)
    word, *partners = rows[-1]
    context = " ".join(sentence(TOLD.format(a=a, b=of_a[relation])) for a, *of_a in rows[:-1])
    options = [capital(TOLD.format(a=word, b=partner)) for partner in partners]
    key = f"{table.columns[1 + relation]}:{','.join(sorted(row[0] for row in rows))}"
    return draft_from(rng, key, context, f"What does {word} go with?", options[relation], options)


TABLES = read_tables("standard/analogical_reasoning")
THINGS = [TABLES[name].rows for name in ("animals", "workers", "objects", "countries")]
WORD_FORMS = TABLES["word forms"].rows
PAIRS = [block.rows for block in TABLES["pairs"].blocks]
ROLES, SYSTEMS, ORDERED = TABLES["roles"].texts, TABLES["systems"].rows, TABLES["ordered"].rows
CONTEXTS, QUESTIONS = TABLES["contexts"].lists, TABLES["questions"].lists

STORIES = list(read_tables("standard/analogical_stories")["stories"].lists.values())
"""Stories by pattern; four patterns in a row make a group."""

TASKS = read_tables("standard/analogical_stories")["tasks"].rows

LETTERS = "BDFHJLNPRTVX"
"""Consonants, so that strings of them make no words; none is the successor of another."""

CHANGES: tuple[Callable[[str], str], ...] = (
    lambda s: s[::-1],
    lambda s: s[1:] + s[0],
    lambda s: s[-1] + s[:-1],
    lambda s: s[1] + s[0] + s[2:],
    lambda s: s[:-2] + s[-1] + s[-2],
    lambda s: s[-1] + s[1:-1] + s[0],
    lambda s: s + s[0],
    lambda s: s + s[-1],
    lambda s: chr(ord(s[0]) + 1) + s[1:],
    lambda s: s[:-1] + chr(ord(s[-1]) + 1),
)
"""What can be done to a string of letters: other orders, a letter repeated, a letter replaced by the next."""


def _two(rng: random.Random, n: int) -> tuple[int, int, str]:
    """Two different numbers below n, and the key that both orders share."""
    a, b = rng.sample(range(n), 2)
    return a, b, f"{min(a, b)}-{max(a, b)}"


def _two_rows(rng: random.Random, table: Sequence[Row]) -> tuple[Row, Row, list[int]]:
    """Two rows of the table and four columns in which both have a word, and not the same one."""
    while True:
        a, b = rng.sample(table, 2)
        columns = [i for i in range(1, len(a)) if MISSING not in (a[i], b[i]) and a[i] != b[i]]
        if len(columns) >= 4:
            return a, b, rng.sample(columns, 4)


def _proportion(rng: random.Random, table: Sequence[Row], topic: str) -> Draft:
    """The fourth word of a proportion made of two rows of the table."""
    a, c, columns = _two_rows(rng, table)
    gold = rng.randrange(4)
    context = rng.choice(CONTEXTS["proportion"])
    context = context.format(a=a[0], b=a[columns[gold]], c=c[0], name=rng.choice(NAMES))
    key = f"{topic}:{'>'.join(sorted((a[0], c[0])))}"
    return draft_of(key, context, rng.choice(QUESTIONS["proportion"]), [c[i] for i in columns], gold)


def _things(rng: random.Random) -> Draft:
    return _proportion(rng, rng.choice(THINGS), "things")


def _same_pair(rng: random.Random) -> Draft:
    given, shown, key = _two(rng, len(PAIRS[0]))
    relations = rng.sample(range(len(PAIRS)), 4)
    gold = rng.randrange(4)
    a, b = PAIRS[relations[gold]][given]
    context = rng.choice(CONTEXTS["same_pair"]).format(a=a, b=b, name=rng.choice(NAMES))
    question = rng.choice(QUESTIONS["same_pair"])
    return draft_of(f"pair:{key}", context, question, [" – ".join(PAIRS[r][shown]) for r in relations], gold)


def _odd_pair(rng: random.Random) -> Draft:
    shown = rng.sample(range(len(PAIRS[0])), 4)
    common, odd = rng.sample(range(len(PAIRS)), 2)
    gold = rng.randrange(4)
    options = [" – ".join(PAIRS[odd if i == gold else common][number]) for i, number in enumerate(shown)]
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["odd_pair"]).format(name=name)
    key = f"odd:{'-'.join(map(str, sorted(shown)))}"
    return draft_of(key, context, rng.choice(QUESTIONS["odd_pair"]), options, gold)


def _systems(rng: random.Random) -> Draft:
    a, c, columns = _two_rows(rng, SYSTEMS)
    gold = rng.randrange(4)
    told = " ".join(f"Its {a[i]} {ROLES[i - 1]}." for i in rng.sample(columns, 4))
    parts = [c[i] for i in columns]
    rng.sample(parts, 4)  # a draw that is not used: without it every later item would change
    named = [with_article(part) for part in rng.sample(parts, 4)]
    context = (
        f"{capital(a[0])} can be compared with {c[0]}. Take {a[0]} first. {told} Now take {c[0]}: it has, "
        f"among other things, {', '.join(named[:3])} and {named[3]}. {rng.choice(NAMES)} looks for the "
        f"counterpart of the {a[columns[gold]]}."
    )
    key = f"system:{'>'.join(sorted((a[0], c[0])))}"
    return draft_of(key, context, rng.choice(QUESTIONS["systems"]), parts, gold)


def _ordered(rng: random.Random) -> Draft:
    first, second, key = _two(rng, len(ORDERED))
    gold = rng.randrange(4)
    (label, *members), (other_label, *other_members) = ORDERED[first], ORDERED[second]
    context = (
        f"Two lists are to be sorted. One holds {label}: {', '.join(rng.sample(members, 4))}. The other "
        f"holds {other_label}: {', '.join(rng.sample(other_members, 4))}. Sorted and laid side by side, "
        f"each member has a counterpart. {rng.choice(NAMES)} asks about “{members[gold]}”."
    )
    return draft_of(f"ordered:{key}", context, rng.choice(QUESTIONS["ordered"]), other_members, gold)


def _letters(rng: random.Random) -> Draft:
    length = rng.choice((4, 5))
    given, target = ("".join(rng.sample(LETTERS, length)) for _ in range(2))
    changes = rng.sample(CHANGES, 4)
    gold = rng.randrange(4)
    context = rng.choice(CONTEXTS["letters"])
    context = context.format(a=given, b=changes[gold](given), c=target, name=rng.choice(NAMES))
    question = rng.choice(QUESTIONS["letters"])
    options = [change(target) for change in changes]
    return draft_of(f"letters:{given}>{target}", context, question, options, gold)


def _stories(rng: random.Random) -> Draft:
    group = rng.randrange(len(STORIES) // 4)
    patterns = STORIES[4 * group : 4 * group + 4]
    given, shown, key = _two(rng, len(patterns[0]))
    gold = rng.randrange(4)
    context = rng.choice(CONTEXTS["stories"]).format(name=rng.choice(NAMES), story=patterns[gold][given])
    question = rng.choice(QUESTIONS["stories"])
    return draft_of(f"story:{group}:{key}", context, question, [p[shown] for p in patterns], gold)


def _remedies(rng: random.Random) -> Draft:
    first, second, key = _two(rng, len(TASKS))
    (task, *plans), (new, *new_plans) = TASKS[first], TASKS[second]
    columns = rng.sample(range(len(plans)), 4)
    gold = rng.randrange(4)
    name, other = rng.sample(NAMES, 2)
    context = rng.choice(CONTEXTS["remedies"])
    context = context.format(name=name, other=other, task=task, plan=plans[columns[gold]], new=new)
    question = rng.choice(QUESTIONS["remedies"])
    return draft_of(f"remedy:{key}", context, question, [capital(new_plans[i]) for i in columns], gold)


FAMILIES: dict[Level, tuple[Family, ...]] = {
    "basic": (
        *families(_basic_things),
        family("word_forms", _complete, VERBS, "like {c} and"),
        *families(_name_relation, _basic_same_pair),
    ),
    "plain": (
        family("animals", _pair, PLAIN_TABLES["animals"]),
        family("countries", _pair, PLAIN_TABLES["countries"]),
        family("qualities", _pair, PLAIN_TABLES["qualities"]),
        family("workers", _pair, PLAIN_TABLES["workers"]),
    ),
    "standard": (
        *families(_things),
        family("word_forms", _proportion, WORD_FORMS, "forms"),
        *families(_same_pair, _odd_pair, _systems, _ordered, _letters, _stories, _remedies),
    ),
}
