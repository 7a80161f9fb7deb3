"""The line between the screen and its engine: starts the engine, hears its events, notices its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.client import Connection, attach_or_start

if TYPE_CHECKING:
    from core.engine.commands import Command
    from core.engine.spec import EngineSpec
    from tui.inspector.activity import Activity


class EngineLink:
    """One screen's line to the engine of a spec."""

    def __init__(self, spec: EngineSpec, activity: Activity) -> None:
        self._spec, self._activity = spec, activity
        self._connection: Connection | None = None

    async def run(self) -> None:
        """Starts the engine or joins the one that runs, and hears it until it ends; says why it did."""
        try:
            problem = await self._hear(await attach_or_start(self._spec))
        except OSError as error:  # an EngineError, or the process cannot be started
            problem = str(error)
        self._activity.lose(problem)

    async def _hear(self, connection: Connection) -> str:
        """Takes in every event until the engine ends; how it did."""
        self._connection = connection
        try:
            async for event in connection.events():
                self._activity.fold(event)
            return await connection.how_it_ended()
        finally:
            self._connection = None
            await connection.close()

    def send(self, command: Command) -> bool:
        """Tells the engine; False if there is none."""
        if self._connection is None:
            return False
        self._connection.send(command)
        return True

    async def close(self) -> None:
        """Leaves the engine to itself."""
        if self._connection is not None:
            await self._connection.close()
