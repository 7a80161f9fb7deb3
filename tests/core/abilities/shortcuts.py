"""Ways to answer an item without thinking: what each of them scores on the held-out items."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.abilities.item import Item

WIDTH = 2**17
"""Columns of the hashed bag of words."""


def shortcut_accuracies(train: Sequence[Item], heldout: Sequence[Item]) -> dict[str, float]:
    """Held-out accuracy of each shortcut, fractions; chance is 0.25 with four options.

    Every tie is shared: an item in which two options are the longest counts one half if one is the gold.
    """
    shares = {
        "longest": np.mean([_share(item, [len(o) for o in item.options]) for item in heldout]),
        "shortest": np.mean([_share(item, [-len(o) for o in item.options]) for item in heldout]),
        "frequent answer": _frequent_answer(train, heldout),
        "bag of words": _bag_of_words(train, heldout, pairs=False),
        "bag of pairs": _bag_of_words(train, heldout, pairs=True),
    }
    for place in range(4):
        shares[f"place {place}"] = np.mean([item.answer_index == place for item in heldout])
    return {name: float(share) for name, share in shares.items()}


def _share(item: Item, points: Sequence[float]) -> float:
    """Chance to be right for one who picks among the options with most points."""
    best = [i for i, point in enumerate(points) if point == max(points)]
    return (item.answer_index in best) / len(best)


def _frequent_answer(train: Sequence[Item], heldout: Sequence[Item]) -> float:
    golds = Counter(item.answer for item in train)
    return float(np.mean([_share(item, [golds[o] for o in item.options]) for item in heldout]))


def _bag_of_words(train: Sequence[Item], heldout: Sequence[Item], *, pairs: bool) -> float:
    """Logistic regression on each option's words (and their pairs with the question's words)."""
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.linear_model import LogisticRegression

    hasher = FeatureHasher(WIDTH, input_type="string")
    features = hasher.transform(_words(i, o, pairs) for i in train for o in i.options)
    is_gold = [o == i.answer for i in train for o in i.options]
    model = LogisticRegression(C=1.0, max_iter=200, solver="liblinear").fit(features, is_gold)
    points = model.decision_function(
        hasher.transform(_words(i, o, pairs) for i in heldout for o in i.options)
    )
    by_item = np.split(points, np.cumsum([len(i.options) for i in heldout])[:-1])
    return float(np.mean([_share(i, np.round(p, 9)) for i, p in zip(heldout, by_item, strict=True)]))


def _words(item: Item, option: str, pairs: bool) -> list[str]:
    mine = re.findall(r"\w+|[^\w\s]", option.lower())
    if not pairs:
        return mine
    asked = re.findall(r"\w+", item.question.lower())
    return mine + [f"{a}|{b}" for a in asked for b in mine]
