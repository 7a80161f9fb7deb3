from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

from core.benchmarks.benchmark import ChoiceDocument, GenerationDocument
from core.benchmarks.rendering import render
from core.benchmarks.scoring import squad_scores, text_scores
from core.benchmarks.tasks import TASKS
from tests.core.benchmarks.conftest import choice_scores, rows_of, whole_program

RUNNER = """
import json, sys

def passes(program):
    try:
        exec(program, {"__name__": "program"})
    except Exception:
        return False
    return True

print(json.dumps([passes(program) for program in json.load(sys.stdin)]))
"""


@pytest.mark.parametrize(
    ("answer", "targets", "exact", "f1"),
    [
        (" Denver Broncos", ("Denver Broncos",), 1, 1),
        ("the DENVER, broncos!", ("Denver Broncos",), 1, 1),
        ("Broncos", ("Denver Broncos", "The Broncos team"), 0, 2 / 3),
        ("a big red car", ("red car",), 0, 4 / 5),
        ("red red car", ("red car",), 0, 4 / 5),
        ("$24–10", ("24–10",), 1, 1),
        ("", ("Denver",), 0, 0),
        ("an", ("the",), 1, 0),
    ],
)
def test_squad_scores_follow_the_official_script(
    answer: str, targets: tuple[str, ...], exact: float, f1: float
) -> None:
    assert squad_scores(answer, targets) == pytest.approx({"exact_match": exact, "f1": f1})


def test_right_mass_stays_finite_where_all_probabilities_underflow() -> None:
    options = (" a", " b", " c")
    document = ChoiceDocument("x", "", "", ("q",), options, frozenset({0, 2}), options, (1, 1, 1))
    scores = choice_scores(TASKS["truthfulqa_mc2"], document, [-2000.0, -2000.0, -2001.0])
    assert scores["mc2"] == pytest.approx((1 + math.exp(-1)) / (2 + math.exp(-1)))


@pytest.mark.parametrize("values", [[-1.0], [-1.0, math.nan]])
def test_what_is_no_log_likelihood_of_every_option_is_refused(values: list[float]) -> None:
    (document,) = render(TASKS["piqa"], rows_of("piqa"), limit=1)
    assert isinstance(document, ChoiceDocument)
    with pytest.raises(ValueError, match=r"piqa/0 needs 2 finite log-likelihoods"):
        choice_scores(TASKS["piqa"], document, values)


def test_code_is_not_judged_by_its_text() -> None:
    (document,) = render(TASKS["humaneval"], rows_of("humaneval"), limit=1)
    assert isinstance(document, GenerationDocument)
    with pytest.raises(ValueError, match="'humaneval' cannot be scored from its texts alone"):
        text_scores(TASKS["humaneval"], document, "pass")


@pytest.mark.parametrize("task", ["humaneval", "mbpp"])
def test_every_reference_solution_passes_and_a_broken_one_fails(task: str) -> None:
    """The committed solutions are known, so they run as they are; generated code never does."""
    programs = []
    for document in render(TASKS[task], rows_of(task)):
        assert isinstance(document, GenerationDocument)
        assert document.code is not None
        programs.append((whole_program(document.code, document.code.solution), True))
        programs.append((whole_program(document.code, "    raise ValueError\n"), False))
    finished = subprocess.run(
        [sys.executable, "-I", "-c", RUNNER],
        input=json.dumps([program for program, _ in programs]),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    outcomes = json.loads(finished.stdout.splitlines()[-1])
    assert outcomes == [expected for _, expected in programs]
