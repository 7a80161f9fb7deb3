"""Semantic relations: same and opposite, kind and part, senses, categories, degrees, and roles of people.

In the families on words, the four options are all related to the word that is asked about, and the context
says in other words which relation, sense or position is meant. In the families on roles (who did what to
whom), the options are names, drawn anew for every item. Question and options alone give nothing away.
"""

from __future__ import annotations

import random

from core.abilities.drafting import (
    BASIC_NAMES,
    NAMES,
    capital,
    draft_from,
    draft_of,
    fact_family,
    families,
    family,
    group_family,
    kind_family,
    listed,
    pick,
    with_article,
)
from core.abilities.item import Draft, Family
from core.abilities.tables import MISSING, Table, entries, read_tables
from core.models.spec import Level

# Basic semantics: relations of adjectives and of nouns, who did what to whom, the relation of two words.
#
# All options belong to the asked word, each by another relation; the context says which is meant.

BASIC_TABLES = read_tables("basic/semantic_relationship")
ADJECTIVES, NOUNS = BASIC_TABLES["adjectives"], BASIC_TABLES["nouns"]
WORDINGS = {relation: wordings for relation, *wordings in BASIC_TABLES["relations"].rows}
BASIC_ASKED, PAIRS, NAMING = (
    BASIC_TABLES["asked"].texts,
    BASIC_TABLES["pairs"].texts,
    BASIC_TABLES["naming"].texts,
)
DEALS = BASIC_TABLES["deals"].rows


def _relate(rng: random.Random, table: Table) -> Draft:
    word, *related = rng.choice(table.rows)
    relation = rng.randrange(4)
    wordings = WORDINGS[table.columns[1 + relation]]
    told, asked = rng.randrange(3), rng.randrange(3)
    key, member = f"{word}:{relation}", (told * 3 + asked, 9)
    question = BASIC_ASKED[asked].format(word=word)
    return draft_from(rng, key, wordings[told], question, related[relation], related, member=member)


def _name_relation(rng: random.Random) -> Draft:
    table = rng.choice((ADJECTIVES, NOUNS))
    names = table.columns[1:]
    word, *related = rng.choice(table.rows)
    relation = rng.randrange(4)
    told, asked = rng.randrange(len(PAIRS)), rng.randrange(len(NAMING))
    context = PAIRS[told].format(word=word, other=related[relation], name=rng.choice(BASIC_NAMES))
    key, member = f"named:{word}:{relation}", (3 * told + asked, 12)
    return draft_from(rng, key, context, NAMING[asked], names[relation], names, member=member)


def _role(rng: random.Random) -> Draft:
    verb, *roles = (*rng.choice(DEALS), "helper", "friend")
    markers = ("by", "to", "with", "for")
    names, order, asked = pick(rng, BASIC_NAMES, 4), pick(rng, range(4), 4), rng.randrange(4)
    told = " ".join(f"{markers[i]} {names[i]}" for i in order)
    key = f"role:{verb}:{order}:{asked}"
    return draft_from(rng, key, f"it was {verb} {told} .", f"who was {roles[asked]} :", names[asked], names)


# Plain meaning: same and opposite, kind, whole of a part, roles in a deed.
#
# Of a word the options have both the same and the opposite, so the relation decides. A held-out key is a
# word, a thing or a deed that is asked about.

ABILITY = "semantic_relationship"
PLAIN_TABLES = read_tables("plain/semantic_relationship")
PLAIN_ASKED = dict(PLAIN_TABLES["asked"].pairs)

WORDS = [
    [(PLAIN_ASKED["same"].format(s=word), same), (PLAIN_ASKED["opposite"].format(s=word), opposite)]
    for word, same, opposite in PLAIN_TABLES["words"].rows
]
"""The two questions about each word, with their answers."""

PLAIN_ROLES = [
    [(does, first), (is_done, second)] for does, first, is_done, second in PLAIN_TABLES["roles"].rows
]
"""The two sides of each deed: what is done and who does it."""

PARTS = [(with_article(part), whole) for part, whole in PLAIN_TABLES["parts"].pairs]


TABLES = read_tables("standard/semantic_relationship")
CONTEXTS, QUESTIONS = TABLES["contexts"].lists, TABLES["questions"].lists
CLUES, RELATED = [wordings for _, *wordings in TABLES["clues"].rows], TABLES["related"].rows
LABELS, LABELLED = TABLES["labels"].texts, TABLES["labelled"].rows
SCALES, RANKS = TABLES["scales"].rows, TABLES["ranks"].rows
SENSES = read_tables("standard/semantic_senses")["senses"].blocks

CATEGORIES = [[entries(line) for (line,) in block.rows] for block in TABLES["categories"].blocks]
"""Groups of four neighbouring categories, each a tuple of its members."""

LADDERS = [(kind, chain) for kind in ("kind", "part") for chain in TABLES[f"{kind}s"].rows]
"""Chains, and what each word of a chain is of the next one."""

ROLES = read_tables("standard/semantic_roles")
VERBS, WANTED, NOT_CHOSEN = ROLES["verbs"].texts, ROLES["wanted"].texts, ROLES["not chosen"].texts
PATTERNS = [(sentence, entries(roles)) for sentence, roles in ROLES["patterns"].pairs]
TRANSFERS, THINGS, REPORTS = ROLES["transfers"].texts, ROLES["things"].texts, ROLES["reports"].texts
CONTROL, CONVERSES, ACTIONS = ROLES["control"].pairs, ROLES["converses"].rows, ROLES["actions"].pairs
IMPLICATIVES = [(clause, done == "yes") for clause, done in ROLES["implicatives"].pairs]


def _related(rng: random.Random) -> Draft:
    word, *relatives = rng.choice(RELATED)
    columns = rng.sample([i for i, relative in enumerate(relatives) if relative != MISSING], 4)
    gold = rng.randrange(4)
    clue = rng.choice(CLUES[columns[gold]]).format(w=word)
    quoted = clue.replace("“", "‘").replace("”", "’")
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["related"]).format(name=name, clue=clue, w=word, quoted=quoted)
    question = rng.choice(QUESTIONS["related"])
    return draft_of(f"related:{word}", context, question, [relatives[i] for i in columns], gold)


def _labels(rng: random.Random) -> Draft:
    row = rng.choice(LABELLED)
    gold = rng.randrange(4)
    first, second = row[gold].split()
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["labels"]).format(name=name, first=first, second=second)
    return draft_of(f"labels:{' / '.join(row)}", context, rng.choice(QUESTIONS["labels"]), LABELS, gold)


def _senses(rng: random.Random) -> Draft:
    (word,), senses = rng.choice(SENSES)
    gold = rng.randrange(4)
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["senses"]).format(name=name, word=word, example=senses[gold][1])
    question = rng.choice(QUESTIONS["senses"])
    return draft_of(f"senses:{word}", context, question, [sense for sense, _ in senses], gold)


def _categories(rng: random.Random) -> Draft:
    group = rng.choice(CATEGORIES)
    shown = rng.randrange(len(group[0]))
    gold = rng.randrange(4)
    options = [category[shown] for category in group]
    given = rng.sample([member for i, member in enumerate(group[gold]) if i != shown], 4)
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["categories"])
    context = context.format(name=name, words=", ".join(given), listed=listed(given))
    question = rng.choice(QUESTIONS["categories"])
    return draft_of(f"categories:{' / '.join(options)}", context, question, options, gold)


def _levels(rng: random.Random) -> Draft:
    relation, chain = rng.choice(LADDERS)
    gold = rng.randrange(len(chain))
    asked = rng.choice([i for i in (gold - 1, gold + 1) if 0 <= i < len(chain)])
    clue = rng.choice(TABLES["up" if asked < gold else "down"].texts).format(w=chain[asked])
    options = [word for i, word in enumerate(chain) if i != asked]
    shuffled = ", ".join(f"“{word}”" for word in rng.sample(chain, len(chain)))
    context = (
        f"Five words form a ladder: on it, each word names a {relation} of the word directly above it. In "
        f"no order, they are {shuffled}. {rng.choice(NAMES)} looks for {clue}."
    )
    key, question = f"levels:{relation}:{chain[0]}", rng.choice(QUESTIONS["levels"])
    return draft_of(key, context, question, options, options.index(chain[gold]))


def _scales(rng: random.Random) -> Draft:
    scale = rng.choice(SCALES)
    gold = rng.randrange(4)
    rank = rng.choice(RANKS[gold])
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["scales"]).format(name=name, rank=rank)
    return draft_of(f"scales:{'<'.join(scale)}", context, rng.choice(QUESTIONS["scales"]), scale, gold)


def past(verb: str) -> str:
    """The past tense of one of the VERBS, which is its past participle too."""
    return {"hug": "hugged"}.get(verb) or verb + ("d" if verb.endswith("e") else "ed")


def _events(rng: random.Random) -> Draft:
    number = rng.randrange(len(PATTERNS))
    pattern, roles = PATTERNS[number]
    verbs = [past(verb) for verb in rng.sample(VERBS, 3)]
    people = rng.sample(NAMES, 4)
    named = dict(zip("ABCD", people, strict=True))
    event = rng.randrange(len(roles))
    role = rng.randrange(2)
    question = f"Who was {verbs[event]}?" if role else f"Who {verbs[event]} someone?"
    key = f"events:{number}:{event}:{role}:{verbs[event]}"
    gold = "ABCD".index(roles[event][role])
    return draft_of(key, pattern.format(*verbs, **named), question, people, gold)


def _transfers(rng: random.Random) -> Draft:
    people = rng.sample(NAMES, 4)
    verbs = rng.sample(range(len(TRANSFERS)), 3)
    thing = rng.choice(THINGS)
    told = [TRANSFERS[v].format(a=people[i], b=people[i + 1], x=thing) for i, v in enumerate(verbs)]
    order = rng.sample(range(3), 3)
    gold = rng.randrange(4)
    context = (
        f"Over the years a {thing} changed hands three times. The facts are these, not always in the order "
        f"of time. {' '.join(told[i] for i in order)}"
    )
    rank = ("first", "second", "third", "last")[gold]
    question = f"Who was the {rank} of the four to have the {thing}?"
    return draft_of(f"transfers:{verbs}:{order}:{gold}", context, question, people, gold)


def _control(rng: random.Random) -> Draft:
    number, report = rng.randrange(len(CONTROL)), rng.randrange(len(REPORTS))
    pattern, doer = CONTROL[number]
    passive = rng.random() < 0.5
    verb = rng.choice(WANTED if passive else [verb for verb in VERBS if verb not in NOT_CHOSEN])
    people = a, b, c, d = rng.sample(NAMES, 4)
    infinitive = f"be {past(verb)} by {c}" if passive else f"{verb} {c}"
    clause = pattern.format(a=a, b=b, do=infinitive)
    asks_target = rng.random() < 0.5
    gold = "ab".index(doer) if passive == asks_target else 2
    question = f"Who was to be {past(verb)}?" if asks_target else f"Who was to {verb} someone?"
    key = f"control:{number}:{verb}:{passive}:{asks_target}"
    return draft_of(key, capital(REPORTS[report].format(d=d, clause=clause)), question, people, gold)


def _converses(rng: random.Random) -> Draft:
    numbers = rng.sample(range(len(CONVERSES)), 2)
    people = rng.sample(NAMES, 4)
    sides = [rng.randrange(2) for _ in numbers]
    facts = [
        CONVERSES[number][side].format(a=people[2 * i], b=people[2 * i + 1])
        for i, (number, side) in enumerate(zip(numbers, sides, strict=True))
    ]
    gold = rng.randrange(4)
    asked = gold // 2
    role = CONVERSES[numbers[asked]][2 + gold % 2]
    joint = rng.choice((", and ", ", while ", "; "))
    key = f"converses:{role}:{sides[asked]}:{numbers[1 - asked]}:{sides[1 - asked]}"
    return draft_of(key, f"{capital(joint.join(facts))}.", f"Who is the {role}?", people, gold)


def _implicatives(rng: random.Random) -> Draft:
    done = rng.random() < 0.5
    ones = rng.sample([i for i, (_, fact) in enumerate(IMPLICATIVES) if fact == done], 1)
    others = rng.sample([i for i, (_, fact) in enumerate(IMPLICATIVES) if fact != done], 3)
    people = rng.sample(NAMES, 4)
    act, acted = rng.choice(ACTIONS)
    told = [IMPLICATIVES[i][0].format(p=p, do=act) for i, p in zip(ones + others, people, strict=True)]
    context = " ".join(f"{text}." for text in rng.sample(told, 4))
    question = f"Who {acted}?" if done else f"Three of the four {acted}. Who did not?"
    return draft_of(f"implicatives:{ones}:{sorted(others)}:{act}", context, question, people)


FAMILIES: dict[Level, tuple[Family, ...]] = {
    "basic": (
        family("adjective", _relate, ADJECTIVES),
        family("noun", _relate, NOUNS),
        *families(_name_relation, _role),
    ),
    "plain": (
        group_family(ABILITY, "same_or_opposite", WORDS, ["{s}"], near=2),
        kind_family("kind", PLAIN_TABLES["kinds"].lists, PLAIN_TABLES["kind questions"].texts),
        fact_family(ABILITY, "whole_of_part", PARTS, PLAIN_TABLES["part questions"].texts),
        group_family(ABILITY, "role", PLAIN_ROLES, PLAIN_TABLES["role questions"].texts),
    ),
    "standard": (
        *families(_related, _labels, _senses, _categories, _levels, _scales),
        *families(_events, _transfers, _control, _converses, _implicatives),
    ),
}
