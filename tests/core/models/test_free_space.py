from __future__ import annotations

from pathlib import Path

import pytest

from core.models import memory as free_space
from core.models.memory import free_memory, free_on_disk


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of what Linux says: 8 GB available."""
    (tmp_path / "meminfo").write_text("MemTotal: 16000000 kB\nMemAvailable: 8000000 kB\n")
    monkeypatch.setattr(free_space, "MEMORY_FILE", tmp_path / "meminfo")
    monkeypatch.setattr(free_space, "GROUP_FOLDER", tmp_path)
    return tmp_path


def test_without_a_container_it_is_what_the_system_has_available(system: Path) -> None:
    assert free_memory() == 8_000_000 * 1024
    (system / "memory.max").write_text("max\n")
    (system / "memory.current").write_text("123\n")
    assert free_memory() == 8_000_000 * 1024


def test_in_a_container_it_is_what_that_may_still_take(system: Path) -> None:
    (system / "memory.max").write_text("5000\n")
    (system / "memory.current").write_text("4000\n")
    assert free_memory() == 1000
    (system / "memory.stat").write_text("anon 100\ninactive_file 700\n")
    assert free_memory() == 1700
    (system / "memory.current").write_text("6000\n")
    assert free_memory() == 0


def test_where_the_system_does_not_say_it_is_unknown(system: Path) -> None:
    (system / "meminfo").unlink()
    assert free_memory() is None


def test_the_disk_of_a_folder_that_is_to_be_made(tmp_path: Path) -> None:
    assert free_on_disk(tmp_path / "not" / "yet") == pytest.approx(free_on_disk(tmp_path), rel=0.05)
