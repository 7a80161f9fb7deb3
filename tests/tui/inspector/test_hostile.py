"""Hostile text wherever the inspector may show one: it stays text, and the screen stays whole."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from rich.cells import cell_len
from textual._compositor import LayoutUpdate

from core.benchmarks.benchmark import Benchmark
from core.benchmarks.registry import find_benchmarks
from core.models.files import model_folder
from core.models.spec import ModelSpec
from core.run.events import (
    AnswerWritten,
    BatchFinished,
    EntryReplaced,
    Event,
    Heartbeat,
    ItemOutcome,
    Job,
    JobChanged,
    ModelFailed,
    ModelLoaded,
    ModelLoading,
    Refused,
    RunStarted,
    Snapshot,
    TextEnded,
    TextWritten,
)
from core.run.specs import MaskSpec
from tests.progressed import progressed
from tests.tui.inspector.host import until
from tests.tui.inspector.made_up import StillInspector, answers, running, settled, still_inspector
from tui.inspector.keys import PANES
from tui.inspector.lens import Lens
from tui.inspector.settings import Settings

if TYPE_CHECKING:
    from textual.pilot import Pilot

SEQUENCES = (
    "\x1b[2J\x1b[31;7m\x1b[?1049l",  # clears the screen, colours, leaves the alternate screen
    "\x1b]52;c;cm0gLXJmIC8=\x07",  # writes to the clipboard
    "\x1b]0;owned\x07\x1bP+q544e\x1b\\",  # sets the title, asks the terminal
    "\x9b2J\x9d0;owned\x9c\x90q\x9c",  # the same in C1
    "\r\x0b\x0c\x08\x7f\x00\x1a",
)
MARKUP = "[bold red]x[/] [/] [@click=app.quit]press[/] [link=file:///etc/passwd]y[/] $error \\[ [on"
TURNED = "\u202eevil\u202c \u2066\u2067\u2069\u200f שלום \u2028\u2029\u0085"
WIDE = "日本語のとても長い一行" + "👩‍🔬🏳️‍🌈👍🏽" + "e\u0301\u0300\u0302" * 40 + "\u200b\ufeff\u00ad"
HOSTILE = f"{''.join(SEQUENCES)}{MARKUP}{TURNED}{WIDE}\n\tend"
"""All of it can be written as UTF-8, and so stored as Parquet."""

LONE = "\ud83d\udc00\udfff"
"""Halves of pairs: JSON, and the names of files, can have them."""

LONG = "x" * 50_000 + "日" * 50_000

SMALL, LARGE = (60, 20), (160, 48)
BENCHMARK_ID = f"hostile {HOSTILE}"
N = 12
MASK = MaskSpec("spatial_reasoning", "mlp", "random", 0.03)
"""Drawn, and so not in need of any ranking."""

LENS = Lens(MASK.ability, MASK.variant, MASK.selection, MASK.k, BENCHMARK_ID, N)


def hostile_benchmark(spec: ModelSpec) -> Benchmark:
    """A benchmark of which every text is hostile; its items are in the cache."""
    (benchmark,) = find_benchmarks([MASK.ability])
    return replace(benchmark, id=BENCHMARK_ID, name=f"name {HOSTILE}", about=f"about {HOSTILE}{LONG}")


def hostile_items() -> pl.DataFrame:
    """What the cache has of the items: whoever fills it decides."""
    prompts = [f"{index} {HOSTILE}{LONG if index % 3 == 0 else ''}" for index in range(N)]
    return pl.DataFrame(
        {
            "item_id": [f"{HOSTILE}/{index}" for index in range(N)],
            "family": [f"{HOSTILE}{index % 2}" for index in range(N)],
            "beginning": prompts,
            "prompt": prompts,
            "options": [[f"{HOSTILE} 0", f"{LONG} 1", MARKUP, f"{SEQUENCES[0]} 3"]] * N,
            "gold": [index % 4 for index in range(N)],
            "steps": [f"{HOSTILE}{LONG}"] * N,
            "targets": [[]] * N,
            "cluster": [""] * N,
        },
        schema_overrides={"gold": pl.Int16},
    )


@pytest.fixture(scope="module")
def hostile_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ModelSpec]]:
    """A cache of hostile entries, and a model in a folder with a hostile name."""
    root = tmp_path_factory.mktemp("hostile")
    name = HOSTILE.replace("/", "|").replace("\x00", "")[:40] + MARKUP.replace("/", "|") + "\udcff"
    model = root / name
    model.mkdir()
    for path in model_folder(ModelSpec()).iterdir():
        shutil.copy(path, model)
    spec = ModelSpec(str(model), device="cpu").settled("letters", "standard")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABILITYSCOPE_STATE", str(root / "state.json"))
        fill(root / "cache", spec)
        yield root / "cache", spec


def fill(cache: Path, spec: ModelSpec) -> None:
    experiment, items = hostile_app((cache, spec)).session.experiment, hostile_items()
    benchmark = hostile_benchmark(spec)
    experiment.store.items.save(*experiment.items_request(benchmark, N), items.to_dict(as_series=False))
    for mask, right in ((None, 0.9), (MASK, 0.4)):
        request = experiment.request(mask, benchmark, N)
        columns = {**answers(items, right, str(mask)), "text": [f"{HOSTILE}{LONG}"] * N}
        experiment.store.outcomes.save(request.key, request.key_inputs, columns)
    key_inputs = {
        "ablated": f"{HOSTILE}{LONE} · {MARKUP} · {LONE} · k {LONG}",
        "benchmark": f"{HOSTILE}{LONE}",
        "n": 3,
        "model": {"fingerprint": f"{LONE}{HOSTILE}", MARKUP: [HOSTILE, {LONE: LONG}]},
        f"{HOSTILE}{LONE}": LONG,
    }
    outcomes = experiment.store.outcomes
    outcomes.save("ab" * 16, key_inputs, {"item_id": ["1"]})
    outcomes.entries.write("cd" * 16, b"", {"of a form": HOSTILE, "that is": LONE}, {"unknown": MARKUP})
    (cache / "outcomes" / f".{MARKUP.replace('/', '')}\x1b[2J.tmp").write_bytes(b"")


def hostile_app(hostile_cache: tuple[Path, ModelSpec], settings: Settings | None = None) -> StillInspector:
    cache, spec = hostile_cache
    return still_inspector(cache, LENS, settings=settings, spec=spec, benchmarks=[hostile_benchmark(spec)])


def events() -> Sequence[Event]:
    """What an engine tells of hostile things."""
    text = f"{HOSTILE}{LONE}"
    job = Job(text, "runs", text, "running", 1, 3)
    writing = Job("write", "generation", text, "running", 1, 3)
    outcomes = tuple(ItemOutcome(index, 0, 1, False, (-1.0, -2.0, -3.0, -4.0)) for index in range(5))
    return (
        ModelLoading(text, text),
        ModelLoaded(text, 1.0, text, 10),
        Heartbeat(10, 10),
        JobChanged(Job("queued", "runs", f"{text}{LONG}", "queued", 0, 3)),
        JobChanged(job),
        progressed("scoring", text, 3, 10, job=text),
        RunStarted(MASK, text, 3),
        BatchFinished(outcomes),
        AnswerWritten(2, text),
        EntryReplaced(text),
        Refused(f"{text}{LONG[-500:]}"),
        JobChanged(Job(text, "runs", text, "failed", 1, 3, problem=text)),
        JobChanged(writing),
        *(TextWritten("write", pane, f"{text}{pane}{LONG}") for pane in range(3)),
        TextEnded("write", 0, "eos", 3, 0.5, (text, MARKUP)),
    )


OWN_SEQUENCES = re.compile(r"\x1b\[[\d;]*m|\x1b\[\d+;\d+H|\x1b\]8;[^\x1b\x07]*\x1b\\")
"""What Textual itself writes on a line: styles, where the line begins, and links."""


def acts(text: str) -> bool:
    """Whether anything in the text acts on a terminal, turns its direction, or cannot be seen."""
    return any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in text)


def check(app: StillInspector) -> None:
    """Fails unless what goes to the terminal is the app's own, and every line fills the screen exactly."""
    screen = app.screen
    lines = [strip.text for strip in screen._compositor.render_strips()[: app.size.height]]
    assert len(lines) == app.size.height
    assert {cell_len(line) for line in lines} == {app.size.width}
    assert [line for line in lines if acts(line)] == []
    update = screen._compositor.render_update(full=True)
    assert isinstance(update, LayoutUpdate)
    sent = update.render_segments(app.console)
    assert "owned" not in re.findall(r"\x1b\]0;(\w*)", sent)
    left = OWN_SEQUENCES.sub("", sent).replace("\n", "")
    assert [char for char in left if unicodedata.category(char) == "Cc"] == []
    sent.encode()  # what cannot be encoded would end the driver


KEYS: dict[str, Sequence[str]] = {
    "run": (
        "question_mark",
        "escape",
        "b",
        "down",
        "escape",
        "ctrl+p",
        *"bench",
        "escape",
        "y",
        "K",
        "escape",
    ),
    "samples": ("f", "F", "w", "escape", "enter", "l", "escape", "slash", "x", "enter", "escape"),
    "ais": ("enter", "escape", "i"),
    "weights": ("o", "w"),
    "overlap": ("i",),
    "playground": ("l", "o", "i", "escape"),
    "cache": ("enter", "j", "j", "o", "slash", "x", "escape", "w"),
}
"""What is pressed in each tab of a small screen, with a look at it after every key."""


async def emitted(app: StillInspector, pilot: Pilot[None], event: Event) -> None:
    """The screen has taken in the event, and is whole."""
    app.emit(event)
    await until(pilot, lambda: app.controller.is_current)
    await pilot.pause()
    check(app)


@pytest.mark.parametrize(
    "size", [pytest.param(SMALL, id="60x20"), pytest.param(LARGE, marks=pytest.mark.slow, id="160x48")]
)
async def test_hostile_text_is_text(hostile_cache: tuple[Path, ModelSpec], size: tuple[int, int]) -> None:
    async with running(hostile_app(hostile_cache), size) as (app, pilot):
        check(app)
        for event in events():
            await emitted(app, pilot, event)
        for number, (pane_id, _) in enumerate(PANES, start=1):
            await pilot.press(str(number))
            await settled(app, pilot)
            check(app)
            for key in KEYS[pane_id] if size == SMALL else ():
                await pilot.press(key)
                check(app)
            while len(app.screen_stack) > 1:
                await pilot.press("escape")
            await settled(app, pilot)
            check(app)
        await pilot.press("1")
        await emitted(app, pilot, ModelFailed(f"{HOSTILE}{LONE}{LONG}"))
        await emitted(app, pilot, Snapshot(HOSTILE, 1, (), ModelLoading(HOSTILE, LONG), None, (), ()))
        app.session.activity.lose(f"{HOSTILE}{LONE}{LONG}")
        await settled(app, pilot)
        check(app)
        await pilot.press("v")
        assert app.lens.variant == "all"
        assert app.is_running
