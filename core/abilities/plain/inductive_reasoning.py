"""Plain induction: the kind behind examples, the change behind examples, the next number of a row."""

from __future__ import annotations

import random

from core.abilities.drafting import BASIC_NAMES, draft_from, draft_of, families, pick
from core.abilities.item import Draft
from core.abilities.tables import read_tables

TABLES = read_tables("plain/inductive_reasoning")
KINDS, LISTS = TABLES["kinds"].lists, TABLES["lists"].texts
VERBS = TABLES["verbs"].rows
STEPS = (2, 3, 5, 10)
"""Steps of the rows of numbers; the options are the last number plus each of them."""


def _kind(rng: random.Random) -> Draft:
    """What three things have in common."""
    kind = rng.choice(list(KINDS))
    members = pick(rng, KINDS[kind], 3)
    context = rng.choice(LISTS).format(a=members[0], b=members[1], c=members[2])
    pool = [f"They are all {other}" for other in KINDS]
    key = f"kind:{','.join(sorted(members))}"
    return draft_from(rng, key, context, "What are they all?", f"They are all {kind}", pool)


def _change(rng: random.Random) -> Draft:
    """What becomes of a word by the change that two examples show."""
    form = rng.randrange(4)
    rows = pick(rng, VERBS, 3)
    verb, *forms = rows[-1]
    context = " ".join(f"The machine turns {v} into {of_v[form]}." for v, *of_v in rows[:-1])
    options = [f"It turns {verb} into {other}" for other in forms]
    key = f"change:{form}:{','.join(sorted(row[0] for row in rows))}"
    return draft_from(rng, key, context, f"What does it turn {verb} into?", options[form], options)


def _numbers(rng: random.Random) -> Draft:
    """The next number of a row with a constant step."""
    step, last = rng.randrange(4), rng.randrange(31, 200)
    shown = [last - STEPS[step] * back for back in (3, 2, 1, 0)]
    options = [f"{last}, {last + other}" for other in STEPS]
    context = f"{rng.choice(BASIC_NAMES)} counts {', '.join(map(str, shown))}."
    return draft_of(f"numbers:{last}", context, f"What comes after {last}?", options, step)


FAMILIES = families(_kind, _change, _numbers)
