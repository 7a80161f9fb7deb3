"""Compares an ablated answer with the base answer: how does it differ?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from core.abilities.prompts import is_quasi_exact
from core.analysis.diagnosis.arithmetic import first_wrong, number_value, shown_number
from core.analysis.diagnosis.case import Asked, Case, Written, first_number, quoted, span_of
from core.analysis.diagnosis.coherence import coherence, find_loop
from core.analysis.diagnosis.failure_modes import PRIORITY, Tag

SHORT_SHARE = 0.5
"""An answer shorter than this share of the base answer stops early or skips the steps."""

STEP_WORDS = 3
"""Words beside its answer from which the base answer has steps that can be skipped."""

TRUE_WORDS = 1
"""After so many true words, any other word than the next true one is a wrong step."""

SENTENCE_ENDS = (".", "!", "?", ":", ")", '"', "”", "»", "。", "！", "？")
"""Endings of a whole text, where no particular answer is asked for."""


def diagnose(asked: Asked, base: Written, ablated: Written, *, base_name: str = "base") -> tuple[Tag, ...]:
    """How the ablated answer differs from the base answer, the main tag first; `base_name` is for sentences.

    What the base answer does too (repeat itself, refuse, state no answer …) is no tag. The rules:

    - `same`: the texts are identical; then there is no other tag.
    - `repeats_itself`: see `find_loop`, more often than the base answer; or it was ended for that.
    - `incoherent`: see `coherence`, where log-probabilities are given; or the answer is none of the options,
      no number where one is asked for, and has no word of the question.
    - `changes_language`: see `find_change`.
    - `refusal`: see `find_refusal`; only where no answer is stated.
    - `no_answer`: a format is asked for, and no answer is found in it or in any other way (`loose_answer`).
    - `wrong_format`: an answer is found, but not in the format that is asked for.
    - `stops_early`: the model ended before `SHORT_SHARE` of the base answer's length, without an answer or,
      where no format is asked for, within a sentence; and neither refuses nor changes language.
    - `runs_on`: the token limit was reached, where the base answer ended by itself.
    - `miscounts`: the answer is a number other than the right one; or a number of the steps is wrong: against
      the true steps where the base model writes them word for word, else against arithmetic (`first_wrong`).
      `excess` is the answer's where the answer is wrong, else the first wrong number's.
    - `wrong_step`: the base model writes the true steps word for word, and the first word that departs from
      them is no number (`first_wrong_step`).
    - `skips_steps`: an answer is stated after less than `SHORT_SHARE` of the base answer's other words, which
      are `STEP_WORDS` or more.
    - `same_answer_other_way`: both state the same answer (quasi-exact match, or equal numbers unless the
      right answer is known to be no number), in other words or after other steps.
    - `other_answer`: they state different ones.

    In an answer that was cancelled, only what is there is judged, not what is missing.
    """
    if base.text == ablated.text:
        return (Tag("same", "The texts are the same."),)
    case = Case(asked, base, ablated, base_name)
    rules: list[Callable[[Case], Iterator[Tag]]] = [_loops, _incoherence, _words, _numbers_and_steps]
    if "cancelled" not in (base.finish, ablated.finish):
        rules += [_missing, _lengths]
    if case.answer is not None and case.base_answer is not None:
        rules.append(_answers)
    tags = [tag for rule in rules for tag in rule(case)]
    return tuple(sorted(tags, key=lambda tag: PRIORITY.index(tag.name)))


def _loops(case: Case) -> Iterator[Tag]:
    """`repeats_itself`."""
    text = case.ablated.text
    loop = find_loop(text)
    base = find_loop(case.base.text) if loop else None
    if loop and loop.repetitions > (base.repetitions if base else 0):
        begins = "from its beginning" if loop.start == 0 else f"from character {loop.start + 1}"
        evidence = f"Repeats “{quoted(loop.unit)}” {loop.repetitions} times {begins}."
        yield Tag("repeats_itself", evidence, loop.start, loop.end)
    elif case.ablated.finish == "repeats" and case.base.finish != "repeats":
        yield Tag("repeats_itself", "Was ended because it only repeated itself.")


def _incoherence(case: Case) -> Iterator[Tag]:
    """`incoherent`."""
    judged = coherence(case.base, case.ablated)
    if judged and judged.is_incoherent:
        evidence = (
            f"Its perplexity under the base model is {judged.ablated:,.0f}; "
            f"the base answer's is {judged.base:,.1f}."
        )
        yield Tag("incoherent", evidence)
    elif case.answer is not None and _is_foreign(case.asked, case.answer):
        evidence = f"Answers “{quoted(case.answer)}”, which is neither an option nor in the question."
        yield Tag("incoherent", evidence, *span_of(case.ablated.text, case.answer))


def _is_foreign(asked: Asked, answer: str) -> bool:
    """Whether an answer is no option, no number if one is asked for, and shares no word with the question."""
    if not asked.options or (number_value(asked.gold or "") is not None and first_number(answer) is not None):
        return False
    said = {word.strip(".,;:!?").lower() for word in answer.split()}
    known = {word.strip(".,;:!?").lower() for text in (asked.prompt, *asked.options) for word in text.split()}
    return not said & known


def _words(case: Case) -> Iterator[Tag]:
    """`changes_language` and `refusal`."""
    text = case.ablated.text
    if change := case.change:
        evidence = f"Goes over to {change.to} at “{quoted(text[change.start :])}”."
        yield Tag("changes_language", evidence, change.start, change.end)
    if refusal := case.refusal:
        yield Tag("refusal", f"Says “{quoted(text[refusal[0] :])}”.", *refusal)


def _missing(case: Case) -> Iterator[Tag]:
    """`no_answer`, `wrong_format` and `stops_early`."""
    text = case.ablated.text
    has_reason = case.change is not None or case.refusal is not None
    is_short = not has_reason and len(text.strip()) < SHORT_SHARE * len(case.base.text.strip())
    lacks = case.answer is None and case.base_answer is not None
    is_broken_off = lacks if case.asked.format else not text.rstrip().endswith(SENTENCE_ENDS)
    if is_broken_off and is_short and not case.ablated.was_cut:
        evidence = (
            f"Ends after {len(text.strip())} characters; {case.base_words} has {len(case.base.text.strip())}."
        )
        yield Tag("stops_early", evidence)
    if case.asked.format is None or case.base_stated is None:
        return
    if lacks:
        aside = " before it is cut" if case.ablated.was_cut else ""
        yield Tag("no_answer", f"States no answer{aside}.")
    elif case.stated is None:
        evidence = f"Answers “{quoted(case.answer or '')}”, but not as {case.asked.format.asked}."
        yield Tag("wrong_format", evidence, *span_of(text, case.answer))


def _lengths(case: Case) -> Iterator[Tag]:
    """`runs_on` and `skips_steps`."""
    text = case.ablated.text
    if case.ablated.finish == "length" and case.base.finish in ("eos", "stop"):
        aside = f"{case.base_words} ends by itself"
        yield Tag("runs_on", f"Does not end where there is room for no more; {aside}.")
    if case.answer is None or case.base_answer is None or case.ablated.was_cut:
        return
    said, steps = _beside(text, case.answer), _beside(case.base.text, case.base_answer)
    if steps >= STEP_WORDS and said < SHORT_SHARE * steps:
        yield Tag("skips_steps", f"Words beside the answer: {said}; {case.base_words} has {steps}.")


def _numbers_and_steps(case: Case) -> Iterator[Tag]:
    """`miscounts` and `wrong_step`."""
    found = [tag for tag in (_wrong_inside(case), _wrong_answer(case)) if tag]
    yield from (tag for tag in found if tag.name == "wrong_step")
    numbers = [tag for tag in found if tag.name == "miscounts"]
    if numbers:
        first, last = numbers[0], numbers[-1]
        evidence = " ".join(tag.evidence for tag in numbers)
        yield Tag("miscounts", evidence, first.start, first.end, last.excess)


def _wrong_inside(case: Case) -> Tag | None:
    """The first wrong number or step."""
    text = case.ablated.text
    if case.closing is not None:
        return first_wrong_step(text, case.asked.steps, case.asked.prompt, case.closing)
    wrong = first_wrong(text)
    base = first_wrong(case.base.text) if wrong else None
    if wrong is None or (base is not None and base.evidence == wrong.evidence):
        return None
    return Tag("miscounts", wrong.evidence, wrong.start, wrong.end, wrong.excess)


def _wrong_answer(case: Case) -> Tag | None:
    """`miscounts`: the answer and the right answer are different numbers."""
    gold = number_value(case.asked.gold or "")
    said = first_number(case.answer)
    if gold is None or said is None or said == gold:
        return None
    excess = said - gold
    way = f"{shown_number(abs(excess))} {'over' if excess > 0 else 'under'} {shown_number(gold)}"
    evidence = f"Answers {shown_number(said)}, {way}."
    return Tag("miscounts", evidence, *span_of(case.ablated.text, case.answer), float(excess))


def _answers(case: Case) -> Iterator[Tag]:
    """`same_answer_other_way` and `other_answer`."""
    answer, base = case.answer or "", case.base_answer or ""
    index = span_of(case.ablated.text, answer)
    asks_number = case.asked.gold is None or number_value(case.asked.gold) is not None
    numbers = (first_number(answer), first_number(base)) if asks_number else (None, None)
    if is_quasi_exact(answer, base) or (None not in numbers and numbers[0] == numbers[1]):
        yield Tag("same_answer_other_way", f"Answers “{quoted(answer)}” too, in another text.", *index)
        return
    is_option = not case.asked.options or any(is_quasi_exact(answer, option) for option in case.asked.options)
    aside = "" if is_option else ", which is none of the options"
    beside = f"{case.base_name} answers “{quoted(base)}”"
    yield Tag("other_answer", f"Answers “{quoted(answer)}”{aside}; {beside}.", *index)


def _beside(text: str, answer: str) -> int:
    """The number of words beside the answer."""
    return len(text.split()) - len(answer.split())


def first_wrong_step(text: str, steps: str, prompt: str, closing: str) -> Tag | None:
    """The first word of an answer that differs from the true steps: `miscounts` or `wrong_step`.

    None if the answer follows them.

    A wrong number is a number where the steps have another one. Any other word is a wrong step if it comes
    after `TRUE_WORDS` true words, or occurs in the prompt or the steps and is of the same kind (number or
    word). Otherwise the answer does not follow these steps at all. Steps missing at the end are not wrong.

    Args:
        text: the whole answer.
        steps: the true steps, in the words that the model was taught.
        prompt: the question.
        closing: the word after the steps that introduces the answer; the comparison ends there.
    """
    true = steps.split()
    for index, (said, expected) in enumerate(zip(re.finditer(r"\S+", text), true, strict=False)):
        if said[0] == expected:
            continue
        if said[0] == closing:
            return None
        right, wrong = number_value(expected), number_value(said[0])
        if right is not None and wrong is not None:
            evidence = f"The steps have {said[0]} where {shown_number(right)} is right."
            return Tag("miscounts", evidence, *said.span(), float(wrong - right))
        is_known = (right is None) == (wrong is None) and said[0] in {*prompt.split(), *true}
        if index >= TRUE_WORDS or is_known:
            evidence = f"The steps have “{said[0]}” where “{expected}” is right."
            return Tag("wrong_step", evidence, *said.span())
        return None
    return None
