"""Starts `abilityscope` again and again in processes of their own that need not import torch each time.

This module is a program, too: it imports what a profile needs, and then forks a child for every line that it
reads. The child is a process like any other: it has nothing of an earlier one but the imported modules.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

CODE = "from tests.campaign.nursery import serve; serve()"
ENDS_WITHIN_S = 120

IMPORTED = (
    "tui.command_line",
    "tui.profile_tables",
    "core.analysis.profile",
    "core.run.generation_quality",
    "core.run.evaluation",
    "core.run.rankings",
    "transformers.models.llama.modeling_llama",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
)
"""What a profile imports, and what takes seconds."""


class Nursery:
    """The process that forks the others, and its pipes."""

    def __enter__(self) -> Nursery:
        # Nothing that has threads may be used before a fork, but imported.
        alone = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **alone},
            cwd=Path(__file__).parents[2],
        )
        assert self._heard() == {"ready": True}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def start(self, arguments: list[str], folder: Path) -> int:
        """The id of a new process; what it says and what it computes goes into files of the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self._say(start=arguments, folder=str(folder))
        pid = self._heard()["pid"]
        assert isinstance(pid, int)
        return pid

    def status(self, pid: int) -> int:
        """The exit status of a process, as `subprocess` has it: minus the signal that killed it."""
        until = time.monotonic() + ENDS_WITHIN_S
        while (status := self.status_now(pid)) is None:
            assert time.monotonic() < until, "it hangs"
            time.sleep(0.02)
        return status

    def status_now(self, pid: int) -> int | None:
        """The same; None while it runs."""
        self._say(wait=pid)
        status = self._heard()["status"]
        return None if status is None else os.waitstatus_to_exitcode(status)

    def _say(self, **message: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout
        heard: dict[str, Any] = json.loads(self._process.stdout.readline())
        return heard


def serve() -> None:
    """Forks a child for every command on stdin, and says on stdout how it ended when it is asked."""
    _import_all()
    _answer(ready=True)
    for line in sys.stdin:
        message = json.loads(line)
        if "start" in message:
            pid = os.fork()
            if pid == 0:
                _live(message["start"], Path(message["folder"]))
            _answer(pid=pid)
        else:
            found, status = os.waitpid(message["wait"], os.WNOHANG)
            _answer(status=status if found else None)


def _import_all() -> None:
    for name in IMPORTED:
        import_module(name)


def _answer(**message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _live(arguments: list[str], folder: Path) -> None:
    """The whole life of a child."""
    code = 99
    try:
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        note_what_is_computed(folder / "computed")
        from tui.command_line import run

        code = run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def note_what_is_computed(path: Path) -> None:
    """From now on every ranking that is made and every batch that a model answers is noted in a file.

    What is done stays as it is: each note is written before it, at one go, and survives a kill.
    """
    from core.run import evaluation
    from core.run.rankings import MaskMaker

    def note(*what: Any) -> None:
        with path.open("a") as file:
            file.write(json.dumps(what) + "\n")

    make, answer = MaskMaker._rank, evaluation.evaluate
    asked: list[str] = []

    def noted_rank(self: Any, mask_spec: Any, *others: Any) -> Any:
        made = make(self, mask_spec, *others)
        note("ranking", self._experiment.ranking_key(mask_spec))
        return made

    def noted_batches(*arguments: Any) -> Any:
        for batch in answer(*arguments):
            note("batch", asked[-1], [outcome.item_id for outcome in batch])
            yield batch

    evaluate_run = evaluation.evaluate_run

    def noted_run(runner: Any, request: Any) -> Any:
        asked.append(request.key)
        return evaluate_run(runner, request)

    MaskMaker._rank, evaluation.evaluate = noted_rank, noted_batches  # type: ignore[method-assign]
    evaluation.evaluate_run = noted_run


def computed(folder: Path) -> list[tuple[Any, ...]]:
    """What a process has noted: `("ranking", key)`, or `("batch", key, ids)`."""
    path = folder / "computed"
    lines = path.read_text().splitlines() if path.exists() else []
    return [tuple(json.loads(line)) for line in lines]
