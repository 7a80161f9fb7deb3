"""Generates the diagnostic items of an ability: split by key, distinct, no answer given away by its words."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module

from core.abilities.catalogue import find_ability
from core.abilities.item import Draft, Family, Item, Split
from core.models.spec import Level

GENERATOR_VERSION = 1
"""Raised whenever any generated item changes; part of every cache key that depends on items."""

HELDOUT_PERCENT = 20
"""Share of the keys that belong to the held-out split, in percent."""

MAX_MISSES = 3000
"""Draws in a row of one family that gave nothing new, after which it counts as exhausted."""

PATIENCE = 40
"""Draws that a family may miss in a row before the demand for balance is lowered by one step."""


def families_of(ability: str, level: Level) -> tuple[Family, ...]:
    """The families of an ability at a level, in a fixed order.

    Raises:
        ValueError: the ability is unknown.
    """
    find_ability(ability)
    module = import_module(f"core.abilities.generators.{ability}")
    families: dict[Level, tuple[Family, ...]] = module.FAMILIES
    return families[level]


@cache
def generate_items(ability: str, level: Level, split: Split, n: int, seed: int = 0) -> tuple[Item, ...]:
    """The first n distinct items, the families taking turns; the same arguments give the same items.

    Raises:
        ValueError: the ability is unknown or has fewer than n distinct items.
    """
    return tuple(draw_items(ability, families_of(ability, level), level, split, n, seed))


class Balance:
    """Keeps every option text right in a quarter of the items that show it.

    Holding out keys at random leaves some options right more often in one split and less often in the
    other; whoever learns that could answer without thinking. So a draft is rejected if its answer has been
    right more than its share, measured against its own distractors.
    """

    def __init__(self) -> None:
        self._surplus: Counter[tuple[str, str]] = Counter()

    def accepts(self, draft: Draft, slack: int) -> bool:
        """Whether the answer's surplus is at most `slack` rights above its distractors' mean."""
        return all(
            self._surplus[scope, draft.answer]
            <= sum(self._surplus[scope, wrong] for wrong in draft.distractors) / 3 + 4 * slack
            for scope in ("", draft.question)
        )

    def add(self, draft: Draft) -> None:
        """Counts an accepted draft."""
        for scope in ("", draft.question):
            self._surplus[scope, draft.answer] += 3
            for wrong in draft.distractors:
                self._surplus[scope, wrong] -= 1


def split_of(ability: str, key: str, member: tuple[int, int] | None = None) -> Split:
    """The split that a key (or a member of its group) belongs to: a fixed function of the arguments."""
    digest = hashlib.blake2b(f"{ability}/{key}".encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    if member is None:
        return "heldout" if number % 100 < HELDOUT_PERCENT else "train"
    index, size = member
    return "heldout" if (index + number) % size < max(1, size * HELDOUT_PERCENT // 100) else "train"


def draw_items(
    ability: str, families: Sequence[Family], level: Level, split: Split, n: int, seed: int
) -> list[Item]:
    """The first n distinct items of a split, the families taking turns.

    The answer goes through the four positions equally often, in an order shuffled by seed. The first n of a
    longer draw with the same seed are the same items.

    Raises:
        ValueError: the families together cannot give n distinct items.
    """
    rng = random.Random(f"{ability}/{level}/{split}/{seed}")
    seen: set[str] = set()
    streams = [_new_items(family, ability, level, split, rng, seen) for family in families]
    items: list[Item] = []
    positions: list[int] = []
    while streams and len(items) < n:
        for stream in list(streams):
            item = next(stream, None)
            if item is None:
                streams.remove(stream)
                continue
            positions = positions or rng.sample(range(4), 4)
            items.append(_with_answer_at(item, positions.pop()))
    if len(items) < n:
        raise ValueError(
            f"{ability} ({level}, {split}) has only {len(items)} distinct items, {n} were asked for: "
            "ask for fewer."
        )
    return items[:n]


def _new_items(
    family: Family, ability: str, level: Level, split: Split, rng: random.Random, seen: set[str]
) -> Iterator[Item]:
    """Items of one family that belong to the split and were not seen before; the answer comes first."""
    misses, balance = 0, Balance()
    while misses < MAX_MISSES:
        draft = family.draw(rng)
        misses += 1
        if split_of(ability, draft.key, draft.member) != split:
            continue
        digest = _digest(draft)
        if digest in seen or not balance.accepts(draft, slack=misses // PATIENCE):
            continue
        balance.add(draft)
        seen.add(digest)
        misses = 0
        options = [draft.answer, *rng.sample(draft.distractors, 3)]
        if len(set(options)) != 4:
            raise ValueError(f"{ability}/{level}/{family.name} made options that are not distinct: {options}")
        yield Item(
            id=f"{ability}/{level}/{family.name}/{digest}",
            ability=ability,
            family=family.name,
            context=draft.context,
            question=draft.question,
            options=tuple(options),
            answer_index=0,
            steps=draft.steps,
        )


def _with_answer_at(item: Item, index: int) -> Item:
    """The item with its answer, which comes first, moved to an index."""
    answer, *options = item.options
    options.insert(index, answer)
    return replace(item, options=tuple(options), answer_index=index)


def _digest(draft: Draft) -> str:
    """Hash of what the item says, whatever the order of its options."""
    text = "\x1f".join((draft.context, draft.question, *sorted((draft.answer, *draft.distractors))))
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
