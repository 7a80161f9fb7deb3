"""What was run: the model, how weights were scored, masks, items, seeds, versions, and the command line."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from core.analysis.results import Results, Settings
from core.importance.scoring_rule import PAPER_RULE
from core.models.spec import EMBEDDED
from tui.numbers import count_text, k_text
from tui.prompt_words import STYLE_WORDS


class Fact(NamedTuple):
    """A line of the table of what was run."""

    name: str
    value: str


def facts(results: Results) -> list[Fact]:
    """The table of what was run."""
    settings = results.settings
    info, identity, scored = settings.model.info, settings.model.identity, settings.importance
    masks = results.cells.filter(results.cells["ability"] != "").unique(
        ["ability", "variant", "selection", "k", "seed"]
    )
    form = [identity.dtype] + ([] if identity.quantization == "none" else [identity.quantization])
    form += [f"from {info.file_type}"] if info.file_type else []
    seeds = ", ".join(map(str, settings.random_seeds))
    return [
        Fact("Model", results.model),
        Fact(
            "Architecture",
            f"{info.architecture}, {info.layers} layers, {count_text(info.parameters)} parameters",
        ),
        Fact("Form in memory", f"{', '.join(form)}, on {identity.device}"),
        Fact("Fingerprint of the weights", info.fingerprint),
        Fact(
            "Items",
            f"prompt form {STYLE_WORDS.get(settings.prompt, settings.prompt)}, level {settings.level}",
        ),
        Fact(
            "Importance",
            f"{scored.n_items:,} items per ability, loss {scored.loss}, reduction {scored.reduction}, "
            f"seed {scored.seed}",
        ),
        Fact("Masks", f"{len(masks):,}: {len(settings.abilities)} abilities, " + _masks(settings)),
        Fact("Benchmarks", _benchmarks(settings)),
        Fact("Seeds", f"{settings.seed}; of random masks: {seeds}"),
        Fact("Versions", ", ".join(f"{name} {version}" for name, version in settings.versions.items())),
        Fact("Formats", ", ".join(f"{name} {version}" for name, version in settings.formats.items())),
    ]


def _masks(settings: Settings) -> str:
    """Variants, selections and sizes."""
    variants = " and ".join(one for one in settings.variants if one != "base") or "none"
    ks = ", ".join(map(k_text, settings.k)) + (" (auto)" if settings.auto_k else "")
    scope = "" if settings.scope == "global" else f", scope {settings.scope}"
    return (
        f"variants {variants}, selections {', '.join(settings.selections)}{scope}, k {ks} of all parameters"
    )


def _benchmarks(settings: Settings) -> str:
    """Each benchmark with its items; the number alone where all have the same."""
    sizes = {one.n for one in settings.benchmarks}
    if len(sizes) == 1:
        names = ", ".join(f"{one.id} (v{one.version})" for one in settings.benchmarks)
        return f"{names}: {sizes.pop():,} items each"
    return ", ".join(f"{one.id} (v{one.version}) {one.n:,} items" for one in settings.benchmarks)


def command_line(results: Results) -> str:
    """The `abilityscope profile` that asks for the same, quoted for a shell.

    What changes no result is not recorded, and so not in it: the place of benchmark data, the batch size.
    """
    settings = results.settings
    spec, scored = settings.model.spec, settings.importance
    words = ["abilityscope", "profile", "--model", spec.name]
    for option, value in (
        ("--revision", spec.revision),
        ("--gguf", spec.gguf),
        ("--tokenizer", spec.tokenizer),
    ):
        words += [] if value is None else [option, value]
    if spec.quantization != "none":
        words += ["--quantization", spec.quantization]
    if spec.name not in EMBEDDED:
        words += ["--dtype", spec.dtype, "--prompt", settings.prompt, "--level", settings.level]
    words += ["--abilities", "all" if len(settings.abilities) == 10 else ",".join(settings.abilities)]
    words += ["--variants", ",".join(settings.variants), "--selections", ",".join(settings.selections)]
    words += [] if settings.scope == "global" else ["--scope", settings.scope]
    words += ["--k", ",".join(map(repr, settings.k))]
    words += ["--benchmarks", ",".join(one.id for one in settings.benchmarks)]
    if len(sizes := {one.n for one in settings.benchmarks}) == 1:
        words += ["--limit", str(sizes.pop())]
    words += [] if results.until is None else ["--until", repr(results.until)]
    words += ["--n-items", str(scored.n_items)]
    words += ["--preset", "paper"] if (scored.loss, scored.reduction) == PAPER_RULE else []
    words += ["--random-seeds", str(len(settings.random_seeds)), "--seed", str(settings.seed)]
    return shlex.join(words)
