"""The gold of every quantitative family, computed again from the text alone."""

import operator
import re
from collections.abc import Callable
from fractions import Fraction
from functools import partial

import pytest

from core.abilities.generators.quantitative_reasoning import FAMILIES, KINDS
from tests.core.abilities.drafts import drafts_of

COUNTING = ("count_kind", "count_repeats", "count_beyond")
ANSWERED_BY_A_NAME = ("compare_totals", "best_price")

PARTS = {
    "half": Fraction(1, 2),
    "one third": Fraction(1, 3),
    "two thirds": Fraction(2, 3),
    "a quarter": Fraction(1, 4),
    "three quarters": Fraction(3, 4),
    "one fifth": Fraction(1, 5),
    "two fifths": Fraction(2, 5),
    "three fifths": Fraction(3, 5),
    "one sixth": Fraction(1, 6),
    "five sixths": Fraction(5, 6),
    "three eighths": Fraction(3, 8),
}

EQUATION = re.compile(r"\$?(\d+(?:\.\d\d)?) ([-+*/]) \$?(\d+(?:\.\d\d)?) = \$?(\d+(?:\.\d\d)?)")

OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}

LOSS = re.compile(r"get off|leave\.|drive away|sells|friend gets|takes|customers buy")


def ints(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", text)]


def money(text: str) -> list[Fraction]:
    return [Fraction(n) for n in re.findall(r"\$(\d+\.\d\d)", text)]


def count_kind(context: str, question: str) -> object:
    kind = re.fullmatch(r"How many of them are (.+)\?", question)
    assert kind
    return sum(bool(re.search(rf"\ban? {word}\b", context)) for word in KINDS[kind[1]])


def count_repeats(context: str, question: str) -> object:
    mark = re.search(r"(\w+)\?$", question)
    assert mark
    return context.split(": ")[1].rstrip(".").split(", ").count(mark[1])


def count_beyond(context: str, question: str) -> object:
    (limit,) = ints(question)
    upward = re.search(r"taller|above|heavier|older", question)
    return sum(v > limit if upward else v < limit for v in ints(context))


def gains_and_losses(context: str, question: str) -> object:
    start, *changes = context.split(". ")
    return ints(start)[0] + sum(
        -ints(change)[0] if LOSS.search(change.rstrip(".") + ".") else ints(change)[0] for change in changes
    )


def compare_totals(context: str, question: str) -> object:
    totals = {told.split()[0]: sum(ints(told)) for told in context.split(". ")}
    return (min if "fewest" in question else max)(totals, key=totals.__getitem__)


def more_and_fewer(context: str, question: str) -> object:
    told = context.rstrip(".").split(". ")
    amounts: dict[str, int] = {}
    while len(amounts) < len(told):
        for sentence in told:
            words = sentence.split()
            by = ints(sentence)[0]
            if "than" not in words:
                amounts[words[0]] = by
            elif words[-1] in amounts:
                amounts[words[0]] = amounts[words[-1]] + (by if "more" in words else -by)
    return amounts[question.split()[4]]


def ratio_scale(context: str, question: str) -> object:
    a, b, x = ints(context)
    return Fraction(x * b, a)


def part_of_total(context: str, question: str) -> object:
    if "tickets" in context:
        whole, a, x = ints(context)
    else:
        a, b, x = ints(context)
        whole = a + b
    return Fraction(x * a, whole)


def change_money(context: str, question: str) -> object:
    n, note = ints(context)[0], ints(context)[-1]
    return f"${float(note - n * money(context)[0]):.2f}"


def bill(context: str, question: str) -> object:
    price, other, n, m = ints(context)
    return n * price + m * other


def rate(context: str, question: str) -> object:
    n, t, x = ints(context)
    if re.search(r"How many (minutes|hours)", question):
        return Fraction(x * t, n)
    return Fraction(x * n, t)


def fraction(context: str, question: str) -> object:
    percent = re.search(r"(\d+) percent", context)
    part = Fraction(int(percent[1]), 100) if percent else next(PARTS[p] for p in PARTS if p in context)
    (x,) = ints(re.sub(r"\d+ percent", "", context))
    is_rest = re.search(r"not|free|left", question)
    return x * (1 - part) if is_rest else x * part


def mean(context: str, question: str) -> object:
    return Fraction(sum(ints(context)), len(ints(context)))


def groups(context: str, question: str) -> object:
    x, size = ints(context)
    if "left over" in question:
        return x % size
    return -(-x // size) if "needed" in question else x // size


def best_price(context: str, question: str) -> object:
    apiece = {told.split()[0]: money(told)[0] / ints(told)[0] for told in re.split(r"(?<=\d)\. ", context)}
    return (min if "lowest" in question else max)(apiece, key=apiece.__getitem__)


def rows_and_gone(context: str, question: str) -> object:
    a, b, gone = ints(context)
    return a * b - gone


SOLVERS: dict[str, Callable[[str, str], object]] = {
    "count_kind": count_kind,
    "count_repeats": count_repeats,
    "count_beyond": count_beyond,
    "list_total": lambda context, question: sum(ints(context)),
    "gains_and_losses": gains_and_losses,
    "range_of_values": lambda context, question: max(ints(context)) - min(ints(context)),
    "compare_totals": compare_totals,
    "more_and_fewer": more_and_fewer,
    "ratio_scale": ratio_scale,
    "part_of_total": part_of_total,
    "change_money": change_money,
    "bill": bill,
    "rate": rate,
    "fraction": fraction,
    "mean": mean,
    "groups": groups,
    "best_price": best_price,
    "rows_and_gone": rows_and_gone,
}


drafts = partial(drafts_of, "standard", "quantitative_reasoning")


def test_every_family_has_a_solver() -> None:
    assert [family.name for family in FAMILIES["standard"]] == list(SOLVERS)


@pytest.mark.parametrize("name", SOLVERS)
def test_gold_follows_from_the_text(name: str) -> None:
    for draft in drafts(name, 300):
        assert draft.answer == str(SOLVERS[name](draft.context, draft.question)), draft


@pytest.mark.parametrize("name", COUNTING)
def test_counting_steps_count_from_one_to_the_gold(name: str) -> None:
    for draft in drafts(name, 200):
        steps = draft.steps.split(": ", 1)[1]
        counted = [int(n) for n in re.findall(r"(\d+)[,.](?: |$)", steps)]
        assert counted == list(range(1, int(draft.answer) + 1)), draft


@pytest.mark.parametrize("name", SOLVERS)
def test_every_equation_in_the_steps_is_true(name: str) -> None:
    for draft in drafts(name, 100):
        for a, sign, b, result in EQUATION.findall(draft.steps):
            assert OPERATIONS[sign](Fraction(a), Fraction(b)) == Fraction(result), draft


@pytest.mark.parametrize("name", [name for name in SOLVERS if name not in ANSWERED_BY_A_NAME])
def test_rank_of_the_gold_among_the_numbers_is_uniform(name: str) -> None:
    ranks = [0] * 4
    for draft in drafts(name, 800):
        values = [Fraction(option.replace("$", "")) for option in (draft.answer, *draft.distractors)]
        ranks[sorted(values).index(values[0])] += 1
    assert all(140 < count < 260 for count in ranks), ranks


def test_no_thing_is_of_two_kinds() -> None:
    members = [word for words in KINDS.values() for word in words]
    assert len(members) == len(set(members))
