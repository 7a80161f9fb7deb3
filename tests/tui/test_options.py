"""Options that commands share: the scoring rule's preset, and names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.importance.scoring_rule import PAPER_RULE, ScoringRule
from core.run.specs import ImportanceSpec
from tests.tui.calling import called
from tui.mask_options import chosen_selection, named_variants
from tui.names import named_variant
from tui.opening import engine_spec
from tui.options import ModelFlags, RuleFlags

Captured = pytest.CaptureFixture[str]


def test_the_default_rule_is_that_of_the_importance_spec() -> None:
    default = ImportanceSpec()
    assert RuleFlags().rule == ScoringRule(default.loss, default.reduction)


def test_the_preset_is_the_papers_rule_in_every_command_and_in_the_inspector() -> None:
    paper = RuleFlags(preset="paper")
    assert paper.rule == PAPER_RULE == ScoringRule("full", "abs-sum")
    assert chosen_selection(RuleFlags(), None) == "max_minus_shared"
    assert chosen_selection(paper, None) == "top"
    assert chosen_selection(paper, "max_minus_shared") == "max_minus_shared"
    importance = engine_spec(ModelFlags(), rule=paper).importance
    assert (importance.loss, importance.reduction) == PAPER_RULE
    assert importance.usual_selection == "top"
    assert engine_spec(ModelFlags()).importance.usual_selection == "max_minus_shared"


def test_it_scores_as_the_paper_does(capsys: Captured, tmp_path: Path) -> None:
    words = ("importance", "--ability", "inductive_reasoning", "--n-items", "2", "--cache-dir", str(tmp_path))
    code, out, err = called(capsys, *words, "--preset", "paper", "--json")
    assert code == 0, err
    document = json.loads(out)
    assert (document["loss"], document["reduction"]) == PAPER_RULE


@pytest.mark.parametrize(
    ("written", "variant"),
    [
        ("mlp", "mlp"),
        ("MLP-only", "mlp"),
        ("mlp only", "mlp"),
        ("all layers", "all"),
        ("All-Layers", "all"),
        ("base", "base"),
    ],
)
def test_a_variant_goes_by_its_id_and_by_the_words_of_the_screen(written: str, variant: str) -> None:
    assert named_variant(written) == variant
    assert named_variants(f"base,{written}") == tuple(dict.fromkeys(["base", variant]))


def test_an_unknown_variant_is_refused_with_those_there_are(capsys: Captured) -> None:
    code, _, err = called(capsys, "bench", "--benchmark", "spatial_reasoning", "--variant", "mpl")
    assert code == 2
    assert "Unknown variant 'mpl'. Did you mean mlp? Known: base, mlp, all." in " ".join(err.split())
