"""Benchmarks in a drawn order: the same items, in parts that are nested and have keys of their own."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from core.benchmarks.benchmark import Benchmark
from core.benchmarks.drawn import drawn, part_ends, parts_of
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec

SPEC = ModelSpec().settled("text", "basic")


def benchmark() -> Benchmark:
    return find_benchmarks(("spatial_reasoning",))[0]


def ids(of: Benchmark) -> list[str]:
    return [one.id for one in of.documents(SPEC, of.n_items)]


def test_the_parts_together_are_the_first_items_in_another_order() -> None:
    whole = drawn(benchmark(), 120, seed=3)
    parts = [one for part in parts_of(whole) for one in ids(part)]
    assert parts == ids(whole)
    in_order = [one.id for one in benchmark().documents(SPEC, 120)]
    assert sorted(parts) == sorted(in_order)
    assert parts != in_order
    assert ids(drawn(benchmark(), 120, seed=4)) != parts
    assert ids(drawn(benchmark(), 120, seed=3)) == parts


def test_every_part_has_a_key_of_its_own() -> None:
    wholes = [drawn(benchmark(), n, seed) for n, seed in ((120, 0), (120, 1), (119, 0))]
    parts = [part for whole in wholes for part in parts_of(whole)]
    keys = {str(part.key_inputs(SPEC, part.n_items)) for part in [benchmark(), *wholes, *parts]}
    assert len(keys) == 1 + len(wholes) + len(parts)


@pytest.mark.parametrize("n", [1, 32, 33, 100, 500, 14042])
def test_parts_end_in_steps_of_32_then_of_a_quarter(n: int) -> None:
    ends = part_ends(n)
    assert ends[-1] == n
    steps = [end - start for start, end in zip((0, *ends), ends, strict=False)]
    assert all(0 < step <= max(32, start / 4) for step, start in zip(steps, (0, *ends), strict=False))
    assert all(end % 32 == 0 for end in ends[:-1])
    assert len(ends) <= 35


def test_items_of_one_passage_stay_together() -> None:
    source = benchmark().source
    documents = source.documents(SPEC, 60)

    class Passages(type(source)):  # type: ignore[misc]
        def documents(self, spec: ModelSpec, n: int) -> tuple[object, ...]:
            return tuple(replace(one, cluster=str(i % 20)) for i, one in enumerate(documents[:n]))

    passages = replace(benchmark(), source=Passages(**vars(source)))
    found = [one.cluster for one in drawn(passages, 60, seed=0).documents(SPEC, 60)]
    changes = sum(one != after for one, after in itertools.pairwise(found))
    assert changes == 19
