"""The script of the measurements runs through, on little, and its power laws are right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.performance.__main__ import OF_A_MODEL, OF_NO_MODEL, main
from tests.performance.figures import Aim, Figure
from tests.performance.growth import Growth
from tests.performance.random_model import number_of_parameters
from tests.performance.shapes import config_of

pytestmark = pytest.mark.slow

PUBLISHED = {"llama-3.1-8b": 8_030_261_248, "qwen2.5-7b": 7_615_616_512, "mistral-7b": 7_248_023_552}
"""Parameters, as the models' cards have them."""


def test_every_part_runs_and_gives_right_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--quick", "--shape", "1M", "--device", "cpu", "--quantization", "none", "nf4"]
    assert main([*arguments, "--json", str(tmp_path / "all.json")]) == 0
    found = json.loads((tmp_path / "all.json").read_text())["measured"]
    assert len(found) == 2 * len(OF_A_MODEL) + len(OF_NO_MODEL)
    assert all(all(one["checks"].values()) for one in found)
    printed = capsys.readouterr().out
    assert all(one["title"] in printed and one["figures"] for one in found)


@pytest.mark.parametrize("shape", PUBLISHED)
def test_the_named_shapes_are_those_of_the_models(shape: str) -> None:
    assert number_of_parameters(config_of(shape)) == PUBLISHED[shape]


@pytest.mark.parametrize("shape", ["1M", "100M", "1B"])
def test_a_size_is_met_within_a_quarter(shape: str) -> None:
    asked = float(shape[:-1]) * {"M": 1e6, "B": 1e9}[shape[-1]]
    assert number_of_parameters(config_of(shape)) == pytest.approx(asked, rel=0.5 if asked < 1e7 else 0.1)


def test_a_shape_that_is_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--shape", "gpt-9"])
    assert "'gpt-9' is no shape" in capsys.readouterr().err


def test_a_power_law_is_found_again() -> None:
    sizes = (8.0, 16.0, 32.0, 64.0)
    exact = Growth("importance", "seconds", "parameters", sizes, tuple(3 * size**1.25 for size in sizes))
    assert exact.exponent == pytest.approx(1.25)
    assert exact.residual == pytest.approx(0, abs=1e-9)
    bent = Growth("importance", "seconds", "parameters", sizes, (1.0, 2.0, 4.0, 16.0))
    line = np.polyval(np.polyfit(np.log(sizes), np.log(bent.values), 1), np.log(sizes))
    assert bent.residual == pytest.approx(np.exp(np.abs(np.log(bent.values) - line).max()) - 1)


def test_verdicts() -> None:
    assert Figure("x", 1.1, Aim(1.1)).verdict == "met"
    assert Figure("x", 1.2, Aim(1.1)).verdict == "missed"
    assert Figure("x", 9.0, Aim(10, at_least=True)).verdict == "missed"
    assert Figure("x", None, Aim(10)).verdict == ""
