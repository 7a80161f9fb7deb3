"""`abilityscope doctor`: versions, hardware, cache, and whether a model fits."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui import output
from tui.engine_words import memory_text, plan_text
from tui.numbers import count_text, size_text
from tui.option_groups import with_flags
from tui.options import Json, ModelFlags, UsageError
from tui.progress import shown_progress
from tui.prompt_words import probe_lines
from tui.ray_options import ray_text
from tui.safe_text import shown

if TYPE_CHECKING:
    from pathlib import Path

    from core.analysis.probe import ProbeTable
    from core.cluster.ray_options import LocalWorkers
    from core.importance.plan import MemoryNeed, ModelPlan, StepMemory
    from core.models.description import ModelInfo
    from core.models.devices import Gpu, Machine
    from core.models.spec import ModelSpec

LONG_READ_BYTES = 1_000_000_000
"""Size of weights from which reading them is announced."""

LABEL_WIDTH = 16
"""Columns of the labels."""

COLUMNS = 80
"""Longest line."""

STEPS = {"load": "load", "importance": "score weights"}
"""Labels of the steps."""

ANSWERS = {True: "fits", False: "DOES NOT FIT", None: "free memory unknown"}


@dataclass(frozen=True)
class Diagnosis:
    """The findings."""

    abilityscope: str | None
    """Its version."""
    machine: Machine
    cache_folder: Path
    cache_entries: int
    cache_bytes: int
    model: ModelInfo | None
    """None if the model cannot be used."""
    plan: ModelPlan | None
    no_sandbox: str
    """Why none works; empty if one does."""
    ray: str | None
    """The version of Ray; None if the extra is not installed."""
    ray_workers: LocalWorkers
    """What `--ray local` starts here."""
    problem: str | None
    """Why the model cannot be used."""
    warning: str
    """What is wrong with a tokenizer rebuilt from a GGUF file; empty if nothing is known to be."""
    probe: ProbeTable | None = None
    """The answers to the probe; None if it was not asked for."""


@with_flags
def doctor(
    model: ModelFlags,
    *,
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Load the model and ask it items of each ability, form and level."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Check this computer, and whether a model fits.

    Shows versions, cores, memory, GPUs, cache, and what the model needs. Loads no model and downloads
    nothing, unless --probe asks what the model knows.
    """
    if probe and model.spec.is_embedded:
        raise UsageError(f"'{model.model}' has one prompt form and one level: --probe is for real models.")
    found = _diagnose(model)
    if probe and found.problem is None:
        found = replace(found, probe=_probed(model))
    if as_json:
        output.write_document(_document(found) | _probe_document(found, model))
    else:
        output.write("".join(f"{shown(line)}\n" for line in _lines(found, model)))
    if found.problem:
        output.note(f"abilityscope: {found.problem}")
        raise typer.Exit(1)


def _diagnose(flags: ModelFlags) -> Diagnosis:
    from cache.upkeep import entries
    from core.cluster.ray_options import local_workers
    from core.models.devices import installed_version, this_machine
    from core.sandbox.bubblewrap import why_no_sandbox

    machine = this_machine()
    root = flags.store.root
    kept = entries(root)
    model, plan, problem = _check_model(flags, machine)
    warning = ""
    if model and not problem:
        warning, problem = _check_tokenizer(flags.spec, model)
    on_gpu = bool(machine.gpus) and (plan is None or plan.device != "cpu")
    return Diagnosis(
        abilityscope=installed_version("abilityscope"),
        machine=machine,
        cache_folder=root,
        cache_entries=len(kept),
        cache_bytes=sum(entry.size_bytes for entry in kept),
        model=model,
        plan=plan,
        no_sandbox=why_no_sandbox(),
        ray=installed_version("ray"),
        ray_workers=local_workers(len(machine.gpus), on_gpu=on_gpu),
        problem=problem,
        warning=warning,
    )


def _probed(model: ModelFlags) -> ProbeTable:
    """Asks the probe's questions, as far as they are not stored."""
    from core.analysis.probe import whole_probe
    from core.run.runner import Runner

    with shown_progress() as emit:
        return whole_probe(
            Runner(
                model.spec,
                model.store,
                batch_size=model.batch_rows,
                emit=emit,
            )
        )


def _probe_document(found: Diagnosis, model: ModelFlags) -> dict[str, Any]:
    """The probe's answers, and what `auto` takes by them; nothing without a probe."""
    from core.analysis.probe import settled_by

    if found.probe is None:
        return {}
    prompt, level = settled_by(found.probe, replace(model.spec, prompt="auto", level_asked="auto"))
    return {"probe": {"answers": found.probe.rows(), "auto": {"prompt": prompt, "level": level}}}


def _check_model(
    flags: ModelFlags, machine: Machine
) -> tuple[ModelInfo | None, ModelPlan | None, str | None]:
    """The model's description, its plan, and the problem that prevents either."""
    from core.importance.plan import plan_use
    from core.models.description import describe_folder
    from core.models.files import model_folder, tokenizer_path, weight_files

    model, plan = None, None
    try:
        folder = model_folder(flags.spec, download=False)
        size_bytes = sum(path.stat().st_size for path in weight_files(folder))
        if size_bytes >= LONG_READ_BYTES:
            output.note(f"fingerprinting {size_text(size_bytes)} of weights")
        memory_of_files = flags.store.fingerprint_memory
        tokenizer = tokenizer_path(flags.spec, download=False) if flags.tokenizer else None
        model = describe_folder(
            folder, flags.spec.name, memory_of_files, device=flags.device, tokenizer=tokenizer
        )
        plan = plan_use(flags.spec, folder, machine, flags.store.root)
    except (ValueError, OSError) as error:
        return model, plan, " ".join(str(error).split())
    return model, plan, None


def _check_tokenizer(spec: ModelSpec, model: ModelInfo) -> tuple[str, str | None]:
    """A warning about a tokenizer from a GGUF file, and the problem that prevents another one's use."""
    if not spec.tokenizer and not model.file_type:
        return "", None
    from core.models.files import tokenizer_path
    from core.models.loading import check_vocabulary, load_tokenizer, tokenizer_warning

    try:
        path = tokenizer_path(spec, download=False)
        tokenizer = load_tokenizer(path)
        if spec.tokenizer:
            check_vocabulary(tokenizer, path, model.vocabulary)
    except ValueError as error:
        return "", " ".join(str(error).split())
    return tokenizer_warning(tokenizer, path), None


def _document(found: Diagnosis) -> dict[str, Any]:
    return {
        "abilityscope": found.abilityscope,
        **asdict(found.machine),
        "cache": {
            "folder": str(found.cache_folder),
            "entries": found.cache_entries,
            "size_bytes": found.cache_bytes,
        },
        "model": asdict(found.model) if found.model else None,
        "plan": asdict(found.plan) if found.plan else None,
        "sandbox": {"kind": None if found.no_sandbox else "bubblewrap", "reason": found.no_sandbox},
        "ray": {"version": found.ray, "local": found.ray_workers._asdict()},
        "problem": found.problem,
        "warning": found.warning,
    }


def _lines(found: Diagnosis, model: ModelFlags) -> list[str]:
    lines = [
        "Computer",
        _line("abilityscope", found.abilityscope or "not installed"),
        *_machine(found.machine),
    ]
    kept = f"{found.cache_folder} ({found.cache_entries} entries, {size_text(found.cache_bytes)})"
    lines.append(_line("cache", kept))
    lines.append(_line("generated code", found.no_sandbox or "runs in bubblewrap"))
    lines.append(_line("ray", ray_text(found.ray, found.ray_workers)))
    if found.model:
        lines += ["", "Model", *_model(found.model)]
    if found.warning:
        lines += _wrapped("tokenizer", found.warning)
    if found.plan:
        lines += ["", "Memory", *_plan(found.plan)]
    if found.probe:
        lines += ["", "Prompts", *probe_lines(found.probe, model.spec)]
    return lines


def _machine(machine: Machine) -> list[str]:
    memory = machine.memory
    free = "" if memory.free_bytes is None else f"{size_text(memory.free_bytes)} free of "
    packages = [_line(name, version or "not installed") for name, version in machine.packages.items()]
    gpus = [_line("GPU", _gpu(gpu)) for gpu in machine.gpus] or [_line("GPU", "none found")]
    return [
        _line("python", f"{machine.python}, {machine.platform}"),
        *packages,
        _line("CPU", f"{machine.cores} cores"),
        _line("memory", f"{free}{size_text(memory.total_bytes)}"),
        *gpus,
    ]


def _gpu(gpu: Gpu) -> str:
    if gpu.memory_free_bytes is None or gpu.memory_total_bytes is None:
        return f"{gpu.name}, driver {gpu.driver}"
    free, total = size_text(gpu.memory_free_bytes), size_text(gpu.memory_total_bytes)
    return f"{gpu.name}, {free} free of {total}, driver {gpu.driver}"


def _model(info: ModelInfo) -> list[str]:
    return [
        _line("name", info.name),
        _line("architecture", f"{info.architecture}, {info.layers} layers, hidden size {info.hidden_size}"),
        _line("vocabulary", f"{info.vocabulary:,} tokens"),
        _line("parameters", f"{info.parameters:,} ({count_text(info.parameters)})"),
        *([_line("file", f"GGUF, {info.file_type}")] if info.file_type else []),
        _line("stored as", f"{info.stored_as}, {size_text(info.bytes)}"),
        _line("fingerprint", info.fingerprint),
    ]


def _plan(plan: ModelPlan) -> list[str]:
    lines = [
        *_wrapped(
            "where", f"{plan.device}, {plan.dtype}{' as in the checkpoint' if plan.is_own_dtype else ''}"
        ),
        _line("scored", f"{plan.candidate_weights:,} weights in the decoder layers"),
        *(line for need in plan.needs for line in _wrapped(STEPS[need.step], _need(need))),
    ]
    if plan.importance is None:
        return [*lines, *_wrapped(STEPS["importance"], f"{ANSWERS[False]}: {plan.problem}")]
    how = plan_text(plan.importance, on_gpu=plan.device != "cpu", in_full=True)
    return [*lines, *(_part(need) for need in plan.importance.needs), *_wrapped("  how", how)]


def _need(need: StepMemory) -> str:
    amounts = memory_text(need.gpu_bytes, need.main_bytes, need.disk_bytes)
    return f"{amounts}: {ANSWERS[need.fits]}"


def _part(need: MemoryNeed) -> str:
    amounts = memory_text(need.device_bytes, need.host_bytes, need.disk_bytes)
    return _line(f"  {need.part}", amounts or "the maps themselves")


def _wrapped(name: str, value: str) -> list[str]:
    """The lines of a long value."""
    first, *rest = textwrap.wrap(value, COLUMNS - LABEL_WIDTH - 2) or [""]
    return [_line(name, first), *(_line("", line) for line in rest)]


def _line(name: str, value: str) -> str:
    return f"  {name:<{LABEL_WIDTH}}{value}"
