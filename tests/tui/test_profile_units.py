"""`profile --plan`, `--shard`, and `cache export` and `import` of what a shard made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.tui.calling import called, document

Captured = pytest.CaptureFixture[str]

PROFILE = (
    "profile", "--abilities", "spatial,deductive", "--variants", "mlp", "--k", "0.01,0.03", "--selections",
    "top,random", "--benchmarks", "spatial_reasoning", "--limit", "2", "--n-items", "3", "--device", "cpu",
)  # fmt: skip


def at(root: Path, *more: str) -> tuple[str, ...]:
    return (*PROFILE, "--cache-dir", str(root / "cache"), "--out", str(root / "out"), *more)


def test_a_plan_does_nothing_and_lists_every_task(tmp_path: Path, capsys: Captured) -> None:
    found = document(capsys, *at(tmp_path, "--plan"))
    assert [task["kind"] for task in found["tasks"]] == ["scoring"] * 2 + ["intact"] + ["mask"] * 8
    assert (found["stored"], found["estimated_from"]) == (0, "size")
    assert found["seconds"] == pytest.approx(sum(task["seconds"] for task in found["tasks"]))
    assert found["bytes"] == sum(task["bytes"] for task in found["tasks"]) > 0
    assert {path.name for path in tmp_path.rglob("*.*")} == {"fingerprints.json", "names.json"}
    code, out, err = called(capsys, *at(tmp_path, "--plan"))
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert rows[1][:6] == ["score", "an", "ability", "2", "0", "2"]
    assert rows[3][:5] == ["masks:", "top", "4", "0", "4"]
    assert rows[5][:5] == ["in", "all", "11", "0", "11"]
    assert "8 masks and the intact model on 1 benchmark" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--shard", "3/2"), "'3/2' is not a shard: give I/N with I from 1 to N, such as 3/8."),
        (("--k", "auto", "--plan"), "give the k that it found"),
        (("--k", "auto", "--shard", "1/2"), "give the k that it found"),
        (("--k", "auto", "--ray", "local"), "give the k that it found"),
        (("--shard", "1/2", "--ray", "local"), "--shard and --ray both divide the work: give one of them."),
        (("--workers", "2"), "--workers is about --ray: give --ray too."),
        (("--cpus-per-worker", "2"), "--cpus-per-worker is about --ray: give --ray too."),
        (("--ray", "here"), "'here' is no address of Ray: give local or HOST:PORT."),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(
    words: tuple[str, ...], message: str, tmp_path: Path, capsys: Captured
) -> None:
    code, out, err = called(capsys, *at(tmp_path), *words)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())


@pytest.mark.slow
def test_shards_on_machines_of_their_own_end_in_one_cache(tmp_path: Path, capsys: Captured) -> None:
    one, other, end = (tmp_path / name for name in ("one", "other", "end"))
    for root, number in ((one, 1), (other, 2)):
        code, out, _ = called(capsys, *at(root, "--shard", f"{number}/2"))
        assert (code, out.partition(".")[0]) == (0, f"Shard {number}/2 is done")
        bundle = str(tmp_path / f"{number}.tar")
        export = ("cache", "export", "--of", str(root / "out"), "--to", bundle, "--cache-dir")
        listed = document(capsys, *export, str(root / "cache"))
        assert len(listed["entries"]) >= 5
        taken = document(capsys, "cache", "import", bundle, "--cache-dir", str(end / "cache"))
        assert taken["new"] == len(listed["entries"]) - taken["known"] > 0
    plan = document(capsys, *at(end, "--plan"))
    assert plan["stored"] == len(plan["tasks"]) == 11
    code, _, err = called(capsys, *at(end))
    assert code == 0
    assert "9 runs, 9 of them in the cache" in err
    assert "Shard" not in err


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_profile_on_ray_ends_without_it(tmp_path: Path, capsys: Captured) -> None:
    pytest.importorskip("ray", reason="Ray is not installed (extra ray)")
    code, out, err = called(
        capsys, *at(tmp_path, "--ray", "local", "--workers", "1", "--cpus-per-worker", "1")
    )
    assert code == 0, err
    assert "analogical" not in out
    assert "run 9 of 9" in err
    code, again, err = called(capsys, *at(tmp_path))
    assert (code, again) == (0, out)
    assert "9 runs, 9 of them in the cache" in err


def test_ray_that_is_not_installed_is_one_sentence(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, err = called(capsys, *at(tmp_path, "--ray", "local"))
    assert (code, err.splitlines()[-1]) == (
        1,
        "abilityscope: Ray is not installed: install the extra 'ray', as 'pip install abilityscope[ray]'.",
    )


def test_the_errors_of_export_and_import_are_one_line(tmp_path: Path, capsys: Captured) -> None:
    cache = ("--cache-dir", str(tmp_path / "cache"))
    to = ("--to", str(tmp_path / "a.tar"))
    for words, code, message in (
        (("export", *to), 2, "Give the keys of entries, or --of DIR"),
        (("export", "abcd", *to), 1, "No entry of the cache begins with 'abcd'"),
        (("export", "--of", str(tmp_path), *to), 1, "has no entries.json"),
        (("import", str(tmp_path / "none.tar")), 1, "none.tar"),
    ):
        found, out, err = called(capsys, "cache", *words, *cache)
        assert (found, out) == (code, "")
        assert message in " ".join(err.split())
        assert "Traceback" not in err
    (tmp_path / "entries.json").write_text('{"outcomes": ["../../x"]}')
    code, _, err = called(capsys, "cache", "export", "--of", str(tmp_path), *to, *cache)
    assert (code, "is no list of entries" in err) == (1, True)
    assert not (tmp_path / "a.tar").exists()
