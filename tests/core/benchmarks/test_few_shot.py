from __future__ import annotations

from dataclasses import replace

import pytest

from core.abilities.custom_rows import Row
from core.benchmarks.rendering import ShotSampler
from core.benchmarks.task import Shots
from core.benchmarks.tasks.catalogue import TASKS

ROWS = [Row(f"row {number}", {"n": number % 5}) for number in range(8)]  # three of them twice
TASK = replace(TASKS["piqa"], shots=Shots(0, "train", without_item=True))


@pytest.mark.harness
@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [1234, 7])
def test_the_same_rows_as_the_harness_even_where_the_pool_repeats_the_item(count: int, seed: int) -> None:
    samplers = pytest.importorskip("lm_eval.api.samplers", reason="lm-evaluation-harness is not installed")
    theirs = samplers.ContextSampler([dict(row.fields) for row in ROWS], rnd=seed)
    ours = ShotSampler(TASK, "", count, ROWS, seed)
    for item in ROWS * 5:
        drawn = [row.fields for row in ours.before(item)]
        assert drawn == theirs.sample(n=count, eval_doc=item.fields)
        assert item.fields not in drawn


def test_too_small_a_pool_is_an_error_that_says_how_many_are_needed() -> None:
    with pytest.raises(ValueError, match=r"'piqa' needs 9 rows to take 8 examples from, but .* has 8"):
        ShotSampler(TASK, "", 8, ROWS, 0)
    with pytest.raises(ValueError, match=r"'mmlu' needs 5 rows of 'anatomy' .* split 'dev' has 0"):
        ShotSampler(TASKS["mmlu"], "anatomy", 5, [], 0)
    with pytest.raises(ValueError, match=r"'piqa' needs 1 rows .* has 0"):
        ShotSampler(TASK, "", 1, ROWS[:1] * 2, 0).before(ROWS[0])
    with pytest.raises(ValueError, match=r"'mbpp' bundles 3 examples, not 4"):
        ShotSampler(TASKS["mbpp"], "", 4, [], 0)
