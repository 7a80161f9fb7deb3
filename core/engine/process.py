"""The engine as a process: how one is started, and in words how it ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from core.engine.runtime_paths import LONGEST_LOG_BYTES, EngineError, Place
from core.engine.spec import EngineSpec

COMMAND = (sys.executable, "-P", "-u", "-m", "core.engine")
"""Starts an engine; its spec follows. -P: a folder `core` in the current folder must not be imported."""

START_AGAIN = "start it again; what was finished is kept"


class EngineProcess(subprocess.Popen[bytes]):
    """An engine that was started from here."""

    log: Path
    """Where it writes."""

    def __del__(self) -> None:
        """Forgets the process; Popen would complain that it still runs, which is what an engine is for."""


def start_engine(spec: EngineSpec) -> EngineProcess:
    """Starts an engine that outlives this process; if there is one of the same id, the new one ends at once.

    It works in the runtime folder: the spec has to name a local model by its whole path.

    Raises:
        EngineError: the runtime folder is not private, or its path is too long; or a path of the spec cannot
            be written.
        OSError: the process or its log cannot be made.
    """
    log = Place.of(spec.id).log
    if log.exists() and log.stat().st_size > LONGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    command = [*COMMAND, _written(spec)]
    with log.open("ab") as output:
        process = EngineProcess(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=log.parent,  # holds no other folder busy
        )
    process.log = log
    return process


def _written(spec: EngineSpec) -> str:
    """The spec as JSON."""
    try:
        return msgspec.json.encode(spec).decode()
    except UnicodeEncodeError:
        raise EngineError(
            "The path of the model or of the cache has bytes that are no UTF-8: rename the folder."
        ) from None


def end_of(process: EngineProcess) -> str:
    """How an engine ended, and what to do, in one sentence."""
    code = process.poll()
    if code is None:
        return f"The engine's process {process.pid} lives, but does not answer: end it, and {START_AGAIN}."
    if code == -signal.SIGKILL:
        return (
            "The engine was killed (signal 9), often because memory ran out: start it again, with a smaller "
            f"model or batch size if that was it; what was finished is kept. Its log: {process.log}"
        )
    if code < 0:
        name = signal.strsignal(-code) or "unknown"
        return f"The engine was ended by signal {-code} ({name}): {START_AGAIN}. Its log: {process.log}"
    if code > 0:
        return f"The engine ended with exit code {code}; its log says why: {process.log}"
    return f"The engine was stopped, or ended by itself after long idleness: {START_AGAIN}."
