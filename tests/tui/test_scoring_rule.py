"""How weights are scored unless a person says otherwise, and the paper's way under one name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.experiment.specs import ImportanceSpec
from core.importance.scoring_rule import PAPER_RULE, ScoringRule
from tests.tui.calling import called
from tui.bench_options import chosen_selection
from tui.commands.tui import engine_spec
from tui.options import RunOptions, WayOptions

Captured = pytest.CaptureFixture[str]


def test_what_a_person_leaves_out_is_as_in_the_recipe() -> None:
    usual = ImportanceSpec()
    assert WayOptions().way == ScoringRule(usual.loss, usual.reduction)
    assert WayOptions(loss="answer").way == ScoringRule("answer", usual.reduction)
    assert WayOptions(reduction="abs-sum").way == ScoringRule(usual.loss, "abs-sum")


def test_the_preset_is_the_papers_formula_in_every_command_and_in_the_inspector() -> None:
    options = RunOptions(preset="paper")
    assert options.way == PAPER_RULE == ScoringRule("full", "abs-sum")
    assert chosen_selection(options, None) == "top"
    assert chosen_selection(options, "random") == "random"
    importance = engine_spec(options).importance
    assert (importance.loss, importance.reduction) == PAPER_RULE


def test_it_scores_as_the_paper_does(capsys: Captured, tmp_path: Path) -> None:
    words = ("importance", "--ability", "inductive_reasoning", "--n-items", "2", "--cache-dir", str(tmp_path))
    code, out, err = called(capsys, *words, "--preset", "paper", "--json")
    assert code == 0, err
    document = json.loads(out)
    assert (document["loss"], document["reduction"]) == PAPER_RULE


ONE = ("--ability", "inductive_reasoning", "--preset", "paper", "--selection")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("overlap", "--preset", "paper", "--loss", "margin"), "give either it or these"),
        (("profile", "--preset", "paper", "--reduction", "abs-sum"), "give either it or these"),
        (("profile", "--preset", "paper", "--selections", "top,contrast"), "not 'contrast'"),
        (("overlap", "--preset", "paper", "--selection", "top_minus_shared"), "not 'top_minus_shared'"),
        (("bench", "--benchmark", "gsm8k", *ONE, "contrast_max"), "not 'contrast_max'"),
        (("generate", "2 + 3 =", *ONE, "contrast"), "not 'contrast'"),
    ],
)
def test_what_is_not_the_papers_is_refused_beside_it(
    words: tuple[str, ...], sentence: str, capsys: Captured
) -> None:
    code, out, err = called(capsys, *words)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
