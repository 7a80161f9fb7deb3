"""How each benchmark with written answers says that an answer has to stand, against its own scorer."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.failures import asked_of
from core.benchmarks.benchmark import AnswerFormat, BenchmarkOptions, GenerationDocument
from core.benchmarks.registry import find_benchmarks
from core.benchmarks.scoring import text_scores
from core.benchmarks.task_source import TaskSource, task_benchmark
from core.benchmarks.tasks import TASKS

FILTERED = ("gsm8k", "bbh")


def form_of(name: str) -> AnswerFormat:
    found = task_benchmark(TASKS[name], BenchmarkOptions()).source.answer_format
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("benchmark", "text", "stated"),
    [
        ("gsm8k", " 3 + 4 = 7.\n#### 7", "7"),
        ("gsm8k", " She has $1,200.\n#### 1,200", "1,200"),
        ("gsm8k", " The answer is 7.", None),
        ("bbh", "not True is False. So the answer is False.", "False"),
        ("bbh", "It is False.", None),
        ("squad", " Denver Broncos", "Denver Broncos"),
        ("squad", " ", None),
    ],
)
def test_what_is_stated(benchmark: str, text: str, stated: str | None) -> None:
    assert form_of(benchmark).stated(text) == stated


@given(
    st.lists(st.sampled_from(["#### ", "7", "-1,200", "the answer is ", "(A)", ".", "\n", "so "])).map(
        "".join
    )
)
def test_what_is_stated_is_what_the_scorer_judges(text: str) -> None:
    for name in FILTERED:
        task = TASKS[name]
        document = GenerationDocument("x", "", "", "p", (), 9, ("7",))
        judged = text_scores(task, document, text).answers[task.metrics[0].partition(",")[2]]
        stated = form_of(name).stated(text)
        assert judged == (stated or judged)
        assert (stated is None) == (judged in ("[invalid]", ""))


def test_options_and_programs_have_no_format() -> None:
    for task in TASKS.values():
        source = TaskSource(task, BenchmarkOptions())
        assert (source.answer_format is None) == (task.kind == "multiple_choice" or task.runs_code)
    assert all(one.source.answer_format is None for one in find_benchmarks(["diagnostic"]))


def test_a_custom_pattern_is_the_format(tmp_path: Path) -> None:
    (tmp_path / "sums.jsonl").write_text(json.dumps({"q": "2 + 3 =", "sum": "5"}) + "\n", "utf-8")
    text = (
        "task: sums\ndataset_path: json\ndata_files: sums.jsonl\noutput_type: generate_until\n"
        "doc_to_text: q\ndoc_to_target: sum\n"
    )
    extract = (
        "filter_list: [{name: is, filter: [{function: regex, regex_pattern: 'is (\\d+)'}, "
        "{function: take_first}]}]\n"
    )
    for keys, asked, stated in (
        (extract, r"text that fits is (\d+)", "5"),
        ("", "the answer alone", "it is 5."),
    ):
        (tmp_path / "sums.yaml").write_text(text + keys, "utf-8")
        (benchmark,) = find_benchmarks([str(tmp_path / "sums.yaml")])
        form = benchmark.source.answer_format
        assert form is not None
        assert (form.asked, form.stated(" it is 5.")) == (asked, stated)
        assert pickle.loads(pickle.dumps(form)).stated(" it is 5.") == stated


def row(targets: list[str]) -> dict[str, object]:
    return {"prompt": "p", "options": [], "steps": "", "targets": targets}


def test_gold_and_steps_come_out_of_the_target() -> None:
    asked = asked_of(row(["He has 3.\nThen 4 more.\n#### 7"]), form_of("gsm8k"), "")
    assert asked.gold == "7"
    asked = asked_of(row(["(B)"]), form_of("bbh"), "So the answer is (A).")
    assert asked.gold == "(B)"


def test_of_several_targets_the_one_that_was_given_is_right() -> None:
    targets = ["Denver Broncos", "the Broncos", "50"]
    assert asked_of(row(targets), form_of("squad"), " The Broncos.").gold == "the Broncos"
    assert asked_of(row(targets), form_of("squad"), " 50").gold == "50"
    assert asked_of(row(targets), form_of("squad"), " Carolina").gold == "Denver Broncos"


def test_without_a_format_nothing_is_right() -> None:
    assert asked_of(row(["assert f(1) == 2"]), None, "return 2").gold is None
