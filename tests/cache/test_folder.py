from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from cache.folder import Store, cache_root


def test_the_folder_given_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABILITYSCOPE_CACHE", str(tmp_path / "b"))
    assert cache_root(tmp_path / "a") == tmp_path / "a"
    assert cache_root() == tmp_path / "b"


@pytest.mark.parametrize("value", [None, ""])
def test_the_platforms_folder_comes_last(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("ABILITYSCOPE_CACHE", raising=False)
    if value is not None:
        monkeypatch.setenv("ABILITYSCOPE_CACHE", value)
    assert cache_root().is_relative_to(Path(platformdirs.user_cache_dir()))
    assert cache_root().name == "abilityscope"


def test_home_is_understood(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_root(Path("~/x")) == tmp_path / "x"


def test_a_store_touches_no_disk_until_something_is_saved(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    assert store.rankings.load("0" * 32) is None
    assert store.outcomes.load("0" * 32) is None
    assert not (tmp_path / "cache").exists()
    with store.lock("0" * 32):
        assert (tmp_path / "cache" / "locks" / f"{'0' * 32}.lock").exists()


def test_importing_the_room_loads_nothing_heavy() -> None:
    code = (
        "import sys, cache.folder, cache.journals, cache.upkeep, cache.fingerprints;"
        "print({'numpy', 'polars', 'safetensors', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
