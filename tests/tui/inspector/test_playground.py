from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from core.engine.protocol import Cancel, Command, StartGeneration
from core.inference import Finish
from core.models.spec import ModelSpec
from core.run.events import (
    Event,
    Job,
    JobChanged,
    Snapshot,
    TextCompared,
    TextEnded,
    TextWritten,
    TokenDivergence,
)
from core.run.specs import MaskSpec
from tests.tui.inspector.host import Host, demo_session, screen_text, until
from tests.tui.inspector.made_up import running, settled, still_inspector
from tui.inspector.lens import Lens
from tui.inspector.look.text import Divergence, first_divergence
from tui.inspector.playground.pane import PlaygroundPane
from tui.inspector.playground.prompt import Prompt
from tui.inspector.playground.settings_line import SettingsLine, WriteSettings
from tui.inspector.playground.writing import VARIANTS
from tui.inspector.session import Session

LENS = Lens("spatial_reasoning", "mlp", "top", 0.03, "spatial_reasoning")
NARROW, WIDE = (61, 19), (160, 43)


class Playground:
    """The tab on a desk whose engine is played by events."""

    def __init__(self, cache: Path, *, readonly: bool = False, spec: ModelSpec | None = None) -> None:
        self.session: Session
        self.sent: list[Command]
        self.session, self.sent = demo_session(cache, readonly=readonly)
        if spec is not None:
            self.session.a.spec = replace(self.session.spec, model=spec)
        self.app = Host(lambda: PlaygroundPane(self.session, id="playground"), LENS)
        self.session.activity.fold(Snapshot("3f2a", 1, (), None, None, (), ()))

    @property
    def pane(self) -> PlaygroundPane:
        assert isinstance(self.app.pane, PlaygroundPane)
        return self.app.pane

    async def ready(self, pilot: Pilot[None]) -> None:
        """Waits until the first example is in the prompt."""
        await until(pilot, lambda: self.pane.prompt != "")

    def emit(self, *events: Event) -> None:
        for event in events:
            self.session.activity.fold(event)
        self.pane.tick()

    def take_up(self, number: int = 1, state: str = "running", done: int = 0) -> Job:
        """The engine takes up the last generation that was asked for."""
        start = next(command for command in reversed(self.sent) if isinstance(command, StartGeneration))
        job = Job(f"3f2a-{number}", "generation", start.title, state, done, 3)  # type: ignore[arg-type]
        self.emit(JobChanged(job))
        return job

    def write(self, job: Job, *texts: str, finish: Finish = "eos", unknown: tuple[str, ...] = ()) -> None:
        """The engine writes whole answers."""
        for place, text in enumerate(texts):
            self.emit(TextWritten(job.id, place, text[:3]), TextWritten(job.id, place, text[3:]))
            self.emit(TextEnded(job.id, place, finish, len(text.split()), 0.5, unknown))
        done = len(texts)
        state = "completed" if done == 3 else "running"
        self.emit(JobChanged(Job(job.id, job.kind, job.title, state, done, 3)))

    def headers(self) -> list[str]:
        return [" · ".join(answer.view.state) for answer in self.pane._answers]


async def test_three_models_write_on_from_an_example_of_the_ability(tmp_path: Path) -> None:
    tab = Playground(tmp_path)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        assert "think :" in tab.pane.prompt
        await pilot.press("enter")
        (start,) = tab.sent
        assert isinstance(start, StartGeneration)
        assert start.prompt == tab.pane.prompt
        masks = [MaskSpec("spatial_reasoning", variant, "top", 0.03) for variant in VARIANTS[1:]]
        assert start.masks == (None, *masks)
        assert (start.factor, start.temperature, start.max_new_tokens) == (0.0, 0.0, 64)

        job = tab.take_up(state="queued")
        assert tab.headers() == ["waits"] * 3
        job = tab.take_up()
        tab.emit(TextWritten(job.id, 0, "the same "))
        assert tab.headers() == ["writing", "waits its turn", "waits its turn"]
        tab.emit(TextWritten(job.id, 0, "view"))
        assert tab.pane._answers[0].view.text == "the same view"

        tab.session.activity.texts.clear()
        tab.write(job, "the same view so above", "the other view", "the same view so above")
        await pilot.pause()
        base, mlp, everything = tab.headers()
        assert base == "ended · 5 tokens · 10 tokens/s"
        assert mlp.startswith("differs from word 2 · no answer")
        assert everything.startswith("same as base")
        text = screen_text(tab.app)
        assert "the other view" in text
        assert "MLP-only  differs from word 2" in text


def compared(
    job: Job, pane: int, ablated_token: str | None = " view", surprise: float = -0.1
) -> TextCompared:
    """The engine's comparison of two answers of six tokens that part at the second."""
    return TextCompared(
        job.id, pane, TokenDivergence(1, " same", ablated_token, (0.914, 0.004), (0.02, 0.88)),
        (1, 2, 3, 4, 5, 6), (1, 7, 8, 9, 10, 11), (-0.1,) * 6, (-0.1, -9.0, *(surprise,) * 4),
    )  # fmt: skip


async def test_where_answers_part_and_that_one_is_incoherent_are_said(tmp_path: Path) -> None:
    texts = ("the same view so above .", "the view of bell rock on", "the same")
    tab = Playground(tmp_path)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        await pilot.press("enter")
        job = tab.take_up()
        tab.write(job, *texts, finish="length")
        assert "gibberish" not in tab.headers()[1]
        hostile = " \x1b[2J[b]x[/b]" + "y" * 40
        tab.emit(compared(job, 1, surprise=-6.0), compared(job, 2, hostile))
        assert "differs from word 2 · gibberish" in tab.headers()[1]
        assert "gibberish" not in tab.headers()[2]
        await pilot.pause()
        words = 'token 2: base " same" .91→.02, here " view" <.01→.88'
        assert words not in screen_text(tab.app)  # only the chosen answer has the room
        await pilot.press("escape", "l")
        assert words in screen_text(tab.app)
        await pilot.press("l")
        text = screen_text(tab.app)
        assert words not in text
        assert r'here " \x1b[2J' in text
        assert not [c for c in text.replace("\n", "") if unicodedata.category(c) == "Cc"]
        exported = tab.pane.exported()
        assert exported is not None
        exported.write(tmp_path / "answers.json")
        answers = json.loads((tmp_path / "answers.json").read_text())["answers"]
        assert [answer["divergence"] and answer["divergence"]["index"] for answer in answers] == [None, 1, 1]
    tab = Playground(tmp_path)
    async with tab.app.run_test(size=WIDE) as pilot:
        await tab.ready(pilot)
        await pilot.press("enter")
        job = tab.take_up()
        tab.write(job, *texts)
        tab.emit(compared(job, 1), compared(job, 2, None))
        await pilot.pause()
        text = screen_text(tab.app)
        assert 'here " view" <.01→.88' in text
        assert "here ends <.01→.88" in text


async def test_what_a_model_writes_leaves_the_screen_whole(tmp_path: Path) -> None:
    tab = Playground(tmp_path)
    hostile = (
        "\x1b[2J\x1b]52;c;aGk=\x07\x00\x9b31m[bold red]x[/] [link=file:///x]y[/link] $error \\[",
        "שלום עליכם \u202eabc\u2066 日本語のとても長い一行" * 40 + "👩‍🔬 é\u0301\u0301" * 30,
        "z" * 3000 + "\r\n\ttab\x08\x08\u2028end\ud83d",
    )
    for size in (NARROW, WIDE):
        async with tab.app.run_test(size=size) as pilot:
            await tab.ready(pilot)
            await pilot.press("enter")
            tab.write(tab.take_up(), *hostile, unknown=("\x1b[1m", "[/]"))
            await pilot.pause()
            text = screen_text(tab.app)
            lines = text.split("\n")
            assert len(lines) == size[1]
            assert {cell_len(line) for line in lines} == {size[0]}
            assert not [c for c in text.replace("\n", "") if unicodedata.category(c) in ("Cc", "Cs")]
            assert not set(text) & set("\u202e\u2066")
            assert r"\x1b[2J" in text
            assert "[bold red]x[/]" in text
            assert "think :" in text
            assert all(word in text for word in ("base", "MLP-only", "all layers", "temperature"))
            assert r"demo does not know: \x1b[1m, [/]" in text
        tab = Playground(tmp_path)


async def test_the_prompt_takes_letters_and_gives_earlier_prompts_back(tmp_path: Path) -> None:
    tab = Playground(tmp_path)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        await pilot.press("i", "f7", *"a1 q", "ctrl+j", *"r", "enter")
        assert tab.pane.prompt == "a1 q\nr"
        tab.write(tab.take_up(1), "x", "x", "x")
        await pilot.press("backspace", *"s", "enter")
        assert [command.prompt for command in tab.sent if isinstance(command, StartGeneration)] == [
            *("a1 q\nr", "a1 q\ns")
        ]
        await pilot.press("ctrl+up")
        assert tab.pane.prompt == "a1 q\nr"
        await pilot.press("ctrl+up", "ctrl+down")
        assert tab.pane.prompt == "a1 q\ns"
        tab.write(tab.take_up(2), "x", "x", "x")
        await pilot.press("escape")
        assert not tab.pane.query_one(Prompt).has_focus
        before = tab.pane.prompt
        await pilot.press("o")
        await until(pilot, lambda: tab.pane.prompt != before)
        assert "think :" in tab.pane.prompt


async def test_an_untouched_example_follows_the_ability_and_a_used_prompt_stays(tmp_path: Path) -> None:
    tab = Playground(tmp_path)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        first = tab.pane.prompt
        tab.pane.look(replace(LENS, ability="contextual_recall"))
        await until(pilot, lambda: tab.pane.prompt != first)
        second = tab.pane.prompt
        await pilot.press("enter")
        tab.write(tab.take_up(), "a b", "a b", "a b")
        tab.pane.look(LENS)
        await pilot.pause()
        assert tab.pane.prompt == second
        assert "shown: recall · top · k 3 % · enter writes again" in screen_text(tab.app)


async def test_c_stops_and_what_was_written_stays(tmp_path: Path) -> None:
    tab = Playground(tmp_path)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        await pilot.press("enter")
        job = tab.take_up()
        tab.write(job, "the same view")
        tab.emit(TextWritten(job.id, 1, "the "))
        await pilot.press("i", "escape")  # only leaves the prompt
        assert not any(isinstance(command, Cancel) for command in tab.sent)
        await pilot.press("c")
        assert tab.sent[-1] == Cancel(job.id)
        tab.emit(TextEnded(job.id, 1, "cancelled", 1, 0.1))
        tab.emit(JobChanged(Job(job.id, job.kind, job.title, "cancelled", 1, 3)))
        assert tab.headers() == [
            "ended · 3 tokens · 6 tokens/s",
            "stopped · 1 token · 10 tokens/s",
            "not begun",
        ]
        exported, copied = tab.pane.exported(), tab.pane.copied()
        assert copied is not None
        assert copied.text == "the same view"
        assert exported is not None
        exported.write(tmp_path / "answers.json")
        document = json.loads((tmp_path / "answers.json").read_text())
        assert [answer["text"] for answer in document["answers"]] == ["the same view", "the ", ""]
        assert document["mask"]["selection"] == "top"


async def test_an_engine_that_ends_is_said_and_its_texts_stay(tmp_path: Path) -> None:
    tab = Playground(tmp_path)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        await pilot.press("enter")
        job = tab.take_up()
        tab.emit(TextWritten(job.id, 0, "the same"))
        tab.session.activity.lose("The engine was killed.")
        tab.pane.tick()
        await pilot.pause()
        assert "R starts it again" in screen_text(tab.app)
        tab.emit(Snapshot("3f2a", 2, (), None, None, (), ()))
        await pilot.pause()
        assert "The engine ended before it was done: enter writes again" in screen_text(tab.app)
        assert tab.pane._answers[0].view.text == "the same"
        await pilot.press("enter")
        tab.write(tab.take_up(), "new", "new", "new")
        assert tab.pane._answers[0].view.text == "new"


async def test_settings_are_stepped_and_typed(tmp_path: Path) -> None:
    tab = Playground(tmp_path)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        await pilot.press(
            "w", "plus", "l", "enter", *"17", "enter", "l", "minus", "l", "enter", *"0.5", "enter"
        )
        assert tab.pane.settings == WriteSettings(temperature=0.2, seed=17, tokens=32, factor=0.5)
        assert "factor 0.5 halved" in screen_text(tab.app)
        await pilot.press("enter", *"99", "enter")
        assert tab.app.failures == ["The factor is '99': give a number from 0 to 10."]
        await pilot.press("escape", "enter")
        (start,) = tab.sent
        assert isinstance(start, StartGeneration)
        assert (start.temperature, start.seed, start.max_new_tokens, start.factor) == (0.2, 17, 32, 0.5)
        assert not tab.pane.query_one(SettingsLine).is_typing


async def test_the_prompt_is_plain_until_a_key_puts_it_into_the_chat_template(tmp_path: Path) -> None:
    tab = Playground(tmp_path, spec=ModelSpec("owner/name", prompt="letters"))
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        assert "plain temperature" in screen_text(tab.app)
        await pilot.press("enter", "T")
        assert "chat temperature" in screen_text(tab.app)
        tab.write(tab.take_up(), "x", "x", "x")
        assert "enter writes again" in screen_text(tab.app)
        await pilot.press("enter")
        assert [command.chat for command in tab.sent if isinstance(command, StartGeneration)] == [False, True]


async def test_embedded_models_have_no_chat_template_to_switch_to(tmp_path: Path) -> None:
    tab = Playground(tmp_path)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        await pilot.press("T", "enter")
        (start,) = tab.sent
        assert isinstance(start, StartGeneration)
        assert not start.chat


async def test_nothing_is_waited_for_where_nothing_may_be_asked(tmp_path: Path) -> None:
    tab = Playground(tmp_path, readonly=True)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        await pilot.press("enter")
        assert "enter writes" in screen_text(tab.app)
        await pilot.press("i", "f7", "backspace", "enter")
        assert tab.app.failures == ["The prompt is empty: press i and type one."]


async def test_an_example_ends_what_was_said_of_an_empty_prompt(tmp_path: Path) -> None:
    app = still_inspector(tmp_path / "cache", tab="playground")
    async with running(app, (80, 24)) as (_, pilot):
        await pilot.press("i", "f7", "backspace", "enter")
        await settled(app, pilot, "The prompt is empty")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "The prompt is empty" not in screen_text(app))


@pytest.mark.parametrize(
    ("base", "other", "ended", "expected"),
    [
        ("the same view", "the same view", True, None),
        ("the same view", "the sa", False, None),
        ("the same view", "the sad view", True, Divergence(4, 2)),
        ("the same view", "the same", True, Divergence(8, 3)),
        ("the same", "the same view", True, Divergence(8, 3)),
        ("same", "sameness", True, Divergence(0, 1)),
        ("", "a", True, Divergence(0, 1)),
        ("日本語", "日本人", True, Divergence(0, 1)),
    ],
)
def test_the_first_word_that_differs(base: str, other: str, ended: bool, expected: Divergence | None) -> None:
    assert first_divergence(base, other, base_ended=True, other_ended=ended) == expected


def test_beyond_an_unfinished_base_answer_nothing_differs() -> None:
    assert first_divergence("the same", "the same view", base_ended=False, other_ended=True) is None
    different = first_divergence("the same", "the other", base_ended=False, other_ended=False)
    assert different == Divergence(4, 2)


def test_the_panes_are_in_the_order_of_the_masks() -> None:
    assert VARIANTS == ("base", "mlp", "all")
