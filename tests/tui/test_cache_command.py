from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from cache.folder import Store
from cache.keys import key_of
from cache.listing import entries
from tui.command_line import run

INGREDIENTS = {"benchmark": "\x1b[31m[bold]x[/]", "limit": 3}
KEY = key_of("outcomes", 1, INGREDIENTS)
Captured = pytest.CaptureFixture[str]


def fill(root: Path) -> None:
    Store(root).outcomes.save(KEY, INGREDIENTS, {"item_id": ["a"], "correct": [True]})


def test_lists_what_is_there_and_shows_escapes_and_markup_as_text(tmp_path: Path, capsys: Captured) -> None:
    fill(tmp_path)
    assert run(["cache", "ls", "--cache-dir", str(tmp_path)]) == 0
    heading, row, total = capsys.readouterr().out.splitlines()
    assert heading.split() == ["kind", "key", "size", "age", "what"]
    assert re.fullmatch(rf"outcomes  {KEY[:12]}  [\d.]+ kB  \d+ s  benchmark=(.*) limit=3", row)
    assert r"\x1b[31m[bold]x[/]" in row
    assert total.startswith("1 entry, ")


def test_as_json(tmp_path: Path, capsys: Captured) -> None:
    fill(tmp_path)
    (tmp_path / "outcomes" / f"{KEY}.parquet").write_bytes(b"cut")
    assert run(["cache", "ls", "--cache-dir", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (entry,) = entries(tmp_path)
    assert document == {
        "folder": str(tmp_path),
        "size_bytes": entry.size_bytes,
        "entries": [asdict(entry)],
    }
    assert run(["cache", "ls", "--cache-dir", str(tmp_path)]) == 0
    assert f"broken: {entry.broken}" in capsys.readouterr().out


def test_an_absent_cache_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setenv("ABILITYSCOPE_CACHE", str(tmp_path / "none"))
    assert run(["cache", "ls"]) == 0
    assert capsys.readouterr().out == f"0 entries, 0 B, in {tmp_path / 'none'}\n"
    assert not (tmp_path / "none").exists()
