from __future__ import annotations

import pytest

from core.diagnosis import FAILURES, PRIORITY, WORDS, Tag, main_tag, shares, summary
from core.diagnosis.summary import VERBS

UP, DOWN = (Tag("miscounts", "One too many.", excess=1.0),), (Tag("miscounts", "One too few.", excess=-1.0),)
LOOP = (Tag("repeats_itself", "Repeats itself."), Tag("miscounts", "One too many.", excess=1.0))
SAME = (Tag("same", "The texts are the same."),)


def test_the_main_tag_is_the_first_by_priority() -> None:
    assert main_tag(LOOP[::-1]) == LOOP[0]
    assert main_tag(()) is None


def test_every_tag_has_words() -> None:
    assert set(WORDS) == set(VERBS) == set(PRIORITY)
    assert set(PRIORITY) >= FAILURES


def test_one_line_for_an_ability_names_what_is_frequent() -> None:
    mlp = [UP] * 82 + [DOWN] * 20 + [SAME] * 93 + [()] * 5
    lines = summary({("quantitative_reasoning", "mlp"): mlp, ("quantitative_reasoning", "all"): [LOOP] * 3})
    assert lines == [
        "quantitative reasoning: MLP-only: 41 % miscount upward (82 of 200 [34, 48]), "
        "10 % miscount downward (20 of 200 [7, 15]); "
        "all layers: 100 % repeat themselves (3 of 3 [44, 100])"
    ]


def test_a_mask_that_breaks_nothing_says_so() -> None:
    assert summary({("spatial_reasoning", "mlp"): [SAME] * 99 + [UP]}) == [
        "spatial reasoning: MLP-only: no failure in 5 % or more of 100 answers"
    ]


def test_shares_cover_all_answers() -> None:
    found = shares([UP, UP, LOOP, SAME, ()])
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
