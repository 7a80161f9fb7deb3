"""Reads what a started process writes until it ends, and lets it go when it writes too much."""

from __future__ import annotations

import os
import selectors
import subprocess
import time

_CHUNK_BYTES = 1 << 16


class Watch:
    """Pipes of one process, read into memory up to a limit for each."""

    def __init__(self, process: subprocess.Popen[bytes], limits: dict[int, int]) -> None:
        """Takes a process and pipes that it writes to.

        Args:
            process: started in a session of its own.
            limits: bytes to keep, for the reading end of each pipe.
        """
        self.read: dict[int, bytearray] = {pipe: bytearray() for pipe in limits}
        """What each pipe brought, up to its limit."""
        self.overflowed = False
        """Whether a pipe brought more than its limit."""
        self._limits = limits
        self._process = process

    def until(self, deadline: float) -> bool:
        """Reads until the process has ended and its pipes are empty; False at the deadline or an overflow.

        A pipe that somebody else holds open is not waited for.

        Args:
            deadline: in `time.monotonic()` seconds.
        """
        handle = os.pidfd_open(self._process.pid)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(handle, selectors.EVENT_READ)
                for pipe in self.read:
                    os.set_blocking(pipe, False)
                    selector.register(pipe, selectors.EVENT_READ)
                return self._read_all(selector, handle, deadline)
        finally:
            os.close(handle)

    def _read_all(self, selector: selectors.BaseSelector, handle: int, deadline: float) -> bool:
        ended = False
        while selector.get_map():
            ready = selector.select(0 if ended else max(0.0, deadline - time.monotonic()))
            if not ready:
                return ended
            for key, _ in ready:
                if key.fd == handle:
                    ended = True
                    selector.unregister(handle)
                elif not self._take(key.fd):
                    selector.unregister(key.fd)
            if self.overflowed or time.monotonic() > deadline:
                return False
        return ended

    def _take(self, pipe: int) -> bool:
        """Reads once; False at the end of the pipe."""
        chunk = os.read(pipe, _CHUNK_BYTES)
        kept, limit = self.read[pipe], self._limits[pipe]
        self.overflowed |= len(kept) + len(chunk) > limit
        kept += chunk[: limit - len(kept)]
        return bool(chunk)
