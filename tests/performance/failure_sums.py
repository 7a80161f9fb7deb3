"""How answers fail, summed: 100,000 items in arrays against one by one, and a run of written answers."""

from __future__ import annotations

import itertools
import random
import tempfile
from pathlib import Path

import numpy as np

from core.analysis.choices import diagnose_choice
from core.analysis.failures import failures
from core.analysis.samples import Samples
from core.run.storing import ensure_items
from tests.core.analysis.samples.stored_samples import MASK, stored_samples
from tests.core.analysis.samples.written_samples import MASK as WRITTEN_MASK
from tests.core.analysis.samples.written_samples import Text, written_samples
from tests.performance.clock import Clock
from tests.performance.figures import Figure, Measured
from tui.failure_words import choice_lines

ITEMS = 100_000
WRITTEN = 1319
"""Answers of GSM8K's test split …"""

SENTENCES = 10
"""… of some 200 tokens each."""


def measure_failures(clock: Clock, items: int = ITEMS, written: int = WRITTEN) -> Measured:
    """The sums over multiple-choice items, against `diagnose_choice` for each; written answers beside it."""
    with tempfile.TemporaryDirectory() as folder:
        runner, benchmark = stored_samples(Path(folder), items)
        ensure_items(runner, benchmark, items)
        samples = Samples.open(runner, benchmark, items, MASK)
        assert samples is not None
        seconds, plain_s = clock.best_of_both(lambda: failures(samples), lambda: _plain_margins(samples))
        found, plain = failures(samples), _plain_margins(samples)
        written_s = _written_seconds(Path(folder) / "written", clock, written)
    first = "" if found is None or found.choices is None else choice_lines(found.choices)[0]
    said = f"margin {plain[0]:+.1f} → {plain[1]:+.1f} nats"
    return Measured(
        "how answers fail",
        (
            Figure("choices, ms", 1e3 * seconds),
            Figure("x as fast as item by item", plain_s / seconds),
            Figure("written, s", written_s),
        ),
        {"choices, seconds": seconds, "written, seconds": written_s},
        {"the margins are those of the items": said in first},
        size=f"{items:,} choices, {written:,} written",
    )


def _plain_margins(samples: Samples) -> tuple[float, float]:
    assert samples.base_answers is not None
    assert samples.ablated_answers is not None
    rows = [
        answers.rows().select("loglikelihoods").collect()["loglikelihoods"].to_list()
        for answers in (samples.base_answers, samples.ablated_answers)
    ]
    items = [diagnose_choice(*one) for one in zip(samples.items.gold.tolist(), *rows, strict=True)]
    base, ablated = np.array([(item.base_margin, item.margin) for item in items]).mean(axis=0).tolist()
    return base, ablated


def _written_seconds(folder: Path, clock: Clock, n: int) -> float:
    """The fastest diagnosis of a run whose ablated answers are broken in every way in turn."""
    rng = random.Random(0)
    base = [_solution(rng) for _ in range(n)]
    ways = itertools.cycle((_same, _miscounted, _cut, _looped))
    ablated: list[Text] = [(way(text, rng), "eos") for way, text in zip(ways, base, strict=False)]
    right = [text.rpartition(" ")[2] for text in base]
    runner, benchmark = written_samples(folder, right, [(text, "eos") for text in base], ablated)
    samples = Samples.open(runner, benchmark, n, WRITTEN_MASK)
    assert samples is not None
    return clock.best(lambda: failures(samples))


def _solution(rng: random.Random) -> str:
    """A worked solution in the words of GSM8K."""
    total, lines = rng.randrange(9), []
    for _ in range(SENTENCES):
        more = rng.randrange(2, 90)
        lines.append(f"Then she buys {more} more, so she has {total} + {more} = {total + more} pens.")
        total += more
    return " " + "\n".join([*lines, f"#### {total}"])


def _same(text: str, rng: random.Random) -> str:
    return text


def _miscounted(text: str, rng: random.Random) -> str:
    return " ".join(
        str(rng.randrange(99)) if word.isdigit() and rng.random() < 0.1 else word for word in text.split(" ")
    )


def _cut(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(20, len(text))]


def _looped(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    return " ".join([*words[:30], *words[30 : 30 + rng.randrange(1, 9)] * 20])
