"""The forms that items on facts take: a pair, a member of a group, an order, a true or a false statement.

In every form but the order, four facts of one split are drawn, and any of them may become the right one:
in both splits, an option is right in a quarter of the items that show it, so its words alone tell nothing.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.abilities.generate import split_of
from core.abilities.item import SPLITS, Draft, Family
from core.abilities.standard.names import NAMES

ABILITY = "long_term_knowledge"

Fact = tuple[str, str]
"""What is asked about, and the answer."""


class Phrasing(NamedTuple):
    """One way to ask; `{s}` is what is asked about, `{name}` a person."""

    context: str
    question: str


class Table(NamedTuple):
    """Facts of one kind and the sentences that state them."""

    name: str
    facts: Sequence[Fact]
    sentences: Sequence[str]
    """`{s}` is what is asked about, `{a}` the answer."""


class _Pool(NamedTuple):
    """The facts that one split may ask about with one phrasing."""

    phrasing: int
    facts: list[Fact]


def pair_family(name: str, facts: Sequence[Fact], phrasings: Sequence[Phrasing], near: int = 12) -> Family:
    """Asks for the answer of a fact; the other options are the answers of facts near it in the table.

    The key is fact and phrasing.

    Args:
        name: of the family.
        facts: neighbours resemble each other.
        phrasings: ways to ask.
        near: how many neighbours in a row (of one split) the four facts are drawn from.
    """
    pools = [pool for pool in _pools(name, facts, len(phrasings)) if _variety(pool.facts) >= 4]

    def draw(rng: random.Random) -> Draft:
        pool = rng.choice(pools)
        gold, *others = _unlike_facts(rng, pool.facts, 4, near)
        return _draft(
            rng,
            key=_key(name, pool.phrasing, gold[0]),
            phrasing=phrasings[pool.phrasing],
            subject=gold[0],
            options=[fact[1] for fact in (gold, *others)],
        )

    return Family(name, draw)


def member_family(name: str, groups: Mapping[str, Sequence[str]], phrasings: Sequence[Phrasing]) -> Family:
    """Asks which of four belongs to a group, the others being of three other groups.

    The key is the right member and the phrasing.
    """
    facts = [(member, group) for group, members in groups.items() for member in members]
    pools = [pool for pool in _pools(name, facts, len(phrasings)) if _variety(pool.facts) >= 4]

    def draw(rng: random.Random) -> Draft:
        pool = rng.choice(pools)
        groups_here = rng.sample(sorted({group for _, group in pool.facts}), 4)
        members = [rng.choice([m for m, group in pool.facts if group == here]) for here in groups_here]
        return _draft(
            rng,
            key=_key(name, pool.phrasing, members[0]),
            phrasing=phrasings[pool.phrasing],
            subject=groups_here[0],
            options=members,
        )

    return Family(name, draw)


def order_family(
    name: str,
    values: Sequence[tuple[str, float]],
    first: Sequence[Phrasing],
    last: Sequence[Phrasing],
    gap: float,
    near: int = 16,
) -> Family:
    """Asks for the first or the last of four in an order; the key is the set of four.

    Args:
        name: of the family.
        values: what is ordered, with its place, sorted by it.
        first: ways to ask for the one with the lowest value.
        last: ways to ask for the one with the highest value.
        gap: least difference between the right one's value and any other's.
        near: how many of the next in the order the others are drawn from.
    """

    def draw(rng: random.Random) -> Draft:
        phrasings, line = rng.choice([(first, values), (last, values[::-1])])
        beyond: list[tuple[str, float]] = []
        while len(beyond) < 3:
            place = rng.randrange(len(line) - 3)
            gold = line[place]
            beyond = [other for other in line[place + 1 :] if abs(other[1] - gold[1]) >= gap][:near]
        options = [gold[0], *(other[0] for other in rng.sample(beyond, 3))]
        key = f"{name}/{'|'.join(sorted(options))}"
        return _draft(rng, key=key, phrasing=rng.choice(phrasings), subject="", options=options)

    return Family(name, draw)


def statement_family(name: str, tables: Sequence[Table], phrasings: Sequence[Phrasing], gold: bool) -> Family:
    """Asks for the one true statement of four (gold is True) or for the one false statement (gold is False).

    The key is the fact and the sentence that states it, whatever the question; a false statement joins a
    fact's subject to another one's answer. True and false statements share their keys.
    """
    pools = [
        (table, pool)
        for table in tables
        for pool in _pools(f"statement/{table.name}", table.facts, len(table.sentences))
        if _variety(pool.facts) >= 5
    ]

    def draw(rng: random.Random) -> Draft:
        table, pool = rng.choice(pools)
        facts = _unlike_facts(rng, pool.facts, 5, near=20)
        if gold:
            answers = [facts[0][1], facts[2][1], facts[3][1], facts[1][1]]
        else:
            answers = [facts[4][1], facts[1][1], facts[2][1], facts[3][1]]
        sentence = table.sentences[pool.phrasing]
        return _draft(
            rng,
            key=_key(f"statement/{table.name}", pool.phrasing, facts[0][0]),
            phrasing=rng.choice(phrasings),
            subject="",
            options=[
                _sentence(sentence.format(s=fact[0], a=answer))
                for fact, answer in zip(facts, answers, strict=False)
            ],
        )

    return Family(name, draw)


def _pools(name: str, facts: Sequence[Fact], n_phrasings: int) -> list[_Pool]:
    """For every phrasing and split, the facts whose keys belong to that split, in the table's order."""
    return [
        _Pool(i, [fact for fact in facts if split_of(ABILITY, _key(name, i, fact[0])) == split])
        for i in range(n_phrasings)
        for split in SPLITS
    ]


def _key(name: str, phrasing: int, subject: str) -> str:
    return f"{name}/{phrasing}/{subject}"


def _variety(facts: Sequence[Fact]) -> int:
    """How many facts can stand together without sharing a subject or an answer."""
    return min(len({subject for subject, _ in facts}), len({answer for _, answer in facts}))


def _unlike_facts(rng: random.Random, facts: Sequence[Fact], n: int, near: int) -> list[Fact]:
    """Draws n facts that share no subject and no answer, from a stretch of the table if it has that many."""
    start = rng.randrange(max(1, len(facts) - near + 1))
    stretch = facts[start : start + near]
    by_subject = {fact[0]: fact for fact in rng.sample(stretch, len(stretch))}
    by_answer = {fact[1]: fact for fact in by_subject.values()}
    if len(by_answer) < n:
        return _unlike_facts(rng, facts, n, 2 * near)
    return rng.sample(list(by_answer.values()), n)


def _draft(
    rng: random.Random, *, key: str, phrasing: Phrasing, subject: str, options: Sequence[str]
) -> Draft:
    """The draft of a phrasing filled in; the first option is the right one."""
    name = rng.choice(NAMES)
    answer, first, second, third = options
    return Draft(
        key=key,
        context=_sentence(phrasing.context.format(s=subject, name=name)),
        question=_sentence(phrasing.question.format(s=subject, name=name)),
        answer=answer,
        distractors=(first, second, third),
    )


def _sentence(text: str) -> str:
    """The text with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]
