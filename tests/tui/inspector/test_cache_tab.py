from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from cache.entries import DIVERGENCES, GENERATION_QUALITY, OUTCOMES, EntryFolder, Kind
from cache.folder import Store
from cache.keys import key_of
from tests.tui.inspector.host import Host, demo_session, screen_text, until
from tui.inspector.lens import Lens
from tui.inspector.look.marks import ASCII, Marks
from tui.inspector.session import Session
from tui.inspector.stored.entries import key_input_lines, read_entries
from tui.inspector.stored.listing import StoredList
from tui.inspector.stored.pane import CachePane

LENS = Lens("spatial_reasoning", "mlp", "max_minus_shared", 0.03, "spatial_reasoning")
NARROW, WIDE = (61, 19), (160, 43)


def fill(
    root: Path, fingerprint: str, abilities: tuple[str, ...] = ("contextual_recall",), n: int = 3
) -> list[str]:
    """Stores outcomes of the first abilities on causal reasoning; returns their keys."""
    keys = []
    for ability in abilities:
        key_inputs = {
            "model": {"fingerprint": fingerprint, "dtype": "float32"},
            "ablated": f"{ability} · mlp · top · k 0.03",
            "benchmark": "commonsense_causal",
            "n": n,
        }
        keys.append(key_of("outcomes", 1, key_inputs))
        columns = {"item_id": [str(item) for item in range(n)], "correct": [True] * n}
        Store(root).outcomes.save(keys[-1], key_inputs, columns)
    return keys


class CacheTab:
    """The tab on a cache folder."""

    def __init__(
        self, root: Path, *, readonly: bool = False, marks: Marks | None = None, shipped: Path | None = None
    ) -> None:
        self.session: Session
        self.session, _ = demo_session(root, readonly=readonly, **({"marks": marks} if marks else {}))
        self.session.experiment.store = Store(root, shipped)
        self.app = Host(lambda: CachePane(self.session, id="cache"), LENS)

    @property
    def pane(self) -> CachePane:
        assert isinstance(self.app.pane, CachePane)
        return self.app.pane

    def words(self) -> list[str]:
        return [stored.words for stored in self.pane.query_one(StoredList).entries]

    async def ready(self, pilot: Pilot[None], condition: Callable[[], bool] | None = None) -> None:
        await until(pilot, condition or (lambda: "0 B" in (text := screen_text(self.app)) or "kB" in text))
        await pilot.pause()


@pytest.fixture
def fingerprint(tmp_path: Path) -> str:
    """The demo model's."""
    return demo_session(tmp_path)[0].experiment.identity.fingerprint


async def test_entries_are_said_in_words_with_their_sum(tmp_path: Path, fingerprint: str) -> None:
    (key,) = fill(tmp_path, fingerprint)
    fill(tmp_path, "0" * 32, ("temporal_reasoning",))
    tab = CacheTab(tmp_path)
    async with tab.app.run_test(size=WIDE) as pilot:
        await tab.ready(pilot)
        text = screen_text(tab.app)
        assert "2 entries" in text
        assert "2 outcomes" in text
        assert "recall · MLP-only · top · k 3 % on causal · 3 items" in text
        assert "temporal · MLP-only · top · k 3 % on causal · 3 items · another model, 000000000000" in text
        await pilot.press("G", "g", "enter")
        await tab.ready(pilot, lambda: "fingerprint" in screen_text(tab.app))
        assert "dtype: float32" in screen_text(tab.app)
        await pilot.press("escape")
        tab.pane.query_one(StoredList).move_to(tab.words().index(min(tab.words())))
        copied = tab.pane.copied()
        assert copied is not None
        assert copied.text == key


async def test_below_the_list_is_all_of_an_entry_that_the_list_cuts(tmp_path: Path, fingerprint: str) -> None:
    fill(tmp_path, fingerprint)
    tab = CacheTab(tmp_path)
    async with tab.app.run_test(size=(60, 20)) as pilot:
        await tab.ready(pilot)
        below = " ".join(screen_text(tab.app).split("outcomes:")[1].split())
        assert below == "recall · MLP-only · top · k 3 % on causal · 3 items"
        await pilot.press("x")
        await tab.ready(pilot, lambda: "enter deletes" in screen_text(tab.app))


async def test_divergences_generation_quality_and_what_an_earlier_version_stored_are_said(
    tmp_path: Path,
) -> None:
    before = EntryFolder(tmp_path, Kind("outcomes", ".parquet", OUTCOMES.format - 1))
    names = {"ablated": "contextual_recall · mlp · top · k 0.03", "benchmark": "gsm8k", "n": 1319}
    before.write("0" * 32, b"rows", names, {})
    EntryFolder(tmp_path, DIVERGENCES).write("1" * 32, b"rows", names, {})
    EntryFolder(tmp_path, GENERATION_QUALITY).write("2" * 32, b"rows", {"ablated": "base", "mask": None}, {})
    tab = CacheTab(tmp_path)
    async with tab.app.run_test(size=WIDE) as pilot:
        await tab.ready(pilot)
        words = "recall · MLP-only · top · k 3 % on gsm8k · 1,319 items"
        assert sorted(tab.words()) == [
            f"base beside {words}", "base on neutral texts", f"of another version, not used: {words}",
        ]  # fmt: skip
        assert "broken" not in screen_text(tab.app)
        index = tab.words().index(f"of another version, not used: {words}")
        tab.pane.query_one(StoredList).move_to(index)
        await pilot.press("enter")
        await tab.ready(pilot, lambda: f"outcomes {'0' * 32}" in screen_text(tab.app))


async def test_words_are_searched_and_the_order_changes(tmp_path: Path, fingerprint: str) -> None:
    fill(tmp_path, fingerprint, ("contextual_recall", "temporal_reasoning"))
    fill(tmp_path, fingerprint, ("spatial_reasoning",), n=2000)
    tab = CacheTab(tmp_path)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        await pilot.press("o")
        await tab.ready(pilot, lambda: "largest first" in screen_text(tab.app))
        assert tab.words()[0].startswith("spatial")
        tab.pane.search()
        await pilot.press(*"recall TOP", "enter")
        await tab.ready(pilot, lambda: "1 of 3 entries" in screen_text(tab.app))
        assert [words.split()[0] for words in tab.words()] == ["recall"]
        exported = tab.pane.exported()
        assert exported is not None
        exported.write(tmp_path / "list.json")
        assert [row["what"] for row in json.loads((tmp_path / "list.json").read_text())] == tab.words()
        tab.pane.search()
        await pilot.press(*"xyz")
        await tab.ready(pilot, lambda: "No entry holds these words" in screen_text(tab.app))
        await pilot.press("escape")
        await tab.ready(pilot, lambda: len(tab.words()) == 3)


async def test_an_entry_is_deleted_after_one_question(tmp_path: Path, fingerprint: str) -> None:
    fill(tmp_path, fingerprint, ("contextual_recall", "temporal_reasoning"))
    tab = CacheTab(tmp_path, marks=ASCII)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        stored = tab.session.activity.stored
        chosen = tab.words()[0]
        await pilot.press("x", "escape", "x", "j", "enter", "enter")
        assert len(list((tmp_path / "outcomes").glob("*.parquet"))) == 2
        await pilot.press("k", "x")
        assert "enter deletes, esc keeps" in screen_text(tab.app)
        await pilot.press("enter")
        await tab.ready(pilot, lambda: len(tab.words()) == 1)
        assert tab.words() != [chosen]
        assert len(list((tmp_path / "outcomes").glob("*.parquet"))) == 1
        assert tab.session.activity.stored == stored + 1


async def test_readonly_deletes_nothing(tmp_path: Path, fingerprint: str) -> None:
    fill(tmp_path, fingerprint)
    tab = CacheTab(tmp_path, readonly=True)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        await pilot.press("x")
        await tab.ready(pilot, lambda: tab.app.failures != [])
        assert "--readonly" in tab.app.failures[0]
        await pilot.press("enter")
        assert len(tab.words()) == 1


async def test_verifying_names_what_is_damaged_until_it_is_written_anew(
    tmp_path: Path, fingerprint: str
) -> None:
    key, _ = fill(tmp_path, fingerprint, ("contextual_recall", "temporal_reasoning"))
    payload = tmp_path / "outcomes" / f"{key}.parquet"
    content = bytearray(payload.read_bytes())
    content[40] ^= 1
    payload.write_bytes(content)
    tab = CacheTab(tmp_path)
    async with tab.app.run_test(size=WIDE) as pilot:
        await tab.ready(pilot)
        assert "broken" not in screen_text(tab.app)
        await pilot.press("w")
        await tab.ready(pilot, lambda: "1 of 2 entries is damaged" in screen_text(tab.app))
        broken = "broken: its bytes differ from those that were written · recall"
        assert tab.words()[0].startswith(broken)
        fill(tmp_path, fingerprint)
        tab.pane.look(LENS)
        await tab.ready(pilot, lambda: not any(words.startswith("broken") for words in tab.words()))
        await pilot.press("w")
        await tab.ready(pilot, lambda: "All 2 entries are whole" in screen_text(tab.app))


async def test_an_empty_cache_says_what_fills_it(tmp_path: Path) -> None:
    tab = CacheTab(tmp_path / "none")
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        await pilot.press("j", "enter", "x", "enter", "w")
        await tab.ready(pilot, lambda: "All 0 entries are whole" in screen_text(tab.app))
        await pilot.press("o")
        expected = "Nothing is stored yet: r computes what the lens looks at."
        await tab.ready(pilot, lambda: expected in screen_text(tab.app))
        assert tab.app.failures == []


async def test_what_a_manifest_says_is_text(tmp_path: Path, fingerprint: str) -> None:
    fill(tmp_path, fingerprint, ("\x1b[2J[bold red]日本[/]\u202e",))
    tab = CacheTab(tmp_path)
    async with tab.app.run_test(size=NARROW) as pilot:
        await tab.ready(pilot)
        await pilot.press("enter")
        await tab.ready(pilot, lambda: "float32" in screen_text(tab.app) or "made of" in screen_text(tab.app))
        text = screen_text(tab.app)
        assert r"\x1b[2J[bold red]日本[/]\u202e" in text
        assert "\x1b" not in text


def test_only_what_has_changed_is_read_again(tmp_path: Path, fingerprint: str) -> None:
    fill(tmp_path, fingerprint, ("contextual_recall", "temporal_reasoning"))
    (tmp_path / "outcomes" / ".x.parquet.1.tmp").write_bytes(b"half")
    first = read_entries(Store(tmp_path), {}, fingerprint)
    assert [stored.words.split(":")[0] for stored in first.values() if stored.entry.broken] == ["unfinished"]
    fill(tmp_path, fingerprint)
    second = read_entries(Store(tmp_path), first, fingerprint)
    kept = [name for name, stored in second.items() if stored is first[name]]
    assert len(second) == 3
    assert [second[name].words.split()[0] for name in kept] == ["temporal"]


def test_key_inputs_are_indented_lines() -> None:
    value = {
        "model": {"dtype": "f32"},
        "items": [{"ability": "a", "n": 3}, "x"],
        "mask": None,
        "bad": "\x1b\n",
    }
    assert list(key_input_lines(value)) == [
        *("model", "  dtype: f32", "items", "  ability a, n 3", "  x", "mask: none", r"bad: \x1b ⏎ ")
    ]
