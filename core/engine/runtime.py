"""The engines of this machine: their private folder, their records, and their processes. No torch."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec

from core.engine.protocol import EngineSpec

ENVIRONMENT_VARIABLE = "ABILITYSCOPE_RUNTIME"
"""Names the folder for engines, in place of the default one."""

LONGEST_SOCKET_PATH_BYTES = 103
"""macOS allows 104 (Linux: 108), of which the last ends the string."""

LONGEST_LOG_BYTES = 1 << 20
"""A log that is longer when an engine starts is put aside, in place of the one put aside before."""

COMMAND = (sys.executable, "-P", "-u", "-m", "core.engine")
"""Starts an engine; its spec follows. -P: a folder `core` in the current folder must not be imported."""

START_AGAIN = "start it again; what was finished is kept"

_WAY_OUT = f"name a folder that only you can enter in ${ENVIRONMENT_VARIABLE}"


class EngineError(OSError):
    """There is no engine to talk to; the message says why and what to do."""


# The folder.


@dataclass(frozen=True)
class RuntimePaths:
    """The files of one engine."""

    folder: Path
    """Private; see `runtime_folder`."""
    engine: str
    """The engine's id."""

    @classmethod
    def of(cls, engine: str) -> RuntimePaths:
        """The files of an engine in the runtime folder.

        Raises:
            EngineError: the folder is not private, or its path is too long for a socket.
        """
        paths = cls(runtime_folder(), engine)
        if len(os.fsencode(paths.socket)) > LONGEST_SOCKET_PATH_BYTES:
            raise EngineError(f"The path {paths.socket} is too long for a socket: {_WAY_OUT} and is shorter.")
        return paths

    @property
    def socket(self) -> Path:
        """What the engine listens on."""
        return self.folder / f"{self.engine}.sock"

    @property
    def record(self) -> Path:
        """The engine's `EngineRecord`."""
        return self.folder / f"{self.engine}.json"

    @property
    def log(self) -> Path:
        """Everything that the engine writes, tracebacks too."""
        return self.folder / f"{self.engine}.log"

    @property
    def lock(self) -> Path:
        """Held for the engine's life: whoever holds it is the engine."""
        return self.folder / f"{self.engine}.lock"


def runtime_folder() -> Path:
    """The folder, made if it is missing: $ABILITYSCOPE_RUNTIME, else /tmp/abilityscope-<user id>.

    Not $XDG_RUNTIME_DIR: that folder goes away when its owner logs out, and an engine is to outlive that.

    Raises:
        EngineError: it cannot be made, or is not private to this user.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    folder = Path(named).expanduser().absolute() if named else Path("/tmp") / f"abilityscope-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise EngineError(
            f"The folder {folder} for engines cannot be made ({error.strerror}): {_WAY_OUT}."
        ) from error
    if reason := _not_private(found):
        raise EngineError(f"The folder {folder} for engines {reason}: {_WAY_OUT}.")
    return folder


def _not_private(found: os.stat_result) -> str | None:
    """Why a folder is not private to this user; None if it is."""
    if not stat.S_ISDIR(found.st_mode):
        return "is a link or a file"
    if found.st_uid != os.getuid():
        return "belongs to somebody else"
    if found.st_mode & 0o077:
        return f"can be entered by others (mode {stat.S_IMODE(found.st_mode):o}; chmod 700 mends it)"
    return None


# Records.


class EngineRecord(msgspec.Struct, frozen=True):
    """An engine that was started."""

    engine: str
    """Its id."""
    pid: int
    spec: EngineSpec
    started: float
    """Seconds since the epoch."""
    version: str
    """Its version of abilityscope: another one may have other messages."""


def own_version() -> str:
    """The version of abilityscope that runs here."""
    return version("abilityscope")


def read_record(paths: RuntimePaths) -> EngineRecord | None:
    """The record of an engine, dead or alive; None if there is none that can be read."""
    try:
        return msgspec.json.decode(paths.record.read_bytes(), type=EngineRecord)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def is_listening(paths: RuntimePaths) -> bool:
    """Whether a living process listens on the engine's socket.

    Asks the socket and not the lock: whoever tries a lock holds it for a moment, and an engine that starts in
    that moment would take it for another engine's.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(paths.socket))
        except BlockingIOError:
            return True  # so many wait in line that there is no room for one more
        except OSError:
            return False
    return True


def living_engines() -> list[EngineRecord]:
    """This user's living engines, the oldest first.

    Raises:
        EngineError: the runtime folder is not private.
    """
    folder = runtime_folder()
    engines = [RuntimePaths(folder, path.stem) for path in folder.glob("*.json")]
    found = [record for paths in engines if is_listening(paths) and (record := read_record(paths))]
    return sorted(found, key=lambda record: record.started)


# Processes.


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
    log = RuntimePaths.of(spec.id).log
    if log.exists() and log.stat().st_size > LONGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    try:
        command = [*COMMAND, msgspec.json.encode(spec).decode()]
    except UnicodeEncodeError:
        raise EngineError(
            "The path of the model or of the cache has bytes that are no UTF-8: rename the folder."
        ) from None
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
