from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

import cache.rankings as module
from cache.entries import Manifest
from cache.files import CorruptEntry, checksum_of_file
from cache.keys import key_of
from cache.rankings import Ranking, Rankings
from tests.cache.damage import cut, flipped

KEY = key_of("ranking", 1, {"x": 1})
METADATA = {"unit": "logprobs", "share": 0.1, "kinds": ["q", "k"]}


def arrays(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 224, n, dtype=np.int16), rng.integers(0, 2**31 - 1, n, dtype=np.int32)


@pytest.fixture
def rankings(tmp_path: Path) -> Rankings:
    rankings = Rankings(tmp_path)
    rankings.save(KEY, {"x": 1}, *arrays(40), METADATA)
    return rankings


def is_whole(ranking: Ranking | None, n: int) -> bool:
    assert ranking is not None
    ids, locals_ = arrays(40)
    return np.array_equal(ranking.matrix_ids, ids[:n]) and np.array_equal(ranking.local_indices, locals_[:n])


def test_comes_back_as_saved(rankings: Rankings) -> None:
    ranking = rankings.load(KEY)
    assert ranking is not None
    assert is_whole(ranking, 40)
    assert ranking.metadata == METADATA
    assert (ranking.matrix_ids.dtype, ranking.local_indices.dtype) == (np.int16, np.int32)


def test_is_a_plain_safetensors_file_of_at_most_eight_bytes_a_weight(tmp_path: Path) -> None:
    n = 100_000
    Rankings(tmp_path).save(KEY, {}, *arrays(n), {})
    stored = load_file(tmp_path / "rankings" / f"{KEY}.safetensors")
    assert np.array_equal(stored["matrix_ids"], arrays(n)[0])
    assert np.array_equal(stored["local_indices"], arrays(n)[1])
    assert sum(path.stat().st_size for path in (tmp_path / "rankings").iterdir()) < 6.1 * n


def test_manifest_names_key_inputs_and_checksum(rankings: Rankings) -> None:
    path = rankings.entries.payload_path(KEY)
    manifest = Manifest.from_json(path.with_suffix(".json").read_bytes())
    assert manifest.key_inputs == {"x": 1}
    assert manifest.checksum == checksum_of_file(path)
    assert manifest.size_bytes == path.stat().st_size


@settings(max_examples=30)
@given(st.data())
def test_any_prefix_over_any_blocks(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 40))
    rankings = Rankings(tmp_path_factory.mktemp("cache"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", data.draw(st.integers(1, 50)))
        rankings.save(KEY, {}, *(array[:n] for array in arrays(40)), {})
        prefix = data.draw(st.integers(0, n))
        assert is_whole(rankings.load(KEY, prefix), prefix)
        assert is_whole(rankings.load(KEY), n)


def test_missing_is_none(tmp_path: Path, rankings: Rankings) -> None:
    assert Rankings(tmp_path / "nowhere").load(KEY) is None
    assert rankings.load(key_of("ranking", 1, {"x": 2})) is None


def test_more_than_stored_is_an_error(rankings: Rankings) -> None:
    with pytest.raises(ValueError, match=r"has 40 weights, 41 were asked for"):
        rankings.load(KEY, 41)


@pytest.mark.parametrize(("part", "step"), [(".safetensors", 2), (".json", 5)])
def test_flipped_bytes_are_never_served(rankings: Rankings, part: str, step: int) -> None:
    found = 0
    for _ in flipped(rankings.entries.payload_path(KEY).with_suffix(part), step):
        for n in (None, 7):
            try:
                ranking = rankings.load(KEY, n)
            except CorruptEntry:
                found += 1
            else:
                # Spaces in a header carry no meaning: such a change does no harm.
                assert is_whole(ranking, 40 if n is None else n)
    assert found > 500


@pytest.mark.parametrize("part", [".safetensors", ".json"])
def test_cut_files_are_found(rankings: Rankings, part: str) -> None:
    for _ in cut(rankings.entries.payload_path(KEY).with_suffix(part), step=5):
        with pytest.raises(CorruptEntry):
            rankings.load(KEY)


def test_damage_beyond_the_prefix_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 10)
    rankings = Rankings(tmp_path)
    rankings.save(KEY, {}, *arrays(40), {})
    path = rankings.entries.payload_path(KEY)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert is_whole(rankings.load(KEY, 30), 30)
    with pytest.raises(CorruptEntry, match="differ"):
        rankings.load(KEY, 31)


def test_missing_half(rankings: Rankings) -> None:
    path = rankings.entries.payload_path(KEY)
    path.unlink()
    with pytest.raises(CorruptEntry, match="payload is missing"):
        rankings.load(KEY)


def test_payload_without_manifest_was_never_finished(rankings: Rankings) -> None:
    rankings.entries.payload_path(KEY).with_suffix(".json").unlink()
    assert rankings.load(KEY) is None


def test_entry_under_another_key(rankings: Rankings) -> None:
    path, other = rankings.entries.payload_path(KEY), key_of("ranking", 1, {"x": 2})
    for part in (path, path.with_suffix(".json")):
        part.rename(part.with_stem(other))
    with pytest.raises(CorruptEntry, match=KEY):
        rankings.load(other)


def test_saving_again_heals(rankings: Rankings) -> None:
    rankings.entries.payload_path(KEY).write_bytes(b"")
    rankings.save(KEY, {"x": 1}, *arrays(40), METADATA)
    assert is_whole(rankings.load(KEY), 40)


@pytest.mark.parametrize(
    ("ids", "locals_"),
    [
        (np.zeros(2, np.int32), np.zeros(2, np.int32)),
        (np.zeros(2, np.int16), np.zeros(2, np.int64)),
        (np.zeros(2, np.int16), np.zeros(3, np.int32)),
        (np.zeros((2, 1), np.int16), np.zeros((2, 1), np.int32)),
    ],
)
def test_wrong_arrays_are_refused(tmp_path: Path, ids: np.ndarray, locals_: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"int16|int32|local_indices"):
        Rankings(tmp_path).save(KEY, {}, ids, locals_, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", "..", "../../etc/passwd", "A" * 32])
def test_what_is_no_key_names_no_file(rankings: Rankings, key: str) -> None:
    with pytest.raises(ValueError, match="not a cache key"):
        rankings.load(key)
