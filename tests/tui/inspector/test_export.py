from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tests.tui.inspector.dialogs import UNANSWERED, Dialogs
from tests.tui.inspector.host import screen_text
from tui.inspector.pane import Exported
from tui.inspector.screens.export import ExportScreen, export_path, other_suffix, screen_picture, write_export

NOW = datetime(2026, 1, 2, 3, 4)
PROPOSED = "samples-2026-01-02-0304.csv"


def write(path: Path) -> None:
    path.write_text(f"as {path.suffix}", encoding="utf-8")


EXPORTED = Exported("samples", (".csv", ".jsonl"), write)


def answered(folder: Path, *keys: str, typed: str | None = None) -> tuple[Any, str]:
    """What the dialog gives after some keys, and what the screen shows then."""

    async def press() -> tuple[Any, str]:
        app = Dialogs(ExportScreen(EXPORTED, folder, NOW))
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            if typed is not None:
                app.screen.query_one(Input).value = typed
            for key in keys:
                await pilot.press(key)
                await app.workers.wait_for_complete()
                await pilot.pause()
            told = [notification.message for notification in app._notifications]
            return app.answer, " ".join([*told, *screen_text(app).replace("│", " ").split()])

    return asyncio.run(press())


def test_enter_writes_under_the_name_that_is_proposed(tmp_path: Path) -> None:
    answer, text = answered(tmp_path, "enter")
    assert answer == tmp_path / PROPOSED
    assert answer.read_text() == "as .csv"
    assert f"Written: {answer}" in text
    assert [path.name for path in tmp_path.iterdir()] == [PROPOSED]


def test_tab_goes_to_the_next_format(tmp_path: Path) -> None:
    answer, _ = answered(tmp_path, "tab", "enter")
    assert answer.read_text() == "as .jsonl"


def test_a_file_is_only_replaced_after_a_question(tmp_path: Path) -> None:
    kept = tmp_path / PROPOSED
    kept.write_text("kept")
    answer, text = answered(tmp_path, "enter")
    assert answer is UNANSWERED
    assert "exists. Enter again replaces it" in text
    assert kept.read_text() == "kept"
    assert answered(tmp_path, "enter", "tab", "tab", "enter")[0] is UNANSWERED
    assert kept.read_text() == "kept"
    assert answered(tmp_path, "enter", "enter")[0] == kept
    assert kept.read_text() == "as .csv"


def test_escape_writes_nothing(tmp_path: Path) -> None:
    assert answered(tmp_path, "escape")[0] is None
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    answer, text = answered(tmp_path, "enter", typed="no/where.csv")
    assert answer is UNANSWERED
    assert "No folder" in text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (" ", "Write the path of a file"),
        (".", "is a folder"),
        ("a.xlsx", r"Unknown format '\.xlsx': end the name in \.csv, \.jsonl"),
        ("no/a.csv", "No folder"),
    ],
)
def test_paths_that_cannot_be_are_refused(typed: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=said):
        export_path(typed, EXPORTED, tmp_path)


def test_paths_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert export_path("~/a.jsonl", EXPORTED, Path("/")) == tmp_path / "a.jsonl"
    assert export_path("a", EXPORTED, tmp_path) == tmp_path / "a.csv"
    assert other_suffix("a.b.csv", EXPORTED.suffixes) == "a.b.jsonl"
    assert other_suffix("a.jsonl", EXPORTED.suffixes) == "a.csv"


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("the disk is full")

    kept = tmp_path / "a.csv"
    kept.write_text("kept")
    with pytest.raises(OSError, match="full"):
        write_export(Exported("a", (".csv",), fail), kept)
    assert kept.read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_the_screen_is_written_as_a_picture(tmp_path: Path) -> None:
    picture = screen_picture("<svg/>")
    write_export(picture, tmp_path / f"{picture.stem}{picture.suffixes[0]}")
    assert (tmp_path / "abilityscope-screen.svg").read_text() == "<svg/>"
