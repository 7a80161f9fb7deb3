from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from core.abilities import ABILITIES, generate_items, named_ability
from core.abilities.custom_items import load_items
from core.benchmarks.registry import find_benchmarks
from tui.command_line import run
from tui.names import SHORT_NAMES

PROGRAM = [sys.executable, "-c", "from tui.command_line import main; main()"]
MODEL_OPTIONS = (
    *("--model", "--quantization", "--dtype", "--device", "--revision"),
    *("--cache-dir", "--seed", "--batch-size"),
)
Captured = pytest.CaptureFixture[str]


def test_help_names_the_commands_and_loads_nothing_slow() -> None:
    code = (
        "import sys\n"
        "from tui.command_line import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "slow = {'torch', 'transformers', 'textual', 'polars', 'numpy', 'datasets'} & set(sys.modules)\n"
        "print(sorted(slow), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    for command in ("data", "doctor", "cache"):
        assert f"\n  {command} " in done.stdout


def test_alone_it_says_what_to_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setenv("ABILITYSCOPE_CACHE", str(tmp_path))
    assert run([]) == 0
    said = capsys.readouterr().out.splitlines()
    tried = [line.split("  ")[1].split()[1:] for line in said if line.startswith("  abilityscope")]
    assert len(tried) == 5
    assert [run([arguments[0], "--help"]) for arguments in tried] == [0] * 5


@pytest.mark.parametrize(
    "command",
    [
        ["profile"],
        ["importance"],
        ["bench"],
        ["benchmarks"],
        ["generate"],
        ["data"],
        ["doctor"],
        ["cache"],
        ["cache", "ls"],
    ],
)
def test_every_command_explains_itself(command: list[str], capsys: Captured) -> None:
    assert run([*command, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: abilityscope {' '.join(command)} ")


def test_the_model_options_stand_together_under_their_heading(capsys: Captured) -> None:
    run(["doctor", "--help"])
    text = capsys.readouterr().out
    blocks = {block.partition(":")[0]: block for block in text.split("\n\n")}
    assert [option for option in MODEL_OPTIONS[:5] if f"  {option} " not in blocks["Model"]] == []
    assert [option for option in MODEL_OPTIONS[5:] if f"  {option} " not in blocks["Run"]] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dta"], "No such command 'dta'"),
        (["cache"], "Missing command"),
        (["data"], "'--ability'"),
        (["data", "--ability", "temporal_reasoning", "--foo"], "--foo"),
        (["data", "--ability", "tmporal"], "Did you mean temporal_reasoning?"),
        (["data", "--ability", "temporal_reasoning", "--n", "0"], "'--n'"),
        (["data", "--ability", "temporal_reasoning", "--split", "test"], "'test'"),
        (["doctor", "--quantization", "nf3"], "'nf4'"),
        (["doctor", "--device", "gpu"], "Unknown device 'gpu'"),
        (["doctor", "--batch-size", "0"], "The batch size is '0'"),
    ],
)
def test_usage_errors_are_one_line(arguments: list[str], message: str, capsys: Captured) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("abilityscope: ")
    assert message in err


def test_a_failure_is_one_line_and_a_traceback_only_with_debug(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "items.jsonl").mkdir()
    arguments = ["importance", "--ability", "spatial_reasoning", "--items", str(tmp_path / "items.jsonl")]
    assert run(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "items.jsonl" in err
    assert run(["--debug", *arguments]) == 1
    with_debug = capsys.readouterr().err
    assert "Traceback" in with_debug
    assert with_debug.endswith(err)


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_reader_that_leaves_is_no_failure() -> None:
    process = start("data", "--ability", "temporal_reasoning", "--n", "500")
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline().startswith('{"id"')
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


def test_ctrl_c_ends_with_one_line() -> None:
    process = start("data", "--ability", "temporal_reasoning", "--n", "500")
    assert process.stdout
    process.stdout.readline()  # the rest does not fit into the pipe, so that it is still writing
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "abilityscope: interrupted.\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's always full device")
def test_a_full_disk_is_a_failure() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "data", "--ability", "temporal_reasoning"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, f"abilityscope: {os.strerror(28)}.\n")


@pytest.mark.parametrize("level", ["basic", "standard"])
@pytest.mark.parametrize("ability", [ability.id for ability in ABILITIES])
def test_data_is_read_back_as_ones_custom_items(
    ability: str, level: str, tmp_path: Path, capsys: Captured
) -> None:
    arguments = ["--ability", ability, "--level", level, "--n", "12", "--seed", "3", "--split", "heldout"]
    assert run(["data", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    path = tmp_path / "items.jsonl"
    path.write_text(out)
    generated = generate_items(ability, level, "heldout", 12, 3)  # type: ignore[arg-type]
    assert [json.loads(line)["id"] for line in out.splitlines()] == [item.id for item in generated]
    assert [json.loads(line)["steps"] for line in out.splitlines()] == [item.steps for item in generated]
    for own, item in zip(load_items(path).items, generated, strict=True):
        assert (own.ability, own.family, own.context, own.question, own.answer) == (
            *(item.ability, item.family, item.context, item.question),
            item.answer,
        )
        assert sorted(own.options) == sorted(item.options)


@pytest.mark.parametrize("name", ["commonsense_causal", "causal", "commons"])
def test_abilities_have_the_short_names_of_the_inspector(name: str, capsys: Captured) -> None:
    assert run(["data", "--ability", name, "--n", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["ability"] == "commonsense_causal"


def test_every_word_and_column_head_of_an_ability_names_it() -> None:
    for ability in ABILITIES:
        assert named_ability(ability.word) == named_ability(SHORT_NAMES[ability.id]) == ability
    assert len({ability.word for ability in ABILITIES}) == 10


def test_a_beginning_that_two_abilities_share_names_none(capsys: Captured) -> None:
    assert run(["data", "--ability", "s"]) == 2
    assert "Unknown ability 's'" in capsys.readouterr().err


def test_benchmarks_have_the_short_names_too() -> None:
    found = find_benchmarks(["causal", "spatial+recall"])
    assert [one.id for one in found] == ["commonsense_causal", "contextual_recall+spatial_reasoning"]


def test_the_version(capsys: Captured) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"abilityscope {version('abilityscope')}\n"
