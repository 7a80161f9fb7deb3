"""The inspector, opened in a terminal on a copy of a cache, and how one sees on its screen what it does."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from core.abilities.catalogue import ABILITIES
from core.engine.client import connect
from core.engine.protocol import Shutdown, StartRuns
from core.engine.runtime import living_engines
from core.run.events import JobChanged
from core.run.specs import Run
from tests.performance.terminal import Terminal, cpu_seconds
from tui.inspector.lens import Lens
from tui.inspector.remembered import Remembered, remember

PROGRAM = Path(sys.executable).with_name("abilityscope")
"""The command in this process's environment."""

MODEL = "demo"

SEEDS = 5
"""Seeds of the random weights, so that there is enough to run."""

ITEMS = 500
"""Items of each benchmark: all that the embedded model's have."""


class OpenedInspector(Terminal):
    """The app in its terminal."""

    @property
    def is_painted(self) -> bool:
        """Whether the tabs are on the screen."""
        return "1 Run" in self.lines[1] or "1Run" in self.lines[1]

    @property
    def is_idle(self) -> bool:
        """Whether the header says that the model is loaded and nothing runs."""
        return self.lines[0].rstrip().endswith("idle")

    @property
    def is_busy(self) -> bool:
        """Whether it says that a job is running."""
        return "▶" in self.lines[0]

    @property
    def has_ais(self) -> bool:
        """Whether the figures of the tab Run have an AIS with its interval."""
        return any(" AIS " in line and "[" in line for line in self.lines)

    def press(self, key: str, seen: Callable[[], object]) -> float:
        """Presses a key; the seconds until something that it changes is seen to have changed."""
        before = seen()
        pressed = self.write(key)
        return self.until(lambda: seen() != before) - pressed

    def item(self) -> str:
        """The marked row of the list of samples; empty if there is none."""
        return next((line for line in self._marked() if "#" in line), "")

    def row(self) -> str:
        """The marked row of the matrix; empty if there is none."""
        return next(self._marked(), "")

    def ability(self) -> str:
        """The ability of the lens."""
        return next((line for line in self._lens()[2:14] if line.startswith("▸")), "")

    def k(self) -> str:
        """The k of the lens, and how many weights it is."""
        lens = self._lens()
        place = next(row for row, line in enumerate(lens) if line.startswith("k "))
        return "".join(lens[place : place + 3])

    def tab(self) -> str:
        """The tab in front: its name is bold."""
        row = self.screen.buffer[1]
        return "".join(row[x].data for x in range(self._edge, self.screen.columns) if row[x].bold)

    def _marked(self) -> Iterator[str]:
        """The lines right of the lens that a cursor is on."""
        lines = (line[self._edge :].strip("│ ") for line in self.lines)
        return (line for line in lines if line.startswith("▸"))

    def _lens(self) -> list[str]:
        """The lines of the lens, without the frame that it has on a large screen."""
        return [line[: self._edge].strip("│ ") for line in self.lines]

    @property
    def _edge(self) -> int:
        """The column right of the lens; on a large screen its frame ends there."""
        return next(column for column, sign in enumerate(self.lines[1]) if sign in "│╮") + 1


class Desktop:
    """A copy of a cache, and the folders of an inspector's own engine and memory."""

    def __init__(self, folder: Path, cache: Path) -> None:
        """Copies the cache.

        Args:
            folder: empty, and of a path short enough for a socket.
            cache: what to copy.
        """
        shutil.copytree(cache, folder / "cache")
        self._folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "ABILITYSCOPE_RUNTIME": str(folder / "run"),
            "ABILITYSCOPE_STATE": str(folder / "state.json"),
            "ABILITYSCOPE_CACHE": str(folder / "cache"),
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "TERM": "xterm-256color",
        }
        for name in ("ABILITYSCOPE_RUNTIME", "ABILITYSCOPE_STATE"):
            os.environ[name] = self.environment[name]

    def forget_cache(self) -> None:
        """As if nothing was ever computed."""
        shutil.rmtree(self._folder / "cache")

    def engine_cpu_seconds(self) -> float:
        """Processor time that the only engine has taken."""
        (record,) = living_engines()
        return cpu_seconds(record.pid)

    def forget_bytecode(self) -> None:
        """As if the program was just installed."""
        shutil.rmtree(self._folder / "bytecode", ignore_errors=True)

    @contextmanager
    def opened(self, size: tuple[int, int], lens: Lens, tab: str = "run") -> Iterator[OpenedInspector]:
        """The inspector, just started, as if it was left with this lens and tab."""
        remember(MODEL, Remembered(lens, tab))
        terminal = OpenedInspector([str(PROGRAM)], self.environment, size)
        try:
            yield terminal
        finally:
            terminal.kill()
            asyncio.run(_end_engines())

    def run_everything(self, lens: Lens) -> None:
        """Lets the engine evaluate all abilities on all benchmarks, those of the lens first, for minutes.

        Args:
            lens: of random weights, which need no scores.
        """
        abilities = [ability.id for ability in ABILITIES]
        seeds = [replace(lens, seed=seed) for seed in range(SEEDS)]
        masks = [None, *(seen.mask_of(ability) for seen in seeds for ability in abilities)]
        runs = [Run(mask, benchmark, ITEMS) for mask in masks for benchmark in abilities]
        asyncio.run(_send(StartRuns("everything", tuple(runs))))


async def _send(command: StartRuns) -> None:
    """Asks the only engine there is, as another screen would."""
    (record,) = living_engines()
    connection = await connect(record.engine)
    connection.send(command)
    async for event in connection.events():
        if isinstance(event, JobChanged):
            break  # an end of the line before that could overtake what was asked
    await connection.close()


async def _end_engines() -> None:
    """Ends what the inspector left behind, if it lives."""
    for record in living_engines():
        connection = await connect(record.engine)
        connection.send(Shutdown())
        await connection.gone()
        await connection.close()
