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
        text = _as_prompt(bench, prompt)
        selected = [(mask, None if mask is None else bench.mask(mask)) for mask in masks]
        answers = []
        for recipe, mask in selected:
            with bench.ablated(mask):
                answers.append((recipe, _write_on(bench, text, max_new_tokens, temperature, options.seed)))
    if as_json:
        documents = [_document(recipe, answer) for recipe, answer in answers]
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


def _as_prompt(bench: Workbench, prompt: str) -> str:
    """The prompt as the model is used to it: in its chat template if it has one."""
    from core.inference.encoding import unknown_words

    tokenizer = bench.loaded.tokenizer
    if tokenizer.chat_template:
        messages = [{"role": "user", "content": prompt}]
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
    if unknown := unknown_words(tokenizer, prompt):
        output.note(f"Words that {bench.spec.name} does not know: {', '.join(unknown)}")
    return prompt


def _write_on(bench: Workbench, prompt: str, max_new_tokens: int, temperature: float, seed: int) -> Any:
    from core.inference.generation import generate as generate_text

    loaded = bench.loaded
    return generate_text(
        loaded.model,
        loaded.tokenizer,
        [prompt],
        max_new_tokens=max_new_tokens,
        temperature=temperature,
        seed=seed,
    )[0]


def _document(recipe: MaskRecipe | None, answer: Any) -> dict[str, Any]:
    from cache.keys import as_plain

    return {
        "mask": None if recipe is None else as_plain(recipe),
        "text": answer.text,
        "tokens": len(answer.tokens),
        "finish": answer.finish,
    }
