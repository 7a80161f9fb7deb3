from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.abilities import ABILITIES
from tests.tui.calling import called

Captured = pytest.CaptureFixture[str]


def test_two_random_masks_share_what_chance_gives(tmp_path: Path, capsys: Captured) -> None:
    words = ("--selection", "random", "--variant", "all", "--cache-dir", str(tmp_path))
    code, out, err = called(capsys, "overlap", *words, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["abilities"] == [ability.id for ability in ABILITIES]
    assert found["lift"][2][5] == pytest.approx(1, abs=0.2)
    assert found["shared"][2][5] == found["shared"][5][2] < found["sizes"][2] == found["weights"]
    code, out, _ = called(capsys, "overlap", *words)
    assert code == 0
    assert "Lift over chance" in out
    assert max(map(len, out.splitlines())) <= 80


def test_missing_rankings_are_made_and_kept(tmp_path: Path, capsys: Captured) -> None:
    words = ("--cache-dir", str(tmp_path), "--n-items", "2", "--json")
    code, first, err = called(capsys, "overlap", *words)
    assert code == 0, err
    assert len(list((tmp_path / "rankings").glob("*.safetensors"))) == len(ABILITIES)
    code, again, err = called(capsys, "overlap", *words)
    assert (code, json.loads(again), err) == (0, json.loads(first), "")
    assert set(json.loads(first)["split_half_overlap"]) == {ability.id for ability in ABILITIES}


def test_bad_words_get_one_sentence(capsys: Captured) -> None:
    for words, sentence in (
        (("--variant", "base"), "has no candidates: give mlp or all"),
        (("--k", "0.99"), "choose a smaller k"),
    ):
        code, out, err = called(capsys, "overlap", *words)
        assert (code, out) == (2, "")
        assert sentence in err
        assert "Traceback" not in err
