from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from core.models import devices
from core.models.devices import free_memory, free_on_disk


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of Linux's control group; 8 GB are available in all."""
    memory = SimpleNamespace(available=8_000_000 * 1024)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(devices, "GROUP_FOLDER", tmp_path)
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


def test_the_disk_of_a_folder_that_is_to_be_made(tmp_path: Path) -> None:
    assert free_on_disk(tmp_path / "not" / "yet") == pytest.approx(free_on_disk(tmp_path), rel=0.05)
