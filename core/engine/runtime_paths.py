"""Where engines meet those who use them: a folder that only its owner can enter. Fast to import."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT_VARIABLE = "ABILITYSCOPE_RUNTIME"
"""Names the folder, unless the usual one is meant."""

LONGEST_SOCKET_PATH_BYTES = 103
"""Of the 104 that macOS allows (Linux: 108), the last ends the string."""

LONGEST_LOG_BYTES = 1 << 20
"""A log that is longer when an engine starts is put aside, in place of the one put aside before."""


class EngineError(OSError):
    """There is no engine to talk to; the message says why and what to do."""


def runtime_folder() -> Path:
    """The folder, made if it is not there: $ABILITYSCOPE_RUNTIME, else /tmp/abilityscope-<user id>.

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


_WAY_OUT = f"name a folder that only you can enter in ${ENVIRONMENT_VARIABLE}"


def _not_private(found: os.stat_result) -> str | None:
    """Why a folder is not private to this user; None if it is."""
    if not stat.S_ISDIR(found.st_mode):
        return "is a link or a file"
    if found.st_uid != os.getuid():
        return "belongs to somebody else"
    if found.st_mode & 0o077:
        return f"can be entered by others (mode {stat.S_IMODE(found.st_mode):o}; chmod 700 mends it)"
    return None


@dataclass(frozen=True)
class Place:
    """The files of one engine."""

    folder: Path
    """Private; see `runtime_folder`."""
    engine: str
    """The engine's id."""

    @classmethod
    def of(cls, engine: str) -> Place:
        """The place of an engine in the runtime folder.

        Raises:
            EngineError: the folder is not private, or its path is too long for a socket.
        """
        place = cls(runtime_folder(), engine)
        if len(os.fsencode(place.socket)) > LONGEST_SOCKET_PATH_BYTES:
            raise EngineError(f"The path {place.socket} is too long for a socket: {_WAY_OUT} and is shorter.")
        return place

    @property
    def socket(self) -> Path:
        """What the engine listens on."""
        return self.folder / f"{self.engine}.sock"

    @property
    def record(self) -> Path:
        """Says what the engine is; see `core.engine.records`."""
        return self.folder / f"{self.engine}.json"

    @property
    def log(self) -> Path:
        """All that the engine writes; tracebacks too."""
        return self.folder / f"{self.engine}.log"

    @property
    def lock(self) -> Path:
        """Held for the engine's life: whoever holds it is the engine."""
        return self.folder / f"{self.engine}.lock"
