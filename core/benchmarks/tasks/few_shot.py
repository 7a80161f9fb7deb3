"""Draws the worked examples before an item: lm-evaluation-harness's rows in its order."""

from __future__ import annotations

import random
from collections.abc import Sequence

from core.abilities.custom_rows import Row
from core.benchmarks.tasks.task import Task


class ShotSampler:
    """The examples for the items of one family, which have to be asked for in their order.

    One generator serves all items of a family, as in lm-evaluation-harness: what an item gets depends on how
    many were drawn before it.
    """

    def __init__(self, task: Task, family: str, count: int, pool: Sequence[Row], seed: int) -> None:
        """Takes the rows of the family that examples are drawn from.

        Raises:
            ValueError: there are too few rows.
        """
        self._task, self._family = task, family
        self._rule = task.shots
        self._count = count
        self._pool = list(pool) if self._rule.own is None else list(self._rule.own(family))
        self._generator = random.Random(seed)
        self._drawn = count + 1 if self._rule.without_item and self._rule.order == "random" else count
        if count and self._drawn > len(self._pool):
            raise ValueError(self._too_few(self._drawn, len(self._pool)))

    def before(self, item: Row) -> list[Row]:
        """The examples before an item; none where the count is 0."""
        if not self._count:
            return []
        if self._rule.order == "first":
            return self._pool[: self._count]
        drawn = self._generator.sample(self._pool, self._drawn)
        if not self._rule.without_item:
            return drawn
        others = [row for row in drawn if row.fields != item.fields][: self._count]
        if len(others) < self._count:  # the pool has the item more than once
            pool = [row for row in self._pool if row.fields != item.fields]
            if len(pool) < self._count:
                raise ValueError(self._too_few(self._count, len(pool)))
            others = self._generator.sample(pool, self._count)
        return others

    def _too_few(self, needed: int, there: int) -> str:
        task, count = self._task, self._count
        if task.shots.own is not None:
            return f"'{task.id}' brings {there} worked examples, not {count}: ask for {there} or fewer."
        of = f" of '{self._family}'" if self._family else ""
        return (
            f"'{task.id}' needs {needed} rows{of} to take {count} examples from, but the split "
            f"'{task.shots.split}' has {there}: ask for fewer examples, or give more rows."
        )
