"""Everyday cause and effect: results, reasons, prevention, what if, matter, feelings, means, chains.

The four options are the outcomes, reasons or means of one kind of situation, and the context decides which
of them it is; each is right in one of four sibling contexts, so question and options alone give nothing away.
"""

from __future__ import annotations

import random

from core.abilities.drafting import NAMES, capital, draft_of, families, sentence
from core.abilities.item import Draft
from core.abilities.tables import Row, read_tables

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
    """What a mistake leads to."""
    doing, mishaps, gold, key = _setting(rng)
    other = rng.choice([i for i in range(4) if i != gold])
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["effect"])
    context = context.format(name=name, doing=doing, cause=mishaps[gold][0], precaution=mishaps[other][2])
    return draft_of(key, context, rng.choice(QUESTIONS["effect"]), [sentence(m[1]) for m in mishaps], gold)


def _cause(rng: random.Random) -> Draft:
    """What has led to a bad result."""
    doing, mishaps, gold, key = _setting(rng)
    effect = mishaps[gold][1]
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["cause"])
    context = context.format(name=name, doing=doing, effect=effect, Effect=sentence(effect))
    return draft_of(key, context, rng.choice(QUESTIONS["cause"]), [sentence(m[0]) for m in mishaps], gold)


def _prevention(rng: random.Random) -> Draft:
    """What would have kept a bad result from happening."""
    doing, mishaps, gold, key = _setting(rng)
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["prevention"]).format(name=name, doing=doing, effect=mishaps[gold][1])
    question = rng.choice(QUESTIONS["prevention"])
    return draft_of(key, context, question, [capital(m[2]) for m in mishaps], gold)


def _what_if(rng: random.Random) -> Draft:
    """Which of four results would not have come about without one of four causes."""
    doing, mishaps, gold, key = _setting(rng)
    causes = [m[0] for m in rng.sample(mishaps, 4)]
    context = (
        f"{rng.choice(NAMES)} was {doing}, and four things went wrong. {' '.join(map(sentence, causes))} "
        "Each of these had a consequence. Now suppose that all had been just the same, except for one "
        f"point: it is not true that {mishaps[gold][0]}."
    )
    return draft_of(key, context, rng.choice(QUESTIONS["what_if"]), [sentence(m[1]) for m in mishaps], gold)


def _still_wrong(rng: random.Random) -> Draft:
    """Which of four mishaps happens again when three of them are provided against."""
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
    """What happens to a thing of a certain material in a certain situation."""
    (event, *outcomes), things = rng.choice(MATTER)
    row = rng.choice(things)
    gold = rng.randrange(4)
    context = event.format(p=rng.choice(NAMES), x=row[gold])
    options = [f"It {outcome}." for outcome in outcomes]
    return draft_of(f"matter:{' / '.join(row)}", context, rng.choice(QUESTIONS["matter"]), options, gold)


def _feelings(rng: random.Random) -> Draft:
    """What somebody feels who writes a certain line in a diary."""
    group = 4 * rng.randrange(len(FEELINGS) // 4)
    labels, lines = list(FEELINGS)[group : group + 4], list(FEELINGS.values())[group : group + 4]
    row = rng.choice(list(zip(*lines, strict=True)))
    gold = rng.randrange(4)
    name = rng.choice(NAMES)
    context = rng.choice(CONTEXTS["feelings"]).format(name=name, line=row[gold])
    question = f"How does {name} most likely feel?"
    return draft_of(f"feelings:{row[0]}", context, question, [capital(label) for label in labels], gold)


def _means(rng: random.Random) -> Draft:
    """The object that meets a need, among objects that meet other needs."""
    block = rng.choice(OBJECTS)
    gold = rng.randrange(4)
    name = rng.choice(NAMES)
    need = block[gold][1]
    context = rng.choice(CONTEXTS["means"]).format(name=name, need=need, Need=sentence(need))
    options = [capital(thing) for thing, _ in block]
    return draft_of(f"means:{block[0][0]}", context, rng.choice(QUESTIONS["means"]), options, gold)


def _chain(rng: random.Random) -> Draft:
    """The direct cause, or the direct result, of an event in a chain that is told out of order."""
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


FAMILIES = families(_effect, _cause, _prevention, _what_if, _still_wrong, _matter, _feelings, _means, _chain)
