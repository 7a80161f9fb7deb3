"""The command line that repeats what is on the screen."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from core.benchmarks.registry import reads_rows
from core.importance.scoring_rule import PAPER_RULE, ScoringRule
from core.models.spec import ModelSpec
from core.run.specs import usual_n_items

if TYPE_CHECKING:
    from core.engine.protocol import EngineSpec
    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

MODEL_OPTIONS = {"name": "--model", "level_asked": "--level"}
"""Fields of `ModelSpec` whose option has another name."""


def command_line(session: Session, lens: Lens) -> str:
    """The `abilityscope bench` that runs what the lens looks at, quoted for a shell.

    Where runs stop when it is known, the `abilityscope profile` of its cell and the random control.
    """
    if lens.stops_at is not None:
        return _profile_line(session, lens, ["--abilities", lens.ability], [lens.benchmark])
    words = ["abilityscope", "bench", "--benchmark", lens.benchmark]
    if lens.mask is not None:
        words += ["--ability", lens.ability, "--variant", lens.variant]
        words += ["--selection", lens.selection, *_scope_words(lens), "--k", repr(lens.k)]
    if lens.limit is not None:
        words += ["--limit", str(lens.limit)]
    words += _benchmark_words(session, [lens.benchmark])
    return shlex.join([*words, *_importance_words(session, lens), *model_words(session.spec)])


def profile_line(session: Session, lens: Lens, random_masks: int = 1) -> str:
    """The `abilityscope profile` that fills the lens's matrix and its random controls, quoted for a shell."""
    # Without the permission to run code, benchmarks that do are refused.
    columns = session.columns(lens)
    ids = [one.id for one in columns if session.allows_code or not session.runs_code(one.id)]
    draws = [] if random_masks == 1 else ["--random-seeds", str(random_masks)]
    return _profile_line(session, lens, draws, ids)


def _profile_line(session: Session, lens: Lens, more: Sequence[str], ids: Sequence[str]) -> str:
    """The `abilityscope profile` of the lens's masks and random controls on some benchmarks."""
    selections = ",".join(dict.fromkeys([lens.selection, "random"]))
    words = ["abilityscope", "profile", "--variants", lens.variant, "--selections", selections]
    words += [*_scope_words(lens), "--k", repr(lens.k), "--benchmarks", ",".join(ids)]
    words += [] if lens.limit is None else ["--limit", str(lens.limit)]
    words += [*more] if lens.stops_at is None else [*more, "--until", repr(lens.stops_at)]
    words += _benchmark_words(session, ids)
    return shlex.join([*words, *_importance_words(session, lens), *model_words(session.spec)])


def overlap_line(session: Session, lens: Lens) -> str:
    """The `abilityscope overlap` that compares the lens's masks of all abilities, quoted for a shell."""
    words = ["abilityscope", "overlap", "--variant", lens.variant]
    words += ["--selection", lens.selection, *_scope_words(lens), "--k", repr(lens.k)]
    return shlex.join([*words, *_importance_words(session, lens), *model_words(session.spec)])


def _scope_words(lens: Lens) -> list[str]:
    """The option of a scope that is not the default."""
    return [] if lens.scope == "global" else ["--scope", lens.scope]


def model_words(spec: EngineSpec) -> list[str]:
    """The options of model, batch size and cache that are not the defaults."""
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


def _benchmark_words(session: Session, benchmarks: Sequence[str]) -> list[str]:
    """The options that these benchmarks need."""
    options, words = session.spec.benchmarks, []
    if any(reads_rows(session.benchmark(one)) for one in benchmarks):
        words += [] if options.data_dir is None else ["--data-dir", options.data_dir]
        words += [] if options.shots is None else ["--few-shot", str(options.shots)]
        words += ["--chat"] if options.chat else []
    if session.allows_code and any(session.runs_code(one) for one in benchmarks):
        words += ["--allow-code-execution"]
    return words


def _importance_words(session: Session, lens: Lens) -> list[str]:
    """The options of scoring that are not the defaults; one seed serves items and random controls."""
    words = ["--seed", str(lens.seed)] if lens.seed else []
    if lens.mask is None:
        return words
    n_items, spec = lens.n_items or session.spec.importance.n_items, session.spec
    words += [] if n_items == usual_n_items(spec.model) else ["--n-items", str(n_items)]
    scored_by = ScoringRule(spec.importance.loss, spec.importance.reduction)
    return [*words, *(["--preset", "paper"] if scored_by == PAPER_RULE else [])]
