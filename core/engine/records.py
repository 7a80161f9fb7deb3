"""What is known of an engine from its files: who it is, and what it works on."""

from __future__ import annotations

import socket
from importlib.metadata import version

import msgspec

from core.engine.runtime_paths import Place, runtime_folder
from core.engine.spec import EngineSpec


class EngineRecord(msgspec.Struct, frozen=True):
    """An engine that was started."""

    engine: str
    """Its id."""
    pid: int
    spec: EngineSpec
    started: float
    """Seconds since the epoch."""
    version: str
    """Of abilityscope: another version may speak other words."""


def own_version() -> str:
    """The version of abilityscope that runs here."""
    return version("abilityscope")


def read_record(place: Place) -> EngineRecord | None:
    """The record of an engine, dead or alive; None if there is none that can be read."""
    try:
        return msgspec.json.decode(place.record.read_bytes(), type=EngineRecord)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def is_listening(place: Place) -> bool:
    """Whether a living process listens on the engine's socket.

    Asked of the socket and not of the lock: whoever tries a lock holds it for a moment, and an engine that
    starts in that moment would take it for another engine's.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(place.socket))
        except BlockingIOError:
            return True  # so many wait in line that there is no room for one more
        except OSError:
            return False
    return True


def living_engines() -> list[EngineRecord]:
    """The engines of this user that live, the oldest first.

    Raises:
        EngineError: the runtime folder is not private.
    """
    folder = runtime_folder()
    places = [Place(folder, path.stem) for path in folder.glob("*.json")]
    found = [record for place in places if is_listening(place) and (record := read_record(place))]
    return sorted(found, key=lambda record: record.started)
