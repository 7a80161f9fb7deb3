"""`abilityscope calibrate` on a made-up cache, of which it is known what must come out."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cache.folder import Store
from core.models.files import model_folder
from core.phantom import DIAGNOSTIC_ITEMS, HELDOUT_ITEMS
from core.phantom import ground_truth as phantom
from core.phantom.calibration import Estimate, Setting, calibration_plan, runners, stored_calibration
from core.phantom.ground_truth import truth_of
from tests.core.phantom.calibration.made_up import LOST, NEURONS, PHANTOM, WEIGHTS
from tests.tui.calling import called
from tui.calibration_words import verdict, write_calibration

Captured = pytest.CaptureFixture[str]

CHANCE = phantom.PRIVATE / phantom.MLP_SIZE
OWN = {"top": 0.5, "max_minus_shared": 1.0, "bottom": 0.0}
"""The share of the selected weights in the own block, as it was made up."""


def words(cache: Path) -> tuple[str, ...]:
    return "calibrate", "--device", "cpu", "--cache-dir", str(cache)


def stamps(root: Path) -> dict[Path, int]:
    """When each file of the cache was written; locks are no results."""
    files = [path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {path: path.stat().st_mtime_ns for path in files}


def test_the_document_has_what_was_made_up_and_computes_nothing(
    calibration_cache: Path, capsys: Captured
) -> None:
    before = stamps(calibration_cache)
    code, out, err = called(capsys, *words(calibration_cache), "--json")
    assert code == 0, err
    assert stamps(calibration_cache) == before
    assert err.count("\n") == 1  # what is asked for, and no load and no run
    found: dict[str, Any] = json.loads(out)
    truth = json.loads((model_folder(PHANTOM) / "truth.json").read_text())
    abilities = found["abilities"]
    true = np.array([[truth["drops"][row][column] for column in abilities] for row in abilities])
    assert (found["model"], found["quantization"], found["seed"]) == ("phantom", "none", 0)
    assert (found["diagnostic_items"], found["heldout_items"]) == (DIAGNOSTIC_ITEMS, HELDOUT_ITEMS)
    assert found["accuracy"] == dict.fromkeys(abilities, 1.0)
    assert found["truth"]["items"] == truth["items"]
    assert np.allclose(found["truth"]["drops"], true)
    check_matrices(found["matrices"], true)
    check_places(found["places"], abilities)
    for one in found["auroc"]:
        expected = {"neurons": pytest.approx(NEURONS), "weights": pytest.approx(WEIGHTS)}
        assert one["abilities"] == dict.fromkeys(abilities, expected)
    assert len(found["auroc"]) == 3 * 2  # ways to score, and the selections that rank by a score
    assert [line.partition(":")[0] for line in found["verdict"][:2]] == ["Good", "Good"]


def test_the_setting_that_comes_nearest_is_named_if_it_is_not_the_usual_one(calibration_cache: Path) -> None:
    plan = calibration_plan(HELDOUT_ITEMS, 0, every=False)
    runner_for = runners(PHANTOM, Store(calibration_cache), DIAGNOSTIC_ITEMS, 0)
    found = stored_calibration(plan, truth_of(PHANTOM), runner_for)
    assert found is not None
    assert not any("nearest" in line for line in verdict(found, PHANTOM))
    far = {
        setting: replace(matrix, correlation=Estimate(0.6, 0.5, 0.7), off_diagonal=Estimate(-0.01, -0.2, 0.2))
        for setting, matrix in found.matrices.items()
    }
    best = Setting("margin", "abs-sum", "max_minus_shared", "global", 0.001)
    near = replace(found.matrices[best], correlation=Estimate(0.93, 0.9, 0.95))
    lines = verdict(replace(found, matrices={**far, best: near}), PHANTOM)
    assert lines[0].startswith(
        "Not right: the matrix (margin, sum-lost, max_minus_shared, k 0.1 %). r .60 [.50,.70]"
    )
    assert " and each other ability 0.0 " in lines[0]
    assert lines[1].startswith(
        "Good: the matrix with margin, abs-sum, max_minus_shared, k 0.1 %, the nearest here."
    )


def check_matrices(matrices: list[dict[str, Any]], true: np.ndarray) -> None:
    """Own abilities lose half, others nothing; controls take nothing, and so have no correlation."""
    planted = LOST * np.eye(10)
    assert len(matrices) == 7
    for matrix in matrices:
        assert matrix["n"] == HELDOUT_ITEMS
        if matrix["control"]:
            assert not np.any(matrix["drops"])
            assert (matrix["r"], matrix["rows"], matrix["columns"]) == (None, 0, 0)
            continue
        assert np.allclose(matrix["drops"], planted)
        assert (matrix["rows"], matrix["columns"]) == (10, 10)
        assert matrix["r"]["value"] == pytest.approx(np.corrcoef(true.ravel(), planted.ravel())[0, 1])
        assert matrix["diagonal"]["value"] == pytest.approx(LOST)
        assert set(matrix["off_diagonal"].values()) == {0.0}
    assert sum(matrix["control"] for matrix in matrices) == 2


def check_places(places: list[dict[str, Any]], abilities: list[str]) -> None:
    """Weights lie where they were put, whatever loss, form, scope and k."""
    assert len(places) == 3 * 2 * 2 + 2 * 2  # three ways to score, and the controls
    for setting in places:
        assert list(setting["abilities"]) == abilities
        for place in setting["abilities"].values():
            if setting["selection"] == "random":
                error = sqrt(CHANCE / place["weights"])
                assert place["own"] == pytest.approx(CHANCE, abs=4 * error)
                continue
            own = OWN[setting["selection"]]
            assert place["own"] == pytest.approx(own, abs=1e-3)
            assert place["enrichment"] == pytest.approx(own / CHANCE, rel=1e-3)
            assert place["shared"] == pytest.approx(0.5 if setting["selection"] == "top" else 0, abs=1e-3)


def test_the_text_fits_80_columns(calibration_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    plan = calibration_plan(HELDOUT_ITEMS, 0, every=False)
    runner_for = runners(PHANTOM, Store(calibration_cache), DIAGNOSTIC_ITEMS, 0)
    found = stored_calibration(plan, truth_of(PHANTOM), runner_for)
    assert found is not None
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout", screen)
    write_calibration(found, PHANTOM, DIAGNOSTIC_ITEMS)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()).splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in screen.getvalue()  # no cell is cut off
    assert sum(line.startswith(("margin", "full")) for line in lines) == 7 + 3
    assert sum(line.startswith("  ") and " x" in line for line in lines) == 3 * 2 + 2
    (side_by_side,) = [line for line in lines if line.startswith("causal ")]
    assert side_by_side.split()[-9:] == ["50", *8 * ["·"]]
    text = " ".join(" ".join(lines).split())
    assert "Good: the matrix (margin, sum-lost, max_minus_shared, k 0.1 %)" in text
    assert "it says nothing about real models" in text


@pytest.mark.parametrize("model", ["demo", "."])
def test_a_model_in_which_nobody_planted_anything_is_refused(model: str, capsys: Captured) -> None:
    code, out, err = called(capsys, "calibrate", "--model", model)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert f"'{model}'" in err
    assert err.endswith("so it cannot calibrate: give --model phantom or phantom-1.\n")


@pytest.mark.parametrize("option", ["--limit", "--n-items"])
def test_fewer_than_two_items_are_refused(option: str, capsys: Captured) -> None:
    code, out, err = called(capsys, "calibrate", option, "1")
    assert (code, out) == (2, "")
    assert option in err
    assert "Traceback" not in err
