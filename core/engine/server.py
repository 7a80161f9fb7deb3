"""The engine's loop: it listens, obeys commands, and passes the worker's events on."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
from collections.abc import Callable
from functools import partial

import msgspec
import psutil

from core.engine.jobs import JobQueue
from core.engine.protocol import (
    LONGEST_LINE_BYTES,
    Cancel,
    Command,
    EngineSpec,
    Move,
    Pause,
    Resume,
    Shutdown,
    command_of,
    encode,
)
from core.engine.runtime import RuntimePaths
from core.engine.state import EngineState, joined_answer
from core.engine.worker import Worker
from core.run.events import (
    AnswerWritten,
    BatchFinished,
    Event,
    Heartbeat,
    Progressed,
    Refused,
    TextWritten,
)

HEARTBEAT_S = 2.0
"""Seconds between heartbeats."""

SLOWEST_CLIENT_BYTES = 64 << 20
"""A client with more than this unread is dropped: the engine waits for nobody."""

END_S = 10.0
"""Longest wait for the worker to restore the weights, or to end Ray's workers, when the engine ends."""


class Server:
    """One engine, from its first client to its end."""

    def __init__(self, spec: EngineSpec, paths: RuntimePaths, idle_s: float) -> None:
        """Must be made in the running loop.

        Args:
            spec: what the engine works on.
            paths: its files; the caller holds the lock.
            idle_s: seconds without client and job after which the engine ends by itself.
        """
        self._loop = asyncio.get_running_loop()
        self._paths, self._idle_s = paths, idle_s
        self._engine, self._state = spec.id, EngineState()
        self._clients: set[asyncio.StreamWriter] = set()
        self._pacer = Pacer(self._loop, self._pass_on)
        self._queue = JobQueue(spec.id, self.emit)
        self._worker = Worker(spec, self._queue, paths.log, self.emit, self._on_idle)
        self._end = asyncio.Event()
        self._idle_timer: asyncio.TimerHandle | None = None

    async def serve(self) -> None:
        """Serves until it is told to end, or was idle for long; afterwards the weights are restored."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._end.set)
        server = await self._listen()
        self._worker.start()
        heart = self._loop.create_task(self._beat())
        self._watch_idleness()
        await self._end.wait()
        heart.cancel()
        server.close()
        await self._finish()

    @property
    def is_worker_done(self) -> bool:
        """Whether the worker has restored the weights and ended."""
        return not self._worker.is_alive()

    @property
    def _is_busy(self) -> bool:
        return self._queue.is_working or self._worker.is_leaving

    async def _listen(self) -> asyncio.Server:
        before = os.umask(0o177)  # the socket's mode is set by nothing else
        try:
            return await asyncio.start_unix_server(
                self._serve_client, self._paths.socket, limit=LONGEST_LINE_BYTES
            )
        finally:
            os.umask(before)

    async def _finish(self) -> None:
        """Cancels all jobs, emits that, and lets the clients go."""
        self._queue.close()
        deadline = self._loop.time() + END_S
        while self._is_busy and self._loop.time() < deadline:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)  # the worker's last events are passed on
        self._pacer.flush()
        for client in list(self._clients):
            client.close()
        for client in list(self._clients):
            try:
                await asyncio.wait_for(client.wait_closed(), timeout=1.0)
            except (OSError, TimeoutError):
                client.transport.abort()

    # Clients.

    async def _serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not _is_own(writer):
            writer.close()
            return
        self._pacer.flush()
        writer.write(encode(self._state.snapshot(self._engine, os.getpid())))
        self._clients.add(writer)
        self._watch_idleness()
        try:
            while line := await _line(reader):
                self._obey(line, writer)
        except ConnectionError:
            pass  # gone without a farewell, as when a terminal is closed
        finally:
            self._clients.discard(writer)
            writer.close()
            self._watch_idleness()

    def _obey(self, line: bytes, client: asyncio.StreamWriter) -> None:
        try:
            self._do(command_of(line), client)
        except ValueError as error:
            self._send(client, encode(Refused(str(error))))

    def _do(self, command: Command, client: asyncio.StreamWriter) -> None:
        match command:
            case Shutdown():
                is_used = bool(self._clients - {client}) or not self._queue.is_empty
                if not (command.if_unused and is_used):
                    self._end.set()
            case Cancel():
                self._queue.cancel(command.job)
            case Move():
                self._queue.move(command.job, command.step)
            case Pause():
                self._queue.pause(command.job)
            case Resume():
                self._queue.resume(command.job)
            case _:
                self._queue.add(command)

    def _send(self, client: asyncio.StreamWriter, line: bytes) -> None:
        if client.transport.get_write_buffer_size() > SLOWEST_CLIENT_BYTES:
            self._clients.discard(client)
            client.transport.abort()
        else:
            client.write(line)

    # Events.

    def emit(self, event: Event) -> None:
        """Passes the event on, from any thread."""
        self._soon(partial(self._pacer.emit, event))

    def _pass_on(self, event: Event) -> None:
        self._state.fold(event)
        line = encode(event)
        for client in list(self._clients):
            self._send(client, line)

    async def _beat(self) -> None:
        process = psutil.Process()
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if self._clients:
                gpus = self._worker.gpus
                self._pass_on(Heartbeat(process.memory_info().rss, gpus.held_bytes(), gpus.facts()))

    def _soon(self, call: Callable[[], None]) -> None:
        """Has the loop call it, from any thread.

        The engine's end does not wait for a model that loads: what is said after it nobody hears.
        """
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    # Idleness.

    def _on_idle(self) -> None:
        """Called in the worker's thread."""
        self._soon(self._watch_idleness)

    def _watch_idleness(self) -> None:
        """Starts the timer after which the engine ends; stops it while there is a client or a job."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        if not self._clients and self._queue.is_empty:
            self._idle_timer = self._loop.call_later(self._idle_s, self._end.set)


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line; empty at the end. A line that is too long becomes one that is no command."""
    try:
        return await reader.readline()
    except ValueError:
        return b"a line of more than the longest length\n"


def _is_own(writer: asyncio.StreamWriter) -> bool:
    """Whether the client is this user's, where the system knows; else the folder's mode has to do."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    peer = writer.get_extra_info("socket")
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return bool(struct.unpack("3i", credentials)[1] == os.getuid())


PACE_S = 0.05
"""Least seconds between two frequent events: 20 a second."""

Frequent = AnswerWritten | BatchFinished | Progressed | TextWritten
"""Frequent events, which can be joined with the next of their kind."""


class Pacer:
    """Passes events on; holds frequent ones for a moment, and joins each with those of its kind that follow.

    Others never overtake them, and are never overtaken.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, pass_on: Callable[[Event], None]) -> None:
        self._loop, self._pass_on = loop, pass_on
        self._held: dict[type[Frequent], Frequent] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_time = 0.0

    def emit(self, event: Event) -> None:
        """Passes the event on, now or within `PACE_S`."""
        if not isinstance(event, Frequent):
            self.flush()
            self._pass_on(event)
            return
        held = self._held.get(type(event))
        if held is not None:
            joined = _joined(held, event)
            if joined is not None:
                self._held[type(event)] = joined
                return
            self.flush()
        if self._held or self._loop.time() < self._next_time:
            self._held[type(event)] = event
            if self._timer is None:
                self._timer = self._loop.call_at(self._next_time, self.flush)
            return
        self._next_time = self._loop.time() + PACE_S
        self._pass_on(event)

    def flush(self) -> None:
        """Passes on what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = list(self._held.values()), {}
        if held:
            self._next_time = self._loop.time() + PACE_S
        for event in held:
            self._pass_on(event)


def _joined(first: Frequent, second: Event) -> Frequent | None:
    """One event in place of two; None if they cannot be joined."""
    match first, second:
        case BatchFinished(), BatchFinished() if first.worker == second.worker:
            return BatchFinished(first.outcomes + second.outcomes, first.worker)
        case Progressed(), Progressed() if first.job == second.job:
            return second
        case AnswerWritten(), AnswerWritten() if first.index == second.index:
            return joined_answer(first, second)
        case TextWritten(), TextWritten() if (first.job, first.pane) == (second.job, second.pane):
            return msgspec.structs.replace(second, text=first.text + second.text)
    return None
