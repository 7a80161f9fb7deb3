"""`abilityscope generate`: continues a prompt with the intact and the ablated model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui import output
from tui.failure_words import TAG_WORDS, divergence_text
from tui.mask_options import (
    AUTO,
    AblatedAbility,
    ItemsForScoring,
    OneK,
    ScopeName,
    SelectionName,
    find_ks,
    named_mask,
    named_variants,
    open_runner,
)
from tui.names import FINISH_WORDS
from tui.option_groups import with_flags
from tui.options import Chat, Json, ModelFlags, RuleFlags, UsageError, checked_arguments
from tui.progress import shown_progress
from tui.safe_text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.analysis.diagnosis import Tag
    from core.inference.generation import Generated
    from core.run.runner import Runner
    from core.run.specs import MaskSpec
    from core.run.writing import Answer, Sampling

IN_TEMPLATE = "in the model's chat template"
PLAIN = "plain, as in benchmarks; --chat puts it into the model's chat template"
"""What stderr says about the prompt."""


@with_flags
def generate(
    model: ModelFlags,
    rule: RuleFlags,
    *,
    written: Annotated[str, typer.Argument(help="Text to continue.", metavar="PROMPT")],
    ability: AblatedAbility = None,
    variants: Annotated[str, typer.Option(help="Some of base, mlp, all.", metavar="V,W")] = "base,mlp,all",
    k: OneK = None,
    selection: SelectionName = None,
    scope: ScopeName = "global",
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Tokens per answer.", metavar="N")] = 64,
    chat: Chat = False,
    temperature: Annotated[
        float, typer.Option(min=0.0, help="Sampling temperature; 0: greedy.", metavar="T")
    ] = 0.0,
    n_items: ItemsForScoring = None,
    as_json: Json = False,
) -> None:
    """Continue a prompt, intact and ablated.

    With --ability, shows where the answers diverge and how the ablated ones fail.
    """
    from core.run.writing import Sampling

    with checked_arguments():
        masks = [
            named_mask(model, rule, ability, variant, selection, scope, k)
            for variant in named_variants(variants)
        ]
    if ability is None:
        masks = [None]
    if not written.strip():
        raise UsageError("The prompt is empty: give the text to continue.")
    sampling = Sampling(max_new_tokens, temperature, model.seed)
    with shown_progress() as emit:
        needs_items = any(mask is not None for mask in masks)
        runner = open_runner(model, rule.rule, emit, n_items=n_items, needs_items=needs_items)
        found_k = find_ks(runner, [mask for mask in masks if mask is not None]) if k == AUTO else ()
        ks = {one.variant: one.k for one in found_k}
        masks = [mask and replace(mask, k=ks.get(mask.variant, mask.k)) for mask in masks]
        text, answers = _answers(runner, written, masks, sampling, chat=chat)
    base = next((answer.written for answer in answers if answer.mask_spec is None), None)
    tags = [_tags(runner, written, base, answer) for answer in answers]
    if as_json:
        from cache.keys import as_plain

        documents = [_document(runner, *both) for both in zip(answers, tags, strict=True)]
        auto_k = [as_plain(one.figures()) for one in found_k]
        output.write_document({"prompt": text, "chat": chat, "auto_k": auto_k, "answers": documents})
        return
    for answer, found in zip(answers, tags, strict=True):
        _show(answer, found, max_new_tokens)


def _show(answer: Answer, tags: Sequence[Tag], max_new_tokens: int) -> None:
    """Prints an answer, its first difference from the intact model's, and its failures."""
    mask, written, compared = answer
    output.write(f"{'base' if mask is None else mask}\n  {shown(written.text) or '(nothing)'}\n")
    if written.finish == "length":
        output.write(f"  … stopped after {max_new_tokens} tokens\n")
    elif written.finish == "repeats":
        output.write(f"  … {FINISH_WORDS['repeats']}\n")
    if compared is not None and compared.divergence is not None:
        output.write(f"  {shown(divergence_text(compared.divergence))}\n")
    for tag in tags:
        output.write(f"  {TAG_WORDS[tag.name]}: {shown(tag.evidence)}\n")


def _answers(
    runner: Runner,
    prompt: str,
    masks: Sequence[MaskSpec | None],
    sampling: Sampling,
    *,
    chat: bool,
) -> tuple[str, list[Answer]]:
    """The prompt as the model gets it, and the answers in the order of the masks (None: the intact model)."""
    from core.run.writing import prompt_for, write_answers

    text, unknown = prompt_for(runner, prompt, chat=chat)
    if not runner.spec.is_embedded:
        output.note(f"Prompt: {IN_TEMPLATE if chat else PLAIN}.")
    if unknown:
        output.note(f"Words unknown to {runner.spec.name}: {', '.join(unknown)}")
    # The intact model first: the other answers are compared with its own.
    ordered = sorted(masks, key=lambda mask: mask is not None)
    answers = {one.mask_spec: one for one in write_answers(runner, text, ordered, sampling)}
    return text, [answers[mask] for mask in masks]


def _tags(runner: Runner, prompt: str, base: Generated | None, answer: Answer) -> tuple[Tag, ...]:
    """Failures of an ablated answer; none without an answer of the intact model to compare with."""
    from core.analysis.diagnosis import Asked, diagnose
    from core.analysis.text_checks import Written
    from core.benchmarks.scoring import style_format

    if base is None or answer.compared is None:
        return ()
    logprobs = (answer.compared.base_logprobs, answer.compared.ablated_logprobs)
    written = [
        Written(one.text, one.finish, one.tokens, values)
        for one, values in zip((base, answer.written), logprobs, strict=True)
    ]
    answer_format = style_format("cloze") if runner.spec.is_embedded else None
    return diagnose(Asked(prompt, answer_format), *written)


def _document(runner: Runner, answer: Answer, tags: Sequence[Tag]) -> dict[str, Any]:
    from cache.keys import as_plain

    mask, written, compared = answer
    divergence = None if compared is None else compared.divergence
    return {
        "mask": None if mask is None else as_plain(replace(mask, n_items=runner.n_items_of(mask))),
        "text": written.text,
        "tokens": len(written.tokens),
        "finish": written.finish,
        "divergence": None
        if divergence is None
        else {**as_plain(divergence), "sentence": divergence_text(divergence)},
        "tags": [as_plain(tag) for tag in tags],
    }
