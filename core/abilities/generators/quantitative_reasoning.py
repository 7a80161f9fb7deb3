"""Quantitative reasoning: counting, arithmetic in words, comparison, ratio, money and rate.

The four options are the right ones of four contexts that differ in one number, or the four people who are
compared: neither size, rank nor frequency gives the right one away. The steps of counting items count aloud,
which shows where a model overcounts.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from itertools import combinations_with_replacement

from core.abilities.drafting import (
    BASIC_NAMES,
    NAMES,
    NUMBER_WORDS,
    capital,
    counted,
    dollars,
    draft_from,
    draft_of,
    families,
    family,
    four_numbers,
    listed,
    pick,
    with_article,
)
from core.abilities.generate import split_of
from core.abilities.item import SPLITS, Draft, Family
from core.abilities.tables import entries, read_tables
from core.models.spec import Level

# Basic quantities: getting, losing, counting, comparing.
#
# A held-out key is the operand pair, in its order, or the row that is counted, or the set that is compared.

BASIC_TABLES = read_tables("basic/quantitative_reasoning")
BASIC_THINGS, COUNTED = BASIC_TABLES["things"].texts, BASIC_TABLES["counted"].texts
GOT, LOST = BASIC_TABLES["got"].texts, BASIC_TABLES["lost"].texts
MAX_OPERAND = 12


def _near(rng: random.Random, right: int) -> list[str]:
    """Four numbers in a row, the right one anywhere among them."""
    start = right - rng.randrange(4)
    return [str(number) for number in range(start, start + 4)]


def _counting(start: int, times: int, step: int) -> str:
    """What one says when counting on or back: each number, and which count it is."""
    return " ".join(f"{start + step * time} {time}" for time in range(1, times + 1))


def _get(rng: random.Random) -> Draft:
    a, b = rng.randrange(2, MAX_OPERAND + 1), rng.randrange(2, MAX_OPERAND + 1)
    name, thing = rng.choice(BASIC_NAMES), rng.choice(BASIC_THINGS)
    context = f"{name} had {a} {thing} and {rng.choice(GOT)} {b} ."
    options = _near(rng, a + b)
    return draft_from(rng, f"{a}+{b}", context, f"now {name} has", str(a + b), options, _counting(a, b, 1))


def _lose(rng: random.Random) -> Draft:
    rest, b = rng.randrange(3, MAX_OPERAND + 1), rng.randrange(2, MAX_OPERAND + 1)
    a = rest + b
    name, thing = rng.choice(BASIC_NAMES), rng.choice(BASIC_THINGS)
    context = f"{name} had {a} {thing} and {rng.choice(LOST)} {b} ."
    options = _near(rng, rest)
    return draft_from(rng, f"{a}-{b}", context, f"still {name} has", str(rest), options, _counting(a, b, -1))


def _count(rng: random.Random) -> Draft:
    n, length = rng.randrange(1, 5), rng.randrange(5, 10)
    mine, *others = pick(rng, COUNTED, 3)
    hits = set(pick(rng, range(length), n))
    row = [mine if i in hits else rng.choice(others) for i in range(length)]
    key = "count:" + "".join("x" if thing == mine else "o" for thing in row)
    context = f"see : {' '.join(row)} ."
    counted = itertools.accumulate(int(thing == mine) for thing in row)
    steps = " ".join(f"{thing} {number}" for thing, number in zip(row, counted, strict=True))
    return draft_from(rng, key, context, f"count of {mine}", str(n), ("1", "2", "3", "4"), steps)


def _compare(rng: random.Random) -> Draft:
    names, amounts = pick(rng, BASIC_NAMES, 4), pick(rng, range(1, 17), 4)
    most = rng.random() < 0.5
    winner = amounts.index(max(amounts) if most else min(amounts))
    listed = " , ".join(f"{amount} {name}" for name, amount in zip(names, amounts, strict=True))
    key = f"{'most' if most else 'fewest'}:{','.join(map(str, sorted(amounts)))}"
    steps = f"the {'largest' if most else 'smallest'} number is {amounts[winner]}"
    question = f"the {'most' if most else 'least'} of all has"
    return draft_from(rng, key, f"amounts : {listed} .", question, names[winner], names, steps)


# Plain quantities: adding, taking away, multiplying, counting on, one more.
#
# The numbers that an item tells are never among its options. Each right number comes up in both splits: of
# the pairs that lead to it, a fifth is held out. Products, and the numbers that are counted to, are apart: a
# fifth of all products and of all tens is held out.

ABILITY = "quantitative_reasoning"
PLAIN_TABLES = read_tables("plain/quantitative_reasoning")
PLAIN_THINGS = PLAIN_TABLES["things"].texts
NUMBERS = range(4, 10)
"""Sums and rests: of one digit, so that none is longer than another."""

Pair = tuple[int, int]

SUMMANDS: dict[int, list[Pair]] = {n: [(a, n - a) for a in range(1, n // 2 + 1)] for n in NUMBERS}
"""The pairs that add up to each number."""

DIFFERENCES: dict[int, list[Pair]] = {n: [(n + b, b) for b in range(1, 10)] for n in NUMBERS}
"""The pairs that differ by each number."""

FACTORS = {a * b: (a, b) for a, b in combinations_with_replacement(range(2, 10), 2) if a * b > 9}
"""Two factors of each product of two digits."""

PRODUCTS = [
    [n for i, n in enumerate(FACTORS) if split_of(ABILITY, "product", (i, len(FACTORS))) == split]
    for split in SPLITS
]
"""The products of each split."""


def _scene(rng: random.Random, table: str, a: int, b: int = 0) -> list[str]:
    """A row of a table, filled in."""
    name, things = rng.choice(NAMES), rng.choice(PLAIN_THINGS)
    return [text.format(name=name, things=things, a=a, b=b) for text in rng.choice(PLAIN_TABLES[table].rows)]


def _reckon(rng: random.Random, table: str, pairs: dict[int, list[Pair]], sign: str) -> Draft:
    """Two numbers, what they give, and three options that are none of the two."""
    options = pick(rng, NUMBERS, 4)
    number = rng.randrange(len(pairs[options[0]]))
    pair = pairs[options[0]][number]
    if {*pair} & {*options}:
        return _reckon(rng, table, pairs, sign)
    a, b = pick(rng, pair, 2) if sign == "+" else pair
    (scene,) = _scene(rng, table, a, b)
    key, member = f"{sign}{options[0]}", (number, len(pairs[options[0]]))
    question = f"{scene} What is {a} {sign} {b}?"
    steps = f"{a} {sign} {b} = {options[0]}."
    return draft_from(rng, key, "", question, str(options[0]), [*map(str, options)], steps, member)


def _multiply(rng: random.Random) -> Draft:
    options = pick(rng, rng.choice(PRODUCTS), 4)
    a, b = pick(rng, FACTORS[options[0]], 2)
    (scene,) = _scene(rng, "multiplying", a, b)
    question, member = f"{scene} What is {a} x {b}?", (list(FACTORS).index(options[0]), len(FACTORS))
    steps = f"{a} x {b} = {options[0]}."
    return draft_from(rng, "product", "", question, str(options[0]), [*map(str, options)], steps, member)


def _successor(rng: random.Random, table: str) -> Draft:
    """The number after a number, among others with the same tens; the number itself is no option."""
    tens, digits = rng.randrange(10), pick(rng, range(1, 10), 4)
    if digits[0] - 1 in digits:
        return _successor(rng, table)
    options = [str(10 * tens + digit) for digit in digits]
    told = int(options[0]) - 1
    *context, question = _scene(rng, table, told)
    steps = f"{told} + 1 = {options[0]}."
    return draft_from(rng, table, "".join(context), question, options[0], options, steps, (tens, 10))


TABLES = read_tables("standard/quantitative_reasoning")
KINDS, GOODS = TABLES["kinds"].lists, TABLES["goods"].texts
FRACTIONS = [(int(above), int(below), part) for above, below, part in TABLES["fractions"].rows]

COPRIME_PAIRS = [(a, b) for a in range(2, 9) for b in range(2, 9) if math.gcd(a, b) == 1]
"""Ratios in lowest terms."""


def _marks(rng: random.Random, hits: int, n: int) -> list[bool]:
    """N marks in random order, of which `hits` are true."""
    marks = [True] * hits + [False] * (n - hits)
    rng.shuffle(marks)
    return marks


def _pattern(marks: Sequence[bool]) -> str:
    """The marks as zeros and ones, for a key."""
    return "".join("01"[mark] for mark in marks)


def _count_kind(rng: random.Random) -> Draft:
    numbers = four_numbers(rng, 1, 9)
    marks = _marks(rng, numbers[0], max(numbers) + rng.randint(3, 5))
    kind, *others = rng.sample(list(KINDS), 3)
    members = iter(rng.sample(KINDS[kind], numbers[0]))
    rest = iter(rng.sample(sorted(KINDS[others[0]] + KINDS[others[1]]), len(marks)))
    things = [next(members if mark else rest) for mark in marks]
    scene = rng.choice(TABLES["pictures"].texts)
    context = scene.format(name=rng.choice(NAMES), things=listed([with_article(t) for t in things]))
    found = [t for t, mark in zip(things, marks, strict=True) if mark]
    steps = f"Counting the {kind}: {', '.join(f'{t} {i}' for i, t in enumerate(found, 1))}."
    key = f"count_kind {_pattern(marks)}"
    return draft_of(key, context, f"How many of them are {kind}?", numbers, steps=steps)


def _count_repeats(rng: random.Random) -> Draft:
    numbers = four_numbers(rng, 1, 9)
    marks = _marks(rng, numbers[0], max(numbers) + rng.randint(4, 7))
    scene, question, vocabulary = rng.choice(TABLES["tallies"].rows)
    mark, *others = rng.sample(entries(vocabulary), 4)
    record = [mark if is_mark else rng.choice(others) for is_mark in marks]
    seen, out = 0, []
    for is_mark, entry in zip(marks, record, strict=True):
        seen += is_mark
        out.append(f"{entry} {seen}" if is_mark else entry)
    context = scene.format(name=rng.choice(NAMES), marks=", ".join(record))
    steps = f"Going through the list and counting: {', '.join(out)}."
    return draft_of(
        f"count_repeats {_pattern(marks)}", context, question.format(mark=mark), numbers, steps=steps
    )


def _count_beyond(rng: random.Random) -> Draft:
    numbers = four_numbers(rng, 1, 8)
    marks = _marks(rng, numbers[0], max(numbers) + rng.randint(1, 2))
    scene, more, less, unit = rng.choice(TABLES["measures"].rows)
    limit = rng.choice(range(100, 140, 5)) if unit == "cm" else rng.choice(range(25, 75, 5))
    upward = rng.random() < 0.5
    offsets = rng.sample(range(1, 20), len(marks))
    values = [limit + (o if mark == upward else -o) for mark, o in zip(marks, offsets, strict=True)]
    people = rng.sample(NAMES, len(marks))
    context = scene.format(values=listed([f"{p} {v} {unit}" for p, v in zip(people, values, strict=True)]))
    than = more if upward else less
    found = [v for v, mark in zip(values, marks, strict=True) if mark]
    steps = f"{capital(than)} {limit}: {', '.join(f'{v} is number {i}' for i, v in enumerate(found, 1))}."
    key = f"count_beyond {values} {limit} {upward}"
    return draft_of(key, context, f"How many of them are {than} {limit} {unit}?", numbers, steps=steps)


def _running_sum(numbers: Sequence[int]) -> str:
    """The additions, one after another: `3 + 4 = 7. 7 - 2 = 5.`."""
    total, lines = numbers[0], []
    for n in numbers[1:]:
        lines.append(f"{total} {'-' if n < 0 else '+'} {abs(n)} = {total + n}.")
        total += n
    return " ".join(lines)


def _list_total(rng: random.Random) -> Draft:
    numbers = four_numbers(rng, 40, 140, (1, 2, 10))
    n = rng.randint(3, 5)
    cuts = sorted(rng.sample(range(2, numbers[0] - 1), n - 1))
    values = [b - a for a, b in zip([0, *cuts], [*cuts, numbers[0]], strict=True)]
    scene, question = rng.choice(TABLES["totals"].rows)
    context = scene.format(count=NUMBER_WORDS[n], values=listed(values), name=(name := rng.choice(NAMES)))
    key = f"list_total {sorted(values)}"
    return draft_of(key, context, question.format(name=name), numbers, steps=_running_sum(values))


def _gains_and_losses(rng: random.Random) -> Draft:
    numbers = four_numbers(rng, 15, 90, (1, 2, 10))
    signs = rng.choice(((1, -1), (-1, 1), (1, -1, 1), (-1, 1, -1), (1, 1, -1), (-1, -1, 1)))
    changes = [sign * rng.randint(4, 29) for sign in signs]
    start = numbers[0] - sum(changes)
    if min(numbers) - sum(changes) + min(0, changes[0], sum(changes[:2])) < 5:
        return _gains_and_losses(rng)
    opening, *gains_and_losses, question = rng.choice(TABLES["changes"].rows)
    gain, loss = iter(rng.sample(gains_and_losses[:2], 2)), iter(rng.sample(gains_and_losses[2:], 2))
    told = [opening.format(n=start, name="{name}")]
    told += [next(gain if c > 0 else loss).format(n=abs(c), name="{name}") for c in changes]
    context = " ".join(told).format(name=(name := rng.choice(NAMES)))
    key = f"gains_and_losses {start} {changes}"
    return draft_of(key, context, question.format(name=name), numbers, steps=_running_sum([start, *changes]))


def _range_of_values(rng: random.Random) -> Draft:
    numbers = four_numbers(rng, 9, 60, (1, 2, 10))
    low = rng.randint(6, 35)
    between = rng.sample(range(low + 1, low + min(numbers)), rng.randint(2, 4))
    values = [low, low + numbers[0], *between]
    rng.shuffle(values)
    scene, question = rng.choice(TABLES["ranges"].rows)
    context = scene.format(values=listed(values))
    high = max(values)
    steps = f"The largest is {high} and the smallest is {low}. {high} - {low} = {high - low}."
    return draft_of(f"range_of_values {sorted(values)}", context, question, numbers, steps=steps)


def _compare_totals(rng: random.Random) -> Draft:
    base = rng.randint(40, 90)
    totals = [base + extra for extra in rng.sample(range(16), 4)]
    firsts = [rng.randint(9, total - 9) for total in totals]
    people = rng.sample(NAMES, 4)
    scene, most, fewest = rng.choice(TABLES["pairs"].rows)
    upward = rng.random() < 0.5
    pairs = [(a, total - a) for a, total in zip(firsts, totals, strict=True)]
    told = [scene.format(name=p, a=a, b=b) for p, (a, b) in zip(people, pairs, strict=True)]
    sums = " ".join(f"{p}: {a} + {b} = {a + b}." for p, (a, b) in zip(people, pairs, strict=True))
    best = max(totals) if upward else min(totals)
    steps = f"{sums} The {'largest' if upward else 'smallest'} sum is {best}."
    key = f"compare_totals {sorted(pairs)} {upward}"
    return draft_of(key, " ".join(told), most if upward else fewest, people, totals.index(best), steps)


def _more_and_fewer(rng: random.Random) -> Draft:
    numbers = four_numbers(rng, 12, 70, (1, 2, 10))
    changes = [rng.choice((-1, 1)) * rng.randint(3, 19) for _ in range(rng.randint(2, 3))]
    start = numbers[0] - sum(changes)
    if min(numbers) - sum(changes) + min(0, changes[0], sum(changes[:2])) < 4:
        return _more_and_fewer(rng)
    people = rng.sample(NAMES, len(changes) + 1)
    noun = rng.choice(TABLES["chain nouns"].texts)
    told = [f"{people[0]} has {start} {noun}."]
    for change, known, other in zip(changes, people, people[1:], strict=False):
        than = "more" if change > 0 else "fewer"
        told.append(f"{other} has {abs(change)} {than} {noun} than {known}.")
    rng.shuffle(told)
    question = f"How many {noun} does {people[-1]} have?"
    key = f"more_and_fewer {start} {changes}"
    return draft_of(key, " ".join(told), question, numbers, steps=_running_sum([start, *changes]))


def _ratio_scale(rng: random.Random) -> Draft:
    times = four_numbers(rng, 3, 15, (1, 1, 2))
    a, b = rng.sample(range(2, 10), 2)
    x = a * times[0]
    scene, question = rng.choice(TABLES["ratios"].rows)
    context = scene.format(a=a, b=b, x=x, name=rng.choice(NAMES))
    steps = f"{x} / {a} = {times[0]}. {times[0]} * {b} = {times[0] * b}."
    return draft_of(f"ratio_scale {a} {b} {x}", context, question, [b * t for t in times], steps=steps)


def _part_of_total(rng: random.Random) -> Draft:
    times = four_numbers(rng, 3, 15, (1, 1, 2))
    a, b = rng.choice(COPRIME_PAIRS)
    x = (a + b) * times[0]
    scene, question = rng.choice(TABLES["parts"].rows)
    name = rng.choice(NAMES)
    context = scene.format(a=a, b=b, whole=a + b, x=x, name=name)
    steps = f"{a} + {b} = {a + b}. {x} / {a + b} = {times[0]}. {times[0]} * {a} = {times[0] * a}."
    options = [a * t for t in times]
    return draft_of(f"part_of_total {a} {b} {x}", context, question.format(name=name), options, steps=steps)


def _change_money(rng: random.Random) -> Draft:
    prices = [5 * p for p in four_numbers(rng, 10, 70, (1, 2, 4))]
    n = rng.randint(2, 6)
    note = next(note for note in (500, 1000, 2000, 5000) if note > n * max(prices))
    name, cost = rng.choice(NAMES), n * prices[0]
    context = (
        f"{name} buys {counted(n, rng.choice(GOODS))} at {dollars(prices[0])} each and pays with a "
        f"{note // 100}-dollar note."
    )
    steps = (
        f"{n} * {dollars(prices[0])} = {dollars(cost)}. "
        f"{dollars(note)} - {dollars(cost)} = {dollars(note - cost)}."
    )
    options = [dollars(note - n * price) for price in prices]
    return draft_of(
        f"change_money {n} {prices[0]}", context, f"How much change does {name} get?", options, steps=steps
    )


def _bill(rng: random.Random) -> Draft:
    totals = four_numbers(rng, 30, 110, (1, 2, 5))
    n, m = rng.sample(range(2, 7), 2)
    price = rng.randint(2, 15)
    other, rest = divmod(totals[0] - n * price, m)
    if rest or not 2 <= other <= 15:
        return _bill(rng)
    one, two = rng.sample(GOODS, 2)
    name = rng.choice(NAMES)
    context = (
        f"In a shop {with_article(one)} costs {price} dollars and {with_article(two)} costs {other} dollars. "
        f"{name} buys {counted(n, one)} and {counted(m, two)}."
    )
    question = f"How many dollars does {name} pay in all?"
    sums = _running_sum([n * price, m * other])
    steps = f"{n} * {price} = {n * price}. {m} * {other} = {m * other}. {sums}"
    return draft_of(f"bill {sorted(((n, price), (m, other)))}", context, question, totals, steps=steps)


def _rate(rng: random.Random) -> Draft:
    scene, for_time, for_amount, ask_amount, ask_time = rng.choice(TABLES["rates"].rows)
    times = four_numbers(rng, 3, 15, (1, 1, 2))
    pace, t = rng.randint(3, 16), rng.randint(2, 5)
    amount = pace * times[0]
    steps = f"{pace * t} / {t} = {pace}."
    if rng.random() < 0.5:
        job, question, form = for_time.format(x=times[0]), ask_amount, "amount"
        options, steps = [pace * time for time in times], f"{steps} {times[0]} * {pace} = {amount}."
    else:
        job, question, form = for_amount.format(x=amount), ask_time, "time"
        options, steps = times, f"{steps} {amount} / {pace} = {times[0]}."
    context = scene.format(n=pace * t, t=t, job=job)
    return draft_of(f"rate {form} {pace} {t} {times[0]}", context, question, options, steps=steps)


def _fraction(rng: random.Random) -> Draft:
    times = four_numbers(rng, 3, 24, (1, 2, 3))
    numerator, denominator, part = rng.choice(FRACTIONS)
    scene, of_part, of_rest = rng.choice(TABLES["fraction scenes"].rows)
    x, share, name = denominator * times[0], numerator * times[0], rng.choice(NAMES)
    is_part = rng.random() < 0.5
    kept = numerator if is_part else denominator - numerator
    steps = f"{capital(part)} of {x} is {share}." + ("" if is_part else f" {x} - {share} = {x - share}.")
    question = (of_part if is_part else of_rest).format(name=name)
    context = scene.format(x=x, part=part, name=name)
    key = f"fraction {numerator}/{denominator} {x} {is_part}"
    return draft_of(key, context, question, [kept * t for t in times], steps=steps)


def _mean(rng: random.Random) -> Draft:
    means = four_numbers(rng, 12, 60, (1, 2, 3))
    n = rng.randint(3, 4)
    offsets = [rng.randint(-8, 8) for _ in range(n - 1)]
    offsets.append(-sum(offsets))
    if len(set(offsets)) < n or abs(offsets[-1]) > 10:
        return _mean(rng)
    values = [means[0] + offset for offset in offsets]
    scene, question = rng.choice(TABLES["means"].rows)
    context = scene.format(count=NUMBER_WORDS[n], values=listed(values), name=rng.choice(NAMES))
    steps = f"{_running_sum(values)} {sum(values)} / {n} = {means[0]}."
    return draft_of(f"mean {sorted(values)}", context, question, means, steps=steps)


def _groups(rng: random.Random) -> Draft:
    full, left, needed = range(3)
    form = rng.randrange(3)
    size = rng.randint(6, 12)
    numbers = four_numbers(rng, 1, size - 1) if form == left else four_numbers(rng, 3, 14, (1, 1, 2))
    groups = {full: numbers[0], left: rng.randint(3, 10), needed: numbers[0] - 1}[form]
    rest = numbers[0] if form == left else rng.randint(1, size - 1)
    x = groups * size + rest
    scene, *questions = rng.choice(TABLES["boxes"].rows)
    steps = f"{groups} * {size} = {groups * size}. {x} - {groups * size} = {rest}, less than {size}."
    if form == needed:
        steps += f" One more for the rest: {groups} + 1 = {groups + 1}."
    context = scene.format(x=x, size=size, name=rng.choice(NAMES))
    return draft_of(f"groups {form} {x} {size}", context, questions[form], numbers, steps=steps)


def _best_price(rng: random.Random) -> Draft:
    prices = [10 * p for p in rng.sample(range(4, 25), 4)]
    counts = rng.sample(range(2, 11), 4)
    people, good = rng.sample(NAMES, 4), rng.choice(GOODS)
    offers = list(zip(people, counts, prices, strict=True))
    told = " ".join(f"{p} sells {counted(n, good)} for {dollars(n * price)}." for p, n, price in offers)
    cheapest = rng.random() < 0.5
    best = min(prices) if cheapest else max(prices)
    each = " ".join(f"{p}: {dollars(n * price)} / {n} = {dollars(price)}." for p, n, price in offers)
    steps = f"{each} The {'lowest' if cheapest else 'highest'} price is {dollars(best)}."
    question = f"Who asks the {'lowest' if cheapest else 'highest'} price for one {good}?"
    key = f"best_price {sorted(zip(counts, prices, strict=True))} {cheapest}"
    return draft_of(key, told, question, people, prices.index(best), steps)


def _rows_and_gone(rng: random.Random) -> Draft:
    numbers = four_numbers(rng, 12, 80, (1, 2, 10))
    a, b = rng.randint(3, 12), rng.randint(4, 25)
    if not max(numbers) + 4 <= a * b <= 150:
        return _rows_and_gone(rng)
    gone = a * b - numbers[0]
    scene, question = rng.choice(TABLES["rows"].rows)
    context = scene.format(a=a, b=b, c=gone, name=rng.choice(NAMES))
    steps = f"{a} * {b} = {a * b}. {a * b} - {gone} = {numbers[0]}."
    return draft_of(f"rows_and_gone {a} {b} {gone}", context, question, numbers, steps=steps)


FAMILIES: dict[Level, tuple[Family, ...]] = {
    "basic": families(_get, _lose, _count, _compare),
    "plain": (
        family("add", _reckon, "adding", SUMMANDS, "+"),
        family("subtract", _reckon, "subtracting", DIFFERENCES, "-"),
        *families(_multiply),
        family("count_on", _successor, "next"),
        family("one_more", _successor, "one more"),
    ),
    "standard": (
        *families(_count_kind, _count_repeats, _count_beyond, _list_total, _gains_and_losses),
        *families(_range_of_values, _compare_totals, _more_and_fewer, _ratio_scale, _part_of_total),
        *families(_change_money, _bill, _rate, _fraction, _mean, _groups, _best_price, _rows_and_gone),
    ),
}
