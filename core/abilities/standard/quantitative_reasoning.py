"""Standard items of quantitative reasoning: counting, arithmetic in words, comparison, ratio, money and rate.

The four options are the golds of four contexts that differ in one number, or the four people who are
compared: neither size, rank nor frequency tells the gold. The steps of counting items count out, so that a
model that overcounts is seen to do so.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from core.abilities.item import Draft, Family
from core.abilities.standard import quantity_words as words
from core.abilities.standard.counting import count_beyond, count_kind, count_repeats
from core.abilities.standard.names import NAMES
from core.abilities.standard.numeric import (
    NUMBER_WORDS,
    capitalized,
    counted,
    dollars,
    draft_of,
    four_numbers,
    listed,
    strings,
    with_article,
)

COPRIME_PAIRS: tuple[tuple[int, int], ...] = tuple(
    (a, b) for a in range(2, 9) for b in range(2, 9) if math.gcd(a, b) == 1
)
"""Ratios in lowest terms."""


def _running_sum(numbers: Sequence[int]) -> str:
    """The additions, one after another: `3 + 4 = 7. 7 - 2 = 5.`."""
    total, lines = numbers[0], []
    for n in numbers[1:]:
        lines.append(f"{total} {'-' if n < 0 else '+'} {abs(n)} = {total + n}.")
        total += n
    return " ".join(lines)


def _list_total(rng: random.Random) -> Draft:
    """The sum of three to five numbers."""
    numbers = four_numbers(rng, 40, 140, (1, 2, 10))
    n = rng.randint(3, 5)
    cuts = sorted(rng.sample(range(2, numbers[0] - 1), n - 1))
    values = [b - a for a, b in zip([0, *cuts], [*cuts, numbers[0]], strict=True)]
    scene, question = rng.choice(words.TOTAL_SCENES)
    context = scene.format(
        count=NUMBER_WORDS[n], values=listed(strings(values)), name=(name := rng.choice(NAMES))
    )
    key = f"list_total {sorted(values)}"
    return draft_of(key, context, question.format(name=name), strings(numbers), _running_sum(values))


def _gains_and_losses(rng: random.Random) -> Draft:
    """A stock that grows and shrinks: what is left."""
    numbers = four_numbers(rng, 15, 90, (1, 2, 10))
    signs = rng.choice(((1, -1), (-1, 1), (1, -1, 1), (-1, 1, -1), (1, 1, -1), (-1, -1, 1)))
    changes = [sign * rng.randint(4, 29) for sign in signs]
    start = numbers[0] - sum(changes)
    if min(numbers) - sum(changes) + min(0, changes[0], sum(changes[:2])) < 5:
        return _gains_and_losses(rng)
    opening, gains, losses, question = rng.choice(words.CHANGE_SCENES)
    gain, loss = iter(rng.sample(gains, 2)), iter(rng.sample(losses, 2))
    told = [opening.format(n=start, name="{name}")]
    told += [next(gain if c > 0 else loss).format(n=abs(c), name="{name}") for c in changes]
    context = " ".join(told).format(name=(name := rng.choice(NAMES)))
    key = f"gains_and_losses {start} {changes}"
    return draft_of(
        key, context, question.format(name=name), strings(numbers), _running_sum([start, *changes])
    )


def _range_of_values(rng: random.Random) -> Draft:
    """The difference between the largest and the smallest of several numbers."""
    numbers = four_numbers(rng, 9, 60, (1, 2, 10))
    low = rng.randint(6, 35)
    between = rng.sample(range(low + 1, low + min(numbers)), rng.randint(2, 4))
    values = [low, low + numbers[0], *between]
    rng.shuffle(values)
    scene, question = rng.choice(words.RANGE_SCENES)
    context = scene.format(values=listed(strings(values)))
    high = max(values)
    steps = f"The largest is {high} and the smallest is {low}. {high} - {low} = {high - low}."
    return draft_of(f"range_of_values {sorted(values)}", context, question, strings(numbers), steps)


def _compare_totals(rng: random.Random) -> Draft:
    """Four people with two amounts each: whose sum is the largest or the smallest."""
    base = rng.randint(40, 90)
    totals = [base + extra for extra in rng.sample(range(16), 4)]
    firsts = [rng.randint(9, total - 9) for total in totals]
    people = rng.sample(NAMES, 4)
    scene, most, fewest = rng.choice(words.PAIR_SCENES)
    upward = rng.random() < 0.5
    pairs = [(a, total - a) for a, total in zip(firsts, totals, strict=True)]
    told = [scene.format(name=p, a=a, b=b) for p, (a, b) in zip(people, pairs, strict=True)]
    sums = " ".join(f"{p}: {a} + {b} = {a + b}." for p, (a, b) in zip(people, pairs, strict=True))
    best = max(totals) if upward else min(totals)
    steps = f"{sums} The {'largest' if upward else 'smallest'} sum is {best}."
    ranked = sorted(people, key=lambda p: totals[people.index(p)] != best)
    key = f"compare_totals {sorted(pairs)} {upward}"
    return draft_of(key, " ".join(told), most if upward else fewest, ranked, steps)


def _more_and_fewer(rng: random.Random) -> Draft:
    """A chain of `more than` and `fewer than` from a known amount to the one asked for."""
    numbers = four_numbers(rng, 12, 70, (1, 2, 10))
    changes = [rng.choice((-1, 1)) * rng.randint(3, 19) for _ in range(rng.randint(2, 3))]
    start = numbers[0] - sum(changes)
    if min(numbers) - sum(changes) + min(0, changes[0], sum(changes[:2])) < 4:
        return _more_and_fewer(rng)
    people = rng.sample(NAMES, len(changes) + 1)
    noun = rng.choice(words.CHAIN_NOUNS)
    told = [f"{people[0]} has {start} {noun}."]
    for change, known, other in zip(changes, people, people[1:], strict=False):
        than = "more" if change > 0 else "fewer"
        told.append(f"{other} has {abs(change)} {than} {noun} than {known}.")
    rng.shuffle(told)
    question = f"How many {noun} does {people[-1]} have?"
    key = f"more_and_fewer {start} {changes}"
    return draft_of(key, " ".join(told), question, strings(numbers), _running_sum([start, *changes]))


def _ratio_scale(rng: random.Random) -> Draft:
    """A ratio and one amount: the other amount."""
    times = four_numbers(rng, 3, 15, (1, 1, 2))
    a, b = rng.sample(range(2, 10), 2)
    x = a * times[0]
    scene, question = rng.choice(words.RATIO_SCENES)
    context = scene.format(a=a, b=b, x=x, name=rng.choice(NAMES))
    steps = f"{x} / {a} = {times[0]}. {times[0]} * {b} = {times[0] * b}."
    return draft_of(f"ratio_scale {a} {b} {x}", context, question, strings([b * t for t in times]), steps)


def _part_of_total(rng: random.Random) -> Draft:
    """A ratio and the total: the first part."""
    times = four_numbers(rng, 3, 15, (1, 1, 2))
    a, b = rng.choice(COPRIME_PAIRS)
    x = (a + b) * times[0]
    scene, question = rng.choice(words.PART_SCENES)
    name = rng.choice(NAMES)
    context = scene.format(a=a, b=b, whole=a + b, x=x, name=name)
    steps = f"{a} + {b} = {a + b}. {x} / {a + b} = {times[0]}. {times[0]} * {a} = {times[0] * a}."
    options = strings([a * t for t in times])
    return draft_of(f"part_of_total {a} {b} {x}", context, question.format(name=name), options, steps)


def _change_money(rng: random.Random) -> Draft:
    """Several pieces at one price, paid with a note: the change."""
    prices = [5 * p for p in four_numbers(rng, 10, 70, (1, 2, 4))]
    n = rng.randint(2, 6)
    note = next(note for note in (500, 1000, 2000, 5000) if note > n * max(prices))
    name, cost = rng.choice(NAMES), n * prices[0]
    context = (
        f"{name} buys {counted(n, rng.choice(words.GOODS))} at {dollars(prices[0])} each and pays with a "
        f"{note // 100}-dollar note."
    )
    steps = (
        f"{n} * {dollars(prices[0])} = {dollars(cost)}. "
        f"{dollars(note)} - {dollars(cost)} = {dollars(note - cost)}."
    )
    options = [dollars(note - n * price) for price in prices]
    return draft_of(
        f"change_money {n} {prices[0]}", context, f"How much change does {name} get?", options, steps
    )


def _bill(rng: random.Random) -> Draft:
    """Two kinds of goods: what they cost together."""
    totals = four_numbers(rng, 30, 110, (1, 2, 5))
    n, m = rng.sample(range(2, 7), 2)
    price = rng.randint(2, 15)
    other, rest = divmod(totals[0] - n * price, m)
    if rest or not 2 <= other <= 15:
        return _bill(rng)
    one, two = rng.sample(words.GOODS, 2)
    name = rng.choice(NAMES)
    context = (
        f"In a shop {with_article(one)} costs {price} dollars and {with_article(two)} costs {other} dollars. "
        f"{name} buys {counted(n, one)} and {counted(m, two)}."
    )
    question = f"How many dollars does {name} pay in all?"
    steps = f"{n} * {price} = {n * price}. {m} * {other} = {m * other}. "
    steps += _running_sum([n * price, m * other])
    key = f"bill {sorted(((n, price), (m, other)))}"
    return draft_of(key, context, question, strings(totals), steps)


def _rate(rng: random.Random) -> Draft:
    """A steady pace: the amount in another time, or the time for another amount."""
    scene, for_time, for_amount, ask_amount, ask_time = rng.choice(words.RATE_SCENES)
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
    return draft_of(f"rate {form} {pace} {t} {times[0]}", context, question, strings(options), steps)


def _fraction(rng: random.Random) -> Draft:
    """A fraction or percentage of a whole, or what remains."""
    times = four_numbers(rng, 3, 24, (1, 2, 3))
    numerator, denominator, part = rng.choice(words.FRACTIONS)
    scene, of_part, of_rest = rng.choice(words.FRACTION_SCENES)
    x, share, name = denominator * times[0], numerator * times[0], rng.choice(NAMES)
    is_part = rng.random() < 0.5
    kept = numerator if is_part else denominator - numerator
    steps = f"{capitalized(part)} of {x} is {share}." + ("" if is_part else f" {x} - {share} = {x - share}.")
    question = (of_part if is_part else of_rest).format(name=name)
    context = scene.format(x=x, part=part, name=name)
    key = f"fraction {numerator}/{denominator} {x} {is_part}"
    return draft_of(key, context, question, strings([kept * t for t in times]), steps)


def _mean(rng: random.Random) -> Draft:
    """The mean of three or four numbers."""
    means = four_numbers(rng, 12, 60, (1, 2, 3))
    n = rng.randint(3, 4)
    offsets = [rng.randint(-8, 8) for _ in range(n - 1)]
    offsets.append(-sum(offsets))
    if len(set(offsets)) < n or abs(offsets[-1]) > 10:
        return _mean(rng)
    values = [means[0] + offset for offset in offsets]
    scene, question = rng.choice(words.MEAN_SCENES)
    context = scene.format(count=NUMBER_WORDS[n], values=listed(strings(values)), name=rng.choice(NAMES))
    steps = f"{_running_sum(values)} {sum(values)} / {n} = {means[0]}."
    return draft_of(f"mean {sorted(values)}", context, question, strings(means), steps)


def _groups(rng: random.Random) -> Draft:
    """Things in groups of one size: full groups, what is left over, groups needed."""
    full, left, needed = range(3)
    form = rng.randrange(3)
    size = rng.randint(6, 12)
    numbers = four_numbers(rng, 1, size - 1) if form == left else four_numbers(rng, 3, 14, (1, 1, 2))
    groups = {full: numbers[0], left: rng.randint(3, 10), needed: numbers[0] - 1}[form]
    rest = numbers[0] if form == left else rng.randint(1, size - 1)
    x = groups * size + rest
    scene, *questions = rng.choice(words.BOX_SCENES)
    steps = f"{groups} * {size} = {groups * size}. {x} - {groups * size} = {rest}, less than {size}."
    if form == needed:
        steps += f" One more for the rest: {groups} + 1 = {groups + 1}."
    context = scene.format(x=x, size=size, name=rng.choice(NAMES))
    return draft_of(f"groups {form} {x} {size}", context, questions[form], strings(numbers), steps)


def _best_price(rng: random.Random) -> Draft:
    """Four offers of different size: which is the cheapest or the dearest apiece."""
    prices = [10 * p for p in rng.sample(range(4, 25), 4)]
    counts = rng.sample(range(2, 11), 4)
    people, good = rng.sample(NAMES, 4), rng.choice(words.GOODS)
    offers = list(zip(people, counts, prices, strict=True))
    told = " ".join(f"{p} sells {counted(n, good)} for {dollars(n * price)}." for p, n, price in offers)
    cheapest = rng.random() < 0.5
    best = min(prices) if cheapest else max(prices)
    each = " ".join(f"{p}: {dollars(n * price)} / {n} = {dollars(price)}." for p, n, price in offers)
    steps = f"{each} The {'lowest' if cheapest else 'highest'} price is {dollars(best)}."
    question = f"Who asks the {'lowest' if cheapest else 'highest'} price for one {good}?"
    ranked = sorted(people, key=lambda p: prices[people.index(p)] != best)
    key = f"best_price {sorted(zip(counts, prices, strict=True))} {cheapest}"
    return draft_of(key, told, question, ranked, steps)


def _rows_and_gone(rng: random.Random) -> Draft:
    """A product less a number."""
    numbers = four_numbers(rng, 12, 80, (1, 2, 10))
    a, b = rng.randint(3, 12), rng.randint(4, 25)
    if not max(numbers) + 4 <= a * b <= 150:
        return _rows_and_gone(rng)
    gone = a * b - numbers[0]
    scene, question = rng.choice(words.ROW_SCENES)
    context = scene.format(a=a, b=b, c=gone, name=rng.choice(NAMES))
    steps = f"{a} * {b} = {a * b}. {a * b} - {gone} = {numbers[0]}."
    return draft_of(f"rows_and_gone {a} {b} {gone}", context, question, strings(numbers), steps)


FAMILIES: tuple[Family, ...] = (
    Family("count_kind", count_kind),
    Family("count_repeats", count_repeats),
    Family("count_beyond", count_beyond),
    Family("list_total", _list_total),
    Family("gains_and_losses", _gains_and_losses),
    Family("range_of_values", _range_of_values),
    Family("compare_totals", _compare_totals),
    Family("more_and_fewer", _more_and_fewer),
    Family("ratio_scale", _ratio_scale),
    Family("part_of_total", _part_of_total),
    Family("change_money", _change_money),
    Family("bill", _bill),
    Family("rate", _rate),
    Family("fraction", _fraction),
    Family("mean", _mean),
    Family("groups", _groups),
    Family("best_price", _best_price),
    Family("rows_and_gone", _rows_and_gone),
)
"""All families, each a way of thinking about quantity."""
