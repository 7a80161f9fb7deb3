"""Built-in and custom benchmarks, as the rest of the program finds and keys them."""

from __future__ import annotations

import gc
import json
import shutil
import sys
from pathlib import Path

import msgspec
import pytest

from core.abilities import ABILITIES
from core.benchmarks.benchmark import Benchmark, BenchmarkOptions, ChoiceDocument
from core.benchmarks.registry import find_benchmarks, listed_benchmarks
from core.benchmarks.tasks import TASKS
from core.engine.protocol import EngineSpec
from core.models.spec import ModelSpec
from tests.core.benchmarks.conftest import DATA, rows_of

SPEC = ModelSpec("a/model")
OPTIONS = BenchmarkOptions(data_dir=str(DATA))
IDS = [ability.id for ability in ABILITIES]

CUSTOM = """task: {id}
dataset_path: json
data_files: riddles.jsonl
output_type: multiple_choice
doc_to_text: "Riddle: {{{{text}}}}\\nAnswer:"
doc_to_choice: answers
doc_to_target: right
"""
RIDDLES = [
    {"text": "What has keys but no lock?", "answers": ["a piano", "a map"], "right": "a piano"},
    {"text": "What falls but never breaks?", "answers": ["day", "night", "rain"], "right": 1},
]


def found(word: str, options: BenchmarkOptions = OPTIONS) -> Benchmark:
    (benchmark,) = find_benchmarks([word], options)
    return benchmark


def key(benchmark: Benchmark, n: int = 4) -> object:
    return benchmark.key_inputs(SPEC, n)["documents"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "riddles.yaml").write_text(CUSTOM.format(id="riddles"), "utf-8")
    (tmp_path / "riddles.jsonl").write_text("\n".join(map(json.dumps, RIDDLES)), "utf-8")
    (tmp_path / "harness.yaml").write_text("task: other\nmetric_list: []\n", "utf-8")
    return tmp_path


def test_all_is_what_can_be_run_as_things_are(folder: Path) -> None:
    everything = [benchmark.id for benchmark in find_benchmarks(["all"], OPTIONS)]
    code = [task.id for task in TASKS.values() if task.runs_code]
    assert everything == [*IDS, *(task for task in TASKS if task not in code)]
    allowed = BenchmarkOptions(data_dir=str(DATA), allow_code=True)
    assert {benchmark.id for benchmark in find_benchmarks(["all"], allowed)} == {*IDS, *TASKS}
    here = find_benchmarks(["all"], BenchmarkOptions(data_dir=str(folder)))
    assert [benchmark.id for benchmark in here] == [*IDS, "riddles"]


def test_the_list_says_what_is_at_hand(folder: Path) -> None:
    everything = listed_benchmarks(str(folder))
    listed = {one.id: one for one in everything if len(one.needs) < 2}
    assert set(listed) == {*IDS, *TASKS, "riddles"}
    assert {one.id for one in listed.values() if one.at_hand} == {*IDS, "riddles"}
    assert {one.id for one in listed.values() if one.runs_code} == {"humaneval", "mbpp"}
    assert (listed["mmlu"].n_items, listed["mmlu"].chance, listed["mmlu"].harness) == (None, 0.25, "mmlu")
    assert {one.id: one.n_items for one in listed_benchmarks(None)}["mmlu"] == 14042  # the hub's
    assert listed["arc_easy"].chance_varies


def test_size_and_chance_are_those_of_the_rows() -> None:
    assert found("arc_easy").n_items == len(rows_of("arc_easy"))
    assert found("mmlu", BenchmarkOptions()).n_items == 14042
    mc1 = found("truthfulqa_mc1")
    documents = mc1.documents(SPEC, mc1.n_items)
    shares = [1 / len(one.continuations) for one in documents if isinstance(one, ChoiceDocument)]
    assert mc1.chance == pytest.approx(sum(shares) / len(shares))
    assert found("truthfulqa_mc2").chance is None
    with pytest.raises(ValueError, match="'arc_easy' has"):
        found("arc_easy").documents(SPEC, 10_000)


def test_the_key_follows_what_the_model_gets(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path, dirs_exist_ok=True)
    there = BenchmarkOptions(data_dir=str(tmp_path))
    before = key(found("arc_easy", there))
    assert before == key(found("arc_easy"))
    assert before != key(found("arc_easy", there), 3)
    assert key(found("mmlu", there)) != key(found("mmlu", BenchmarkOptions(str(tmp_path), shots=2)))
    allowed = BenchmarkOptions(str(tmp_path), allow_code=True)
    assert key(found("arc_easy", allowed)) == before
    file = tmp_path / "arc_easy.jsonl"
    file.write_text(file.read_text("utf-8").replace("?", "!", 1), "utf-8")
    assert key(found("arc_easy", there)) != before


def test_examples_that_a_benchmark_brings_stay_whatever_is_asked() -> None:
    for task in ("truthfulqa_mc1", "bbh"):
        assert key(found(task)) == key(found(task, BenchmarkOptions(str(DATA), shots=1)))


def test_a_custom_benchmark_is_found_by_its_file_or_in_the_folder(folder: Path) -> None:
    by_file = found(str(folder / "riddles.yaml"), BenchmarkOptions())
    by_id = found("riddles", BenchmarkOptions(data_dir=str(folder)))
    assert by_file == by_id
    assert (by_id.n_items, by_id.chance) == (2, pytest.approx((1 / 2 + 1 / 3) / 2))
    (first, _) = by_id.documents(SPEC, 2)
    assert isinstance(first, ChoiceDocument)
    assert (first.contexts[0], first.gold) == ("Riddle: What has keys but no lock?\nAnswer:", frozenset({0}))


@pytest.mark.parametrize("taken", ["spatial_reasoning", "all", "arc_easy"])
def test_a_custom_benchmark_may_not_have_another_s_id(folder: Path, taken: str) -> None:
    (folder / "other.yaml").write_text(CUSTOM.format(id=taken), "utf-8")
    with pytest.raises(ValueError, match=r"other\.yaml.*(is taken|not the id of a built-in benchmark)"):
        found("riddles", BenchmarkOptions(data_dir=str(folder)))


def test_code_is_refused_unless_it_is_allowed() -> None:
    with pytest.raises(ValueError, match=r"'mbpp' runs programs .* --allow-code-execution"):
        found("mbpp")
    assert found("mbpp", BenchmarkOptions(str(DATA), allow_code=True)).kind == "generation"


def test_the_collector_is_on_again_after_rows_were_read_or_could_not_be(folder: Path) -> None:
    here = BenchmarkOptions(data_dir=str(folder))
    assert found("riddles", here).n_items == 2
    assert gc.isenabled()
    (folder / "riddles.jsonl").write_text("{", "utf-8")
    with pytest.raises(ValueError, match=r"riddles\.jsonl, line 1"):
        _ = found("riddles", here).n_items
    assert gc.isenabled()


def test_without_the_harness_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    monkeypatch.setitem(sys.modules, "lm_eval.tasks", None)
    with pytest.raises(ValueError, match=r"pip install 'abilityscope\[harness\]'"):
        found("lm_eval:no_such_task")


def test_an_engine_is_told_the_options_as_json() -> None:
    spec = EngineSpec(SPEC, "/cache", benchmarks=OPTIONS)
    again = msgspec.json.decode(msgspec.json.encode(spec), type=EngineSpec)
    assert again == spec
    assert again.id != EngineSpec(SPEC, "/cache").id
