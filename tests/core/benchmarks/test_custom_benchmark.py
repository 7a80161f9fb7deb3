from __future__ import annotations

import json
import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from core.benchmarks import custom
from core.benchmarks.benchmark import BenchmarkOptions, ChoiceDocument, GenerationDocument
from core.benchmarks.custom import LARGEST_BYTES, custom_task, is_description
from core.benchmarks.registry import find_benchmarks, listed_benchmarks
from core.benchmarks.rendering import Rows, chance_over
from core.benchmarks.rows import is_at_hand, load_rows
from core.benchmarks.scoring import text_scores
from core.benchmarks.task import HARNESS_SEED
from core.models.spec import ModelSpec
from tests.core.benchmarks.conftest import choice_scores, load_documents

CHOICE: dict[str, Any] = {
    "task": "riddles",
    "dataset_path": "json",
    "data_files": "riddles.jsonl",
    "output_type": "multiple_choice",
    "doc_to_text": "Riddle: {{text}}\nAnswer:",
    "doc_to_choice": "answers",
    "doc_to_target": "{{answers.index(right)}}",
}
WRITTEN: dict[str, Any] = {
    "task": "sums",
    "dataset_path": "json",
    "dataset_kwargs": {"data_files": {"test": "sums.jsonl", "more": "more.jsonl"}},
    "output_type": "generate_until",
    "doc_to_text": "{{a.left}} + {{a.right}} =",
    "doc_to_target": "{{sum}}",
    "test_split": "test",
    "fewshot_split": "more",
    "num_fewshot": 1,
    "generation_kwargs": {"until": ["\n"], "max_gen_toks": 8},
    "filter_list": [
        {
            "name": "number",
            "filter": [{"function": "regex", "regex_pattern": r"(\d+)"}, {"function": "take_first"}],
        }
    ],
}
RIDDLES = [
    {"text": "What has keys but no lock?", "answers": ["a piano", "a map"], "right": "a piano"},
    {"text": "What has towns but no houses?", "answers": ["a cave", "a map", "ice"], "right": "a map"},
    {"text": "What is light but cannot be held?", "answers": ["breath", "ice"], "right": "breath"},
]
SUMS = [{"a": {"left": left, "right": 3}, "sum": left + 3} for left in range(1, 6)]


def described(folder: Path, keys: dict[str, Any], rows: list[Any], more: list[Any] | None = None) -> Path:
    file = folder / f"{keys['task']}.yaml"
    file.write_text(json.dumps(keys), "utf-8")  # JSON is YAML
    for name, content in ((f"{keys['task']}.jsonl", rows), ("more.jsonl", more or rows)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in content), "utf-8")
    return file


def test_options_are_scored_by_their_text(tmp_path: Path) -> None:
    task = custom_task(described(tmp_path, CHOICE, RIDDLES))
    documents = load_documents(task)
    first = documents[0]
    assert isinstance(first, ChoiceDocument)
    assert first.contexts == ("Riddle: What has keys but no lock?\nAnswer:",)
    assert first.continuations == (" a piano", " a map")
    golds = [document.gold for document in documents if isinstance(document, ChoiceDocument)]
    assert golds == [{0}, {1}, {0}]
    assert chance_over(Rows.of(task, "train", None)) == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 3)
    assert choice_scores(task, first, [-8.0, -7.0]) == {"acc": 0.0, "acc_norm": 1.0}
    assert is_at_hand(task)
    assert pickle.loads(pickle.dumps(task)) == task


def test_written_answers_with_examples_and_a_pattern(tmp_path: Path) -> None:
    task = custom_task(described(tmp_path, WRITTEN, SUMS[:1]))
    (document,) = load_documents(task)
    assert isinstance(document, GenerationDocument)
    assert document.prompt == "1 + 3 = 4\n\n1 + 3 ="
    assert (document.until, document.max_new_tokens, document.targets) == (("\n",), 8, ("4",))
    assert text_scores(task, document, " it is 4.").scores == {"exact_match,number": 1.0}
    assert text_scores(task, document, " four").answers == {"number": "[invalid]"}


def test_rows_are_put_in_as_text_and_run_nothing(tmp_path: Path) -> None:
    (document,) = load_documents(
        custom_task(described(tmp_path, CHOICE, [{**RIDDLES[0], "text": "{{right}} {% raw"}]))
    )
    assert isinstance(document, ChoiceDocument)
    assert document.contexts == ("Riddle: {{right}} {% raw\nAnswer:",)


@pytest.mark.slow
@pytest.mark.harness
@pytest.mark.parametrize(
    ("keys", "rows"),
    [
        ({**CHOICE, "num_fewshot": 2, "fewshot_split": "more"}, RIDDLES),
        ({**CHOICE, "num_fewshot": 1, "fewshot_split": "test"}, RIDDLES),
        (
            {**CHOICE, "doc_to_choice": ["no", "{{text}}", "yes"], "doc_to_target": 2},
            RIDDLES,
        ),
        (
            {
                **CHOICE,
                "doc_to_text": "{{text|upper}}{% for a in answers %}\n{{loop.index}}. {{a}}{% endfor %}\n",
                "doc_to_choice": "{{answers|map('regex_replace', '^a ', 'the ')|list}}",
            },
            RIDDLES,
        ),
        (WRITTEN, SUMS),
        ({**WRITTEN, "num_fewshot": 3, "doc_to_target": "['{{sum}}', 'the {{sum}}']"}, SUMS),
    ],
)
def test_prompts_are_those_of_lm_evaluation_harness(
    tmp_path: Path, keys: dict[str, Any], rows: list[Any]
) -> None:
    files = {"test": str(tmp_path / f"{keys['task']}.jsonl"), "more": str(tmp_path / "more.jsonl")}
    keys = {name: value for name, value in keys.items() if name != "data_files"}
    keys |= {"dataset_kwargs": {"data_files": files, "cache_dir": str(tmp_path / "cache")}}
    keys |= {"test_split": "test"}
    task = custom_task(described(tmp_path, keys, rows))
    ours = load_documents(task, shots=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lm_eval.tasks import TaskManager

        manager = TaskManager(include_path=str(tmp_path), include_defaults=False)
        theirs = manager.load([task.id])["tasks"][task.id]
    theirs.set_fewshot_seed(HARNESS_SEED)
    theirs.build_all_requests()
    by_row: dict[int, list[Any]] = {}
    for instance in theirs.instances:
        by_row.setdefault(instance.doc_id, []).append(instance.args)
    assert len(by_row) == len(ours) == len(load_rows(task, "test"))
    for document, requests in zip(ours, by_row.values(), strict=True):
        if isinstance(document, ChoiceDocument):
            pairs = [(document.contexts[0], continuation) for continuation in document.continuations]
            assert requests == pairs
        else:
            ((prompt, settings),) = requests
            assert (document.prompt, list(document.until)) == (prompt, settings["until"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric_list": []}, r"the key metric_list is not read here: .* lm_eval:riddles"),
        ({"include": "other.yaml"}, r"the key include is not read here"),
        ({"dataset_path": "openai/gsm8k"}, r"dataset_path"),
        ({"output_type": "loglikelihood"}, r"output_type"),
        ({"num_fewshot": "many"}, r"Expected `int`, got `str` - at `\$\.num_fewshot`"),
        ({"doc_to_choice": None}, r"multiple_choice needs doc_to_choice"),
        ({"num_fewshot": 3}, r"num_fewshot must be 0 or more, and needs fewshot_split"),
        ({"test_split": "test"}, r"there is no file for the split 'test'"),
        ({"data_files": None}, r"data_files must name the file"),
        ({"generation_kwargs": {"temperature": 1}}, r"temperature 0"),
        ({"filter_list": [{"name": "a", "filter": []}]}, r"each filter must be a regex, then take_first"),
        ({"task": "mmlu"}, r"task must be lowercase letters, .* a built-in benchmark"),
        ({"doc_to_text": "{{"}, r"a template is not valid"),
    ],
)
def test_a_wrong_description_is_one_sentence_that_says_why(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    file = described(tmp_path, {**CHOICE, **changes}, RIDDLES)
    with pytest.raises(ValueError, match=message) as raised:
        custom_task(file)
    said = str(raised.value)
    assert said.startswith(str(file))
    assert "\n" not in said
    assert said.endswith(".")


def test_other_yaml_files_describe_nothing(tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    others = ("", "[[", "task: x", json.dumps({**CHOICE, "group": "g"}), "# " + "x" * LARGEST_BYTES)
    for text in others:
        file.write_text(text, "utf-8")
        assert not is_description(file)
    file.write_bytes(b"\xff")
    assert not is_description(file)
    file.write_text(json.dumps(CHOICE), "utf-8")
    assert is_description(file)


def test_the_readme_s_example_runs(tmp_path: Path) -> None:
    readme = (Path(custom.__file__).parent / "README.md").read_text("utf-8")
    (description,) = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    (rows,) = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "riddles.yaml").write_text(description, "utf-8")
    (tmp_path / "riddles.jsonl").write_text(rows, "utf-8")
    options = BenchmarkOptions(data_dir=str(tmp_path))
    by_file, by_id = (
        find_benchmarks([word], options)[0] for word in (str(tmp_path / "riddles.yaml"), "riddles")
    )
    assert by_file == by_id
    assert (by_id.n_items, by_id.chance) == (2, pytest.approx(1 / 3))
    first, second = by_id.documents(ModelSpec("a/model"), 2)
    assert isinstance(first, ChoiceDocument)
    assert isinstance(second, ChoiceDocument)
    assert first.contexts == ("Riddle: What has keys but no lock?\nAnswer:",)
    assert first.continuations == (" a piano", " a map", " a cave")
    assert (first.gold, second.gold) == ({0}, {1})
    assert "riddles" in {one.id for one in listed_benchmarks(str(tmp_path)) if one.at_hand}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"right": "a kettle"}, r"riddles\.jsonl, line 1, field 'doc_to_target': cannot be rendered"),
        ({"answers": None}, r"field 'doc_to_choice': has to hold text"),
        ({"answers": ["a piano"]}, r"field 'doc_to_choice': has to give a list of two options"),
        ({"answers": ["a piano", ""]}, r"field 'doc_to_choice': gives an empty option"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    task = custom_task(described(tmp_path, CHOICE, [{**RIDDLES[0], **change}]))
    with pytest.raises(ValueError, match=message):
        load_documents(task)
