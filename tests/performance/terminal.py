"""A program in a pseudo-terminal, as a person has it: keys in, a screen out, and when each byte came.

Needs pyte, which knows what a terminal shows after it was written to.
"""

from __future__ import annotations

import fcntl
import os
import pty
import queue
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

DEADLINE_S = 120.0

SWITCH_S = 0.0005
"""Between two threads of this process: so late at most a byte is noted while the screen is worked out."""

LARGEST_READ = 1 << 16


class Terminal:
    """One program in a terminal of its own, which answers none of its questions."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = (80, 24)
    ) -> None:
        """Starts the program.

        Args:
            command: the program and its arguments.
            environment: all of its environment variables.
            size: columns and rows.
        """
        sys.setswitchinterval(SWITCH_S)
        self.screen = pyte.Screen(*size)
        self.bytes_written = 0
        """By the program, as far as they were looked at."""
        self._stream = pyte.ByteStream(self.screen)
        self._chunks: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        """The program's process."""
        return self._process.pid

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        return list(self.screen.display)

    @property
    def text(self) -> str:
        """The same, as one text."""
        return "\n".join(self.lines)

    def write(self, keys: str) -> float:
        """Types; when that was, in seconds of `time.perf_counter`."""
        moment = time.perf_counter()
        os.write(self._master, keys.encode())
        return moment

    def until(self, condition: Callable[[], bool], within_s: float = DEADLINE_S) -> float:
        """Takes in what the program writes until a condition holds; when the byte came that made it hold.

        Raises:
            TimeoutError: it did not hold in time; the message has the screen.
        """
        moment, deadline = time.perf_counter(), time.perf_counter() + within_s
        while not condition():
            try:
                moment, chunk = self._chunks.get(timeout=max(0.0, deadline - time.perf_counter()))
            except queue.Empty:
                raise TimeoutError(f"It did not happen in {within_s:.0f} s:\n{self.text}") from None
            self._take(chunk)
        return moment

    def settle(self, seconds: float) -> None:
        """Takes in what the program writes in so many seconds."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            try:
                self._take(self._chunks.get(timeout=left)[1])
            except queue.Empty:
                return

    def ended(self, within_s: float = DEADLINE_S) -> float:
        """Waits for the program's end; when that was."""
        self._process.wait(within_s)
        return time.perf_counter()

    def kill(self) -> None:
        """Ends the program if it still runs, and closes the terminal."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        os.close(self._master)

    def _take(self, chunk: bytes) -> None:
        self.bytes_written += len(chunk)
        self._stream.feed(chunk)

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._master, LARGEST_READ)
            except OSError:
                return  # how a terminal tells that nobody writes to it any more
            if not chunk:
                return
            self._chunks.put((time.perf_counter(), chunk))


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has taken, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_bytes(pid: int) -> dict[str, int]:
    """What a process has resident (`rss`), and what of it no other process shares (`private`)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {name.rstrip(":"): int(value) for name, value, *_ in map(str.split, lines)}
    private = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
    return {"rss": kilobytes["Rss"] * 1024, "private": private * 1024}
