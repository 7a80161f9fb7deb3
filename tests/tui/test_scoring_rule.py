"""How weights are scored unless a person says otherwise, and the paper's way under one name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.experiment.specs import ImportanceSpec
from core.importance.scoring_rule import PAPER_RULE, ScoringRule
from core.models.spec import ModelSpec
from tests.tui.calling import called
from tui.mask_options import chosen_selection
from tui.opening import engine_spec
from tui.options import ModelFlags, RuleFlags

Captured = pytest.CaptureFixture[str]


def test_the_default_rule_is_that_of_the_importance_spec() -> None:
    default = ImportanceSpec()
    assert RuleFlags().rule == ScoringRule(default.loss, default.reduction)
    assert RuleFlags(loss="answer").rule == ScoringRule("answer", default.reduction)
    assert RuleFlags(reduction="abs-sum").rule == ScoringRule(default.loss, "abs-sum")


def test_the_preset_is_the_papers_rule_in_every_command_and_in_the_inspector() -> None:
    paper, demo = RuleFlags(preset="paper"), ModelSpec()
    assert paper.rule == PAPER_RULE == ScoringRule("full", "abs-sum")
    assert chosen_selection(demo, RuleFlags(), None) == "contrast"
    assert chosen_selection(demo, paper, None) == "top"
    assert chosen_selection(demo, paper, "random") == "random"
    importance = engine_spec(ModelFlags(), rule=paper).importance
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
        (("overlap", "--preset", "paper", "--loss", "margin"), "leave out the preset or these"),
        (("profile", "--preset", "paper", "--reduction", "abs-sum"), "leave out the preset or these"),
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
