"""Everyday cause and effect: results, reasons, prevention, what if, matter, feelings, means, chains.

The four options are the outcomes, reasons or means of one kind of situation, and the context decides which
of them it is; each is right in one of four sibling contexts, so question and options alone give nothing away.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from core.abilities.drafting import BASIC_NAMES, NAMES, capital, draft_from, draft_of, families, sentence
from core.abilities.item import Draft, Family
from core.abilities.tables import MISSING, Row, Table, entries, read_tables
from core.models.spec import Level

# Basic cause and effect: what becomes of a thing, what did it, what helps, what one feels.

BASIC_TABLES = read_tables("basic/commonsense_causal")
MATERIALS = list(BASIC_TABLES["materials"].lists.items())
BASIC_EVENTS = BASIC_TABLES["events"].rows
REMEDIES = BASIC_TABLES["remedies"].rows
TROUBLES, HELPS = BASIC_TABLES["troubles"].texts, BASIC_TABLES["helps"].texts
BASIC_FEELINGS = BASIC_TABLES["feelings"].lists
FEELING_FORMS = BASIC_TABLES["feeling forms"].rows


def _basic_effect(rng: random.Random) -> Draft:
    number, index = rng.randrange(4), rng.randrange(6)
    cause, happened, *outcomes = rng.choice(BASIC_EVENTS)
    material, things = MATERIALS[number]
    context = f"the {things[index]} of {rng.choice(BASIC_NAMES)} {happened} ."
    key, member = f"{material}:{cause}", (index, 6)
    return draft_from(rng, key, context, "there it", outcomes[number], outcomes, member=member)


def _basic_cause(rng: random.Random) -> Draft:
    number, index = rng.randrange(4), rng.randrange(6)
    cause, _, *outcomes = rng.choice(BASIC_EVENTS)
    material, things = MATERIALS[number]
    context = f"the {things[index]} of {rng.choice(BASIC_NAMES)} {outcomes[number]} ."
    causes = [row[0] for row in BASIC_EVENTS]
    key, member = f"{material}:{cause}", (index, 6)
    return draft_from(rng, key, context, "this was done by the", cause, causes, member=member)


def _remedy(rng: random.Random) -> Draft:
    trouble, remedy = rng.choice(REMEDIES)
    told, asked = rng.randrange(4), rng.randrange(3)
    context = TROUBLES[told].format(name=rng.choice(BASIC_NAMES), trouble=trouble)
    pool, member = [row[1] for row in REMEDIES], (told * 3 + asked, 12)
    return draft_from(rng, trouble, context, HELPS[asked], remedy, pool, member=member)


def _basic_feeling(rng: random.Random) -> Draft:
    feeling = rng.choice(list(BASIC_FEELINGS))
    index, number, name = rng.randrange(5), rng.randrange(4), rng.choice(BASIC_NAMES)
    event = BASIC_FEELINGS[feeling][index]
    told, asked = (form.format(name=name, event=event) for form in FEELING_FORMS[number])
    key, member = f"{feeling}:{number}", (index, 5)
    return draft_from(rng, key, told, asked, feeling, list(BASIC_FEELINGS), member=member)


# Plain cause and effect: how somebody feels, what becomes of a thing, what caused it, what is needed.
#
# The event is in the context; question and options are the same whatever happened.

PLAIN_TABLES = read_tables("plain/commonsense_causal")
NEEDS = PLAIN_TABLES["needs"].lists
CONTAINERS, DAYS, NEEDING = (PLAIN_TABLES[name].texts for name in ("containers", "days", "needing"))


class Outcome(NamedTuple):
    """One of the possible answers of a table."""

    events: tuple[str, ...]
    """What leads to it, or what it leads to."""
    also: frozenset[str]
    """Other answers that may be right, too: never shown beside it."""


def _outcomes(table: Table) -> dict[str, Outcome]:
    return {
        title[0]: Outcome(tuple(event for (event,) in rows), frozenset(entries(title[1])) - {MISSING})
        for title, rows in table.blocks
    }


PLAIN_FEELINGS = _outcomes(PLAIN_TABLES["feelings"])
STATES = _outcomes(PLAIN_TABLES["states"])
CAUSES = _outcomes(PLAIN_TABLES["causes"])


def _drawn(
    rng: random.Random, outcomes: Mapping[str, Outcome], told: str, question: str, answer: str
) -> Draft:
    """An item about one of a table's events, which takes the place of `{event}` in `told`.

    The key is the answer's group of events, of which a fifth is held out.
    """
    right = rng.choice(list(outcomes))
    events, also = outcomes[right]
    index = rng.randrange(len(events))
    pool = [answer.format(other) for other in outcomes if other not in also]
    context, member = told.replace("{event}", events[index]), (index, len(events))
    return draft_from(rng, right, context, question, answer.format(right), pool, member=member)


def _plain_feeling(rng: random.Random) -> Draft:
    name, after = rng.choice(BASIC_NAMES), rng.choice(("afterwards", "after that"))
    return _drawn(rng, PLAIN_FEELINGS, f"{name} {{event}}.", f"How was {name} {after}?", f"{name} was {{}}")


def _state(rng: random.Random) -> Draft:
    name, thing = rng.choice(BASIC_NAMES), rng.choice(CONTAINERS)
    question, answer = f"What is the {thing} like now?", f"Now the {thing} is {{}}"
    draft = _drawn(rng, STATES, f"{name} {{event}}.", question, answer)
    return replace(draft, context=draft.context.format(thing=thing))


def _plain_cause(rng: random.Random) -> Draft:
    day = rng.choice(DAYS)
    return _drawn(
        rng, CAUSES, f"On {day} {{event}}.", f"What caused this on {day}?", "It was caused by the {}"
    )


def _need(rng: random.Random) -> Draft:
    thing, name, index = rng.choice(list(NEEDS)), rng.choice(BASIC_NAMES), rng.randrange(2)
    pool = [f"{name} needs the {other}" for other in NEEDS]
    context, question = f"{name} {NEEDS[thing][index]}.", rng.choice(NEEDING).format(name=name)
    return draft_from(rng, thing, context, question, f"{name} needs the {thing}", pool, member=(index, 2))


EVENTS = read_tables("standard/causal_events")
CHAINS, MATTER, FEELINGS = EVENTS["chains"].rows, EVENTS["matter"].blocks, EVENTS["feelings"].lists
OBJECTS = [block.rows for block in read_tables("standard/causal_objects")["objects"].blocks]

SETTINGS = read_tables("standard/causal_settings")["settings"].blocks
"""Undertakings, each with four mishaps: a cause, its effect, and what would have prevented it."""

WORDINGS = read_tables("standard/causal_wordings")
CONTEXTS, QUESTIONS = WORDINGS["contexts"].lists, WORDINGS["questions"].lists


def _setting(rng: random.Random) -> tuple[str, list[Row], int, str]:
    """An undertaking, its four mishaps, the number of one of them, and the key."""
    (doing,), mishaps = rng.choice(SETTINGS)
    return doing, mishaps, rng.randrange(4), f"setting:{doing}"


def _effect(rng: random.Random) -> Draft:
    doing, mishaps, gold, key = _setting(rng)
    other = rng.choice([i for i in range(4) if i != gold])
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["effect"])
    context = context.format(name=name, doing=doing, cause=mishaps[gold][0], precaution=mishaps[other][2])
    return draft_of(key, context, rng.choice(QUESTIONS["effect"]), [sentence(m[1]) for m in mishaps], gold)


def _cause(rng: random.Random) -> Draft:
    doing, mishaps, gold, key = _setting(rng)
    effect = mishaps[gold][1]
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["cause"])
    context = context.format(name=name, doing=doing, effect=effect, Effect=sentence(effect))
    return draft_of(key, context, rng.choice(QUESTIONS["cause"]), [sentence(m[0]) for m in mishaps], gold)


def _prevention(rng: random.Random) -> Draft:
    doing, mishaps, gold, key = _setting(rng)
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["prevention"]).format(name=name, doing=doing, effect=mishaps[gold][1])
    question = rng.choice(QUESTIONS["prevention"])
    return draft_of(key, context, question, [capital(m[2]) for m in mishaps], gold)


def _what_if(rng: random.Random) -> Draft:
    doing, mishaps, gold, key = _setting(rng)
    causes = [m[0] for m in rng.sample(mishaps, 4)]
    context = (
        f"{rng.choice(NAMES)} was {doing}, and four things went wrong. {' '.join(map(sentence, causes))} "
        "Each of these had a consequence. Now suppose that all had been just the same, except for one "
        f"point: it is not true that {mishaps[gold][0]}."
    )
    return draft_of(key, context, rng.choice(QUESTIONS["what_if"]), [sentence(m[1]) for m in mishaps], gold)


def _still_wrong(rng: random.Random) -> Draft:
    doing, mishaps, gold, key = _setting(rng)
    taken = [m[2] for m in rng.sample([m for m in mishaps if m is not mishaps[gold]], 3)]
    name, friend = rng.sample(NAMES, 2)
    context = (
        f"{name} was {doing}, and everything went wrong that could. Before the second attempt, {friend} "
        f"gave some advice, and {name} took it: {taken[0]}, {taken[1]} and {taken[2]}. Apart from that, all "
        "was done as before."
    )
    question = rng.choice(QUESTIONS["still_wrong"])
    return draft_of(key, context, question, [sentence(m[1]) for m in mishaps], gold)


def _matter(rng: random.Random) -> Draft:
    (event, *outcomes), things = rng.choice(MATTER)
    row = rng.choice(things)
    gold = rng.randrange(4)
    context = event.format(p=rng.choice(NAMES), x=row[gold])
    options = [f"It {outcome}." for outcome in outcomes]
    return draft_of(f"matter:{' / '.join(row)}", context, rng.choice(QUESTIONS["matter"]), options, gold)


def _feelings(rng: random.Random) -> Draft:
    group = 4 * rng.randrange(len(FEELINGS) // 4)
    labels, lines = list(FEELINGS)[group : group + 4], list(FEELINGS.values())[group : group + 4]
    row = rng.choice(list(zip(*lines, strict=True)))
    gold = rng.randrange(4)
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["feelings"]).format(name=name, line=row[gold])
    question = f"How does {name} most likely feel?"
    return draft_of(f"feelings:{row[0]}", context, question, [capital(label) for label in labels], gold)


def _means(rng: random.Random) -> Draft:
    block = rng.choice(OBJECTS)
    gold = rng.randrange(4)
    name = rng.choice(NAMES)
    need = block[gold][1]
    context = rng.choice(CONTEXTS["means"]).format(name=name, need=need, Need=sentence(need))
    options = [capital(thing) for thing, _ in block]
    return draft_of(f"means:{block[0][0]}", context, rng.choice(QUESTIONS["means"]), options, gold)


def _chain(rng: random.Random) -> Draft:
    chain = rng.choice(CHAINS)
    gold = rng.randrange(len(chain))
    asked = rng.choice([i for i in (gold - 1, gold + 1) if 0 <= i < len(chain)])
    told = " ".join(map(sentence, rng.sample(chain, len(chain))))
    wanted = rng.choice(QUESTIONS["direct cause" if gold < asked else "direct result"])
    context = (
        "These five events formed a chain, in which each led to the next, but here they are out of order. "
        f"{told} {rng.choice(NAMES)} picks one of them: “{sentence(chain[asked])}” The question is {wanted}."
    )
    options = [sentence(event) for i, event in enumerate(chain) if i != asked]
    question = rng.choice(QUESTIONS["chain"])
    return draft_of(f"chain:{chain[0]}", context, question, options, options.index(sentence(chain[gold])))


FAMILIES: dict[Level, tuple[Family, ...]] = {
    "basic": families(_basic_effect, _basic_cause, _remedy, _basic_feeling),
    "plain": families(_plain_feeling, _state, _plain_cause, _need),
    "standard": families(
        _effect, _cause, _prevention, _what_if, _still_wrong, _matter, _feelings, _means, _chain
    ),
}
