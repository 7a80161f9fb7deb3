"""Options that commands share: the scoring rule and its preset, memory, and renamed options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.importance.memory import MemoryOptions
from core.importance.scoring_rule import PAPER_RULE, ScoringRule
from core.run.specs import ImportanceSpec
from tests.tui.calling import called
from tui.command_line import run
from tui.mask_options import chosen_selection, named_variants
from tui.names import named_variant
from tui.opening import engine_spec
from tui.options import MemoryFlags, ModelFlags, RuleFlags, UsageError

Captured = pytest.CaptureFixture[str]


def test_the_default_rule_is_that_of_the_importance_spec() -> None:
    default = ImportanceSpec()
    assert RuleFlags().rule == ScoringRule(default.loss, default.reduction)
    assert RuleFlags(loss="answer").rule == ScoringRule("answer", default.reduction)
    assert RuleFlags(reduction="abs-sum").rule == ScoringRule(default.loss, "abs-sum")


def test_the_preset_is_the_papers_rule_in_every_command_and_in_the_inspector() -> None:
    paper = RuleFlags(preset="paper")
    assert paper.rule == PAPER_RULE == ScoringRule("full", "abs-sum")
    assert chosen_selection(RuleFlags(), None) == "max_minus_shared"
    assert chosen_selection(paper, None) == "top"
    assert chosen_selection(paper, "random") == "random"
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


def test_options_become_memory_options() -> None:
    options = MemoryFlags(passes=2, accumulate_on="device", maps="disk", scoring_batch=4, checkpointing=False)
    assert options.memory_options == MemoryOptions(2, "device", "disk", 4, False)
    assert MemoryFlags().memory_options == MemoryOptions()
    with pytest.raises(UsageError, match="leave one of them out"):
        _ = MemoryFlags(accumulate_on="host", maps="disk").memory_options


@pytest.mark.parametrize("command", ["importance --ability spatial_reasoning", "doctor"])
def test_options_that_make_no_sense_are_one_sentence(command: str, tmp_path: Path, capsys: Captured) -> None:
    arguments = [*command.split(), "--cache-dir", str(tmp_path), "--device", "cpu"]
    assert run([*arguments, "--passes", "9"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "abilityscope: --passes 9 asks for more passes than the model has layers: give 1 to 4."
    )
    assert run([*arguments, "--accumulate-on", "host", "--maps", "disk"]) == 2
    assert "leave one of them out" in capsys.readouterr().err
    assert run([*arguments, "--scoring-batch", "0"]) == 2


ONE = ("--ability", "inductive_reasoning", "--preset", "paper", "--selection")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("overlap", "--preset", "paper", "--loss", "margin"), "leave out the preset or these"),
        (("profile", "--preset", "paper", "--reduction", "abs-sum"), "leave out the preset or these"),
        (("profile", "--preset", "paper", "--selections", "top,max_minus_shared"), "not 'max_minus_shared'"),
        (("bench", "--benchmark", "gsm8k", *ONE, "max_minus_shared"), "not 'max_minus_shared'"),
    ],
)
def test_what_is_not_the_papers_is_refused_beside_it(
    words: tuple[str, ...], sentence: str, capsys: Captured
) -> None:
    code, out, err = called(capsys, *words)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1


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
