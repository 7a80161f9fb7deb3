"""The tab Samples on 100,000 stored items, by keyboard: `python -m tests.performance.inspector_samples`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from textual.pilot import Pilot
from textual.widgets import Input

from core.engine.protocol import EngineSpec
from core.run.storing import ensure_items
from tests.core.analysis.samples.stored_samples import MASK, stored_samples
from tests.tui.inspector.host import Host
from tui.inspector.lens import Lens
from tui.inspector.look.marks import UNICODE
from tui.inspector.samples.item_view import SampleView
from tui.inspector.samples.listing import SampleList
from tui.inspector.samples.pane import SamplesPane
from tui.inspector.session import Session

ITEMS = 100_000
PRESSES = 200
LENS = Lens(MASK.ability, "mlp", "top", MASK.k, "made_up", limit=None)
DEADLINE_S = 60.0


def main() -> int:
    """Prints the times at two sizes."""
    with tempfile.TemporaryDirectory() as folder:
        runner, benchmark = stored_samples(Path(folder), ITEMS)
        ensure_items(runner, benchmark, ITEMS)
        for size in ((80, 24), (160, 48)):
            session = Session(
                EngineSpec(runner.spec, folder), runner, (benchmark,), UNICODE, False, lambda command: None
            )
            figures = asyncio.run(_measure(session, size))
            sys.stdout.write(f"{size[0]} x {size[1]}, {ITEMS:,} items\n")
            sys.stdout.writelines(f"  {name:<44} {value}\n" for name, value in figures.items())
    return 0


async def _measure(session: Session, size: tuple[int, int]) -> dict[str, str]:
    app = Host(lambda: SamplesPane(session, id="samples"), LENS)
    figures: dict[str, str] = {}
    start = time.perf_counter()
    async with app.run_test(size=size) as pilot:
        rows, view = app.pane.query_one(SampleList), app.pane.query_one(SampleView)
        await _until(lambda: rows.position[1] == ITEMS and _is_shown(app, rows))
        figures["app and tab open, first rows on the screen"] = _ms(time.perf_counter() - start)
        await _until(lambda: app.pane._listing.failures is not None)
        figures["the same, with how the answers fail"] = _ms(time.perf_counter() - start)
        start = time.perf_counter()
        app.pane._stored = None
        app.pane.refresh_view(LENS)
        before = app.pane._listing
        await _until(lambda: app.pane._listing is not before)
        figures["tab opened again"] = _ms(time.perf_counter() - start)
        for name in ("flipped", "broken", "fixed"):
            figures[f"filter {name}"] = _ms(await _listed(pilot, app, rows, "f"))
        await pilot.press("f", "f", "f")
        await _until(lambda: rows.position[1] == ITEMS)
        for key in ("j", "pagedown", "n"):
            figures[f"key {key} to repaint"] = await _key_times(pilot, app, rows, key)
        await pilot.press("enter")
        await _until(lambda: view.subject is not None)
        figures["next item, from key to its text"] = await _item_times(pilot, rows, view)
        await pilot.press("escape")
        app.pane.search()
        figures["first search, from the last key"] = _ms(await _typed(pilot, app, "item 4242"))
        figures["search narrowed, from the last key"] = _ms(await _typed(pilot, app, "1"))
        figures["longest pause of the event loop, filtering"] = _ms(await _longest_pause(pilot))
    return figures


def _is_shown(app: Host, rows: SampleList) -> bool:
    """Whether the row under the cursor is on the screen with its text."""
    row = rows.region.y + rows.cursor - rows.scroll_offset.y
    strips = app.screen._compositor.render_strips()
    return row < len(strips) and f"#{rows.index} " in strips[row].text and "Item" in strips[row].text


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.001)  # the threads that read need the interpreter, too


async def _listed(pilot: Pilot[None], app: Host, rows: SampleList, key: str) -> float:
    """Seconds from a key to another list."""
    before, start = app.pane._listing, time.perf_counter()
    app.simulate_key(key)
    await _until(lambda: app.pane._listing is not before and _is_shown(app, rows))
    return time.perf_counter() - start


async def _key_times(pilot: Pilot[None], app: Host, rows: SampleList, key: str) -> str:
    """From a key to the cursor's row on the screen: at once, and with its text."""
    times = []
    for _ in range(PRESSES):
        index, start = rows.index, time.perf_counter()
        app.simulate_key(key)
        await _until(lambda index=index: rows.index != index and _is_shown(app, rows))
        times.append(time.perf_counter() - start)
    return _percentiles(times)


async def _item_times(pilot: Pilot[None], rows: SampleList, view: SampleView) -> str:
    times = []
    for _ in range(PRESSES):
        index, start = rows.index, time.perf_counter()
        pilot.app.simulate_key("l")
        await _until(
            lambda index=index: (
                rows.index != index and view.subject is not None and view.subject.sample.index == rows.index
            )
        )
        times.append(time.perf_counter() - start)
    return _percentiles(times)


async def _typed(pilot: Pilot[None], app: Host, text: str) -> float:
    await pilot.press(*text)
    start = time.perf_counter()
    typed = app.pane.query_one(Input).value
    await _until(lambda: app.pane._listing.choice.search == typed)
    return time.perf_counter() - start


async def _longest_pause(pilot: Pilot[None]) -> float:
    """The longest time between two turns of the event loop while filters are gone through."""
    longest, last = 0.0, time.perf_counter()
    for turn in range(20_000):
        if turn % 500 == 0:
            pilot.app.simulate_key("f")
        await asyncio.sleep(0)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    return longest


def _percentiles(times: list[float]) -> str:
    half, most = np.percentile(times, [50, 95])
    return f"{_ms(half)} median, {_ms(most)} 95th percentile"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
