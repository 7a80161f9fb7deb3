from __future__ import annotations

from collections import Counter

import pytest

from core.analysis.diagnosis.failure_modes import (
    FAILURES,
    PRIORITY,
    Tag,
    frequent,
    main_tag,
    mode_of,
    shares,
)
from tui.failure_words import TAG_VERBS, TAG_WORDS, share_text

UP, DOWN = (Tag("miscounts", "One too many.", excess=1.0),), (Tag("miscounts", "One too few.", excess=-1.0),)
LOOP = (Tag("repeats_itself", "Repeats itself."), Tag("miscounts", "One too many.", excess=1.0))
SAME = (Tag("same", "The texts are the same."),)


def test_the_main_tag_is_the_first_by_priority() -> None:
    assert main_tag(LOOP[::-1]) == LOOP[0]
    assert main_tag(()) is None


def test_every_tag_has_words() -> None:
    assert set(TAG_WORDS) == set(TAG_VERBS) == set(PRIORITY)
    assert set(PRIORITY) >= FAILURES


def test_what_is_frequent_is_named() -> None:
    found = shares(map(mode_of, [UP] * 82 + [DOWN] * 20 + [SAME] * 93 + [()] * 5))
    assert [(share.count, share_text(share)) for share in frequent(found)] == [
        (82, "41 % [34, 48] miscount upward"),
        (20, "10 % [7, 15] miscount downward"),
    ]


def test_of_a_mask_that_breaks_nothing_nothing_is_named() -> None:
    assert frequent(shares(map(mode_of, [SAME] * 99 + [UP]))) == ()


def test_shares_of_counts_are_those_of_what_was_counted() -> None:
    modes = [mode_of(tags) for tags in (UP, UP, LOOP, SAME, ())]
    assert shares(Counter(modes)) == shares(modes)


def test_shares_cover_all_answers() -> None:
    found = shares(map(mode_of, [UP, UP, LOOP, SAME, ()]))
    assert [(one.name, one.direction, one.count) for one in found] == [
        ("miscounts", "upward", 2),
        ("same", "", 1),
        ("repeats_itself", "", 1),
        (None, "", 1),
    ]
    assert sum(one.share.score for one in found) == pytest.approx(1)


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no answers"):
        shares([])
