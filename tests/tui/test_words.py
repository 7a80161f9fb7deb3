"""Numbers, generation quality, scoring, loading and GPUs in words."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from core.analysis.auto_k import FoundK, TriedK
from core.analysis.generation_quality import GenerationQuality
from core.analysis.statistics.frontier import Estimate, Point
from core.analysis.statistics.scores import accuracy
from core.importance.plan import ImportancePlan
from core.run.events import GpuFacts, ImportancePlanned, ModelLoading
from core.run.specs import MaskSpec
from tui.engine_words import gpu_words, loaded_share, loaded_text, plan_text, planned_text
from tui.frontier_words import found_k_text, search_text, so_far_text, tried_k_text
from tui.names import file_words
from tui.numbers import age_text, count_text, number, size_text
from tui.progress import shown_progress
from tui.result_words import (
    answers_text,
    mean_quality_cell,
    perplexity_text,
    quality_text,
    times_text,
)

Captured = pytest.CaptureFixture[str]

PLANNED = ImportancePlanned("x", 2, "device", "disk", 16, False, True, 20_000_000_000, 0, 56_000_000_000)
PLAN = ImportancePlan(((0, 16), (16, 32)), maps="disk")
CARD = GpuFacts(93, 17_180_000_000, 24_000_000_000, 71)


def test_scoring() -> None:
    words = "in 2 passes over layers, sums on the GPU, maps on disk"
    assert planned_text(PLANNED) == plan_text(PLAN, on_gpu=True) == words
    plain = msgspec.structs.replace(PLANNED, passes=1, maps="memory", on_gpu=False, scoring_batch=1)
    assert planned_text(plain) == "in one pass, batches of 1 item"
    host = replace(PLAN, accumulate_on="host", checkpointing=True)
    assert "sums in main memory" in plan_text(host, on_gpu=True)
    assert plan_text(host, on_gpu=True).endswith("activations computed twice")
    assert "sums" not in plan_text(host, on_gpu=False)


def test_gpus_as_far_as_they_are_known() -> None:
    assert gpu_words([CARD]) == ["GPU 93 %", "17.2/24.0 GB", "71 °C"]
    assert gpu_words([]) == []
    assert gpu_words([GpuFacts(None, None, None, None)]) == []
    assert gpu_words([GpuFacts(None, 3 * 10**9, 4 * 10**9, None)]) == ["GPU 3.0/4.0 GB"]
    assert gpu_words([CARD, GpuFacts(7, 0, 24_000_000_000, 80)]) == ["2 GPUs 50 %", "17.2/48.0 GB", "80 °C"]


def test_loading() -> None:
    assert loaded_share(ModelLoading("m", "reading")) == loaded_text(ModelLoading("m", "reading")) == ""
    half = ModelLoading("m", "reading", 6_750_000_000, 16_100_000_000)
    assert (loaded_share(half), loaded_text(half)) == ("41 %", "6.75 of 16.1 GB, 41 %")
    assert loaded_text(ModelLoading("m", "reading", 999_000, 2_000_000)) == "999 kB of 2.00 MB, 49 %"


def test_lines_emit_once_what_goes_on(capsys: Captured) -> None:
    with shown_progress() as emit:
        for done in range(3):
            emit(ModelLoading("m", "reading weights", done, 2))
        for ability in ("x", "y"):
            emit(msgspec.structs.replace(PLANNED, ability=ability))
        emit(msgspec.structs.replace(PLANNED, ability="z", passes=3))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "m: reading weights"
    assert [line.partition(":")[0] for line in lines[1:]] == ["importance of x", "importance of z"]
    assert lines[1].endswith("maps on disk; takes 20.0 GB of GPU memory and 56.0 GB of disk")


def test_generation_quality() -> None:
    none, some = (accuracy(np.arange(50) < count) for count in (0, 9))
    found = GenerationQuality(1.09, 1.42, none, some, none, none)
    assert perplexity_text(found) == "perplexity on neutral text x1.3 (1.09 to 1.42)"
    assert answers_text(found) == "of 50 answers 18 % repeat themselves, 0 % unreadable"
    assert quality_text(found) == f"perplexity x1.3; {answers_text(found)}"
    looping = replace(found, base_repeating=some, perplexity=math.inf)
    said = answers_text(looping, beside_intact=True)
    assert said == "of 50 answers 18 % repeat themselves (intact 18 %), 0 % unreadable"
    assert looping.figures()["perplexity"] is None
    assert "not a number" in perplexity_text(replace(found, perplexity=None))
    assert mean_quality_cell([found, replace(found, perplexity=2.18)]) == "x1.7   18%   0%"
    assert mean_quality_cell([]) == "·"
    times = [times_text(times) for times in (1.004, 1.3, 9.94, 12.3, 4.2e5, math.inf, None)]
    assert times == ["x1.00", "x1.3", "x9.9", "x12", "x4e+05", "xinf", "x?"]


def test_the_search_for_k() -> None:
    none = accuracy(np.zeros(10, bool))
    good, bad = (GenerationQuality(1.0, times, none, none, none, none) for times in (1.4, 3.0))
    mask = MaskSpec("analogical_reasoning", "all", "top", 0.03)
    first = TriedK(0.01, {mask: good}, made_point(0.2, 0.03, 0.1))
    second = replace(first, k=0.03, point=made_point(0.24, 0.05, 0.3))
    said = "own .20 [.10, .30], others .03 [-.07, .13]"
    assert tried_k_text(first) == f"k 0.01: {said}; 1 mask acceptable, perplexity up to x1.4"
    found = FoundK("all", ("top",), (0.01, 0.03, 0.06), (first, second))
    assert not found.is_over
    assert so_far_text(found) == "k 3 %: own .24, others .05"
    assert found_k_text(found) == (
        f"k auto, all (top): 0.01: {said}; the smallest k within one standard error of the largest own - "
        "others (.19 at 0.03)."
    )
    last = TriedK(0.06, {mask: bad})
    lone = FoundK("all", ("top",), (0.03, 0.06), (second, last))
    assert lone.is_over
    assert found_k_text(lone) == (
        "k auto, all (top): 0.03: own .24 [-.06, .54], others .05 [-.25, .35]; own - others .19 [-.11, .49] "
        "is the largest. Own is not told from others: the interval has 0 inside. The search ends at k 0.06: "
        "analogical_reasoning · top is not acceptable: perplexity x3.0; of 10 answers 0 % repeat themselves, "
        "0 % unreadable."
    )
    assert (search_text(0), search_text(70)) == ("all of it is stored", "at most about 1 min")


def made_point(own: float, others: float, half: float) -> Point:
    """A point whose three estimates have intervals of a half width."""
    gain = own - others
    estimates = (Estimate(value, value - half, value + half) for value in (own, others, gain))
    return Point(*estimates)


def test_numbers() -> None:
    assert [number(value) for value in (0.654, -0.05, -0.001, 1.2, None)] == [
        ".65",
        "-.05",
        ".00",
        "1.20",
        "·",
    ]
    assert [size_text(n) for n in (0, 999, 1000, 999_499, 999_500, 16_060_522_496, 2 * 10**15)] == [
        *("0 B", "999 B", "1.00 kB", "999 kB"),
        *("1.00 MB", "16.1 GB", "2000 TB"),
    ]
    assert [count_text(n) for n in (7, 21_344, 8_030_261_248)] == ["7", "21.3 k", "8.03 B"]
    assert [age_text(s) for s in (-1, 59.9, 60, 7199, 86_400)] == ["0 s", "59 s", "1 min", "1 h", "1 d"]


def test_a_files_name_says_how_weights_were_chosen() -> None:
    assert file_words("mlp", "top", "global", 0.03) == "mlp-top-k0.03"
    assert file_words("all", "max_minus_shared", "units", 1e-4) == "all-max_minus_shared-of-units-k0.0001"
