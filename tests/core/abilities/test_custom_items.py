from __future__ import annotations

import json
import socket
import time
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.abilities.custom_items import load_items
from core.abilities.custom_rows import _hub_rows
from core.abilities.item import Item

ROW: dict[str, Any] = {
    "context": "Rain fell all night, and the river rose above its banks.",
    "question": "What most likely happened next?",
    "options": [
        "The fields were flooded.",
        "The river dried up.",
        "Snow covered the hills.",
        "A fire broke out.",
    ],
    "answer": "The fields were flooded.",
}


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def load_one(tmp_path: Path, **changes: Any) -> Item:
    """The item of ROW with some fields changed; a field set to ... is left out."""
    row = {name: value for name, value in {**ROW, **changes}.items() if value is not ...}
    (item,) = load_items(write(tmp_path / "items.jsonl", [row])).items
    return item


def numbered(question_type: str, n: int) -> list[dict[str, Any]]:
    return [{**ROW, "question": f"{question_type} {i}?", "question_type": question_type} for i in range(n)]


def test_a_row_of_the_papers_form(tmp_path: Path) -> None:
    item = load_one(tmp_path)
    assert (item.context, item.question) == (ROW["context"], ROW["question"])
    assert sorted(item.options) == sorted(ROW["options"])
    assert item.answer == ROW["answer"]
    assert (item.ability, item.family) == ("own", "own")


def test_ability_and_question_type_are_kept(tmp_path: Path) -> None:
    item = load_one(tmp_path, ability="commonsense_causal", question_type="effect")
    assert (item.ability, item.family) == ("commonsense_causal", "effect")


@pytest.mark.parametrize("context", ["", None, ..., "   "])
def test_the_context_may_be_empty_or_missing(tmp_path: Path, context: Any) -> None:
    assert load_one(tmp_path, context=context).context == ""


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"answer": "B"}, "The river dried up."),
        ({"answer": ..., "answer_index": 2}, "Snow covered the hills."),
        ({"answer": "A fire broke out.", "answer_index": 3}, "A fire broke out."),
        ({"answer": " The river dried up. "}, "The river dried up."),
        ({"options": ["B", "A"], "answer": "A"}, "A"),
        ({"options": list("XYZUVWST"), "answer": "H"}, "T"),
        ({"options": [{"label": "1", "text": "ice"}, {"label": "2", "text": "fog"}], "answer": "2"}, "fog"),
        ({"options": {"label": ["C", "D"], "text": ["ice", "fog"]}, "answer": "C"}, "ice"),
        (
            {
                "options": ...,
                "choices": {"text": ["ice", "fog"], "label": ["A", "B"]},
                "answer": ...,
                "answerKey": "B",
            },
            "fog",
        ),
    ],
)  # fmt: skip
def test_ways_to_name_the_right_option(tmp_path: Path, changes: dict[str, Any], answer: str) -> None:
    assert load_one(tmp_path, **changes).answer == answer


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"question": ...}, "question", "missing"),
        ({"question": ..., "questoin": "?"}, "question", "did you mean the field 'questoin'"),
        ({"question": ""}, "question", "empty"),
        ({"question": 7}, "question", "not 7"),
        ({"context": ["a"]}, "context", "not a list"),
        ({"context": "x" * 10_000_000}, "context", "10,000,000 characters"),
        ({"question": "\ud800"}, "question", "surrogate"),
        ({"ability": 3}, "ability", "not 3"),
        ({"question_type": {"a": 1}}, "question_type", "not a dict"),
        ({"options": ...}, "options", "missing"),
        ({"options": "ABCD"}, "options", "list of texts"),
        ({"options": ["one"]}, "options", "1 options, not 2 to 8"),
        ({"options": list("abcdefghi")}, "options", "9 options, not 2 to 8"),
        ({"options": [1, 2, 3]}, "options", "not 1"),
        ({"options": ["a", " "]}, "options", "empty option"),
        ({"options": ["a", "b", "a "]}, "options", "'a' twice"),
        ({"options": {"text": ["a", "b"], "label": ["A", "A"]}}, "options", "one label for each"),
        ({"options": [{"text": "a"}, {"text": "b"}]}, "options", "one label for each"),
        ({"answer": "Nothing."}, "answer", "'Nothing.', which is neither"),
        ({"answer": "AB"}, "answer", "'AB', which is neither"),
        ({"answer": ""}, "answer", "'', which is neither"),
        ({"answer": "E"}, "answer", "'E', which is neither"),
        ({"answer": 0}, "answer", "use answer_index"),
        ({"answer": ...}, "answer", "missing, and answer_index too"),
        ({"answer_index": 1}, "answer_index", "says otherwise"),
        ({"answer": ..., "answer_index": 4}, "answer_index", "from 0 to 3, not 4"),
        ({"answer": ..., "answer_index": -1}, "answer_index", "not -1"),
        ({"answer": ..., "answer_index": True}, "answer_index", "not True"),
        ({"answer": ..., "answer_index": "1"}, "answer_index", "not '1'"),
        ({"answer": "\x1b[2J"}, "answer", r"'\x1b[2J'"),
    ],
)
def test_a_bad_row_names_file_line_and_field(
    tmp_path: Path, changes: dict[str, Any], field: str, says: str
) -> None:
    bad = {name: value for name, value in {**ROW, **changes}.items() if value is not ...}
    path = write(tmp_path / "items.jsonl", [ROW, ROW, bad])
    with pytest.raises(ValueError, match="line 3") as raised:
        load_items(path)
    message = str(raised.value)
    assert message.startswith(f"{path}, line 3, field '{field}': ")
    assert says in message
    assert len(message) < len(str(path)) + 200
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n  \n", "is empty"),
        (b'{"question": "\xff"}', "line 1: byte 15 is not valid UTF-8"),
        (json.dumps(ROW).encode("utf-16"), "line 1: byte 1 is not valid UTF-8"),
        (b'{"question": ', "line 1 is not valid JSON"),
        (b"[1, 2]", "line 1 holds a list"),
        (b"[" * 200_000, "line 1 is not a row"),
        (b'{"answer_index": ' + b"9" * 5000 + b"}", "line 1 is not a row"),
        (b"x" * (33 * 2**20), "line 1 is longer than 32 MB"),
    ],
)
def test_a_file_that_is_no_json_lines(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "items.jsonl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"items\.jsonl") as raised:
        load_items(path)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_blank_lines_a_byte_order_mark_and_crlf_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    line = json.dumps(ROW).encode()
    path.write_bytes(b"\xef\xbb\xbf" + line + b"\r\n\r\n" + line + b"\r\n")
    assert load_items(path).report.rows == 2


@pytest.mark.parametrize("name", ["absent.jsonl", "./absent", "a/b/absent", "absent.parquet"])
def test_a_path_that_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="does not exist"):
        load_items(name)


def test_other_kinds_of_file(tmp_path: Path) -> None:
    (tmp_path / "items.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ValueError, match=r"neither JSON lines nor Parquet"):
        load_items(tmp_path / "items.pkl")
    with pytest.raises(ValueError, match="is a folder"):
        load_items(tmp_path)
    with pytest.raises(ValueError, match="is no path"):
        load_items("x" * 5000)


def test_parquet_gives_the_same_items_as_json_lines(tmp_path: Path) -> None:
    rows = numbered("cause", 5) + numbered("effect", 5)
    pl.DataFrame(rows).write_parquet(tmp_path / "items.parquet")
    of_parquet = load_items(tmp_path / "items.parquet", seed=3, limit=7)
    assert of_parquet == load_items(write(tmp_path / "items.jsonl", rows), seed=3, limit=7)


def test_parquet_with_the_hubs_struct_of_choices(tmp_path: Path) -> None:
    row = {"question": "?", "choices": {"text": ["ice", "fog"], "label": ["1", "2"]}, "answerKey": "2"}
    pl.DataFrame([row]).write_parquet(tmp_path / "arc.parquet")
    assert load_items(tmp_path / "arc.parquet").items[0].answer == "fog"


def test_a_bad_parquet_names_the_row(tmp_path: Path) -> None:
    path = tmp_path / "items.parquet"
    pl.DataFrame([ROW, {**ROW, "answer": "no"}]).write_parquet(path)
    with pytest.raises(ValueError, match="row 2, field 'answer'"):
        load_items(path)
    pl.DataFrame({"question": ["?"]}).clear().write_parquet(path)
    with pytest.raises(ValueError, match="is empty"):
        load_items(path)
    path.write_bytes(b"PAR1 is not enough")
    with pytest.raises(ValueError, match="cannot be read as Parquet") as raised:
        load_items(path)
    assert "\n" not in str(raised.value)


def test_the_report_counts_types_and_gold_positions_as_read(tmp_path: Path) -> None:
    rows = numbered("cause", 3) + numbered("effect", 1)
    rows[3]["answer"] = "D"
    report = load_items(write(tmp_path / "items.jsonl", rows), limit=2).report
    assert report.rows == 4
    assert report.question_types == {"cause": 3, "effect": 1}
    assert report.gold_position_prior == (0.75, 0.0, 0.0, 0.25)


def test_a_limit_takes_from_every_question_type_in_turn(tmp_path: Path) -> None:
    path = write(tmp_path / "items.jsonl", numbered("a", 50) + numbered("b", 50) + numbered("c", 2))
    taken = load_items(path, limit=12).items
    assert Counter(item.family for item in taken) == {"a": 5, "b": 5, "c": 2}
    assert load_items(path, limit=12).items == taken
    assert load_items(path, limit=30).items[:12] == taken
    assert load_items(path, limit=12, seed=1).items != taken
    assert len(load_items(path, limit=1000).items) == 102
    with pytest.raises(ValueError, match="at least 1, not 0"):
        load_items(path, limit=0)


def test_without_a_limit_every_row_is_there_in_its_order(tmp_path: Path) -> None:
    items = load_items(write(tmp_path / "items.jsonl", numbered("a", 30))).items
    assert [item.question for item in items] == [f"a {i}?" for i in range(30)]


def test_options_are_shuffled_by_seed_and_gold_positions_become_even(tmp_path: Path) -> None:
    path = write(tmp_path / "items.jsonl", numbered("a", 800))
    items = load_items(path).items
    assert all(item.answer == ROW["answer"] for item in items)
    counts = Counter(item.answer_index for item in items)
    assert all(150 < counts[index] < 250 for index in range(4))  # 4 standard deviations around 200
    assert load_items(path).items == items
    assert load_items(path, seed=1).items != items


def test_ids_are_stable_and_unique_even_where_rows_repeat(tmp_path: Path) -> None:
    items = load_items(write(tmp_path / "items.jsonl", [ROW, ROW, *numbered("a", 3)])).items
    assert len({item.id for item in items}) == 5
    assert load_one(tmp_path).id == items[0].id


OPTION = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).map(str.strip).filter(bool)


@settings(max_examples=40, deadline=None)
@given(options=st.lists(OPTION, min_size=2, max_size=8, unique=True), data=st.data())
def test_any_text_survives_the_way_through_a_file(
    tmp_path_factory: pytest.TempPathFactory, options: list[str], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(options) - 1))
    seed = data.draw(st.integers())
    row = {"question": data.draw(OPTION), "options": options, "answer_index": index}
    path = write(tmp_path_factory.mktemp("own") / "items.jsonl", [row])
    (item,) = load_items(path, seed=seed).items
    assert item.answer == options[index]
    assert Counter(item.options) == Counter(options)


@pytest.mark.parametrize("hub_id", ["no-such-owner/no-such-set", "nosuchset"])
def test_a_hub_out_of_reach_is_one_sentence_at_once(monkeypatch: pytest.MonkeyPatch, hub_id: str) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    started = time.monotonic()
    with pytest.raises(ValueError, match="no file here, and the hub cannot be reached") as raised:
        load_items(hub_id)
    assert time.monotonic() - started < 5
    assert "\n" not in str(raised.value)


def test_a_malformed_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with pytest.raises(ValueError, match="not the id of a hub data set either"):
        load_items("what is this")


def test_offline_a_hub_data_set_has_to_be_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match=r"no hub data set that was loaded before: .* unset HF_HUB_OFFLINE"):
        load_items("no-such-owner/no-such-set")


def test_a_hub_data_set_is_read_from_its_train_split_or_its_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (tmp_path / "set").mkdir()
    write(tmp_path / "set" / "test.jsonl", numbered("a", 2))
    rows = list(_hub_rows(str(tmp_path / "set")))
    assert [row.fields["question"] for row in rows] == ["a 0?", "a 1?"]
    assert rows[1].where.endswith("set, row 2")
    write(tmp_path / "set" / "validation.jsonl", numbered("b", 1))
    with pytest.raises(ValueError, match="no split 'train' but"):
        list(_hub_rows(str(tmp_path / "set")))
    write(tmp_path / "set" / "train.jsonl", numbered("c", 1))
    assert [row.fields["question"] for row in _hub_rows(str(tmp_path / "set"))] == ["c 0?"]
