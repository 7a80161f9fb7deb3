"""`abilityscope generate`: what the model writes after a prompt, intact and ablated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from core.choices import VARIANTS, Selection, Variant, one_of, weights_of
from tui import output
from tui.bench_options import (
    FormName,
    ItemsForScoring,
    LossName,
    default_k,
    default_selection,
    open_workbench,
    words,
)
from tui.options import Json, ModelOptions, UsageError, checked_arguments, with_model_options
from tui.progress import shown_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.diagnosis import Tag
    from core.inference.generation import Generated
    from core.workbench import MaskRecipe, Workbench


@with_model_options
def generate(
    options: ModelOptions,
    *,
    prompt: Annotated[str, typer.Argument(help="What the model goes on from.", metavar="PROMPT")],
    ability: Annotated[
        str | None, typer.Option(help="Ablate this ability. Default: the intact model.", metavar="NAME")
    ] = None,
    variants: Annotated[str, typer.Option(help="Of base, mlp, all.", metavar="V,W")] = "base,mlp,all",
    k: Annotated[
        float | None, typer.Option(help="Fraction of all parameters.", metavar="K", show_default=False)
    ] = None,
    selection: Annotated[
        Selection | None,
        typer.Option(help="Which weights. Default: contrast for demo, else top.", show_default=False),
    ] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Of each answer.", metavar="N")] = 64,
    temperature: Annotated[float, typer.Option(min=0.0, help="0: the most likely token.", metavar="T")] = 0.0,
    n_items: ItemsForScoring = 1000,
    loss: LossName = "margin",
    form: FormName = "sum",
    as_json: Json = False,
) -> None:
    """Write on from a prompt: the intact model, and the model without an ability."""
    with checked_arguments():
        masks = _masks(options, ability, variants, selection, k)
    if not prompt.strip():
        raise UsageError("The prompt is empty: give the text that the model goes on from.")
    with shown_progress() as tell:
        bench = open_workbench(options, tell, n_items=n_items, loss=loss, form=form)
        text, answers = _written(bench, prompt, masks, max_new_tokens, temperature, options.seed)
    base = next((answer for recipe, answer in answers if recipe is None), None)
    if as_json:
        documents = [
            _document(recipe, answer, _tags(bench, prompt, base, answer)) for recipe, answer in answers
        ]
        output.write_document({"prompt": text, "answers": documents})
        return
    for recipe, answer in answers:
        output.write(
            f"{'base' if recipe is None else recipe}\n  {output.shown(answer.text) or '(nothing)'}\n"
        )
        if answer.finish == "length":
            output.write(f"  … stopped after {max_new_tokens} tokens\n")
        elif answer.finish == "repeats":
            output.write("  … ended, because it only repeats itself\n")
        for tag in _tags(bench, prompt, base, answer):
            from core.diagnosis import WORDS

            output.write(f"  {WORDS[tag.name]}: {output.shown(tag.evidence)}\n")


def _masks(
    options: ModelOptions, ability: str | None, variants: str, selection: Selection | None, k: float | None
) -> list[MaskRecipe | None]:
    """The mask of each variant; None for the intact model.

    Raises:
        ValueError: there is no such ability or variant, or k is out of range.
    """
    from core.abilities import find_ability
    from core.workbench import MaskRecipe

    named = [cast(Variant, one_of(word, VARIANTS, "variant")) for word in words(variants)]
    if ability is None:
        return [None]
    masks: list[MaskRecipe | None] = []
    for variant in dict.fromkeys(named):
        share = default_k(options, variant) if k is None else k
        weights_of(share, 1)
        chosen = selection or default_selection(options)
        recipe = MaskRecipe(find_ability(ability).id, variant, chosen, share, options.seed)
        masks.append(None if variant == "base" else recipe)
    return masks


def _written(
    bench: Workbench,
    prompt: str,
    masks: Sequence[MaskRecipe | None],
    max_new_tokens: int,
    temperature: float,
    seed: int,
) -> tuple[str, list[tuple[MaskRecipe | None, Generated]]]:
    """The prompt as the model got it, and what each of the models wrote."""
    from core.workbench.writing import prompt_for, write_on

    text, unknown = prompt_for(bench, prompt)
    if unknown:
        output.note(f"Words that {bench.spec.name} does not know: {', '.join(unknown)}")
    answers: list[tuple[MaskRecipe | None, Generated]] = []
    for recipe, mask in [(mask, None if mask is None else bench.mask(mask)) for mask in masks]:
        with bench.ablated(mask):
            answer = write_on(
                bench,
                text,
                max_new_tokens=max_new_tokens,
                temperature=temperature,
                seed=seed,
                on_text=lambda piece: None,
            )
        answers.append((recipe, answer))
    return text, answers


def _tags(bench: Workbench, prompt: str, base: Generated | None, answer: Generated) -> tuple[Tag, ...]:
    """How an ablated answer fails beside the intact model's; nothing where there is none to compare with."""
    from core.diagnosis import Asked, Written, diagnose, style_format

    if base is None or answer is base:
        return ()
    written = [Written(one.text, one.finish, one.tokens) for one in (base, answer)]
    form = style_format("cloze") if bench.spec.style == "cloze" else None
    return diagnose(Asked(prompt, form), *written)


def _document(recipe: MaskRecipe | None, answer: Generated, tags: Sequence[Tag]) -> dict[str, Any]:
    from cache.keys import as_plain

    return {
        "mask": None if recipe is None else as_plain(recipe),
        "text": answer.text,
        "tokens": len(answer.tokens),
        "finish": answer.finish,
        "tags": [as_plain(tag) for tag in tags],
    }
