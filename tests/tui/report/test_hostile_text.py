"""Texts of models and files do nothing in a report: no markup, script, terminal code or reordering."""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from markdown_it import MarkdownIt

from core.analysis.results import read_results
from tests.tui.report.pages import page_of
from tui.report.document import report_of
from tui.report.figures import write_figures
from tui.report.rendering import html_of, markdown_of

HOSTILE = (
    "<script>steal()</script><img src=x onerror=steal()>\" onload='steal()' `</code>` {{ 7 * 7 }} {% raw %}"
    "</script></style></title></pre>&lt;b&gt; &#106;avascript:x() <a href='javascript:steal()'>x</a> | cell "
    "[y](javascript:steal()) ![z](http://evil.example/z.png) $x$ ~~~\n```\n# head\n\x1b[31mred\x1b]0;t\x07 "
    "\u202etxet\u2066 \x00 \u2028 \ud800 end"
)


@pytest.fixture(scope="module")
def hostile_folder(profile_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(profile_folder, tmp_path_factory.mktemp("hostile") / "out"))
    text = HOSTILE.replace("\ud800", "")  # Parquet has no lone surrogates, JSON has
    outcomes = pl.read_parquet(folder / "outcomes.parquet")
    outcomes.with_columns(
        *(pl.when(pl.col(name).is_not_null()).then(pl.lit(text) + pl.col(name)).alias(name)
          for name in ("prompt", "text", "answer")),
        options=pl.col("options").list.eval(pl.lit(text[:80]) + pl.element()),
        targets=pl.col("targets").list.eval(pl.lit(text[:80]) + pl.element()),
        benchmark=pl.col("benchmark").replace("told", text),
    ).write_parquet(folder / "outcomes.parquet")  # fmt: skip
    for name in ("cells", "failures", "choices", "tags"):
        table = pl.read_parquet(folder / f"{name}.parquet")
        table = table.with_columns(benchmark=pl.col("benchmark").replace("told", text))
        if name == "tags":
            table = table.with_columns(evidence=pl.lit(text), tag=pl.lit(text))
        table.write_parquet(folder / f"{name}.parquet")
    settings = json.loads((folder / "profile.json").read_text("utf-8"))
    settings["model"]["spec"]["name"] = HOSTILE
    settings["versions"]["python"] = HOSTILE
    (folder / "profile.json").write_text(json.dumps(settings), "utf-8")
    return folder


def test_html_has_the_elements_of_the_harmless_report(hostile_folder: Path, profile_folder: Path) -> None:
    """Whatever the texts are, the page has the same elements and attributes."""
    harmless, hostile = (
        page_of(html_of(report_of(read_results(folder)))) for folder in (profile_folder, hostile_folder)
    )
    names = [
        Counter((one.tag, *sorted(one.attributes)) for one in page.every()) for page in (harmless, hostile)
    ]
    assert set(names[1]) <= set(names[0])
    for tag in ("script", "style", "meta"):
        assert len(hostile.every(tag)) == len(harmless.every(tag)), tag
    assert "<script>steal()</script><img src=x onerror=steal()>" in hostile.text
    assert "{{ 7 * 7 }}" in hostile.text


@pytest.mark.slow
def test_figures_show_it_as_text(hostile_folder: Path, tmp_path: Path) -> None:
    assert write_figures(report_of(read_results(hostile_folder)), tmp_path) == 3
    page = page_of((tmp_path / "matrix-mlp.svg").read_text("utf-8").partition("?>")[2])
    assert not page.every("script", "img", "a")
    assert "<script>steal()" in page.text


@pytest.mark.parametrize("render", [html_of, markdown_of])
def test_no_character_acts(hostile_folder: Path, render: type[html_of]) -> None:
    written = render(report_of(read_results(hostile_folder)))
    acting = {one for one in written if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert acting == {"\n"}
    written.encode("utf-8")


def test_markdown_shows_it_as_text(hostile_folder: Path, profile_folder: Path) -> None:
    kinds = []
    for folder in (profile_folder, hostile_folder):
        parser = MarkdownIt("commonmark", {"html": True}).enable("table")
        tokens = parser.parse(markdown_of(report_of(read_results(folder))))
        inline = [one for token in tokens for one in token.children or ()]
        kinds.append({one.type for one in (*tokens, *inline)})
    assert kinds[1] <= kinds[0]
    assert not kinds[1] & {"html_block", "html_inline", "image", "link_open"}
