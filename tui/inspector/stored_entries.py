"""What the tab Cache reads, in a thread: the entries of the cache, what they are in words, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

from cache.entries import KINDS, EntryFolder, Kind
from cache.keys import is_key
from cache.listing import SHOWN_LENGTH, Entry, entry_of, left_overs
from tui.inspector.lens import k_text
from tui.inspector.names import ABILITY_WORDS, SELECTION_WORDS, VARIANT_WORDS, short_benchmark
from tui.inspector.safe_text import safe_line

if TYPE_CHECKING:
    from cache.files import CorruptEntry

Order = Literal["newest first", "largest first", "by kind"]
ORDERS: tuple[Order, ...] = ("newest first", "largest first", "by kind")

WORDS = {
    str(word): short
    for words in (ABILITY_WORDS, VARIANT_WORDS, SELECTION_WORDS)
    for word, short in words.items()
}

Signature = tuple[tuple[int, int], ...]
"""Size and time of change of an entry's files: while they are the same, so is the entry."""


@dataclass(frozen=True)
class Stored:
    """One entry as the tab shows it."""

    entry: Entry
    words: str
    """What it is; of a broken one, what is wrong with it. Harmless on a screen."""
    signature: Signature

    @property
    def name(self) -> tuple[str, str]:
        """What tells it from all others: its kind and its key."""
        return self.entry.kind, self.entry.key

    @property
    def can_be_deleted(self) -> bool:
        """Whether it is an entry, and no file that is being written or was left behind."""
        return is_key(self.entry.key)


def read_entries(
    root: Path, known: Mapping[tuple[str, str], Stored], fingerprint: str
) -> dict[tuple[str, str], Stored]:
    """All entries of a cache folder.

    Args:
        root: the cache folder.
        known: what was read before: only what has changed since is read again.
        fingerprint: of the open model; entries of others say so.
    """
    found: dict[tuple[str, str], Stored] = {}
    for kind in KINDS:
        folder = EntryFolder(root, kind)
        for key, signature in _signatures(root, kind).items():
            before = known.get((kind.name, key))
            if before is not None and before.signature == signature:
                found[before.name] = before
            else:
                stored = _read(folder, key, signature, fingerprint)
                found[stored.name] = stored
        for entry in left_overs(root / kind.name):
            found[entry.kind, entry.key] = Stored(entry, safe_line(f"unfinished: {entry.broken}"), ())
    return found


def _signatures(root: Path, kind: Kind) -> dict[str, Signature]:
    """The keys of a kind that have a manifest or a payload, with their files' sizes and times."""
    folder = root / kind.name
    files: dict[str, list[tuple[int, int]]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix in (".json", kind.suffix) and is_key(path.stem):
            try:
                status = path.stat()
            except FileNotFoundError:  # deleted since the folder was read
                continue
            files.setdefault(path.stem, []).append((status.st_size, status.st_mtime_ns))
    return {key: tuple(statuses) for key, statuses in files.items()}


def _read(folder: EntryFolder, key: str, signature: Signature, fingerprint: str) -> Stored:
    entry, manifest = entry_of(folder, key)
    if manifest is None:
        return Stored(entry, safe_line(f"broken: {entry.broken}"), signature)
    return Stored(entry, safe_line(_in_words(entry, manifest.ingredients, fingerprint)), signature)


def _in_words(entry: Entry, ingredients: Mapping[str, Any], fingerprint: str) -> str:
    """What an entry is; its summary where it is of a form that this version does not know."""
    match entry.kind, ingredients:
        case "outcomes", {"ablated": str(ablated), "benchmark": str(benchmark), "n": int(n)}:
            words = f"{_mask_words(ablated)} on {short_benchmark(benchmark)} · {n:,} items"
        case "rankings", {"ability": str(ability), "variant": str(variant), "selection": str(selection)}:
            words = (
                f"{_word(ability)} · {_word(variant)} · {_word(selection)} · loss {ingredients.get('loss')}"
            )
        case "items", {"benchmark": str(benchmark), "n": int(n)}:
            words = f"{short_benchmark(benchmark)} · {n:,} items"
        case _:
            return entry.summary
    match ingredients.get("model"):
        case {"fingerprint": str(other)} if other != fingerprint:
            words += f" · another model, {other[:SHOWN_LENGTH]}"
    return words


def _mask_words(ablated: str) -> str:
    """What is ablated, as a manifest has it: `base`, or ability, variant, selection and k."""
    match ablated.split(" · "):
        case [ability, variant, selection, k]:
            return f"{_word(ability)} · {_word(variant)} · {_word(selection)} · {_k_words(k)}"
    return ablated


def _k_words(k: str) -> str:
    try:
        return f"k {k_text(float(k.removeprefix('k ')))}"
    except ValueError:
        return k


def _word(word: str) -> str:
    """A short word for an ability, a variant or a selection; the word itself if there is none."""
    return WORDS.get(word, word)


def arranged(every: Sequence[Stored], order: Order, search: str) -> list[Stored]:
    """The entries that hold the words of a search, in an order; broken ones come first."""
    wanted = search.lower().split()
    found = [stored for stored in every if _holds(stored, wanted)] if wanted else list(every)
    found.sort(key=lambda stored: stored.entry.key)
    if order == "newest first":
        found.sort(key=lambda stored: stored.entry.created or "", reverse=True)
    elif order == "largest first":
        found.sort(key=lambda stored: stored.entry.size_bytes, reverse=True)
    else:
        found.sort(key=lambda stored: (stored.entry.kind, stored.words))
    found.sort(key=lambda stored: stored.entry.broken is None)
    return found


def _holds(stored: Stored, wanted: Sequence[str]) -> bool:
    text = f"{stored.entry.kind} {stored.words} {stored.entry.key}".lower()
    return all(word in text for word in wanted)


def details_of(root: Path, stored: Stored) -> list[str]:
    """What is known of an entry, as lines that are harmless on a screen.

    Raises:
        ValueError: it was deleted meanwhile.
    """
    from cache.upkeep import manifest_of

    entry = stored.entry
    lines = [safe_line(f"{entry.kind} {entry.key}"), stored.words]
    if entry.broken is not None:
        return lines
    _, manifest = manifest_of(root, entry.key)
    lines += [f"{entry.size_bytes:,} bytes, written {safe_line(manifest.created)}", "", "made of"]
    lines += ingredient_lines(manifest.ingredients, "  ")
    return [*lines, "", "kept with it", *ingredient_lines(manifest.details, "  ")]


class _Stopped(Exception):  # noqa: N818 (a person has seen enough, which is no error)
    """Verifying was told to stop."""


def verify_until(root: Path, stop: Event, tell: Callable[[int, int], None]) -> list[CorruptEntry] | None:
    """The damaged entries of a cache; None if it was told to stop before all were read.

    Args:
        root: the cache folder.
        stop: set to stop after the entry that is being read.
        tell: is told how many entries are done, and how many there are.
    """
    from cache.upkeep import verify

    def on_entry(done: int, total: int) -> None:
        tell(done, total)
        if stop.is_set() and done < total:
            raise _Stopped

    try:
        return verify(root, on_entry)
    except _Stopped:
        return None


def verified_words(damaged: Sequence[CorruptEntry] | None, done: int, total: int) -> str:
    """What verifying found, in a sentence; `damaged` is None if it was stopped."""
    if damaged is None:
        return f"Stopped: {done:,} of {total:,} entries were verified."
    if not damaged:
        return f"All {total:,} entries are whole."
    verb = "is" if len(damaged) == 1 else "are"
    return f"{len(damaged):,} of {total:,} entries {verb} damaged: see the first rows."


def ingredient_lines(value: Any, indent: str = "") -> Iterator[str]:
    """Nested plain values as indented lines, harmless on a screen."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            if isinstance(part, (Mapping, list)) and part:
                yield safe_line(f"{indent}{name}")
                yield from ingredient_lines(part, f"{indent}  ")
            else:
                yield safe_line(f"{indent}{name}: {_plain(part)}")
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, Mapping):
                yield safe_line(indent + ", ".join(f"{name} {_plain(one)}" for name, one in part.items()))
            else:
                yield from ingredient_lines(part, indent)
    else:
        yield safe_line(f"{indent}{_plain(value)}")


def _plain(value: Any) -> str:
    return "none" if value is None or value in ({}, []) else str(value)
