"""Says in one sentence why a job or the model failed."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from cache.files import CorruptEntry
from core.engine.spec import EngineSpec
from core.inference.batching import is_out_of_memory


def sentence_of(error: Exception, spec: EngineSpec, log: Path) -> str:
    """What went wrong and what to do, on one line; what nobody foresaw goes to the log with its traceback.

    Args:
        error: what was raised.
        spec: the engine's.
        log: the engine's log, which stderr goes to.
    """
    message = " ".join(str(error).split())
    if _is_out_of_memory(error):
        traceback.print_exception(error, file=sys.stderr)
        return f"Memory ran out on the model's device: {_smaller(spec)}, or close what else uses that memory."
    if message and isinstance(error, (ValueError, OSError, CorruptEntry)):
        return message
    traceback.print_exception(error, file=sys.stderr)
    return f"{type(error).__name__}: {message or 'no message'} (the log says where: {log})"


def _is_out_of_memory(error: Exception) -> bool:
    """Whether Python or torch ran out of memory."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and is_out_of_memory(error))


def _smaller(spec: EngineSpec) -> str:
    """What of the set-up takes less memory."""
    if spec.batch_size == "auto":
        return "start again with --batch-size 8"
    if spec.batch_size > 1:
        return f"start again with --batch-size {spec.batch_size // 2}"
    return "use a smaller model"
