"""`cache/README.md` says what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cache
from cache.entries import KINDS
from cache.folder import Store
from cache.keys import key_of
from cache.rankings import BLOCK

README = (Path(cache.__file__).parent / "README.md").read_text("utf-8")


def test_it_names_every_kind() -> None:
    _, _, table = README.partition("| kind | an entry holds | payload |\n| --- | --- | --- |\n")
    named = re.findall(r"^\| `(\w+)` \|", table.partition("\n\n")[0], re.MULTILINE)
    assert sorted(named) == sorted(kind.name for kind in KINDS)
    assert f"{BLOCK:,} weights" in README


def test_its_example_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    for ablated, correct in (("base", [True, True]), ("mask", [True, False])):
        key_inputs = {"ablated": ablated}
        columns = {"item_id": ["a", "b"], "correct": correct}
        Store(tmp_path).outcomes.save(key_of("outcomes", 1, key_inputs), key_inputs, columns)
    exec(example, {"folder": tmp_path})
    assert sorted(capsys.readouterr().out.splitlines()) == ["base 1.0", "mask 0.5"]
