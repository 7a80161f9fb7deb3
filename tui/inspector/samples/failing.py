"""How the answer to one item fails, in sentences. Pure: no widget, called in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.failure_words import TAG_WORDS, choice_text, divergence_text
from tui.names import FINISH_WORDS
from tui.numbers import share
from tui.safe_text import safe_line, safe_place

if TYPE_CHECKING:
    from core.analysis.samples.failures import ItemFailure
    from core.analysis.samples.records import Answer, Sample

PROGRAM_METRIC = "pass@1"
"""The metric of benchmarks whose answers are programs: right is what passes the tests."""

QUOTED_OPTION = 80
"""Characters of an option that a sentence quotes at most."""


def fails(failure: ItemFailure) -> bool:
    """Whether anything is worse than base; answers can differ without that."""
    from core.analysis.diagnosis.failure_modes import FAILURES

    is_distracted = failure.choice is not None and failure.choice.winner is not None
    return is_distracted or any(tag.name in FAILURES for tag in failure.tags)


def failure_sentences(failure: ItemFailure, sample: Sample) -> list[str]:
    """What is said of the ablated answer beside the base answer, on one harmless line each.

    Of a written answer each tag with its evidence, the one that counts first, and the token where the two
    part; of multiple choice the margins and what is preferred, nothing where several options are right.
    """
    if failure.choice is not None:
        options = [option[:QUOTED_OPTION] for option in sample.options]
        return [safe_line(choice_text(failure.choice, options))]
    if sample.options:
        return []
    said = [f"{TAG_WORDS[tag.name]}: {safe_line(tag.evidence)}" for tag in failure.tags]
    if not said:
        said = ["The texts differ in no way that has a name."]
    if failure.divergence is not None:
        said.append(safe_line(divergence_text(failure.divergence)))
    return said


def evidence_place(failure: ItemFailure | None, text: str) -> tuple[int, int] | None:
    """Where the tag that counts shows in the ablated text as it is shown, in characters; None if nowhere.

    Args:
        failure: of the item.
        text: what the ablated model wrote, as it is stored.
    """
    from core.analysis.diagnosis.failure_modes import main_tag

    tag = None if failure is None else main_tag(failure.tags)
    if tag is None or tag.start is None or tag.end is None or tag.end <= tag.start:
        return None
    return safe_place(text, tag.start), safe_place(text, tag.end)


def answer_notes(answer: Answer, metric: str) -> str:
    """Why an answer ended, what of it was judged, and its score if it is right in part; may be empty.

    Args:
        answer: of one model.
        metric: the benchmark's first one.
    """
    parts = []
    if answer.finish is not None:
        parts.append(FINISH_WORDS.get(answer.finish) or safe_line(answer.finish))
    if answer.judged is not None and answer.judged.strip() != (answer.text or "").strip():
        judged = safe_line(answer.judged.strip())
        parts.append(judged if metric == PROGRAM_METRIC else f"judged “{judged}”")
    if answer.score is not None and answer.score not in (0.0, 1.0):
        name = metric.partition(",")[0]  # lm-evaluation-harness puts the filter behind it
        parts.append(f"{safe_line(name)} {share(answer.score)}")
    return " · ".join(parts)
