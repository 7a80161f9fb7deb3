"""How ablated answers fail, as the inspector says it: in the list, of an item, above the list, of a cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from textual.app import App
from textual.pilot import Pilot

from core.analysis.choices import ChoiceSums, diagnose_choice
from core.analysis.diagnosis import Share, Tag, TagName
from core.analysis.failures import Failures, ItemFailure, failures, item_failure
from core.analysis.matrix import matrix
from core.analysis.samples import Answer, Sample, Samples
from core.analysis.statistics.scores import accuracy
from core.benchmarks.benchmark import Benchmark
from core.engine.protocol import EngineSpec
from core.run.events import TokenDivergence
from core.run.experiment import Experiment
from tests.core.analysis.samples.stored_samples import MASK as MADE_UP
from tests.core.analysis.samples.stored_samples import stored_samples
from tests.tui.inspector.host import Host, screen_text, until
from tests.tui.inspector.written import CASES, MASK, stored_answers
from tui.inspector.ais.cell_screen import CellScreen
from tui.inspector.lens import Lens
from tui.inspector.look.marks import UNICODE
from tui.inspector.look.text import failure_rows
from tui.inspector.samples.answer_text import report
from tui.inspector.samples.item_view import SampleView
from tui.inspector.samples.lines import sample_lines
from tui.inspector.samples.listing import SampleList, list_rows
from tui.inspector.samples.pane import SamplesPane
from tui.inspector.samples.reading import Choice, Subject, list_samples
from tui.inspector.session import Session
from tui.safe_text import safe_block, safe_place

NARROW, WIDE = (61, 19), (160, 43)
LENS = Lens(MASK.ability, "mlp", "top", MASK.k, "sums", limit=None)
HOSTILE = "\x1b[2J [red]x[/] \u202eturned \u6f22\u5b57 \r\n end"


class Written:
    """The tab on the answers that were stored by hand."""

    def __init__(self, experiment: Experiment, benchmark: Benchmark) -> None:
        spec = EngineSpec(experiment.spec, str(experiment.store.root))
        self.session = Session(spec, experiment, (benchmark,), UNICODE, False, lambda command: None)
        self.pane = SamplesPane(self.session, id="samples")
        self.app = Host(lambda: self.pane, LENS)

    @property
    def rows(self) -> SampleList:
        return self.pane.query_one(SampleList)

    @property
    def flat(self) -> str:
        return " ".join(screen_text(self.app).split())

    async def says(self, pilot: Pilot[None], *texts: str) -> None:
        """Waits until the screen has all the texts."""
        await until(pilot, lambda: all(text in self.flat for text in texts))

    def row(self, place: int) -> str:
        """The line of the list that an item has."""
        lines = screen_text(self.app).splitlines()
        return next(line for line in lines if re.search(rf"[✓✗]→[✓✗] +#{place} ", line))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, Benchmark]:
    return stored_answers(tmp_path_factory.mktemp("written"))


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_the_list_says_of_each_written_answer_how_it_fails(
    stored: tuple[Experiment, Benchmark], size: tuple[int, int]
) -> None:
    written = Written(*stored)
    async with written.app.run_test(size=size) as pilot:
        await written.says(pilot, "how it fails", "fails: 40 % [12, 77] overcount", "repeats itself")
        for place, case in enumerate(CASES):
            assert case.tag in written.row(place)
        assert "gold" not in written.row(0)


async def test_failures_are_chosen_from_the_list_of_tags(stored: tuple[Experiment, Benchmark]) -> None:
    written = Written(*stored)
    async with written.app.run_test(size=NARROW) as pilot:
        await written.says(pilot, "fails: 40 %")
        await pilot.press("w")
        await written.says(pilot, "all tags 5", "fails: overcounts 2", "fails: no answer 1")
        await pilot.press("j")
        await until(pilot, lambda: written.rows.position[1] == 2)
        await pilot.press("enter")
        await written.says(pilot, "those tagged 'overcounts'", "2 listed")
        assert {f"#{place} " in written.flat for place in (0, 3)} == {True}
        await pilot.press("f", "f", "f")
        await written.says(pilot, "There is no item that is fixed, of those tagged 'overcounts'.")
        await pilot.press("w", "k")
        await until(pilot, lambda: "of those tagged" not in written.flat)
        await pilot.press("escape")
        await written.says(pilot, "of those tagged 'overcounts'")


async def test_worked_examples_are_folded_until_a_key_shows_them(
    tmp_path: Path, stored: tuple[Experiment, Benchmark]
) -> None:
    written = Written(*stored_answers(tmp_path, shots=2))
    async with written.app.run_test(size=(100, 40)) as pilot:
        await written.says(pilot, "fails: 40 %")
        await pilot.press("enter")
        await written.says(
            pilot, "Prompt 2 worked examples, ", "characters: u shows them Add 3 and 4. Answer:"
        )
        assert "and nothing" not in written.flat
        await pilot.press("u")
        await written.says(pilot, "and nothing. Answer: 10")
        assert "worked examples" not in written.flat
        await pilot.press("l")  # the next item, too
        await written.says(pilot, "and nothing. Answer: 10", "Add 2 and 2.")
        await pilot.press("u")
        await written.says(pilot, "Prompt 2 worked examples, ")
    written = Written(*stored)
    async with written.app.run_test(size=(100, 40)) as pilot:
        await written.says(pilot, "fails: 40 %")
        await pilot.press("enter", "u")
        await written.says(pilot, "Prompt Add 3 and 4. Answer:")


async def test_an_item_says_how_it_fails_and_what_is_right(stored: tuple[Experiment, Benchmark]) -> None:
    written = Written(*stored)
    async with written.app.run_test(size=(100, 40)) as pilot:
        await written.says(pilot, "fails: 40 %")
        await pilot.press("enter")
        await written.says(
            pilot,
            "How it fails",
            "overcounts: Answers 9, 2 over 7.",
            "Parts at token 5: base writes “ 7” (p 0.91; ablated 0.04), ablated “ 9” (p 0.88; base 0.02).",
            "✓ right: 7",
            "ended · judged “9”",
        )
        copied = written.pane.copied()
        assert copied is not None
        assert "right: 7\n" in copied.text
        assert "how it fails:\novercounts: Answers 9, 2 over 7.\nParts at token 5: base" in copied.text
        assert "ablated (wrong · ended · judged “9”): 3 and 4 are 9." in copied.text
        await pilot.press("l")
        await written.says(pilot, "How it differs", "It does not fail")
        await pilot.press("l")
        await written.says(
            pilot, "repeats itself: Repeats “the sum” 12 times", "ended, it only repeats itself"
        )


async def test_what_shows_the_tag_that_counts_is_underlined(stored: tuple[Experiment, Benchmark]) -> None:
    written = Written(*stored)
    async with written.app.run_test(size=(100, 40)) as pilot:
        await written.says(pilot, "fails: 40 %")
        written.rows.go_to(2)
        await pilot.press("enter")
        await written.says(pilot, "underlined below")
        view = written.pane.query_one(SampleView)
        pieces = [piece for line in view._lines for piece in line]
        evidence = "".join(text for text, role in pieces if role.endswith("evidence"))
        assert evidence.replace(" ", "") == "thesum" * 12
        assert view.get_component_rich_style("sample--evidence").underline


async def test_a_cell_says_how_its_answers_fail(stored: tuple[Experiment, Benchmark]) -> None:
    written = Written(*stored)
    cells = matrix(written.session.experiment, MASK, written.session.benchmarks)
    async with written.app.run_test(size=(80, 24)) as pilot:
        written.app.push_screen(CellScreen(written.session, LENS, cells))
        await written.says(pilot, "without quantitative, on sums", "fails: 40 % [12, 77] overcount")
        await pilot.press("j")
        await written.says(pilot, "without semantic")
        await pilot.pause(0.4)
        assert "fails:" not in written.flat


def test_the_marks_keep_to_the_text_that_is_shown() -> None:
    text = "a\tb\x1b[2J\r\nc\u200dd\r"
    for place in range(len(text) + 1):
        shown = safe_place(text, place)
        assert safe_block(text)[:shown] + safe_block(text)[shown:] == safe_block(text)
    assert safe_block(text)[safe_place(text, text.index("c")) :].startswith("c")
    assert safe_block(text)[safe_place(text, text.index("b")) :].startswith("b\\x1b[2J\nc")
    assert safe_block(text)[safe_place(text, text.index("\n")) :].startswith("\nc")


@pytest.mark.parametrize("width", [20, 39, 60, 130])
def test_hostile_texts_keep_to_their_rows(width: int) -> None:
    base = Answer(None, True, None, f"right {HOSTILE}", 1.0, HOSTILE, "eos")
    ablated = Answer(None, False, None, f"{HOSTILE} wrong", 0.35, HOSTILE, HOSTILE)
    sample = Sample(
        0, "x/0", "", "broken", "Why?", (), None, "", base, ablated, (HOSTILE, f"{HOSTILE}\nmore")
    )
    tag = Tag("repetition", f"Repeats “{HOSTILE}”.", 3, len(HOSTILE))
    failure = ItemFailure((tag,), None, TokenDivergence(0, HOSTILE, None, (0.5, None), (0.25, None)))
    subject = Subject(sample, None, is_ablated=True, failure=failure, metric="f1")
    lines = sample_lines(subject, width, UNICODE)
    assert all(sum(cell_len(text) for text, _ in line) <= width for line in lines)
    assert all(text.isprintable() for line in lines for text, _ in line)
    flat = " ".join("".join(text for text, _ in line) for line in lines)
    assert "repeats itself: Repeats" in flat
    assert "any of these is right" in " ".join(flat.split())
    assert "\x1b" not in report(subject)
    assert "f1 .350" in report(subject)


def test_programs_say_how_their_tests_went() -> None:
    answer = Answer(
        None, False, None, "    return 1", 0.0, "1 of 2 tests passed; test 2: AssertionError", "stop"
    )
    sample = Sample(
        0, "x/0", "", "wrong", "def f():", (), None, "", answer, answer, ("assert f() == 1\nassert f() == 2",)
    )
    lines = sample_lines(Subject(sample, None, is_ablated=False, metric="pass@1"), 100, UNICODE)
    flat = ["".join(text for text, _ in line) for line in lines]
    assert "✓ tests:" in flat
    assert "ended at a stop string · 1 of 2 tests passed; test 2: AssertionError" in flat


def test_multiple_choice_says_which_distractor_won() -> None:
    choice = diagnose_choice(0, (-1.0, -4.0), (-3.0, -1.0))
    base, ablated = Answer(0, True, (-1.0, -4.0), None, 1.0), Answer(1, False, (-3.0, -1.0), None, 0.0)
    sample = Sample(0, "x/0", "", "broken", "Why?", ("sun", "moon"), 0, "", base, ablated)
    subject = Subject(sample, None, True, ItemFailure((), choice, None), "acc")
    flat = ["".join(text for text, _ in line) for line in sample_lines(subject, 80, UNICODE)]
    place = flat.index("How it fails")
    assert flat[place + 1] == "Now prefers “moon” to the right option: margin +3.0 → -2.0 nats."
    several = Subject(sample, None, True, ItemFailure((), None, None), "mc2")
    assert not any("How it" in text for line in sample_lines(several, 80, UNICODE) for text, _ in line)


def share(name: TagName | None, count: int) -> Share:
    return Share(name, count, accuracy(np.arange(200) < count))


def failed(shares: Sequence[Share], choices: ChoiceSums | None = None) -> Failures:
    return Failures(200, np.full(200, -1, np.int8), tuple(shares), choices)


def test_that_nothing_is_preferred_takes_no_room(tmp_path: Path) -> None:
    experiment, benchmark = stored_samples(tmp_path, 200)
    samples = Samples.open(experiment, benchmark, 200, MADE_UP)
    assert samples is not None
    found = failures(samples)
    assert found is not None
    assert found.choices is not None
    assert not found.choices.preferences()
    (row,) = failure_rows(found, 60, 2, "…")
    assert row.startswith("Mean margin +")
    assert row.endswith(" nats (n 200).")


def test_what_does_not_fit_is_left_out_as_a_whole() -> None:
    found = failed(
        [
            share("overcounting", 82),
            share(None, 60),
            share("repetition", 24),
            share("empty", 20),
            share("truncated", 8),
        ]
    )
    first = "fails: 41 % [34, 48] overcount"
    assert failure_rows(found, 60, 2, "…") == [
        f"{first}, 12 % [8, 17] repeat",
        "themselves, 10 % [7, 15] give no answer",
    ]
    assert failure_rows(found, 40, 1, "…") == [first]
    assert failure_rows(found, 20, 1, "…") == ["fails: 41 % [34, 48…"]
    same = failed([share(None, 195), share("empty", 5)])
    assert failure_rows(same, 80, 2, "…") == ["fails: no mode in 5 % or more of 200 answers"]
    choices = ChoiceSums(
        base_margins=np.full(200, 2.0),
        margins=np.full(200, 0.5),
        broken=9,
        names=("A", f"“{HOSTILE}”"),
        moves=np.array([[200, 0], [0, 0]]),
        winners=np.array([4, 5]),
    )
    rows = failure_rows(failed([], choices), 60, 2, "…")
    assert rows[0].startswith("Mean margin +2.0 → +0.5 nats (n 200).")
    assert all(row.isprintable() and cell_len(row) <= 60 for row in rows)
    assert failure_rows(failed([]), 60, 2, "…") == []


def test_b_is_compared_with_a_in_words_of_its_own() -> None:
    choice = diagnose_choice(0, (-4.0, -1.0), (-3.0, -1.0))
    a, b = Answer(1, False, (-4.0, -1.0), None, 0.0), Answer(1, False, (-3.0, -1.0), None, 0.0)
    sample = Sample(0, "x/0", "", "wrong", "Why?", ("sun", "moon"), 0, "", a, b)
    subject = Subject(sample, None, False, ItemFailure((), choice, None), "acc", is_pair=True)
    flat = ["".join(text for text, _ in line) for line in sample_lines(subject, 80, UNICODE)]
    said = "Prefers “moon” to the right option, as A does: margin -3.0 → -2.0 nats."
    assert flat[flat.index("How B fails") + 1] == said
    assert f"how B fails:\n{said}" in report(subject)


async def test_written_answers_of_two_models_are_listed_with_how_b_fails(tmp_path: Path) -> None:
    experiment, benchmark = stored_answers(tmp_path)
    found = Samples.open(experiment, benchmark, len(CASES), MASK)
    assert found is not None
    pair = Samples(found.items, found.base_answers, found.ablated_answers, benchmark)
    listing = list_samples(pair, Choice(), failures(pair))
    app: App[None] = App()
    async with app.run_test(size=NARROW):
        rows = SampleList(UNICODE, id="x")
        await app.mount(rows)
        rows.show(listing, ("A", "B"), "")
        assert rows.head.rstrip().endswith("how it fails")
    drawn = list_rows(pair, range(len(CASES)), UNICODE, True, listing.failures)
    assert [row.failure[0] for row in drawn] == [case.tag for case in CASES]
    one = item_failure(pair, pair.sample(len(CASES) - 1), "A")
    assert one is not None
    assert one.tags[0].name == "empty"
    assert not any("base" in tag.evidence for tag in one.tags)
