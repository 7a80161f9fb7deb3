"""`core/analysis/README.md` names every column and field that a profile writes, and no other."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import core.analysis
from cache.folder import Store
from core.analysis.profile import FILES, write_profile
from core.models.spec import ModelSpec
from core.run.runner import Runner
from tests.core.analysis.test_profile_statistics import PLAN, profile

README = Path(core.analysis.__file__).with_name("README.md")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile of made-up outcomes, written."""
    runner = Runner(ModelSpec(), Store(tmp_path_factory.mktemp("cache")))
    found = tmp_path_factory.mktemp("out")
    write_profile(profile(runner, replace(PLAN, random_seeds=1)), runner, found)
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_column_is_named_and_no_other(folder: Path, name: str) -> None:
    file = folder / name
    written = (
        pl.read_parquet_schema(file) if file.suffix == ".parquet" else json.loads(file.read_text("utf-8"))
    )
    assert sorted(_named(name)) == sorted(written)


def _named(file: str) -> list[str]:
    """The names in the first column of a file's table."""
    _, _, section = README.read_text("utf-8").partition(f"\n## {file}\n")
    rows = re.findall(r"^\| (`.+?) \|", section.partition("\n## ")[0], re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]
