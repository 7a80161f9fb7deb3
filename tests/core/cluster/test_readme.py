"""The Slurm job of `core/cluster/README.md`, as far as a machine without Slurm goes."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import core.cluster
from tui.command_line import run

README = (Path(core.cluster.__file__).parent / "README.md").read_text("utf-8")
(SCRIPT,) = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)

SBATCH = {
    "array": r"\d+(-\d+)?(:\d+)?(,\d+(-\d+)?(:\d+)?)*(%\d+)?",
    "time": r"(\d+-)?\d+(:\d\d){0,2}",
    "gpus": r"([a-z]\w*:)?\d+",
    "cpus-per-task": r"\d+",
    "mem": r"\d+[KMGT]?",
}
"""Options of sbatch, and the form of their values, as its manual has them."""


def test_it_has_five_lines_that_bash_and_sbatch_understand(tmp_path: Path) -> None:
    lines = SCRIPT.splitlines()
    assert (len(lines), lines[0]) == (5, "#!/bin/bash")
    job = tmp_path / "profile.sh"
    job.write_text(SCRIPT)
    subprocess.run(["bash", "-n", job], check=True)
    options = [word for line in lines if line.startswith("#SBATCH ") for word in shlex.split(line)[1:]]
    assert options
    for option in options:
        name, _, value = option.removeprefix("--").partition("=")
        assert re.fullmatch(SBATCH[name], value), option
    # sbatch reads no option below the first command.
    first = next(index for index, line in enumerate(lines) if not line.startswith("#"))
    assert not any(line.startswith("#SBATCH") for line in lines[first:])


def test_each_task_asks_for_a_shard_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = tmp_path / "profile.sh"
    job.write_text('abilityscope() { printf "%s\\0" "$@"; }\n' + SCRIPT)
    (_, last) = map(int, re.findall(r"--array=(\d+)-(\d+)", SCRIPT)[0])
    tasks: list[str] = []
    for task in range(1, last + 1):
        numbers = {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_COUNT": str(last)}
        done = subprocess.run(["bash", job], env=numbers, capture_output=True, text=True, check=True)
        words = done.stdout.split("\0")[:-1]
        assert f"{task}/{last}" in words
        here = {"/shared/Llama-3.1-8B": "demo", "/shared/cache": str(tmp_path / "cache")}
        small = ["--limit", "1", "--selections", "top", "--variants", "mlp", "--plan", "--json"]
        assert run([here.get(word, word) for word in words] + small) == 0
        tasks += [one["task"] for one in json.loads(capsys.readouterr().out)["tasks"]]
    assert len(tasks) == len(set(tasks)) == 10 + 1 + 10 * 3
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["models"]  # fingerprints alone
