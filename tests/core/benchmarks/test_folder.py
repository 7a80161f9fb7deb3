from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from core.benchmarks.rows import MissingRowsError, is_at_hand, load_rows
from core.benchmarks.tasks import TASKS
from tests.core.benchmarks.conftest import DATA, load_documents, rows_of

GSM8K = '{{"question": "{}", "answer": "#### 1"}}\n'


def write(path: Path, *questions: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pl.DataFrame({"question": list(questions), "answer": ["#### 1"] * len(questions)}).write_parquet(path)
    else:
        path.write_text("".join(GSM8K.format(question) for question in questions), "utf-8")


def questions(folder: Path, split: str = "test") -> list[str]:
    return [row.fields["question"] for row in load_rows(TASKS["gsm8k"], split, folder)]


@pytest.mark.parametrize(
    "name",
    [
        "gsm8k_test.jsonl",
        "gsm8k.jsonl",
        "gsm8k.parquet",
        "openai/gsm8k/main/test.parquet",
        "gsm8k/main/test.jsonl",
        "gsm8k/data/test.parquet",
        "gsm8k/test.parquet",
        "gsm8k/main/test-00000-of-00001.parquet",
    ],
)
def test_the_places_where_rows_are_looked_for(tmp_path: Path, name: str) -> None:
    assert not is_at_hand(TASKS["gsm8k"], tmp_path)
    write(tmp_path / name, "a", "b")
    assert is_at_hand(TASKS["gsm8k"], tmp_path)
    assert questions(tmp_path) == ["a", "b"]


def test_the_parts_of_a_split_keep_their_order_and_the_first_place_wins(tmp_path: Path) -> None:
    write(tmp_path / "gsm8k/main/train-00001-of-00002.parquet", "c")
    write(tmp_path / "gsm8k/main/train-00000-of-00002.parquet", "a", "b")
    assert questions(tmp_path, "train") == ["a", "b", "c"]
    write(tmp_path / "gsm8k_train.jsonl", "d")
    assert questions(tmp_path, "train") == ["d"]


def test_each_config_of_the_hub_is_a_family(tmp_path: Path) -> None:
    for task in ("navigate", "boolean_expressions"):
        path = tmp_path / "bbh" / task / "test.parquet"
        path.parent.mkdir(parents=True)
        pl.DataFrame({"input": [f"{task}?"], "target": ["x"]}).write_parquet(path)
    rows = load_rows(TASKS["bbh"], "test", tmp_path)
    assert [row.fields["task"] for row in rows] == ["boolean_expressions", "navigate"]
    assert load_documents(TASKS["bbh"], data_dir=tmp_path)[1].family == "navigate"


def test_a_missing_split_is_an_error_that_says_where_to_put_it(tmp_path: Path) -> None:
    write(tmp_path / "gsm8k.jsonl", "a")
    assert len(load_documents(TASKS["gsm8k"], data_dir=tmp_path, shots=0)) == 1
    with pytest.raises(
        MissingRowsError, match=r"split 'train': put them in gsm8k_train\.jsonl .*/main/train"
    ):
        load_documents(TASKS["gsm8k"], data_dir=tmp_path)
    with pytest.raises(MissingRowsError, match="nowhere is not a folder"):
        load_rows(TASKS["gsm8k"], "test", tmp_path / "nowhere")


def test_a_line_that_is_no_row_is_named(tmp_path: Path) -> None:
    (tmp_path / "gsm8k.jsonl").write_text(GSM8K.format("a") + "[1]\n", "utf-8")
    with pytest.raises(ValueError, match=r"gsm8k\.jsonl, line 2 holds a list"):
        load_rows(TASKS["gsm8k"], "test", tmp_path)


@pytest.mark.parametrize("task", TASKS)
def test_parquet_gives_the_same_documents_as_json_lines(tmp_path: Path, task: str) -> None:
    table = pl.DataFrame([dict(row.fields) for row in rows_of(task)], infer_schema_length=None)
    table.write_parquet(tmp_path / f"{TASKS[task].data.file}.parquet")
    shots = 0 if TASKS[task].shots.bundled is None else None
    assert load_documents(TASKS[task], data_dir=tmp_path, shots=shots) == load_documents(
        TASKS[task], data_dir=DATA, shots=shots
    )
