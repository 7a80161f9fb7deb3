"""The command line that repeats what one sees."""

from __future__ import annotations

import shlex
from dataclasses import fields
from typing import TYPE_CHECKING

from core.models.spec import ModelSpec
from core.recipes import ImportanceRecipe

if TYPE_CHECKING:
    from core.engine.spec import EngineSpec
    from tui.inspector.desk import Desk
    from tui.inspector.lens import Lens

MODEL_OPTIONS = {"name": "--model"}
"""Options that are not called as their field of `ModelSpec` is."""


def command_line(desk: Desk, lens: Lens) -> str:
    """The `abilityscope bench` that runs what the lens looks at, quoted for a shell."""
    words = ["abilityscope", "bench", "--benchmark", lens.benchmark]
    if lens.mask is not None:
        words += ["--ability", lens.ability, "--variant", lens.variant]
        words += ["--selection", lens.selection, "--k", repr(lens.k)]
    if lens.limit is not None:
        words += ["--limit", str(lens.limit)]
    return shlex.join([*words, *_recipe_words(desk.spec.recipe, lens), *model_words(desk.spec)])


def profile_line(desk: Desk, lens: Lens) -> str:
    """The `abilityscope profile` that fills the lens's matrix and its random controls, quoted for a shell."""
    selections = ",".join(dict.fromkeys([lens.selection, "random"]))
    words = ["abilityscope", "profile", "--variants", lens.variant, "--selections", selections]
    words += ["--k", repr(lens.k), "--benchmarks", ",".join(benchmark.id for benchmark in desk.benchmarks)]
    if lens.limit is not None:
        words += ["--limit", str(lens.limit)]
    return shlex.join([*words, *_recipe_words(desk.spec.recipe, lens), *model_words(desk.spec)])


def overlap_line(desk: Desk, lens: Lens) -> str:
    """The `abilityscope overlap` that compares the lens's masks of all abilities, quoted for a shell."""
    words = ["abilityscope", "overlap", "--variant", lens.variant]
    words += ["--selection", lens.selection, "--k", repr(lens.k)]
    return shlex.join([*words, *_recipe_words(desk.spec.recipe, lens), *model_words(desk.spec)])


def model_words(spec: EngineSpec) -> list[str]:
    """The options that name model, batch size and cache, as far as they are not the usual ones."""
    from cache.folder import cache_root

    usual = ModelSpec()
    words = []
    for field in fields(ModelSpec):
        value = getattr(spec.model, field.name)
        if value != getattr(usual, field.name):
            words += [MODEL_OPTIONS.get(field.name, f"--{field.name}"), str(value)]
    if spec.batch_size != "auto":
        words += ["--batch-size", str(spec.batch_size)]
    if spec.cache != str(cache_root()):
        words += ["--cache-dir", spec.cache]
    return words


def _recipe_words(recipe: ImportanceRecipe, lens: Lens) -> list[str]:
    """The options of scoring that are not the usual ones; one seed serves items and random controls."""
    usual = ImportanceRecipe()
    words = []
    if lens.seed:
        words += ["--seed", str(lens.seed)]
    if lens.mask is None:
        return words
    if recipe.n_items != usual.n_items:
        words += ["--n-items", str(recipe.n_items)]
    if recipe.loss != usual.loss:
        words += ["--loss", recipe.loss]
    if recipe.form != usual.form:
        words += ["--form", recipe.form]
    return words
