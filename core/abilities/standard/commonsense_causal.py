"""Everyday cause and effect: results, reasons, prevention, what if, matter, feelings, means, chains.

The four options are the outcomes, reasons or means of one kind of situation, and the context decides which
of them it is; each is right in one of four sibling contexts, so question and options alone give nothing away.
"""

from __future__ import annotations

import random

from core.abilities.item import Draft, Family
from core.abilities.standard.causal_chains import CHAINS, OBJECTS
from core.abilities.standard.causal_matter import FEELINGS, MATTER
from core.abilities.standard.causal_settings import SETTINGS
from core.abilities.standard.names import NAMES
from core.abilities.standard.tables import capital, draft_of, sentence

Mishap = tuple[str, ...]
"""A cause, its effect, and what would have prevented it."""


def _setting(rng: random.Random) -> tuple[str, list[Mishap], int, str]:
    """An undertaking, its four mishaps, the number of one of them, and the key."""
    (doing,), *mishaps = rng.choice(SETTINGS)
    return doing, list(mishaps), rng.randrange(4), f"setting:{doing}"


def _effect(rng: random.Random) -> Draft:
    """What a mistake leads to."""
    doing, mishaps, gold, key = _setting(rng)
    other = rng.choice([i for i in range(4) if i != gold])
    name = rng.choice(NAMES)
    context = rng.choice((
        f"{name} was {doing}. Only one thing was not as it should be: {mishaps[gold][0]}.",
        f"{name} thought of nearly everything when {doing}, {mishaps[other][2]} included. Unfortunately, "
        f"{mishaps[gold][0]}.",
        f"{name} tells a story about {doing}. All went by the book but for one detail: {mishaps[gold][0]}.",
    ))  # fmt: skip
    question = rng.choice(("What is the most likely result?", "What probably happened next?"))
    return draft_of(key, context, question, [sentence(m[1]) for m in mishaps], gold)


def _cause(rng: random.Random) -> Draft:
    """What has led to a bad result."""
    doing, mishaps, gold, key = _setting(rng)
    name = rng.choice(NAMES)
    context = rng.choice((
        f"{name} was {doing}, and it did not go as planned: {mishaps[gold][1]}.",
        f"“How did it go?” somebody asked, for {name} had been {doing}. The answer was short: "
        f"“{sentence(mishaps[gold][1])}”",
        f"When {doing}, {name} had bad luck. In the end, {mishaps[gold][1]}.",
    ))  # fmt: skip
    question = rng.choice(("What is the most likely cause?", "What had most probably happened before?"))
    return draft_of(key, context, question, [sentence(m[0]) for m in mishaps], gold)


def _prevention(rng: random.Random) -> Draft:
    """What would have kept a bad result from happening."""
    doing, mishaps, gold, key = _setting(rng)
    name = rng.choice(NAMES)
    context = rng.choice((
        f"{name} was {doing}. The outcome was not a happy one: {mishaps[gold][1]}. Next time this is not to "
        "happen again.",
        f"After {doing}, {name} looks back in anger, for {mishaps[gold][1]}.",
        f"{name} writes a page of advice about {doing}, because of a bad experience: {mishaps[gold][1]}.",
    ))  # fmt: skip
    question = rng.choice(
        ("What would most likely have prevented it?", "Which precaution would have helped?")
    )
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
    question = rng.choice(("What would then not have happened?", "Which of these would have been avoided?"))
    return draft_of(key, context, question, [sentence(m[1]) for m in mishaps], gold)


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
    question = rng.choice(("What probably went wrong again?", "Which trouble was still to be expected?"))
    return draft_of(key, context, question, [sentence(m[1]) for m in mishaps], gold)


def _matter(rng: random.Random) -> Draft:
    """What happens to a thing of a certain material in a certain situation."""
    (event, *outcomes), *things = rng.choice(MATTER)
    row = rng.choice(things)
    gold = rng.randrange(4)
    context = event.format(p=rng.choice(NAMES), x=row[gold])
    question = rng.choice(("What is the most likely outcome?", "What happens to the thing?"))
    return draft_of(f"matter:{' / '.join(row)}", context, question, [f"It {o}." for o in outcomes], gold)


def _feelings(rng: random.Random) -> Draft:
    """What somebody feels who writes a certain line in a diary."""
    group = rng.randrange(len(FEELINGS) // 4)
    (labels, *lines) = zip(*FEELINGS[4 * group : 4 * group + 4], strict=True)
    row = rng.choice(lines)
    gold = rng.randrange(4)
    name = rng.choice(NAMES)
    context = rng.choice((
        f"{name} writes in a diary: “{row[gold]}”",
        f"“{row[gold]}” This is all that {name} says on the telephone.",
        f"A message from {name} has just come in. It reads: “{row[gold]}”",
    ))  # fmt: skip
    question = f"How does {name} most likely feel?"
    return draft_of(f"feelings:{row[0]}", context, question, [capital(label) for label in labels], gold)


def _means(rng: random.Random) -> Draft:
    """The object that meets a need, among objects that meet other needs."""
    block = rng.choice(OBJECTS)
    gold = rng.randrange(4)
    name = rng.choice(NAMES)
    need = block[gold][1]
    context = rng.choice((
        f"{name} is faced with this: {need}. Only four things are at hand.",
        f"{sentence(need)} {name} looks round, finds four things and takes one of them.",
        f"Help is needed, for {need}. {name} goes to the storeroom, where there is not much.",
    ))  # fmt: skip
    question = rng.choice(("Which of these is of most use?", "Which thing would help best?"))
    return draft_of(f"means:{block[0][0]}", context, question, [capital(thing) for thing, _ in block], gold)


def _chain(rng: random.Random) -> Draft:
    """The direct cause, or the direct result, of an event in a chain that is told out of order."""
    chain = rng.choice(CHAINS)
    gold = rng.randrange(len(chain))
    asked = rng.choice([i for i in (gold - 1, gold + 1) if 0 <= i < len(chain)])
    told = " ".join(map(sentence, rng.sample(chain, len(chain))))
    wanted = rng.choice(
        ("what was the direct cause of this", "the last link before this")
        if gold < asked
        else ("what was the direct result of this", "the first link after this")
    )
    context = (
        "These five events formed a chain, in which each led to the next, but here they are out of order. "
        f"{told} {rng.choice(NAMES)} picks one of them: “{sentence(chain[asked])}” The question is {wanted}."
    )
    options = [sentence(event) for i, event in enumerate(chain) if i != asked]
    question = rng.choice(("Which event is it?", "Which of the other events is asked for?"))
    return draft_of(f"chain:{chain[0]}", context, question, options, options.index(sentence(chain[gold])))


FAMILIES: tuple[Family, ...] = (
    Family("effect", _effect),
    Family("cause", _cause),
    Family("prevention", _prevention),
    Family("what_if", _what_if),
    Family("still_wrong", _still_wrong),
    Family("matter", _matter),
    Family("feelings", _feelings),
    Family("means", _means),
    Family("chain", _chain),
)
"""The ways of thinking of this ability."""
