from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from core.benchmarks.data.load import is_at_hand, load_documents
from core.benchmarks.tasks.custom import custom_task
from core.benchmarks.tasks.documents import ChoiceDocument, GenerationDocument
from core.benchmarks.tasks.scoring import chance_of, choice_scores, text_scores

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
    file = folder / "own.toml"
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
    assert chance_of(task, documents) == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 3)
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
        ("id = ", r"own\.toml does not describe a benchmark: Invalid value"),
        (
            CHOICE.replace('id = "riddles"', ""),
            r"does not describe a benchmark: .*missing required field `id`",
        ),
        (CHOICE + 'metric = "acc"', r"unknown field `metric`"),
        (CHOICE.replace("riddles", "mmlu"), r"id has to be small letters, .* no benchmark that is there"),
        (CHOICE + 'target = "x"', r"give options and answer, or target"),
        (CHOICE.replace('answer = "right"', ""), r"options needs answer"),
        (CHOICE.replace('"answers"', '["{a}"]'), r"options has to be a field, or a list of two templates"),
        (CHOICE + "shots = 3", r"shots needs shot_rows"),
        (WRITTEN.replace("(\\d+)", "(\\d+"), r"extract is no pattern: missing \)"),
        (CHOICE + "plausible = [0.9, 0.1]", r"plausible has to be two numbers"),
    ],
)
def test_a_wrong_description_is_an_error_that_says_why(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        custom_task(described(tmp_path, text, RIDDLES))


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
