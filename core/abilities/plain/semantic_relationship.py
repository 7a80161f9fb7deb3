"""Plain meaning: same and opposite, kind, whole of a part, roles in a deed.

Of a word the options have both the same and the opposite, so the relation decides. A held-out key is a word,
a thing or a deed that is asked about.
"""

from __future__ import annotations

from core.abilities.drafting import with_article
from core.abilities.plain.facts import fact_family, group_family, kind_family
from core.abilities.tables import read_tables

ABILITY = "semantic_relationship"
TABLES = read_tables("plain/semantic_relationship")
ASKED = dict(TABLES["asked"].pairs)

WORDS = [
    [(ASKED["same"].format(s=word), same), (ASKED["opposite"].format(s=word), opposite)]
    for word, same, opposite in TABLES["words"].rows
]
"""The two questions about each word, with their answers."""

ROLES = [[(does, first), (is_done, second)] for does, first, is_done, second in TABLES["roles"].rows]
"""The two sides of each deed: what is done and who does it."""

PARTS = [(with_article(part), whole) for part, whole in TABLES["parts"].pairs]

FAMILIES = (
    group_family(ABILITY, "same_or_opposite", WORDS, ["{s}"], near=2),
    kind_family("kind", TABLES["kinds"].lists, TABLES["kind questions"].texts),
    fact_family(ABILITY, "whole_of_part", PARTS, TABLES["part questions"].texts),
    group_family(ABILITY, "role", ROLES, TABLES["role questions"].texts),
)
