"""How answers fail, from what the store has: hand-made cases, and sums that follow from the single items."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.analysis.choices import (
    choice_sums,
    diagnose_choice,
    margins_of,
    model_choices,
    option_facts,
    padded,
    pooled,
)
from core.analysis.diagnosis import PRIORITY, main_tag, shares
from core.analysis.failures import Failures, ItemFailure, base_names, failures, item_failure
from core.analysis.samples import Samples
from core.benchmarks.benchmark import Benchmark
from core.run.events import ItemOutcome
from core.run.experiment import Experiment
from tests.core.analysis.samples.stored_samples import MASK as CHOICE_MASK
from tests.core.analysis.samples.stored_samples import stored_samples
from tests.core.analysis.samples.written_samples import (
    MASK,
    Text,
    save_divergences,
    save_texts,
    written_samples,
)
from tui.failure_words import choice_lines, divergence_text, share_text

RIGHT: Text = (" First 3 + 4 = 7 apples. Then 7 + 5 = 12 apples. #### 12", "eos")
CASES: list[tuple[Text, str | None]] = [
    (RIGHT, None),
    ((" First 3 + 4 = 7 apples. Then 7 + 5 = 13 apples. #### 13", "eos"), "overcounting"),
    ((" First 3 + 4 = 7 apples. Then 7 + 5 = 11 apples. #### 11", "eos"), "wrong_option"),
    ((" First 3 + 4 + 4 + 4" + " apples and pears" * 20, "repeats"), "repetition"),
    ((" First 3 + 4 = 7 apples. Then 7 + 5 = 12 apples. The answer is 12.", "eos"), "format_lost"),
    ((" First she buys some.", "eos"), "truncated"),
    ((" I'm sorry, but I can't help with that.", "eos"), "empty"),
    ((" There are 7 + 5 = 12 apples in all, as was asked. #### 12", "eos"), None),
    ((" Erst sind es drei und dann ist es nicht mehr so, die sind mit den von auch für sie.", "eos"),
     "gibberish"),
]  # fmt: skip
N = len(CASES)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, Benchmark]:
    root = tmp_path_factory.mktemp("written")
    return written_samples(root, ["12"] * N, [RIGHT] * N, [text for text, _ in CASES])


def failure_at(samples: Samples, place: int) -> ItemFailure | None:
    return item_failure(samples, samples.sample(place))


def opened(experiment: Experiment, benchmark: Benchmark, n: int) -> Samples:
    samples = Samples.open(experiment, benchmark, n, MASK)
    assert samples is not None
    return samples


def summed(samples: Samples) -> Failures:
    found = failures(samples)
    assert found is not None
    return found


def test_each_hand_made_answer_gets_its_tag(written: tuple[Experiment, Benchmark]) -> None:
    samples = opened(*written, N)
    for place, (_, name) in enumerate(CASES):
        failure = failure_at(samples, place)
        assert failure is not None
        assert main_tag(failure.tags) == name
        assert (failure.choice, failure.divergence) == (None, None)


def test_the_sums_are_those_of_the_items(written: tuple[Experiment, Benchmark]) -> None:
    samples = opened(*written, N)
    found = summed(samples)
    assert found.n == N == sum(share.count for share in found.shares)
    assert found.choices is None
    mains = [
        main_tag(failure.tags) if (failure := failure_at(samples, place)) else None for place in range(N)
    ]
    assert [PRIORITY[code] if code >= 0 else None for code in found.main] == mains
    assert {share.name: share.count for share in found.shares} == Counter(name for _, name in CASES)


def test_sums_are_the_same_however_many_texts_are_read_at_once(
    written: tuple[Experiment, Benchmark], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = summed(opened(*written, N))
    monkeypatch.setattr("core.analysis.failures.TEXTS_AT_ONCE", 4)
    parts = summed(opened(*written, N))
    assert parts.shares == whole.shares
    assert parts.main.tolist() == whole.main.tolist()


def test_beside_a_share_stands_how_base_does_by_the_right_answers(tmp_path: Path) -> None:
    """That most ablated answers miscount says little where most base answers do."""
    target = "3 + 4 = 7 apples. Then 7 + 5 = 12 apples.\n#### 12"
    base: list[Text] = [(f" {target}", "eos"), CASES[1][0], CASES[1][0], CASES[5][0]]
    ablated = [CASES[1][0], CASES[5][0], (" It is more. #### 14", "eos"), CASES[2][0]]
    experiment, benchmark = written_samples(tmp_path, [target] * 4, base, ablated)
    found = {one.name: one for one in summed(opened(experiment, benchmark, 4)).shares}
    assert found["overcounting"].base == 0.5
    assert found["wrong_option"].base == 0.0
    assert share_text(found["wrong_option"]).endswith("give a wrong answer (base 0 %)")
    programs = base_names(None, pl.DataFrame(), pl.DataFrame())  # whose targets are tests
    assert shares(["overcounting"], programs)[0].base is None


def test_a_text_that_surprises_the_base_model_is_gibberish_where_that_is_stored(tmp_path: Path) -> None:
    other: Text = (" green the ran of 12 quickly #### 12", "eos")
    experiment, benchmark = written_samples(tmp_path, ["12"], [RIGHT], [other])
    for mask, text, tokens in ((None, RIGHT, [1, 2, 3, 4, 5]), (MASK, other, [9, 8, 7, 6, 5, 4])):
        save_texts(experiment, benchmark, mask, [text], [tokens])
    plain = failure_at(opened(experiment, benchmark, 1), 0)
    save_divergences(experiment, benchmark, [([-0.1] * 5, [-9.0] * 6)])
    judged = failure_at(opened(experiment, benchmark, 1), 0)
    assert plain is not None
    assert judged is not None
    assert "gibberish" not in [tag.name for tag in plain.tags]
    assert judged.tags[0].name == "gibberish"
    assert judged.divergence is not None
    assert divergence_text(judged.divergence).startswith(
        "Parts at token 1: base writes “ a” (p 0.90; ablated 0.10)"
    )
    assert summed(opened(experiment, benchmark, 1)).shares[0].name == "gibberish"


def test_of_a_run_that_goes_on_texts_are_not_known(written: tuple[Experiment, Benchmark]) -> None:
    experiment, benchmark = written
    live = opened(experiment, benchmark, N).with_live([ItemOutcome(0, -1, -1, True, ())], "ablated")
    assert failures(live) is None
    assert failure_at(live, 0) is None


def test_nothing_is_said_without_both_answers(written: tuple[Experiment, Benchmark]) -> None:
    experiment, benchmark = written
    alone = Samples.open(experiment, benchmark, N, None)
    assert alone is not None
    assert failures(alone) is None
    assert failure_at(alone, 0) is None


CHOICES = 400


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    experiment, benchmark = stored_samples(tmp_path_factory.mktemp("chosen"), CHOICES)
    samples = Samples.open(experiment, benchmark, CHOICES, CHOICE_MASK)
    assert samples is not None
    return samples


def test_margins_of_choices_are_those_of_the_items(chosen: Samples) -> None:
    found = summed(chosen)
    single = [failure.choice for place in range(CHOICES) if (failure := failure_at(chosen, place))]
    margins = np.array([(one.base_margin, one.margin) for one in single if one]).mean(axis=0)
    assert (found.n, found.shares) == (CHOICES, ())
    assert (found.main == -1).all()
    assert found.choices is not None
    means = f"{margins[0]:+.1f} → {margins[1]:+.1f} nats"
    assert choice_lines(found.choices)[0] == f"Mean margin {means} (n {CHOICES})."


def test_a_run_that_goes_on_counts_as_far_as_it_is(chosen: Samples) -> None:
    outcomes = [
        ItemOutcome(place, place % 4, 0, place % 4 == 0, (-1.0, -4.0, -4.0, -4.0)) for place in range(40)
    ]
    live = chosen.with_live(outcomes, "ablated")
    found = summed(live)
    assert found.n == 40
    assert found.choices is not None
    assert choice_lines(found.choices)[0].endswith("→ -1.5 nats (n 40).")  # a quarter at +3, the rest at -3
    assert failure_at(live, 40) is None


def frame(gold: list[int], predictions: list[int], values: list[list[float]]) -> pl.DataFrame:
    correct = [one == other for one, other in zip(gold, predictions, strict=True)]
    return pl.DataFrame(
        {"prediction": predictions, "correct": correct, "loglikelihoods": values},
        schema={"prediction": pl.Int16, "correct": pl.Boolean, "loglikelihoods": pl.List(pl.Float32)},
    )


def asked(items: pl.DataFrame, prompt: str) -> pl.LazyFrame:
    return items.lazy().with_columns(prompt=pl.lit(prompt))


def test_options_that_all_items_have_are_named_by_their_text() -> None:
    gold = [place % 2 for place in range(100)]
    items = pl.DataFrame({"options": [["no", "yes"]] * 100, "gold": gold})
    facts = option_facts(asked(items, "Is it?"), "acc")
    base = frame(gold, gold, [[-1.0, -3.0] if not one else [-3.0, -1.0] for one in gold])
    yes = frame(gold, [1] * 100, [[-3.0, -1.0]] * 100)
    sums = choice_sums(facts, model_choices(facts, base), model_choices(facts, yes))
    assert choice_lines(sums) == [
        "Mean margin +2.0 → +0.0 nats (n 100).",
        "Of 50 broken items, 50 (100 %) went to “yes”.",
        "Prefers option “yes”: 100 % of its answers, 50 % of base's (n 100, p 0.0001).",
    ]


def test_listed_options_are_named_by_their_letter_and_unlisted_ones_not_at_all() -> None:
    items = pl.DataFrame({"options": [["red", "blue"], ["one", "two", "six"]], "gold": [0, 1]})
    assert option_facts(asked(items, "Which?\nA. red\nB. blue\nAnswer:"), "acc").names == ("A", "B", "C")
    assert option_facts(asked(items, "It is"), "acc").names == ()


def test_items_with_several_right_options_have_no_margin() -> None:
    items = pl.DataFrame({"options": [["a", "b", "c"]] * 2, "gold": [0, 0]})
    facts = option_facts(asked(items, ""), "mc2")
    outcomes = frame([0, 0], [0, 1], [[-1.0, -2.0, -3.0]] * 2)
    sums = choice_sums(facts, model_choices(facts, outcomes), model_choices(facts, outcomes))
    assert sums.mean_margins is None
    assert not [line for line in choice_lines(sums) if "margin" in line]


def test_margins_in_arrays_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(0)
    widths = rng.integers(2, 6, 200)
    values = [rng.normal(size=width).round(1).tolist() for width in widths]
    gold = np.array([rng.integers(width) for width in widths])
    margins = margins_of(padded(pl.Series(values, dtype=pl.List(pl.Float64))), gold)
    expected = [
        diagnose_choice(right, one, one).margin for one, right in zip(values, gold.tolist(), strict=True)
    ]
    assert margins.tolist() == pytest.approx(expected)


def test_several_benchmarks_are_pooled_item_by_item() -> None:
    parts = []
    for names, n in ((("A", "B"), 10), (("A", "B", "C"), 30)):
        options = [[f"x{place}" for place in range(len(names))]] * n
        items = pl.DataFrame({"options": options, "gold": [0] * n})
        prompt = "\n".join(f"{name}. x{place}" for place, name in enumerate(names))
        items = items.with_columns(pl.Series("options", [*options[:-1], options[0][::-1]]))
        facts = option_facts(asked(items, prompt), "acc")
        assert facts.names == names
        base = frame([0] * n, [0] * n, [[-1.0] + [-2.0] * (len(names) - 1)] * n)
        other = frame([0] * n, [1] * n, [[-2.0, -1.0] + [-2.0] * (len(names) - 2)] * n)
        parts.append(choice_sums(facts, model_choices(facts, base), model_choices(facts, other)))
    whole = pooled(parts)
    assert (whole.n, whole.broken, whole.names) == (40, 40, ("A", "B", "C"))
    assert whole.mean_margins == (1.0, -1.0)
    assert whole.winners.tolist() == [0, 40, 0]
    assert whole.position is not None
    assert whole.position.holds


def test_outcomes_without_log_likelihoods_have_no_margin() -> None:
    items = pl.DataFrame({"options": [["a", "b"], ["c", "d"]], "gold": [0, 1]})
    facts = option_facts(asked(items, ""), "acc")
    empty = frame([0, 1], [0, 0], [[], []])
    assert choice_sums(facts, model_choices(facts, empty), model_choices(facts, empty)).mean_margins is None


def test_lists_that_are_missing_or_empty_are_not_numbers() -> None:
    matrix = padded(pl.Series([[1.0, 2.0], None, [], [3.0]], dtype=pl.List(pl.Float32)))
    expected = np.array([[1, 2], [np.nan] * 2, [np.nan] * 2, [3, np.nan]])
    assert np.array_equal(matrix, expected, equal_nan=True)
