"""Plain knowledge: facts that most people know, asked for in a short question. A held-out key is a fact."""

from __future__ import annotations

from core.abilities.plain.facts import fact_family
from core.abilities.tables import read_tables

TABLES = read_tables("plain/long_term_knowledge")

FAMILIES = tuple(
    fact_family("long_term_knowledge", name, TABLES[name].pairs, questions)
    for name, *questions in TABLES["questions"].rows
)
