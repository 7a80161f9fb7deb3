"""The benchmarks that everyone uses, from the command line, on a tiny model and the committed rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.core.benchmarks.conftest import DATA
from tests.core.tiny_models import byte_tokenizer, save_model
from tests.tui.calling import document
from tests.tui.terminal import written_on
from tui.command_line import run

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def model(byte_model: Path) -> str:
    return str(byte_model)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABILITYSCOPE_CACHE", str(tmp_path_factory.getbasetemp() / "benchmarks-cache"))


def test_the_list_has_all_and_says_what_is_here(capsys: Captured) -> None:
    found = document(capsys, "benchmarks", "--data-dir", str(DATA))
    listed = {one["id"]: one for one in found["benchmarks"]}
    compounds = [one for one in listed.values() if len(one["needs"]) > 1]
    assert (len(listed) - len(compounds), len(compounds)) == (27, 55)
    assert all(one["at_hand"] for one in listed.values())
    assert listed["gsm8k"]["shots"] == 5
    rows = {one: len((DATA / f"{one}.jsonl").read_text().splitlines()) for one in ("gsm8k", "arc_easy")}
    assert {one: listed[one]["n_items"] for one in rows} == rows
    assert {one["id"]: one["n_items"] for one in document(capsys, "benchmarks")["benchmarks"]}[
        "gsm8k"
    ] == 1319
    assert run(["benchmarks"]) == 0
    out = capsys.readouterr().out
    assert "BIG" not in out
    assert "27 kinds of problem" in out
    assert "45 pairs" in out
    assert out.count("analogical_reasoning+commonsense_causal") == 2  # a pair as an example, and a triple


def test_a_folder_without_rows_has_no_number_of_them(capsys: Captured, tmp_path: Path) -> None:
    shutil.copy(DATA / "arc_easy.jsonl", tmp_path)
    found = document(capsys, "benchmarks", "--data-dir", str(tmp_path))["benchmarks"]
    listed = {one["id"]: one for one in found}
    assert (listed["arc_easy"]["at_hand"], listed["gsm8k"]["at_hand"]) == (True, False)
    assert listed["arc_easy"]["n_items"] is not None
    assert listed["gsm8k"]["n_items"] is None
    (tmp_path / "gsm8k.jsonl").write_text("no json\n")
    assert run(["benchmarks", "--data-dir", str(tmp_path)]) == 2
    assert "gsm8k.jsonl" in capsys.readouterr().err


@pytest.mark.parametrize("columns", [80, 160])
def test_the_list_cuts_no_id_and_breaks_no_word(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    listed = document(capsys, "benchmarks", "--data-dir", str(DATA))["benchmarks"]
    lines = written_on(monkeypatch, columns, "benchmarks")
    assert max(map(len, lines)) <= columns
    beginnings = [line.split()[0] for line in lines if line]
    assert {one["id"] for one in listed if len(one["needs"]) < 2} <= set(beginnings)
    assert not any("…" in line for line in lines)
    for word in " ".join(one["about"] for one in listed if len(one["needs"]) < 2).split():
        assert any(word in line for line in lines)


def test_bench_tells_metrics_and_families(capsys: Captured, model: str) -> None:
    words = ("bench", "--benchmark", "mmlu", "--few-shot", "1", "--data-dir", str(DATA), "--model", model)
    found = document(capsys, *words, "--limit", "12")
    assert found["options"]["shots"] == 1
    assert set(found["metrics"]) == {"acc"}
    families = found["families"].values()
    assert len(families) > 1
    assert sum(family["n"] for family in families) == 12
    mean = sum(family["n"] * family["score"] for family in families) / 12
    assert found["score"] == found["metrics"]["acc"] == pytest.approx(mean)


def test_bench_tells_all_metrics_of_both_models_and_what_was_cut(capsys: Captured, tmp_path: Path) -> None:
    save_model(tmp_path, tokenizer=byte_tokenizer(), max_position_embeddings=160)
    mask = ("--ability", "spatial_reasoning", "--selection", "random", "--k", "0.05", "--limit", "6")
    words = ("bench", "--benchmark", "arc_easy", "--data-dir", str(DATA), "--model", str(tmp_path), *mask)
    found = document(capsys, *words)
    cut = [outcome["cut"] for outcome in found["outcomes"]]
    assert 0 < found["truncated"] == sum(map(bool, cut)) < 6
    assert run(list(words)) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, metrics in (("base", found["base_metrics"]), ("ablated", found["metrics"])):
        assert set(metrics) == {"acc", "acc_norm"}
        (at,) = (number for number, line in enumerate(lines) if line.startswith(name))
        assert lines[at].split()[1] == f"{metrics['acc']:.3f}"
        assert lines[at + 1].split() == [f"{metrics['acc_norm']:.3f}", "acc_norm"]
    assert f"{found['truncated']} of 6 prompts" in "".join(lines)


def test_options_that_fit_some_benchmarks_are_said_of_the_others(
    capsys: Captured, model: str, tmp_path: Path
) -> None:
    words = (
        "--benchmarks",
        "arc_easy,truthfulqa_mc1,spatial_reasoning",
        "--variants",
        "base",
        "--limit",
        "2",
    )
    options = ("--data-dir", str(DATA), "--few-shot", "0", "--model", model, "--out", str(tmp_path))
    assert run(["profile", *words, *options]) == 0
    _, err = capsys.readouterr()
    assert "changes nothing" not in err  # 0 examples is what they have
    shots = ("--data-dir", str(DATA), "--few-shot", "4", "--model", model, "--out", str(tmp_path))
    assert run(["profile", "--benchmarks", "truthfulqa_mc1,bbh", "--variants", "base", *shots]) == 2
    assert "--few-shot changes nothing about truthfulqa_mc1, bbh" in capsys.readouterr().err


def test_bench_under_a_mask_without_a_chance_level(capsys: Captured, model: str) -> None:
    mask = ("--ability", "spatial_reasoning", "--selection", "random", "--k", "0.05")
    words = ("bench", "--benchmark", "truthfulqa_mc2", "--data-dir", str(DATA), "--model", model, *mask)
    found = document(capsys, *words, "--limit", "6")
    assert found["chance"] is None
    assert found["effect"]["ais"] is None
    assert "no usable chance level" in found["effect"]["reason"]
    assert found["score"] == pytest.approx(found["effect"]["score"])
    assert run([*words, "--limit", "6"]) == 0
    out = capsys.readouterr().out
    assert "TruthfulQA mc2 · mc2 · n 6 · no chance level" in out


def test_profile_runs_them_beside_the_diagnostic_ones(capsys: Captured, model: str, tmp_path: Path) -> None:
    words = ("--benchmarks", "winogrande,truthfulqa_mc2,spatial_reasoning", "--limit", "5", "--k", "0.05")
    selected = ("--abilities", "spatial_reasoning", "--variants", "mlp", "--selections", "random")
    code = run(
        ["profile", *words, *selected, "--data-dir", str(DATA), "--model", model, "--out", str(tmp_path)]
    )
    out, err = capsys.readouterr()
    assert code == 0, err
    assert "truthfulqa_mc2: not identifiable: the benchmark has no usable chance level" in out
    outcomes = pl.read_parquet(tmp_path / "outcomes.parquet")
    assert len(outcomes) == 2 * 3 * 5
    assert outcomes["prompt"].null_count() == 0
    blank = outcomes.filter(pl.col("benchmark") == "winogrande")["prompt"]
    assert blank.str.contains("_", literal=True).all()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--benchmark", "mbpp", "--data-dir", str(DATA)), 2, "--allow-code-execution"),
        (("--benchmark", "arc_easy", "--data-dir", "/no/such/folder"), 2, "There is no folder"),
        (("--benchmark", "arc_easy", "--data-dir", str(DATA), "--chat"), 1, "has no chat template"),
        (("--benchmark", "arc_easy", "--data-dir", str(DATA.parent)), 1, "has no rows of 'arc_easy'"),
        (("--benchmark", "arc_eazy", "--data-dir", str(DATA)), 2, "Did you mean arc_easy?"),
        (("--benchmark", "no/such.yaml"), 2, "cannot be read"),
        (("--benchmark", "diagnostic"), 2, "'diagnostic' stands for several benchmarks: give one, or run"),
        (("--benchmark", "all", "--data-dir", str(DATA)), 2, "'profile --benchmarks all'"),
        (
            ("--benchmark", "truthfulqa_mc1", "--data-dir", str(DATA), "--few-shot", "5"),
            2,
            "--few-shot changes nothing about truthfulqa_mc1, whose prompts are fixed: leave it out.",
        ),
        (("--benchmark", "spatial_reasoning", "--few-shot", "5"), 2, "--few-shot changes nothing about"),
        (("--benchmark", "spatial_reasoning", "--chat"), 2, "--chat changes nothing about"),
    ],
)
def test_what_cannot_be_run_gets_one_sentence(
    capsys: Captured, model: str, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    assert run(["bench", "--model", model, *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert "Traceback" not in err
