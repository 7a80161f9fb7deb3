"""Malformed items, rows, descriptions and settings: one sentence that says in which file and where."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.campaign.refusing import refusal
from tests.core.benchmarks.conftest import DATA

ITEM = {"context": "", "question": "Who is shorter?", "options": ["Eva", "Tom"], "answer": "Eva"}
ROW = {"text": "What has keys?", "answers": ["a piano", "a map"], "right": "a piano"}
DESCRIPTION = {
    "task": "riddles",
    "dataset_path": "json",
    "data_files": "riddles.jsonl",
    "output_type": "multiple_choice",
    "doc_to_text": "Riddle: {{text}}",
    "doc_to_choice": "answers",
    "doc_to_target": "right",
}
HUGE = "x" * 10_000_000
SURROGATE = '"\\ud800"'


def lines(*rows: Mapping[str, Any]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def without(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


ITEMS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty: it has no rows"),
    "blank lines": (b"\n \n\r\n", "is empty: it has no rows"),
    "no JSON": (b"question,answer\n", "line 1 is not valid JSON"),
    "cut in the second row": (lines(ITEM, ITEM)[:-20], "line 2 is not valid JSON"),
    "an array": (json.dumps([ITEM]).encode(), "line 1 holds a list"),
    "no UTF-8": (lines(ITEM).replace(b"Tom", b"T\xf6m"), "is not valid UTF-8"),
    "UTF-16": (lines(ITEM).decode().encode("utf-16"), "is not valid UTF-8"),
    "zeros": (b"\0" * 64, "line 1 is not valid JSON"),
    "no question": (lines(without(ITEM, "question")), "field 'question': is missing"),
    "a question misspelt": (
        lines({**without(ITEM, "question"), "qestion": "?"}),
        "did you mean the field 'qestion'",
    ),
    "no options": (lines(without(ITEM, "options")), "field 'options': is missing"),
    "one option": (lines({**ITEM, "options": ["Eva"]}), "has 1 options, not 2 to 8"),
    "an option twice": (lines({**ITEM, "options": ["Eva", "Eva"]}), "has the option 'Eva' twice"),
    "an answer that is no option": (lines({**ITEM, "answer": "Ida"}), "neither the text nor the label"),
    "an index out of range": (lines({**without(ITEM, "answer"), "answer_index": 2}), "from 0 to 1, not 2"),
    "a number for a question": (lines({**ITEM, "question": 7}), "has to hold text, not 7"),
    "a field of 10 MB": (lines({**ITEM, "context": HUGE}), "is 10,000,000 characters long"),
    "a line of 40 MB": (lines({**ITEM, "context": HUGE * 4}), "line 1 is longer than 32 MB"),
    "half a surrogate": (
        lines(ITEM).replace(b'"Who is shorter?"', SURROGATE.encode()),
        "half of a surrogate pair",
    ),
    "nested too deeply": (b"[" * 200_000, "is nested too deeply"),
    "a huge number": (b'{"question": ' + b"9" * 10_000 + b"}", "has a huge number"),
}


@pytest.mark.parametrize("case", ITEMS)
def test_custom_items(capsys: pytest.CaptureFixture[str], tmp_path: Path, ends: None, case: str) -> None:
    content, fragment = ITEMS[case]
    path = tmp_path / "mine.jsonl"
    path.write_bytes(content)
    _, said = refusal(capsys, "importance", "--ability", "spatial_reasoning", "--items", str(path))
    assert fragment in said
    assert str(path) in said


def a_table(path: Path) -> None:
    pl.DataFrame({"question": ["?"]}).write_parquet(path)


def a_cut_table(path: Path) -> None:
    a_table(path)
    path.write_bytes(path.read_bytes()[:-5])


ITEM_FILES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "not there": ("mine.jsonl", lambda path: None, "does not exist"),
    "a folder": ("mine.jsonl", Path.mkdir, "is a folder"),
    "another kind of file": (
        "mine.csv",
        lambda path: path.write_text("a,b"),
        "neither JSON lines nor Parquet",
    ),
    "no table": ("mine.parquet", lambda path: path.write_text("no table"), "cannot be read as Parquet"),
    "an empty table": ("mine.parquet", lambda path: path.write_bytes(b""), "cannot be read as Parquet"),
    "a cut table": ("mine.parquet", a_cut_table, "cannot be read as Parquet"),
    "a table without the field": ("mine.parquet", a_table, "field 'options': is missing"),
    "an unknown home folder": ("~nobody-of-this-name/mine.jsonl", lambda path: None, "is no path"),
    "an endless name": ("x" * 5_000 + ".jsonl", lambda path: None, "is no path"),
}


@pytest.mark.parametrize("case", ITEM_FILES)
def test_files_that_hold_no_items(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, ends: None, case: str
) -> None:
    name, make, fragment = ITEM_FILES[case]
    make(tmp_path / name)  # where the command is, too
    _, said = refusal(capsys, "importance", "--ability", "spatial_reasoning", "--items", name)
    assert fragment in said


DESCRIPTIONS: dict[str, tuple[dict[str, Any], bytes, str]] = {
    "no rows": ({}, b"", "no rows"),
    "rows that are no JSON": ({}, b"{", "line 1 is not valid JSON"),
    "rows that are no UTF-8": ({}, lines(ROW).replace(b"piano", b"pi\xe1no"), "is not valid UTF-8"),
    "a row without the field": (
        {},
        lines(ROW, without(ROW, "text")),
        "line 2, field 'doc_to_text'",
    ),
    "a row without the answer": ({}, lines(without(ROW, "right")), "field 'right': is missing"),
    "a row whose answer is none": ({}, lines({**ROW, "right": "a cave"}), "field 'doc_to_target'"),
    "a row of 10 MB": ({}, lines({**ROW, "text": HUGE}), "characters long"),
    "an option longer than the model": ({}, lines({**ROW, "answers": ["a piano", "map " * 9_000]}), "tokens"),
    "an option that is empty": ({}, lines({**ROW, "answers": ["a piano", ""]}), "field 'doc_to_choice'"),
    "a key that is unknown": ({"doc_to_txt": "x"}, lines(ROW), "the key doc_to_txt is not read here"),
    "a type that is wrong": ({"num_fewshot": "three"}, lines(ROW), "num_fewshot"),
    "an id that is taken": ({"task": "arc_easy"}, lines(ROW), "not the id of a built-in benchmark"),
    "an id with a slash": ({"task": "../riddles"}, lines(ROW), "task must be lowercase letters"),
    "rows that are not there": ({"data_files": "other.jsonl"}, lines(ROW), "other.jsonl does not exist"),
    "rows of another kind": ({"data_files": "own.json"}, lines(ROW), "neither JSON lines nor Parquet"),
    "a template that is none": ({"doc_to_text": "{{text"}, lines(ROW), "a template is not valid"),
    "a template that asks for too much": (
        {"doc_to_text": "{{text.__class__.__mro__}}"},
        lines(ROW),
        "cannot be rendered",
    ),
}


@pytest.mark.parametrize("case", DESCRIPTIONS)
def test_a_custom_benchmark(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, sound_model: Path, ends: None, case: str
) -> None:
    changes, rows, fragment = DESCRIPTIONS[case]
    said = {**DESCRIPTION, **changes}
    path = tmp_path / "own.yaml"
    path.write_text(json.dumps(said))
    (tmp_path / "own.json").write_text("{}")
    (tmp_path / "riddles.jsonl").write_bytes(rows)
    _, sentence = refusal(capsys, "bench", "--benchmark", str(path), "--model", str(sound_model))
    assert fragment in sentence


DESCRIPTION_FILES: dict[str, tuple[str, bytes, str]] = {
    "empty": ("own.yaml", b"", "it has no keys"),
    "no YAML": ("own.yaml", b"task: [", "does not describe a benchmark"),
    "Python": ("own.yaml", b"task: !!python/object/apply:os.getcwd []", "does not describe a benchmark"),
    "no UTF-8": ("own.yaml", b'task: "r\xe4tsel"', "UTF-8"),
    "far too large": ("own.yaml", b"#" * 1_000_000, "does not describe a benchmark"),
}


@pytest.mark.parametrize("case", DESCRIPTION_FILES)
def test_what_describes_no_benchmark(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, ends: None, case: str
) -> None:
    name, content, fragment = DESCRIPTION_FILES[case]
    (tmp_path / name).write_bytes(content)
    code, said = refusal(capsys, "bench", "--benchmark", name)
    assert code == 2
    assert name in said
    assert fragment in said


def spoilt_rows(folder: Path, spoil: Callable[[bytes], bytes]) -> None:
    folder.mkdir()
    for name in ("arc_easy.jsonl",):
        (folder / name).write_bytes(spoil((DATA / name).read_bytes()))


DATA_FOLDERS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda rows: b"", "no rows"),
    "cut": (lambda rows: rows[: len(rows) // 2], "is not valid JSON"),
    "without the field": (
        lambda rows: rows.replace(b'"answerKey"', b'"answer_key"'),
        "field 'answerKey': is missing",
    ),
    "of another type": (
        lambda rows: rows.replace(b'"question": "', b'"question": 3, "q": "'),
        "has to hold text, not 3",
    ),
    "not UTF-8": (lambda rows: rows.replace(b"e", b"\xff", 1), "is not valid UTF-8"),
}


@pytest.mark.parametrize("case", DATA_FOLDERS)
def test_rows_of_a_data_set(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, sound_model: Path, ends: None, case: str
) -> None:
    spoil, fragment = DATA_FOLDERS[case]
    spoilt_rows(tmp_path / "data", spoil)
    words = ("bench", "--benchmark", "arc_easy", "--data-dir", "data", "--model", str(sound_model))
    _, said = refusal(capsys, *words)
    assert fragment in said
    assert "arc_easy" in said


SETTINGS: dict[str, tuple[bytes | None, str]] = {
    "no TOML": (b"theme: dark", "are not TOML"),
    "no UTF-8": (b'theme = "\xff"', "are not TOML"),
    "a field that is unknown": (b"mouze = true", "Did you mean mouse?"),
    "a field of another type": (b'mouse = "yes"', "true or false"),
    "a key that is unknown": (b'[keys]\n"engine.rum" = "f5"', "Did you mean engine.run?"),
    "a key that is empty": (b'[keys]\n"engine.run" = " "', "needs a key"),
    "a folder": (None, "settings.toml"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ends: None,
    case: str,
) -> None:
    content, fragment = SETTINGS[case]
    path = tmp_path / "settings.toml"
    monkeypatch.setenv("ABILITYSCOPE_SETTINGS", str(path))
    path.mkdir() if content is None else path.write_bytes(content)
    code, said = refusal(capsys, "settings")
    assert code == 1
    assert fragment in said


def test_duplicate_ids_are_made_unique(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, sound_model: Path, ends: None
) -> None:
    (tmp_path / "data").mkdir()
    first, *_ = (DATA / "arc_easy.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "data" / "arc_easy.jsonl").write_bytes(first * 3)
    words = ("bench", "--benchmark", "arc_easy", "--data-dir", "data", "--model", str(sound_model), "--json")
    from tests.tui.calling import called

    code, out, err = called(capsys, *words)
    assert code == 0, err
    assert len({one["id"] for one in json.loads(out)["outcomes"]}) == 3


FOLDERS: dict[str, tuple[str, ...]] = {
    "results in a file": ("profile", "--limit", "2", "--out", "file"),
    "results below a file": ("profile", "--limit", "2", "--out", "file/out"),
    "a folder of rows that is a file": ("benchmarks", "--data-dir", "file"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_file_where_a_folder_has_to_be(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, ends: None, case: str
) -> None:
    (tmp_path / "file").write_text("")
    _, said = refusal(capsys, *FOLDERS[case])
    assert "file" in said
