"""`abilityscope generate`: what the model writes after a prompt, intact and ablated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from core.masks.choices import Scope, Selection
from core.models.matrices import VARIANTS, Variant
from core.models.spec import one_of
from tui import output
from tui.bench_options import (
    ItemsForScoring,
    ScopeName,
    chosen_selection,
    open_runner,
    some_words,
)
from tui.k_options import AUTO, OneK, found_ks, start_k
from tui.options import Json, UsageError, WayOptions, checked_arguments, with_model_options
from tui.progress import shown_progress
from tui.safe_text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.analysis.diagnosis.failure_modes import Tag
    from core.experiment.specs import MaskSpec
    from core.inference.generation import Generated
    from core.runner.runner import Runner
    from core.runner.writing import Answer


@with_model_options
def generate(
    options: WayOptions,
    *,
    prompt: Annotated[str, typer.Argument(help="What the model goes on from.", metavar="PROMPT")],
    ability: Annotated[
        str | None, typer.Option(help="Ablate this ability. Default: the intact model.", metavar="NAME")
    ] = None,
    variants: Annotated[str, typer.Option(help="Of base, mlp, all.", metavar="V,W")] = "base,mlp,all",
    k: OneK = None,
    selection: Annotated[
        Selection | None,
        typer.Option(help="Which weights. Default: contrast for demo, else top.", show_default=False),
    ] = None,
    scope: ScopeName = "global",
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Of each answer.", metavar="N")] = 64,
    temperature: Annotated[float, typer.Option(min=0.0, help="0: the most likely token.", metavar="T")] = 0.0,
    n_items: ItemsForScoring = 1000,
    as_json: Json = False,
) -> None:
    """Write on from a prompt: the intact model, and the model without an ability."""
    with checked_arguments():
        masks = _masks(options, ability, variants, selection, scope, k)
    if not prompt.strip():
        raise UsageError("The prompt is empty: give the text that the model goes on from.")
    with shown_progress() as emit:
        runner = open_runner(options, emit, n_items=n_items, way=options.way)
        found_k = found_ks(runner, [mask for mask in masks if mask is not None]) if k == AUTO else ()
        ks = {one.variant: one.k for one in found_k}
        masks = [mask and replace(mask, k=ks.get(mask.variant, mask.k)) for mask in masks]
        text, answers = _answers(runner, prompt, masks, max_new_tokens, temperature, options.seed)
    base = next((answer.written for answer in answers if answer.mask_spec is None), None)
    tags = [_tags(runner, prompt, base, answer) for answer in answers]
    if as_json:
        from cache.keys import as_plain

        documents = [_document(*both) for both in zip(answers, tags, strict=True)]
        auto_k = [as_plain(one.figures()) for one in found_k]
        output.write_document({"prompt": text, "auto_k": auto_k, "answers": documents})
        return
    for answer, found in zip(answers, tags, strict=True):
        _show(answer, found, max_new_tokens)


def _show(answer: Answer, tags: Sequence[Tag], max_new_tokens: int) -> None:
    """Writes an answer, where it parts from the intact model's, and how it fails."""
    from core.analysis.diagnosis.failure_modes import WORDS

    mask_spec, written, compared = answer
    output.write(f"{'base' if mask_spec is None else mask_spec}\n  {shown(written.text) or '(nothing)'}\n")
    if written.finish == "length":
        output.write(f"  … stopped after {max_new_tokens} tokens\n")
    elif written.finish == "repeats":
        output.write("  … ended, because it only repeats itself\n")
    if compared is not None and compared.divergence is not None:
        output.write(f"  {shown(compared.divergence.sentence())}\n")
    for tag in tags:
        output.write(f"  {WORDS[tag.name]}: {shown(tag.evidence)}\n")


def _masks(
    options: WayOptions,
    ability: str | None,
    variants: str,
    selection: Selection | None,
    scope: Scope,
    k: str | None,
) -> list[MaskSpec | None]:
    """The mask of each variant; None for the intact model.

    Raises:
        ValueError: there is no such ability or variant, or k is out of range, or not looked for.
    """
    from core.abilities import find_ability
    from core.experiment.specs import MaskSpec

    named = [
        cast(Variant, one_of(word, VARIANTS, "variant"))
        for word in some_words(variants, "variant", "--variants")
    ]
    if ability is None:
        return [None]
    masks: list[MaskSpec | None] = []
    for variant in dict.fromkeys(named):
        chosen = chosen_selection(options, selection)
        share = start_k(options, k, variant, chosen)
        mask_spec = MaskSpec(find_ability(ability).id, variant, chosen, share, options.seed, scope)
        masks.append(None if variant == "base" else mask_spec)
    return masks


def _answers(
    runner: Runner,
    prompt: str,
    masks: Sequence[MaskSpec | None],
    max_new_tokens: int,
    temperature: float,
    seed: int,
) -> tuple[str, list[Answer]]:
    """The prompt as the model got it, and what each of the models wrote, in the order of the masks."""
    from core.runner.writing import Sampling, prompt_for, write_answers

    text, unknown = prompt_for(runner, prompt)
    if unknown:
        output.note(f"Words that {runner.spec.name} does not know: {', '.join(unknown)}")
    # The intact model first: what the others write is compared with it.
    ordered = sorted(masks, key=lambda mask: mask is not None)
    written = write_answers(runner, text, ordered, Sampling(max_new_tokens, temperature, seed))
    answers = {answer.mask_spec: answer for answer in written}
    return text, [answers[mask] for mask in masks]


def _tags(runner: Runner, prompt: str, base: Generated | None, answer: Answer) -> tuple[Tag, ...]:
    """How an ablated answer fails beside the intact model's; nothing where there is none to compare with."""
    from core.analysis.diagnosis.case import Asked, Written
    from core.analysis.diagnosis.diagnose import diagnose
    from core.benchmarks.answer_format import style_format

    if base is None or answer.compared is None:
        return ()
    logprobs = (answer.compared.base_logprobs, answer.compared.ablated_logprobs)
    written = [
        Written(one.text, one.finish, one.tokens, values)
        for one, values in zip((base, answer.written), logprobs, strict=True)
    ]
    reduction = style_format("cloze") if runner.spec.style == "cloze" else None
    return diagnose(Asked(prompt, reduction), *written)


def _document(answer: Answer, tags: Sequence[Tag]) -> dict[str, Any]:
    from cache.keys import as_plain

    mask_spec, written, compared = answer
    divergence = None if compared is None else compared.divergence
    return {
        "mask": None if mask_spec is None else as_plain(mask_spec),
        "text": written.text,
        "tokens": len(written.tokens),
        "finish": written.finish,
        "divergence": None
        if divergence is None
        else {**as_plain(divergence), "sentence": divergence.sentence()},
        "tags": [as_plain(tag) for tag in tags],
    }
