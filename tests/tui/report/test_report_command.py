"""`abilityscope report`: what it writes, and what it refuses."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.tui.calling import called


@pytest.fixture
def own_folder(profile_folder: Path, tmp_path: Path) -> Path:
    """A copy of the profile that a test may change."""
    return Path(shutil.copytree(profile_folder, tmp_path / "own"))


def test_it_writes_both_formats(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, profile_folder: Path
) -> None:
    for name, beginning in (("report.html", "<!doctype html>"), ("new/report.md", "# Which abilities")):
        code, out, err = called(capsys, "report", str(profile_folder), "--to", str(tmp_path / name))
        assert code == 0, err
        assert out.startswith(f"Written: {tmp_path / name} (")
        assert (tmp_path / name).read_text("utf-8").startswith(beginning)


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        ((), 2, "give --to FILE.html, --to FILE.md or --figures DIR"),
        (("--to", "report.pdf"), 2, "'report.pdf' is no format: end it in .html or .md"),
        (("--to", "report"), 2, "end it in .html or .md"),
    ],
)
def test_what_it_cannot_write(
    capsys: pytest.CaptureFixture[str],
    profile_folder: Path,
    options: tuple[str, ...],
    code: int,
    sentence: str,
) -> None:
    found, out, err = called(capsys, "report", str(profile_folder), *options)
    assert (found, out) == (code, "")
    assert sentence in err


def without_a_file(folder: Path) -> None:
    (folder / "tags.parquet").unlink()


def of_an_earlier_version(folder: Path) -> None:
    path = folder / "cells.parquet"
    pl.read_parquet(path).drop("ais_p").write_parquet(path)


def with_cut_bytes(folder: Path) -> None:
    path = folder / "outcomes.parquet"
    path.write_bytes(path.read_bytes()[:-50])


def with_words_for_numbers(folder: Path) -> None:
    path = folder / "cells.parquet"
    pl.read_parquet(path).with_columns(ais=pl.lit("much")).write_parquet(path)


def with_a_name_that_is_a_path(folder: Path) -> None:
    path = folder / "cells.parquet"
    pl.read_parquet(path).with_columns(variant=pl.lit("../../mlp")).write_parquet(path)


def with_other_settings(folder: Path) -> None:
    (folder / "profile.json").write_text('{"model": 3}', "utf-8")


def with_no_settings(folder: Path) -> None:
    (folder / "profile.json").write_text("{", "utf-8")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (without_a_file, "has no tags.parquet: give the --out folder of abilityscope profile"),
        (of_an_earlier_version, "is of an earlier version, without 'ais_p': run its profile again"),
        (with_cut_bytes, "outcomes.parquet' is damaged or no such table: run its profile again"),
        (with_words_for_numbers, "cells.parquet' is damaged or no such table: run its profile again"),
        (with_a_name_that_is_a_path, "has an unknown variant, '../../mlp': run its profile again"),
        (with_other_settings, "profile.json' cannot be read (Expected `object`, got `int`"),
        (with_no_settings, "profile.json' cannot be read (Expecting property name"),
    ],
)
def test_a_folder_that_is_no_profile_gets_one_sentence(
    capsys: pytest.CaptureFixture[str], own_folder: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    damage(own_folder)
    to = own_folder / "made"
    for command in (("report", "--to", f"{to}.html"), ("export", "--to", str(to))):
        code, out, err = called(capsys, *command, str(own_folder))
        assert (code, out) == (1, "")
        assert sentence in err
        assert err.count("\n") == 1
    assert not [*own_folder.glob("made*")]


def test_figures_need_matplotlib(
    capsys: pytest.CaptureFixture[str], profile_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, err = called(capsys, "report", str(profile_folder), "--figures", str(tmp_path / "figures"))
    assert (code, out) == (1, "")
    assert "Figures need matplotlib: install the extra report" in err


@pytest.mark.slow
def test_figures_are_the_same_each_time_and_keep_their_text(
    capsys: pytest.CaptureFixture[str], profile_folder: Path, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        code, out, err = called(capsys, "report", str(profile_folder), "--figures", str(tmp_path / name))
        assert (code, out) == (0, f"Written: 3 figures in {tmp_path / name}\n"), err
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == [
        f"{name}-mlp.{form}" for name in ("links", "matrix", "sweeps") for form in ("pdf", "png", "svg")
    ]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    assert ">deductive</text>" in (tmp_path / "one" / "links-mlp.svg").read_text("utf-8")
