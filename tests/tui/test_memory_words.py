"""How loading, scoring and GPUs are told in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from core.experiment.events import GpuFacts, ImportancePlanned, ModelLoading
from core.importance.plan import ImportancePlan, MemoryOptions
from tui.command_line import run
from tui.gpu_words import gpu_words
from tui.options import ScoringOptions, UsageError
from tui.progress import shown_progress
from tui.scoring_words import loaded_text, plan_words, scoring_words, share_text

Captured = pytest.CaptureFixture[str]

PLANNED = ImportancePlanned("x", 2, "device", "disk", 16, False, True, 20_000_000_000, 0, 56_000_000_000)
PLAN = ImportancePlan(((0, 16), (16, 32)), maps="disk")
CARD = GpuFacts(93, 17_180_000_000, 24_000_000_000, 71)


def test_scoring() -> None:
    words = "in 2 passes over layers, sums on the GPU, maps on disk"
    assert scoring_words(PLANNED) == plan_words(PLAN, on_gpu=True) == words
    plain = msgspec.structs.replace(PLANNED, passes=1, maps="memory", on_gpu=False, rows=1)
    assert scoring_words(plain) == "in one pass, batches of 1 row"
    host = replace(PLAN, accumulators="host", checkpointing=True)
    assert "sums in main memory" in plan_words(host, on_gpu=True)
    assert plan_words(host, on_gpu=True).endswith("activations computed twice")
    assert "sums" not in plan_words(host, on_gpu=False)


def test_gpus_as_far_as_they_are_known() -> None:
    assert gpu_words([CARD]) == ["GPU 93 %", "17.2/24.0 GB", "71 °C"]
    assert gpu_words([]) == []
    assert gpu_words([GpuFacts(None, None, None, None)]) == []
    assert gpu_words([GpuFacts(None, 3 * 10**9, 4 * 10**9, None)]) == ["GPU 3.0/4.0 GB"]
    assert gpu_words([CARD, GpuFacts(7, 0, 24_000_000_000, 80)]) == ["2 GPUs 50 %", "17.2/48.0 GB", "80 °C"]


def test_loading() -> None:
    assert share_text(ModelLoading("m", "reading")) == loaded_text(ModelLoading("m", "reading")) == ""
    half = ModelLoading("m", "reading", 6_750_000_000, 16_100_000_000)
    assert (share_text(half), loaded_text(half)) == ("41 %", "6.75 of 16.1 GB, 41 %")
    assert loaded_text(ModelLoading("m", "reading", 999_000, 2_000_000)) == "999 kB of 2.00 MB, 49 %"


def test_lines_emit_once_what_goes_on(capsys: Captured) -> None:
    with shown_progress() as emit:
        for done in range(3):
            emit(ModelLoading("m", "reading weights", done, 2))
        for ability in ("x", "y"):
            emit(msgspec.structs.replace(PLANNED, ability=ability))
        emit(msgspec.structs.replace(PLANNED, ability="z", passes=3))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "m: reading weights"
    assert [line.partition(":")[0] for line in lines[1:]] == ["importance of x", "importance of z"]
    assert lines[1].endswith("maps on disk; takes 20.0 GB of GPU memory and 56.0 GB of disk")


def test_options_become_memory_options() -> None:
    options = ScoringOptions(passes=2, sums="device", maps="disk", rows=4, checkpointing=False)
    assert options.memory_options == MemoryOptions(2, "device", "disk", 4, False)
    assert ScoringOptions().memory_options == MemoryOptions()
    with pytest.raises(UsageError, match="leave one of them out"):
        _ = ScoringOptions(sums="host", maps="disk").memory_options


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
