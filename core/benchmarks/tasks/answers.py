"""Compares an answer with the right ones. Pure text."""

from __future__ import annotations

import re
import string
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class ExactMatch:
    """Whether an answer is equal to one of the right ones, after what does not matter is taken out."""

    ignored: tuple[str, ...] = ()
    """Patterns that are taken out of both, one after the other."""
    ignore_case: bool = False

    def __call__(self, answer: str, targets: tuple[str, ...]) -> dict[str, float]:
        """`exact_match`, 0 or 1."""
        bare = self._bare(answer)
        return {"exact_match": float(any(bare == self._bare(target) for target in targets))}

    def _bare(self, text: str) -> str:
        for pattern in self.ignored:
            text = re.sub(pattern, "", text)
        return text.lower() if self.ignore_case else text


def squad_scores(answer: str, targets: tuple[str, ...]) -> dict[str, float]:
    """`exact_match` and `f1` by the rules of SQuAD's official script; the best of the targets counts."""
    said = _squad_normal(answer)
    right = [_squad_normal(target) for target in targets]
    return {
        "exact_match": float(said in right),
        "f1": max(_token_f1(said.split(), target.split()) for target in right),
    }


def _squad_normal(text: str) -> str:
    """Lower case, without punctuation, articles and spare spaces."""
    bare = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def _token_f1(said: list[str], right: list[str]) -> float:
    common = sum((Counter(said) & Counter(right)).values())
    return 2 * common / (len(said) + len(right)) if common else 0.0
