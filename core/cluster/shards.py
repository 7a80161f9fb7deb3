"""The shares of a profile that processes on one cache folder do: deterministic, balanced by cost. No torch.

A share depends on the plan alone, not on what the cache has by now nor on measured times: each process works
out the same shares, whenever it starts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

from core.cluster.units import Unit
from core.cluster.work import UnitWork


@dataclass(frozen=True)
class Shard:
    """One of several shares."""

    number: int
    """From 1."""
    of: int

    @classmethod
    def parsed(cls, text: str) -> Shard:
        """The shard of `I/N`.

        Raises:
            ValueError: the text is not of this form, or I is not from 1 to N.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
        shard = cls(int(match[1]), int(match[2])) if match else None
        if shard is None or not 1 <= shard.number <= shard.of:
            raise ValueError(f"'{text}' is not a shard: give I/N with I from 1 to N, such as 3/8.")
        return shard

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True)
class Share:
    """What one shard does, in this order."""

    first: tuple[Unit, ...] = ()
    """Scoring, and the intact model."""
    masks: tuple[Unit, ...] = ()


def shares(first: list[UnitWork], masks: list[UnitWork], n: int) -> list[Share]:
    """The shares of n shards.

    What others need goes to the shard with the least to do, the costliest first. Masks keep their order, so
    that those of one ranking stay together; each shard takes them up to an equal share of the whole cost.
    """
    loads, firsts = [0.0] * n, list[list[Unit]]([] for _ in range(n))
    for one in sorted(first, key=lambda one: -one.cost):
        least = min(range(n), key=loads.__getitem__)
        loads[least] += one.cost
        firsts[least].append(one.unit)
    ends = _ends(loads, sum(one.cost for one in masks))
    parts, done, shard = list[list[Unit]]([] for _ in range(n)), 0.0, 0
    for one in masks:
        while shard < n - 1 and done + one.cost / 2 > ends[shard]:
            shard += 1
        parts[shard].append(one.unit)
        done += one.cost
    return [Share(tuple(own), tuple(part)) for own, part in zip(firsts, parts, strict=True)]


def _ends(loads: list[float], cost: float) -> list[float]:
    """Up to which cost of the masks each shard goes: all end level, but those that have more already."""
    level, busy = 0.0, 0
    for busy in range(len(loads), 0, -1):  # those above the level take no mask
        level = (cost + sum(sorted(loads)[:busy])) / busy
        if sorted(loads)[busy - 1] <= level:
            break
    return list(accumulate(max(0.0, level - load) for load in loads))
