"""What goes wrong on Ray's workers, in words. No torch, no Ray."""

from __future__ import annotations

from typing import Any

from core.cluster.ray_worker import OutOfMemory

LOW_MEMORY = "low on memory"
"""Part of what Ray says when it ended a process, lest its machine's memory is used up."""

DIED = "its process died."


def failed(error: Exception) -> ValueError:
    """The sentence for a failure of Ray itself."""
    reason = reason_of(error).rstrip(".")
    return ValueError(f"Ray failed ({reason}): run it again, which goes on with what is stored.")


def reason_of(error: Exception) -> str:
    """What went wrong on a worker, in a sentence."""
    cause: Any = error
    while (inner := getattr(cause, "cause", None)) is not None:
        cause = inner
    kind, text = type(cause).__name__, str(cause).strip()
    if kind == "OutOfMemoryError" or LOW_MEMORY in text:
        return str(OutOfMemory())
    if kind in ("ActorDiedError", "ActorUnavailableError"):
        return DIED
    first = text.split("\n")[0]
    return first if isinstance(cause, ValueError) else f"{kind}: {first}"
