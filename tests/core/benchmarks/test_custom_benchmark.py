from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import pytest

from core.benchmarks import custom
from core.benchmarks.benchmark import BenchmarkOptions, ChoiceDocument, GenerationDocument
from core.benchmarks.custom import LARGEST_BYTES, custom_task, is_description
from core.benchmarks.loaded import Rows, chance_over
from core.benchmarks.registry import find_benchmarks, listed_benchmarks
from core.benchmarks.rows import is_at_hand
from core.benchmarks.scoring import text_scores
from core.models.spec import ModelSpec
from tests.core.benchmarks.conftest import choice_scores, load_documents

CHOICE = """
id = "riddles"
rows = "riddles.jsonl"
prompt = "Riddle: {text}\\nAnswer:"
options = "answers"
answer = "right"
"""
WRITTEN = """
id = "sums"
rows = "sums.jsonl"
shot_rows = "more.jsonl"
shots = 1
preamble = "Add.\\n\\n"
prompt = "{a.left} + {a.right} ="
target = "sum"
stop = ["\\n"]
extract = '(\\d+)'
"""
RIDDLES = [
    {"text": "What has keys but no lock?", "answers": ["a piano", "a map"], "right": "a piano"},
    {"text": "What has towns but no houses?", "answers": ["a cave", "a map", "ice"], "right": "B"},
    {"text": "What is light but cannot be held?", "answers": ["breath", "ice"], "right": 0},
]


def described(folder: Path, text: str, rows: list[dict[str, object]]) -> Path:
    file = folder / "custom.toml"
    file.write_text(text, "utf-8")
    for name in ("riddles.jsonl", "sums.jsonl", "more.jsonl"):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def test_options_are_scored_by_their_text(tmp_path: Path) -> None:
    task = custom_task(described(tmp_path, CHOICE, RIDDLES))
    documents = load_documents(task)
    first = documents[0]
    assert isinstance(first, ChoiceDocument)
    assert first.contexts == ("Riddle: What has keys but no lock?\nAnswer:",)
    assert first.continuations == (" a piano", " a map")
    assert [document.gold for document in documents if isinstance(document, ChoiceDocument)] == [
        {0},
        {1},
        {0},
    ]
    assert chance_over(Rows.of(task, "rows", None)) == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 3)
    assert choice_scores(task, first, [-8.0, -7.0]) == {"acc": 0.0, "acc_norm": 1.0}
    assert is_at_hand(task)
    assert pickle.loads(pickle.dumps(task)) == task


def test_listed_options_are_scored_by_their_letter(tmp_path: Path) -> None:
    listed = CHOICE.replace("{text}\\nAnswer:", "{text}\\n{options}\\nAnswer:")
    _, document, _ = load_documents(custom_task(described(tmp_path, listed, RIDDLES)))
    assert isinstance(document, ChoiceDocument)
    assert document.contexts[0].endswith("houses?\nA. a cave\nB. a map\nC. ice\nAnswer:")
    assert (document.continuations, document.options) == ((" A", " B", " C"), ("a cave", "a map", "ice"))


def test_written_answers_with_examples_and_a_pattern(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"a": {"left": 2, "right": 3}, "sum": 5}]
    task = custom_task(described(tmp_path, WRITTEN, rows))
    (document,) = load_documents(task)
    assert isinstance(document, GenerationDocument)
    assert document.prompt == "Add.\n\n2 + 3 = 5\n\n2 + 3 ="
    assert (document.until, document.targets) == (("\n",), ("5",))
    assert text_scores(task, document, " it is 5.").scores == {"exact_match,extract": 1.0}
    assert text_scores(task, document, " five").answers == {"extract": "[invalid]"}


def test_fields_are_put_in_as_text_and_nothing_else(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{**RIDDLES[0], "text": "{right} {text.__class__} {{0}}"}]
    (document,) = load_documents(custom_task(described(tmp_path, CHOICE, rows)))
    assert isinstance(document, ChoiceDocument)
    assert document.contexts == ("Riddle: {right} {text.__class__} {{0}}\nAnswer:",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id = ", r"custom\.toml does not describe a benchmark: Invalid value"),
        ("", r"missing required field `id`"),
        ('id = "a"\nid = "b"', r"does not describe a benchmark: .*overwrite"),
        ("# " + "x" * LARGEST_BYTES, r"it has more than 64 KiB"),
        (CHOICE + 'shots = "many"', r"Expected `int`, got `str` - at `\$\.shots`"),
        (CHOICE + "believable = [0.1, 0.9]", r"the key believable is now called plausible_range"),
        (
            CHOICE.replace('id = "riddles"', ""),
            r"does not describe a benchmark: .*missing required field `id`",
        ),
        (CHOICE + 'metric = "acc"', r"unknown field `metric`"),
        (
            CHOICE.replace("riddles", "mmlu"),
            r"id must be lowercase letters, .* a built-in benchmark",
        ),
        (CHOICE + 'target = "x"', r"give either options and answer, or target"),
        (CHOICE.replace('answer = "right"', ""), r"options needs answer"),
        (
            CHOICE.replace('"answers"', '["{a}"]'),
            r"options must be a field, or .* two templates",
        ),
        (CHOICE + "shots = 3", r"shots must be 0 or more, and needs shot_rows"),
        (WRITTEN.replace("(\\d+)", "(\\d+"), r"extract is not a valid pattern: missing \)"),
        (CHOICE + "plausible_range = [0.9, 0.1]", r"plausible_range must be two numbers"),
    ],
)
def test_a_wrong_description_is_one_sentence_that_says_why(tmp_path: Path, text: str, message: str) -> None:
    file = described(tmp_path, text, RIDDLES)
    with pytest.raises(ValueError, match=message) as raised:
        custom_task(file)
    said = str(raised.value)
    assert said.startswith(str(file))
    assert "\n" not in said
    assert said.endswith(".")


@pytest.mark.parametrize("name", ["riddles.yaml", "riddles.yml"])
def test_yaml_is_refused_with_what_to_do_instead(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("id: riddles\n", "utf-8")
    with pytest.raises(ValueError, match=r"is YAML, .* write the same keys as TOML in riddles\.toml\.$"):
        find_benchmarks([str(tmp_path / name)])


def test_other_toml_files_describe_nothing(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    for text in ("", "[[", '[project]\nname = "x"', CHOICE + "# " + "x" * LARGEST_BYTES):
        file.write_text(text, "utf-8")
        assert not is_description(file)
    file.write_bytes(b"\xff")
    assert not is_description(file)
    file.write_text(CHOICE, "utf-8")
    assert is_description(file)


def test_the_readme_s_example_runs(tmp_path: Path) -> None:
    readme = (Path(custom.__file__).parent / "README.md").read_text("utf-8")
    (description,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    (rows,) = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "riddles.toml").write_text(description, "utf-8")
    (tmp_path / "riddles.jsonl").write_text(rows, "utf-8")
    options = BenchmarkOptions(data_dir=str(tmp_path))
    by_file, by_id = (
        find_benchmarks([word], options)[0] for word in (str(tmp_path / "riddles.toml"), "riddles")
    )
    assert by_file == by_id
    assert (by_id.n_items, by_id.chance, by_id.plausible_range) == (2, pytest.approx(1 / 3), (0.1, 0.95))
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
        (
            {"right": "a kettle"},
            r"riddles\.jsonl, line 1, field 'right': is 'a kettle', which is none of A, B",
        ),
        ({"right": 2}, r"field 'right': has to be from 0 to 1, not 2"),
        ({"text": None}, r"field 'text': is missing"),
        ({"text": ["x"]}, r"field 'text': has to hold text, not a list"),
        ({"answers": ["a", ""]}, r"field 'answers': has to have 2 to 26 options, none of them empty"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    task = custom_task(described(tmp_path, CHOICE, [{**RIDDLES[0], **change}]))
    with pytest.raises(ValueError, match=message):
        load_documents(task)
