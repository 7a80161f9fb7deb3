"""Entries of the cache in words: what they are, what they were made of, and whether they are whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cache.listing import SHOWN_LENGTH, Entry
from tui.names import ABILITY_WORDS, SELECTION_WORDS, VARIANT_WORDS, short_benchmark
from tui.numbers import k_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from cache.files import CorruptEntry

WORDS = {
    str(word): short
    for words in (ABILITY_WORDS, VARIANT_WORDS, SELECTION_WORDS)
    for word, short in words.items()
}


def in_words(entry: Entry, key_inputs: Mapping[str, Any], fingerprint: str) -> str:
    """What an entry is; its summary where it is of a form that this version does not know."""
    match entry.kind, key_inputs:
        case "outcomes", {"ablated": str(ablated), "benchmark": str(benchmark), "n": int(n)}:
            words = f"{_mask_words(ablated)} on {short_benchmark(benchmark)} · {n:,} items"
        case "divergences", {"ablated": str(ablated), "benchmark": str(benchmark), "n": int(n)}:
            words = f"base beside {_mask_words(ablated)} on {short_benchmark(benchmark)} · {n:,} items"
        case "generation_quality", {"ablated": str(ablated)}:
            words = f"{_mask_words(ablated)} on neutral texts"
        case "rankings", {"ability": str(ability), "variant": str(variant), "selection": str(selection)}:
            words = (
                f"{_word(ability)} · {_word(variant)} · {_word(selection)} · loss {key_inputs.get('loss')}"
            )
            words += f" · scope {key_inputs['scope']}" if "scope" in key_inputs else ""
        case "items", {"benchmark": str(benchmark), "n": int(n)}:
            words = f"{short_benchmark(benchmark)} · {n:,} items"
        case _:
            return entry.summary
    match key_inputs.get("model"):
        case {"fingerprint": str(other)} if other != fingerprint:
            words += f" · another model, {other[:SHOWN_LENGTH]}"
    return words


def _mask_words(ablated: str) -> str:
    """What is ablated, as a manifest has it: `base`, or ability, variant, selection and k."""
    match ablated.split(" · "):
        case [ability, variant, selection, k, *scope]:
            words = (_word(ability), _word(variant), _word(selection), _k_words(k), *scope)
            return " · ".join(words)
    return ablated


def _k_words(k: str) -> str:
    try:
        return f"k {k_text(float(k.removeprefix('k ')))}"
    except ValueError:
        return k


def _word(word: str) -> str:
    """A short word for an ability, a variant or a selection; the word itself if there is none."""
    return WORDS.get(word, word)


def verified_words(damaged: Sequence[CorruptEntry] | None, done: int, total: int) -> str:
    """What verifying found, in a sentence; `damaged` is None if it was stopped."""
    if damaged is None:
        return f"Stopped: {done:,} of {total:,} entries were verified."
    if not damaged:
        return f"All {total:,} entries are whole."
    verb = "is" if len(damaged) == 1 else "are"
    return f"{len(damaged):,} of {total:,} entries {verb} damaged: see the first rows."


def key_input_lines(value: Any, indent: str = "") -> Iterator[str]:
    """Nested plain values as indented lines, harmless on a screen."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            if isinstance(part, (Mapping, list)) and part:
                yield safe_line(f"{indent}{name}")
                yield from key_input_lines(part, f"{indent}  ")
            else:
                yield safe_line(f"{indent}{name}: {_plain(part)}")
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, Mapping):
                yield safe_line(indent + ", ".join(f"{name} {_plain(one)}" for name, one in part.items()))
            else:
                yield from key_input_lines(part, indent)
    else:
        yield safe_line(f"{indent}{_plain(value)}")


def _plain(value: Any) -> str:
    return "none" if value is None or value in ({}, []) else str(value)
