from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from cache.entries import DIVERGENCES, ITEMS, OUTCOMES, EntryFolder, Kind
from cache.fingerprints import remember_name
from cache.folder import Store
from cache.keys import key_of
from cache.upkeep import entries
from tests.tui.calling import called, document
from tests.tui.terminal import written_on
from tui.command_line import run
from tui.numbers import size_bytes

INGREDIENTS = {"benchmark": "\x1b[31m[bold]x[/]", "limit": 3}
KEY = key_of("outcomes", 1, INGREDIENTS)
Captured = pytest.CaptureFixture[str]


def own_lines(out: str) -> list[str]:
    """What `cache ls` says of the folder itself: shipped entries are listed last, before the total."""
    lines = out.splitlines()
    total = next(i for i, line in enumerate(lines) if re.match(r"[\d,]+ (of [\d,]+ )?entr", line))
    shipped = next((i for i, line in enumerate(lines) if "shipped" in line), total)
    return lines[:shipped] + lines[total:]


def fill(root: Path) -> None:
    Store(root).outcomes.save(KEY, INGREDIENTS, {"item_id": ["a"], "correct": [True]})


def test_lists_what_is_there_and_shows_escapes_and_markup_as_text(tmp_path: Path, capsys: Captured) -> None:
    fill(tmp_path)
    assert run(["cache", "ls", "--limit", "5", "--cache-dir", str(tmp_path)]) == 0
    heading, row, total = own_lines(capsys.readouterr().out)
    assert heading.split() == ["kind", "key", "size", "age", "what"]
    assert re.fullmatch(rf"outcomes +{KEY[:12]}  [\d.]+ kB +\d+ s  benchmark=(.*) limit=3", row)
    assert r"\x1b[31m[bold]x[/]" in row
    assert total.startswith("1 entry, ")


def test_as_json(tmp_path: Path, capsys: Captured) -> None:
    fill(tmp_path)
    (tmp_path / "outcomes" / f"{KEY}.parquet").write_bytes(b"cut")
    assert run(["cache", "ls", "--cache-dir", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    for name in ("groups", "entries"):
        document[name] = [one for one in document[name] if not one["is_shipped"]]
    (entry,) = entries(tmp_path)
    assert document == {
        "folder": str(tmp_path),
        "size_bytes": entry.size_bytes,
        "groups": [
            {
                **dict.fromkeys(("model", "name"), ""),
                **{"kind": "outcomes", "entries": 1, "size_bytes": entry.size_bytes},
                **{"created": entry.created, "not_used": 1, "is_shipped": False},
            }
        ],
        "entries": [asdict(entry)],
    }
    assert run(["cache", "ls", "--kind", "outcomes", "--cache-dir", str(tmp_path)]) == 0
    assert f"broken: {entry.broken}" in capsys.readouterr().out


MODELS = {"a" * 32: "demo", "b" * 32: "owner/name"}


def fill_of_models(root: Path) -> None:
    """Two models; the divergences of one name it by the keys of their outcomes alone."""
    store = Store(root)
    keys = {}
    for fingerprint, name in MODELS.items():
        remember_name(store.fingerprint_memory, fingerprint, name)
        for benchmark in ("arc_easy", "piqa"):
            inputs = {"benchmark": benchmark, "model": {"fingerprint": fingerprint}}
            keys[name, benchmark] = key_of("outcomes", 1, inputs)
            store.outcomes.save(keys[name, benchmark], inputs, {"item_id": ["a"], "correct": [True]})
    made_of = {"base_outcomes": keys["demo", "piqa"], "n": 1}
    EntryFolder(root, DIVERGENCES).write("d" * 32, b"rows", made_of, {})
    EntryFolder(root, ITEMS).write("e" * 32, b"rows", {"benchmark": "piqa"}, {})


def test_it_is_summed_up_by_model_and_kind(tmp_path: Path, capsys: Captured) -> None:
    fill_of_models(tmp_path)
    at = ("--cache-dir", str(tmp_path))
    code, out, _ = called(capsys, "cache", "ls", *at)
    assert code == 0
    assert [" ".join(line.split()[:2]) for line in own_lines(out)[:-2]] == [
        *("demo ·", "divergences 1", "outcomes 2"),
        *("owner/name ·", "outcomes 2"),
        *("of no", "items 1"),
    ]
    groups = document(capsys, "cache", "ls", *at)["groups"]
    found = {(group["name"], group["kind"]): group["entries"] for group in groups if not group["is_shipped"]}
    assert found == {
        ("demo", "divergences"): 1,
        ("demo", "outcomes"): 2,
        ("owner/name", "outcomes"): 2,
        ("", "items"): 1,
    }


@pytest.mark.parametrize(
    ("options", "n", "total"),
    [
        (("--kind", "outcomes"), 4, "4 entries"),
        (("--model", "demo"), 3, "3 entries"),
        (("--model", "bbbb"), 2, "2 entries"),
        (("--model", "demo", "--kind", "outcomes", "--limit", "1"), 1, "1 of 2 entries"),
        (("--limit", "5"), 5, "5 of 6 entries"),
    ],
)
def test_entries_are_listed_by_kind_and_model(
    options: tuple[str, ...], n: int, total: str, tmp_path: Path, capsys: Captured
) -> None:
    fill_of_models(tmp_path)
    at = ("--cache-dir", str(tmp_path))
    code, out, _ = called(capsys, "cache", "ls", *options, *at)
    assert code == 0
    assert len(own_lines(out)) == n + 2
    assert out.splitlines()[-1].startswith(f"{total}, ")
    listed = document(capsys, "cache", "ls", *options, *at)["entries"]
    assert sum(not entry["is_shipped"] for entry in listed) == n


def test_an_unknown_kind_or_model_is_refused_with_those_that_are_there(
    tmp_path: Path, capsys: Captured
) -> None:
    fill_of_models(tmp_path)
    at = ("--cache-dir", str(tmp_path))
    code, _, err = called(capsys, "cache", "ls", "--kind", "ranking", *at)
    assert (code, "Did you mean rankings?" in err) == (2, True)
    code, _, err = called(capsys, "cache", "ls", "--model", "llama", *at)
    assert (code, "There is: demo, owner/name, smollm2." in err) == (2, True)


def test_on_a_narrow_terminal_what_an_entry_is_stands_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path /= "a-folder-whose-path-is-longer-than-any-terminal-of-eighty-columns-is-wide"
    words = " ".join(f"word{number}" for number in range(40))
    Store(tmp_path).outcomes.save(
        key_of("outcomes", 1, {"what": words}), {"what": words}, {"item_id": ["a"], "correct": [True]}
    )
    lines = written_on(monkeypatch, 80, "cache", "ls", "--limit", "1", "--cache-dir", str(tmp_path))
    assert max(map(len, lines[:-1])) <= 80
    assert lines[-1] == str(tmp_path)  # longer than the terminal is wide, and whole
    assert " ".join(lines[2:-2]).split() == ["what=word0", *words.split()[1:]]


def test_an_absent_cache_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setenv("ABILITYSCOPE_CACHE", str(tmp_path / "none"))
    assert run(["cache", "ls"]) == 0
    assert own_lines(capsys.readouterr().out)[0] == f"0 entries, 0 B, in {tmp_path / 'none'}"
    assert not (tmp_path / "none").exists()


def test_info_shows_what_an_entry_was_made_from(tmp_path: Path, capsys: Captured) -> None:
    fill(tmp_path)
    assert run(["cache", "info", KEY[:8], "--cache-dir", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"outcomes {KEY}"
    assert r"  benchmark  \x1b[31m[bold]x[/]" in lines
    assert "  limit      3" in lines
    assert run(["cache", "info", KEY, "--cache-dir", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["key_inputs"] == INGREDIENTS
    assert (document["kind"], document["details"]) == ("outcomes", {"n": 1})


def test_verify_fails_on_damage_and_names_it(tmp_path: Path, capsys: Captured) -> None:
    fill(tmp_path)
    words = ["cache", "verify", "--cache-dir", str(tmp_path)]
    assert run(words) == 0
    assert capsys.readouterr().out == "Every entry is intact.\n"
    path = tmp_path / "outcomes" / f"{KEY}.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert run(words) == 1
    out, err = capsys.readouterr()
    assert f"{path}: its bytes differ" in out
    assert "computed anew" in err
    assert run([*words, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["damaged"][0]["path"] == str(path)


def test_what_an_earlier_version_stored_is_no_damage_and_is_named(tmp_path: Path, capsys: Captured) -> None:
    fill(tmp_path)
    before = EntryFolder(tmp_path, Kind("outcomes", ".parquet", OUTCOMES.format - 1))
    before.write("0" * 32, b"rows", {"benchmark": "gsm8k"}, {"n": 1})
    place = ["--cache-dir", str(tmp_path)]
    assert run(["cache", "verify", *place]) == 0
    out, err = capsys.readouterr()
    assert out == "Every entry is intact.\n"
    assert "1 of another version, not used: 'cache prune' deletes them first" in err
    assert run(["cache", "ls", "--kind", "outcomes", *place]) == 0
    assert "of another version, not used: benchmark=gsm8k" in capsys.readouterr().out
    assert run(["cache", "info", "0000", *place]) == 1
    err = capsys.readouterr().err
    assert "of another version of abilityscope" in err
    assert "damaged" not in err


def test_rm_deletes_one_entry(tmp_path: Path, capsys: Captured) -> None:
    fill(tmp_path)
    (entry,) = entries(tmp_path)
    words = ["cache", "rm", KEY[:8], "--cache-dir", str(tmp_path)]
    assert run([*words, "--json"]) == 0
    freed = {"kind": "outcomes", "key": KEY, "freed_bytes": entry.size_bytes}
    assert json.loads(capsys.readouterr().out) == freed
    assert entries(tmp_path) == []
    assert run(words) == 1
    assert "'cache ls' shows what there is" in capsys.readouterr().err


def test_prune_makes_room(tmp_path: Path, capsys: Captured) -> None:
    fill(tmp_path)
    words = ["cache", "prune", "--cache-dir", str(tmp_path), "--max-size"]
    assert run([*words, "1 MB"]) == 0
    assert capsys.readouterr().out.startswith("Deleted 0 entries, 0 B; left: 1 entry, ")
    assert run([*words, "0", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert ([entry["key"] for entry in document["deleted"]], document["size_bytes"]) == ([KEY], 0)
    assert run([*words, "large"]) == 2
    assert "give one such as 10GB" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "size"), [("10GB", 10**10), ("1.5 kb", 1500), ("12", 12), ("3TB", 3 * 10**12)]
)
def test_sizes_are_read_in_steps_of_a_thousand(text: str, size: int) -> None:
    assert size_bytes(text) == size
