"""`python -m core.engine SPEC`: one engine process. SPEC is an EngineSpec as JSON."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
import time

import msgspec
from filelock import FileLock, Timeout

from cache.files import write_atomically
from core.engine.protocol import EngineSpec
from core.engine.runtime import EngineRecord, RuntimePaths, own_version
from core.engine.server import Server

IDLE_S = 600.0
"""An engine without client and job ends by itself after this time."""

IDLE_VARIABLE = "ABILITYSCOPE_ENGINE_IDLE_S"
"""Sets another time, in seconds."""

LOCK_S = 1.0
"""Longest wait for the lock, which the last engine may just be letting go."""


def main() -> int:
    """Runs the engine, unless there is one already; returns the exit code."""
    faulthandler.enable()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    spec = msgspec.json.decode(sys.argv[1], type=EngineSpec)
    paths = RuntimePaths.of(spec.id)
    try:
        with FileLock(paths.lock, timeout=LOCK_S, mode=0o600):
            record = EngineRecord(spec.id, os.getpid(), spec, time.time(), own_version())
            write_atomically(paths.record, msgspec.json.encode(record))
            try:
                is_done = asyncio.run(_serve(spec, paths))
            finally:
                paths.socket.unlink(missing_ok=True)
                paths.record.unlink(missing_ok=True)
    except Timeout:
        return 0  # whoever started this one finds the other
    if not is_done:
        # The worker is in the middle of something: torch does not bear being torn down under it.
        os._exit(0)
    return 0


async def _serve(spec: EngineSpec, paths: RuntimePaths) -> bool:
    """Serves to the end; returns whether the worker ended too."""
    paths.socket.unlink(missing_ok=True)  # of an engine that was killed: this one has the lock
    server = Server(spec, paths, float(os.environ.get(IDLE_VARIABLE, IDLE_S)))
    await server.serve()
    return server.is_worker_done


if __name__ == "__main__":
    sys.exit(main())
