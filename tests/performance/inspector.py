"""The inspector as a person meets it: in a terminal, with its engine, by keyboard.

The real app in a pseudo-terminal at 80 x 24 and 160 x 48, on the embedded model, measured from outside: by
the moments at which its bytes come, and by what the system knows of its process. The terminal answers no
question. Parts, of which any can be named:

    start     from the start of the process to the first frame and to the loaded model, and from q to its end
    first     from the start on an empty cache, with r pressed on the first frame, to the first AIS; right
              after an installation, and again
    keys      from a key to its change on the screen, idle and while benchmarks run
    cancel    from c to idle
    idle      processor time of the app
    memory    of the app, from its first frame to 2,000 keys later

    abilityscope profile --k 0.01,0.03 --limit 200 --cache-dir DIR        once: something to look at
    python -m tests.performance.inspector --cache DIR                     all figures
    python -m tests.performance.inspector --cache DIR start keys          those of two parts

The cache is copied, not changed. Needs Linux, and pyte beside the development tools.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, cycle
from pathlib import Path

from core.models.spec import ModelSpec
from tests.performance.opened_inspector import ITEMS, Desktop, OpenedInspector
from tests.performance.terminal import DEADLINE_S, cpu_seconds, memory_bytes
from tui.inspector.lens import Lens

SIZES = ((80, 24), (160, 48))
STARTS = 5
PRESSES = 300
"""On each tab."""

LONG_PRESSES = 2000
WATCHED_S = 20.0
SHORTEST_S, LONGEST_S = 0.03, 0.25
"""Between two keys."""

STORED = Lens("analogical_reasoning", "mlp", "max_minus_shared", 0.03, "analogical_reasoning")
"""What a cache that `profile` filled has."""

LIVE = replace(STORED, selection="random", limit=ITEMS)
"""What is run while one looks at it; random weights need no scores."""

Figures = Iterator[tuple[str, str]]


def main() -> int:
    """Prints the figures of the parts that are asked for, as they come."""
    options = _options()
    for size in SIZES:
        for part in options.parts or PARTS:
            with tempfile.TemporaryDirectory(prefix="as-", dir="/tmp", ignore_cleanup_errors=True) as folder:
                for what, figure in PARTS[part](Desktop(Path(folder), options.cache), size):
                    load = os.getloadavg()[0]
                    sys.stdout.write(f"{size[0]}x{size[1]}  {what:<56} {figure}  (load {load:.1f})\n")
                    sys.stdout.flush()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.performance.inspector")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument(
        "--cache", type=Path, required=True, metavar="DIR", help="a cache that profile filled"
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {min(unknown)}: there is {', '.join(PARTS)}")
    return options


def _start(desktop: Desktop, size: tuple[int, int]) -> Figures:
    """From the start of the process to the first frame and to the loaded model, and from q to its end."""
    _started(desktop, size)  # makes bytecode, and reads the files once, so that the disk is not measured
    names = ("first frame", "first frame, processor", "model loaded", "from q to the end")
    times = [_started(desktop, size) for _ in range(STARTS)]
    for name, values in zip(names, zip(*times, strict=True), strict=True):
        yield name, _spread(values)
    first = []
    for _ in range(STARTS):
        desktop.forget_bytecode()
        with desktop.opened(size, STORED) as screen:
            first.append(screen.until(lambda: screen.is_painted) - screen.started)
    yield "first frame, bytecode to make", _spread(first)


def _started(desktop: Desktop, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Seconds to the first frame, of the processor until then, to the loaded model, and of the end."""
    with desktop.opened(size, STORED) as screen:
        painted = screen.until(lambda: screen.is_painted)
        processor_s = cpu_seconds(screen.pid)
        loaded = screen.until(lambda: screen.is_idle)
        screen.settle(1.0)
        left = screen.write("q")
        return painted - screen.started, processor_s, loaded - screen.started, screen.ended() - left


def _first(desktop: Desktop, size: tuple[int, int]) -> Figures:
    """What a newcomer waits for: from the start on an empty cache to the first AIS."""
    for what in ("bytecode to make", "bytecode made"):
        desktop.forget_cache()
        with desktop.opened(size, Lens.first(ModelSpec(), STORED.benchmark)) as screen:
            painted = screen.until(lambda: screen.is_painted)
            screen.write("r")
            found = screen.until(lambda: screen.has_ais, 10 * DEADLINE_S)
            used = cpu_seconds(screen.pid), desktop.engine_cpu_seconds()
            yield f"first frame, {what}", f"{painted - screen.started:.3f} s"
            processor = f"processor: app {used[0]:.1f} s, engine {used[1]:.1f} s"
            yield f"first AIS, {what}", f"{found - screen.started:.3f} s; {processor}"


def _keys(desktop: Desktop, size: tuple[int, int]) -> Figures:
    """From each key to the first bytes that show what it changes."""
    for runs in (False, True):
        for tab in ("run", "samples", "ais"):
            with desktop.opened(size, LIVE if runs else STORED, tab) as screen:
                screen.until(lambda: screen.is_idle)
                if runs:
                    desktop.run_everything(LIVE)
                    screen.until(lambda: screen.is_busy)
                screen.settle(8.0)  # until something is stored
                times = _pressed(screen, tab, PRESSES)
                assert screen.is_busy == runs, "it worked as long as it was measured"
                what = f"{tab}, {'benchmarks run' if runs else 'idle'}"
                for name, values in {"all": [*chain.from_iterable(times.values())], **times}.items():
                    yield f"key to change: {what}: {name}", _percentiles(values)


def _pressed(screen: OpenedInspector, tab: str, presses: int) -> dict[str, list[float]]:
    """Seconds of each key, by what it does: the tab's cursor, the lens's k, and other tabs."""
    chance, times = random.Random(0), {"cursor": [], "k": [], "tab": []}
    keys = _script(screen, tab)
    for _ in range(presses):
        kind, key, seen = next(keys)
        times[kind].append(screen.press(key, seen))
        screen.settle(chance.uniform(SHORTEST_S, LONGEST_S))
    return times


def _script(screen: OpenedInspector, tab: str) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """What a person presses on a tab, each key with what shows that it worked."""
    cursor = {"run": screen.ability, "samples": screen.item, "ais": screen.row}[tab]
    home, away = {"run": 1, "samples": 2, "ais": 3}[tab], cycle("1234567")
    while True:
        for key in "jjjkjkkk":
            yield "cursor", key, cursor
        for key in "[]":
            yield "k", key, screen.k
        other = next(number for number in away if number != str(home))
        yield "tab", other, screen.tab
        yield "tab", str(home), screen.tab
        screen.until(lambda: bool(cursor()))


def _cancel(desktop: Desktop, size: tuple[int, int]) -> Figures:
    with desktop.opened(size, LIVE) as screen:
        screen.until(lambda: screen.is_idle)
        times = []
        for _ in range(STARTS):
            desktop.run_everything(LIVE)
            screen.until(lambda: screen.is_busy)
            screen.settle(2.0)
            pressed = screen.write("c")
            times.append(screen.until(lambda: screen.is_idle) - pressed)
            screen.settle(1.0)
        yield "from c to idle", _spread(times)


def _idle(desktop: Desktop, size: tuple[int, int]) -> Figures:
    with desktop.opened(size, LIVE) as screen:
        screen.until(lambda: screen.is_idle)
        screen.settle(5.0)
        yield "processor of the app, idle", _share(screen)
        for tab, key in (("run", "1"), ("samples", "2"), ("ais", "3"), ("cache", "7")):
            screen.write(key)
            desktop.run_everything(LIVE)
            screen.until(lambda: screen.is_busy)
            screen.settle(2.0)
            yield f"processor of the app, benchmarks run, {tab}", _share(screen)
            screen.write("c")
            screen.until(lambda: screen.is_idle)


def _share(screen: OpenedInspector) -> str:
    """Processor time over time, in percent of one core."""
    began, before, bytes_before = time.perf_counter(), cpu_seconds(screen.pid), screen.bytes_written
    screen.settle(WATCHED_S)
    seconds = time.perf_counter() - began
    share = (cpu_seconds(screen.pid) - before) / seconds
    return f"{share:.1%} of a core, {(screen.bytes_written - bytes_before) / seconds / 1000:.1f} kB/s written"


def _memory(desktop: Desktop, size: tuple[int, int]) -> Figures:
    with desktop.opened(size, STORED) as screen:
        screen.until(lambda: screen.is_painted)
        yield "memory, first frame", _memory_of(screen)
        screen.until(lambda: screen.is_idle)
        screen.settle(3.0)
        yield "memory, model loaded", _memory_of(screen)
        for key in "234567":
            screen.write(key)
            screen.settle(2.0)
            yield f"memory, tab {key} seen", _memory_of(screen)
        screen.write("1")
        screen.settle(2.0)
        for part in range(4):
            _pressed(screen, "run", LONG_PRESSES // 4)
            yield f"memory, {(part + 1) * LONG_PRESSES // 4:,} keys later", _memory_of(screen)


def _memory_of(screen: OpenedInspector) -> str:
    memory = memory_bytes(screen.pid)
    return f"{memory['rss'] / 1e6:.0f} MB resident, {memory['private'] / 1e6:.0f} MB of it its own"


def _spread(seconds: Iterator[float] | list[float] | tuple[float, ...]) -> str:
    values = list(seconds)
    return f"{statistics.median(values):.3f} s median, {min(values):.3f} to {max(values):.3f}"


def _percentiles(seconds: list[float]) -> str:
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    figures = {"p50": cuts[9], "p95": cuts[18], "max": max(seconds)}
    return (
        ", ".join(f"{name} {1000 * value:.0f} ms" for name, value in figures.items()) + f" of {len(seconds)}"
    )


PARTS: dict[str, Callable[[Desktop, tuple[int, int]], Figures]] = {
    "start": _start,
    "first": _first,
    "keys": _keys,
    "cancel": _cancel,
    "idle": _idle,
    "memory": _memory,
}


if __name__ == "__main__":
    sys.exit(main())
