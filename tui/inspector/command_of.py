"""The command line that repeats what one sees."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from core.benchmarks.registry import reads_rows
from core.models.spec import ModelSpec
from core.recipes import ImportanceRecipe

if TYPE_CHECKING:
    from core.engine.spec import EngineSpec
    from core.importance.plan import Wishes
    from tui.inspector.desk import Desk
    from tui.inspector.lens import Lens

MODEL_OPTIONS = {"name": "--model"}
"""Options that are not called as their field of `ModelSpec` is."""


def command_line(desk: Desk, lens: Lens) -> str:
    """The `abilityscope bench` that runs what the lens looks at, quoted for a shell."""
    words = ["abilityscope", "bench", "--benchmark", lens.benchmark]
    if lens.mask is not None:
        words += ["--ability", lens.ability, "--variant", lens.variant]
        words += ["--selection", lens.selection, *_quota_words(lens), "--k", repr(lens.k)]
    if lens.limit is not None:
        words += ["--limit", str(lens.limit)]
    words += _benchmark_words(desk, [lens.benchmark])
    return shlex.join([*words, *_recipe_words(desk.spec.recipe, lens), *model_words(desk.spec)])


def profile_line(desk: Desk, lens: Lens) -> str:
    """The `abilityscope profile` that fills the lens's matrix and its random controls, quoted for a shell."""
    selections = ",".join(dict.fromkeys([lens.selection, "random"]))
    words = ["abilityscope", "profile", "--variants", lens.variant, "--selections", selections]
    # Without leave to run code, the command is refused for benchmarks that do.
    ids = [one.id for one in desk.benchmarks if desk.code.allowed or not desk.runs_code(one.id)]
    words += [*_quota_words(lens), "--k", repr(lens.k), "--benchmarks", ",".join(ids)]
    if lens.limit is not None:
        words += ["--limit", str(lens.limit)]
    words += _benchmark_words(desk, ids)
    return shlex.join([*words, *_recipe_words(desk.spec.recipe, lens), *model_words(desk.spec)])


def overlap_line(desk: Desk, lens: Lens) -> str:
    """The `abilityscope overlap` that compares the lens's masks of all abilities, quoted for a shell."""
    words = ["abilityscope", "overlap", "--variant", lens.variant]
    words += ["--selection", lens.selection, *_quota_words(lens), "--k", repr(lens.k)]
    return shlex.join([*words, *_recipe_words(desk.spec.recipe, lens), *model_words(desk.spec)])


def _quota_words(lens: Lens) -> list[str]:
    """The option of the quota where it is not the usual one."""
    return [] if lens.quota == "global" else ["--quota", lens.quota]


def model_words(spec: EngineSpec) -> list[str]:
    """The options that name model, memory, batch size and cache, as far as they are not the usual ones."""
    from cache.folder import cache_root

    usual = ModelSpec()
    words = []
    for field in fields(ModelSpec):
        value = getattr(spec.model, field.name)
        if value != getattr(usual, field.name):
            words += [MODEL_OPTIONS.get(field.name, f"--{field.name}"), str(value)]
    words += _memory_words(spec.wishes)
    if spec.batch_size != "auto":
        words += ["--batch-size", str(spec.batch_size)]
    if spec.cache != str(cache_root()):
        words += ["--cache-dir", spec.cache]
    return words


def _memory_words(wishes: Wishes) -> list[str]:
    """The options of how weights are scored that a person gave."""
    values = {
        "--passes": wishes.passes,
        "--sums": wishes.accumulators,
        "--maps": wishes.maps,
        "--rows": wishes.rows,
    }
    words = [word for name, value in values.items() if value is not None for word in (name, str(value))]
    if wishes.checkpointing is not None:
        words.append("--checkpointing" if wishes.checkpointing else "--no-checkpointing")
    return words


def _benchmark_words(desk: Desk, benchmarks: Sequence[str]) -> list[str]:
    """The options that say how benchmarks are run, as far as these need any."""
    options, words = desk.spec.benchmarks, []
    if any(reads_rows(desk.benchmark(one)) for one in benchmarks):
        words += [] if options.data_dir is None else ["--data-dir", options.data_dir]
        words += [] if options.shots is None else ["--few-shot", str(options.shots)]
        words += ["--chat"] if options.chat else []
    if desk.code.allowed and any(desk.runs_code(one) for one in benchmarks):
        words += ["--allow-code-execution"]
        words += ["--without-sandbox"] if desk.code.without_sandbox else []
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
