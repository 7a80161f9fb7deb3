"""What a report says is what the profile's files say; the page loads nothing and can be used by everyone."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
import shutil
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
import typer

from core.analysis.results import read_results
from tests.tui.report.conftest import ABILITIES, DEDUCTIVE, SPATIAL, N
from tests.tui.report.pages import Element, page_of, rows_of
from tui.command_line import command_app
from tui.names import ABILITY_WORDS
from tui.report.document import Report, report_of
from tui.report.parting import MOST_OWN, MOST_SHARED, Parting, parting
from tui.report.rendering import html_of, markdown_of
from tui.report.shades import INKS, PAPERS, contrast, shade_name, shades
from tui.report.words import fitted, head, word


@pytest.fixture(scope="module")
def report(profile_folder: Path) -> Report:
    return report_of(read_results(profile_folder))


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return html_of(report)


@pytest.fixture(scope="module")
def page(html: str) -> Element:
    return page_of(html)


@pytest.fixture(scope="module")
def cells(profile_folder: Path) -> pl.DataFrame:
    return pl.read_parquet(profile_folder / "cells.parquet")


def table_with(page: Element, caption: str) -> Element:
    return next(one for one in page.every("table") if caption in one.first("caption").text)


def test_needs_are_the_links_of_the_larger_k(page: Element, cells: pl.DataFrame) -> None:
    rows = rows_of(table_with(page, "What each benchmark needs"))[1:]
    found, benchmark = set(), ""
    for row in rows:
        benchmark, ability = (row[0], row[3]) if len(row) > 5 else (benchmark, row[0])
        if row[-1] in ("in particular", "other abilities' masks may do as much"):
            found.add((ability, benchmark))
        _, _, others = row[-1].partition("Links too, but other masks may do as much: ")
        found |= {(one.split()[0], benchmark) for one in others.split(", ") if others}
    at_k = cells.filter(selection="max_minus_shared", k=0.01)
    links = {
        (ABILITY_WORDS[a], ABILITY_WORDS[b]) for a, b in at_k.filter("link")["ability", "benchmark"].rows()
    }
    assert (DEDUCTIVE, DEDUCTIVE) in set(at_k.filter("link")["ability", "benchmark"].rows())
    assert found == links | {("deductive", "told (AIS)")}
    text = " ".join(page.text.split())
    assert f"{len({b for _, b in found})} of 4 benchmarks need at least one ability" in text
    assert "1 of 4 benchmarks cannot be judged: the intact model is at chance there." in text


def test_the_matrix_has_the_cells(page: Element, cells: pl.DataFrame) -> None:
    for k, words in ((0.01, "k 1 %"), (0.003, "k 0.3 %")):
        rows = rows_of(table_with(page, f"Effects, MLP-only · max_minus_shared · {words}"))
        assert rows[0] == ["without", "deduct", "spatial", "tempor", "told"]
        for ability, row in zip(ABILITIES, rows[1:], strict=False):
            for benchmark, name in ((DEDUCTIVE, "ais_p"), (SPATIAL, "ais_p"), ("told", "ais")):
                of_cell = {
                    "ability": ability,
                    "benchmark": benchmark,
                    "selection": "max_minus_shared",
                    "k": k,
                }
                (cell,) = cells.filter(**of_cell).to_dicts()
                place = 4 if benchmark == "told" else 1 + ABILITIES.index(benchmark)
                assert row[place].lstrip().startswith(f"{cell[name] + 0.0:.2f}".replace("0.", ".", 1))
            assert row[3] == "·", "the intact model is at chance on temporal reasoning"
        assert rows[-1][0] == "random, mean"


def test_what_was_run_and_what_cannot_be_said(page: Element, profile_folder: Path) -> None:
    text = " ".join(page.text.split())
    settings = json.loads((profile_folder / "profile.json").read_text())
    assert settings["model"]["info"]["fingerprint"] in text
    assert f"torch {settings['versions']['torch']}" in text
    limits = page.first("section", **{"aria-labelledby": "limits"}).text
    assert "temporal_reasoning: base p(right)" in limits
    assert "deductive_reasoning: 2 of 40 prompts were too long for the model" in limits
    assert "temporal: " in limits, "an ability that the intact model does not show"
    assert "2 per cell here" in limits
    assert "mlp: minimum detectable AIS" in limits


def test_the_command_line_is_one_of_the_program(page: Element) -> None:
    line = page.first("pre").text
    assert line.startswith("abilityscope profile ")
    words = shlex.split(line)[2:]
    command = typer.main.get_command(command_app()).commands["profile"]  # type: ignore[attr-defined]
    context = command.make_context("profile", words, default_map={"help": False})
    assert context.params["k"] == "0.003,0.01"
    assert context.params["limit"] == N
    assert context.params["random_seeds"] == 2


def test_examples_part_where_the_answers_do(page: Element) -> None:
    example = page.first("article")
    base, ablated = (one for one in example.every("pre") if one.every("mark"))
    assert base.first("span").text == ablated.first("span").text == "we count on so "
    assert int(ablated.first("mark").text) == int(base.first("mark").text) + 1


def test_samples_are_all_there_and_broken_ones_first(page: Element, profile_folder: Path) -> None:
    outcomes = pl.read_parquet(profile_folder / "outcomes.parquet")
    base = outcomes.filter(variant="base").select("benchmark", "item_id", was="correct")
    both = outcomes.filter(selection="max_minus_shared", k=0.01).join(base, on=["benchmark", "item_id"])
    broken = len(both.filter(pl.col("was") & ~pl.col("correct")))
    rows = rows_of(page.first("table", id="samples-table"))[1:]
    verdicts = [row[2] for row in rows]
    assert len(rows) == len(both) == 3 * 4 * N
    assert verdicts.count("broken") == broken > 0
    assert verdicts[:broken] == ["broken"] * broken


def test_the_page_loads_nothing(page: Element, html: str) -> None:
    for element in page.every():
        for name, value in element.attributes.items():
            assert not name.startswith("on"), name
            assert name not in ("src", "srcset", "style", "action", "xlink:href"), name
            assert name != "href" or value.startswith("#"), value
    assert not page.every("link", "img", "iframe", "object", "embed", "base")
    policy = page.first("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (element,) = page.every(tag)
        digest = hashlib.sha256(element.text.encode()).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert "unsafe" not in policy
    assert "://" not in html


def test_everyone_can_use_it(page: Element) -> None:
    assert page.first("html").attributes["lang"] == "en"
    ids = [one.attributes["id"] for one in page.every() if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    for link in page.every("a"):
        assert link.attributes["href"][1:] in ids
    for table in page.every("table"):
        assert table.first("caption").text.strip()
        assert all(head.attributes.get("scope") for head in table.every("th"))
    for drawing in page.every("svg"):
        named = drawing.attributes["aria-labelledby"].split()
        assert drawing.attributes["role"] == "img"
        assert set(named) <= set(ids)
    for field in page.every("select", "input"):
        assert any(field in label.every() for label in page.every("label"))
    levels = [int(one.tag[1]) for one in page.every("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_text_can_be_read_on_every_shade() -> None:
    for look in ("light", "dark"):
        assert contrast(PAPERS[look], INKS[look]) > 7
        assert min(contrast(one.background, one.text) for one in shades(look)) >= 4.5
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert [shade_name(value) for value in (None, 0.04, 0.06, 3.0, -0.5)] == ["u", "z", "p1", "p10", "n5"]


def test_texts_part_at_a_word() -> None:
    assert parting("so 12 .", "so 17 .") == Parting("so ", "12 .", "17 .")
    assert parting("so 12", "so 12 and on") == Parting("so 12", "", " and on")
    assert parting("one", "two") == Parting("", "one", "two")
    assert parting("same", "same").is_same
    shared, base, ablated = parting("a " * 900 + "b " * 900, "a " * 900 + "c " * 900)
    assert (len(shared), len(base), len(ablated)) == (MOST_SHARED, MOST_OWN, MOST_OWN)
    assert shared.startswith("…")
    assert ablated.endswith("…")


@pytest.mark.slow
@pytest.mark.parametrize("text", ["many words of a passage ", "<&\"'\x1b"])
def test_it_stays_small_whatever_the_texts_are(profile_folder: Path, tmp_path: Path, text: str) -> None:
    """Ten times the items, all of them long."""
    for name in ("cells", "failures", "tags", "choices"):
        shutil.copy(profile_folder / f"{name}.parquet", tmp_path)
    shutil.copy(profile_folder / "profile.json", tmp_path)
    outcomes = pl.read_parquet(profile_folder / "outcomes.parquet")
    parts = [outcomes.with_columns(pl.col("item_id") + f"/{part}") for part in range(10)]
    long = text * 400
    pl.concat(parts).with_columns(
        *(pl.when(pl.col(name).is_not_null()).then(pl.col(name) + long) for name in ("prompt", "text")),
        options=pl.col("options").list.eval(pl.element() + pl.lit(text * 3)),
    ).write_parquet(tmp_path / "outcomes.parquet")
    report = report_of(read_results(tmp_path))
    assert report.samples.total == 4800
    shown = len(report.samples.shown)
    assert shown == 2000 if text.isprintable() else 300 < shown < 2000
    assert len(html_of(report).encode()) < 2_700_000


def test_a_profile_that_ablates_nothing(profile_folder: Path, tmp_path: Path, report: Report) -> None:
    for name in ("outcomes", "failures", "tags", "choices"):
        table = pl.read_parquet(profile_folder / f"{name}.parquet").filter(pl.col("variant") == "base")
        table.write_parquet(tmp_path / f"{name}.parquet")
    cells = pl.read_parquet(profile_folder / "cells.parquet").unique("benchmark", maintain_order=True)
    cells.with_columns(ability=pl.lit(""), variant=pl.lit("base")).write_parquet(tmp_path / "cells.parquet")
    (tmp_path / "profile.json").write_bytes((profile_folder / "profile.json").read_bytes())
    page = page_of(html_of(report_of(read_results(tmp_path))))
    rows = rows_of(table_with(page, "The intact model"))
    assert [row[0] for row in rows[1:]] == ["deductive", "spatial", "temporal", "told"]
    assert not page.every("article")


def test_what_benchmarks_are_called() -> None:
    compound = f"{DEDUCTIVE}+{SPATIAL}"
    assert (word(compound), head(compound), fitted(compound)) == (
        "deductive+spatial",
        "dedu+spat",
        "deductive+spatial",
    )
    assert (word(DEDUCTIVE), head(DEDUCTIVE)) == ("deductive", "deduct")
    assert fitted("a_benchmark_with_a_long_name") == "a_benchmark_with…"


def test_another_least_effect(profile_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(profile_folder, tmp_path / "own"))
    cells = pl.read_parquet(folder / "cells.parquet").with_columns(until=pl.lit(0.1))
    cells.write_parquet(folder / "cells.parquet")
    page = page_of(html_of(report_of(read_results(folder))))
    assert "A link has its whole interval above .10" in page.text
    assert "--until 0.1 " in page.first("pre").text


def test_how_k_was_chosen(profile_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(profile_folder, tmp_path / "own"))
    assert "How k was chosen" not in page_of(html_of(report_of(read_results(folder)))).text
    settings = json.loads((folder / "profile.json").read_text("utf-8"))
    tried = [
        {"k": 0.003, "acceptable": True, "own": [0.2, 0.1, 0.3], "others": [0.1, 0.05, 0.15]},
        {"k": 0.01, "acceptable": True, "own": [0.6, 0.5, 0.7], "others": [0.2, 0.1, 0.3]},
    ]
    gains = ([0.1, 0.0, 0.2], [0.4, 0.3, 0.5])
    tried = [one | {"gain": gain} for one, gain in zip(tried, gains, strict=True)]
    tried.append({"k": 0.03, "acceptable": False})
    search = {"variant": "mlp", "selections": ["max_minus_shared"], "k": 0.01, "tried": tried}
    settings["auto_k"] = [search | {"best_k": 0.01, "choosing_items": 20}]
    (folder / "profile.json").write_text(json.dumps(settings), "utf-8")
    report = report_of(read_results(folder))
    page = page_of(html_of(report))
    assert rows_of(table_with(page, "Own and others over k, MLP-only · max_minus_shared"))[1:] == [
        ["0.3 %", ".20 [.10, .30]", ".10 [.05, .15]", ".10 [.00, .20]", "yes", ""],
        ["1 %", ".60 [.50, .70]", ".20 [.10, .30]", ".40 [.30, .50]", "yes", "chosen"],
        ["3 %", "·", "·", "·", "no", ""],
    ]
    drawing = report.searches[0].drawing
    assert drawing is not None
    assert [curve.name for curve in drawing.curves] == ["others", "own"]
    assert drawing.curves[1].points[1].y < drawing.curves[0].points[1].y, "more is higher up"
    assert "| 1 % | .60 \\[.50, .70\\] |" in markdown_of(report)
    settings["auto_k"] = [
        {name: search[name] for name in ("variant", "selections", "k")} | {"tried": tried[2:]}
    ]
    (folder / "profile.json").write_text(json.dumps(settings), "utf-8")
    assert not report_of(read_results(folder)).searches, "of an earlier version, which has no frontier"
