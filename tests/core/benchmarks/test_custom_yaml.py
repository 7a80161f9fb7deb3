"""A benchmark of one's own, described in YAML: the same as in TOML, and nothing that does harm."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from core.benchmarks.listing import listed_benchmarks
from core.benchmarks.options import BenchmarkOptions
from core.benchmarks.registry import find_benchmarks
from core.benchmarks.tasks.custom import custom_task
from core.benchmarks.tasks.custom_files import LARGEST_BYTES, is_description

TOML = """
id = "riddles"
rows = "riddles.jsonl"
prompt = "Riddle: {text}\\nAnswer:"
options = ["{a}", "{b}"]
answer = "right"
shots = 1
shot_rows = "more.jsonl"
plausible = [0.3, 1]
"""
YAML = """
# what everyone asks
id: riddles
rows: riddles.jsonl
prompt: |-
  Riddle: {text}
  Answer:
options: ["{a}", "{b}"]
answer: right
shots: 1
shot_rows: more.jsonl
plausible: [0.3, 1]
"""
BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize("suffix", [".yaml", ".yml"])
def test_both_forms_say_the_same(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "own.toml").write_text(TOML, "utf-8")
    (tmp_path / f"own{suffix}").write_text(YAML, "utf-8")
    toml, yaml = custom_task(tmp_path / "own.toml"), custom_task(tmp_path / f"own{suffix}")
    assert toml.data.path != yaml.data.path
    assert replace(yaml, data=toml.data) == toml


def test_it_is_found_by_its_file_in_the_folder_and_in_the_list(tmp_path: Path) -> None:
    (tmp_path / "own.yml").write_text(YAML.replace("shots: 1", "shots: 0"), "utf-8")
    (tmp_path / "task.yaml").write_text("task: other\ndoc_to_text: !function utils.text\n", "utf-8")
    (tmp_path / "notes.yaml").write_text("- a\n- b\n", "utf-8")
    (tmp_path / "riddles.jsonl").write_text(
        json.dumps({"text": "?", "a": "day", "b": "night", "right": "A"}), "utf-8"
    )
    options = BenchmarkOptions(data_dir=str(tmp_path))
    by_file, by_id = (
        find_benchmarks([word], "basic", options)[0] for word in (str(tmp_path / "own.yml"), "riddles")
    )
    assert by_file == by_id
    assert (by_id.n_items, by_id.chance) == (1, 0.5)
    assert [b.id for b in find_benchmarks(["all"], "basic", options)][10:] == ["riddles"]
    assert "riddles" in {one.id for one in listed_benchmarks("basic", str(tmp_path)) if one.at_hand}
    (tmp_path / "twin.toml").write_text(TOML, "utf-8")
    with pytest.raises(ValueError, match=r"twin\.toml: the id 'riddles' is taken"):
        find_benchmarks(["riddles"], "basic", options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id: [", r"did not find expected|expected the node content, but found .* on line 1"),
        ("id: a\nid: b\n", r"it has the key id twice, again on line 2"),
        ("? [a, b]\n: c\n", r"a key that is no word on line 1"),
        ("id: !!python/object/apply:os.system [ls]\n", r"could not determine a constructor .* on line 1"),
        ("- a\n", r"it has no keys with values"),
        ("", r"it has no keys with values"),
        ("id: a\n---\nid: b\n", r"expected a single document .*|but found another document on line 2"),
        (YAML + "metric: acc\n", r"unknown field `metric`"),
        (YAML.replace("answer: right", "answer: no"), r"got `bool` - at `\$\.answer`"),
        (YAML.replace("shots: 1", "shots: many"), r"Expected `int`, got `str` - at `\$\.shots`"),
        (YAML.replace("id: riddles", "id: Riddles!"), r"id has to be small letters"),
        (BOMB, r"it has an alias \(\*a\) on line 2"),
        ("[" * 50_000, r"nested too deeply"),
        ("# " + "x" * LARGEST_BYTES, r"it has more than 64 KiB"),
        ("id: \x1b[2J", r"special characters are not allowed"),
    ],
)
def test_a_wrong_description_is_one_sentence_that_names_the_file(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(text, "utf-8")
    began = time.monotonic()
    with pytest.raises(ValueError, match=message) as raised:
        custom_task(file)
    assert time.monotonic() - began < 5  # seconds
    said = str(raised.value)
    assert said.startswith(str(file))
    assert "\n" not in said
    assert said.endswith(".")


@pytest.mark.parametrize(
    "text", [BOMB, "[" * 50_000, "x: !function y", "\x1b", YAML + "# " + "x" * LARGEST_BYTES]
)
def test_what_cannot_be_read_describes_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(text, "utf-8")
    assert not is_description(file)
