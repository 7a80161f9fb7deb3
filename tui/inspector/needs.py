"""What the open model needs of this computer, told before it is loaded. No torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.model_plan import free_on_gpus, local_model_folder, plan_use
from tui.scoring_words import plan_words
from tui.units import size_text

if TYPE_CHECKING:
    from core.engine.spec import EngineSpec
    from tui.machine import Machine
    from tui.model_plan import Plan


def needs_of(spec: EngineSpec) -> tuple[str, ...]:
    """A line on the weights and one on scoring them: what each takes, and whether it fits.

    Asks the driver and reads headers, which can take seconds: for a thread. Empty where the model's files are
    not here or not usable, of which the engine says more.
    """
    from tui.machine import this_machine

    try:
        machine = this_machine()
        folder = local_model_folder(spec.model)
        plan = plan_use(spec.model, folder, machine, spec.store.root, spec.memory_options)
    except (ValueError, OSError):
        return ()
    return (_weights_line(plan, machine), _scoring_line(plan))


def _weights_line(plan: Plan, machine: Machine) -> str:
    """Such as `weights 16.1 GB (bfloat16), 23.6 GB free on cuda:0`."""
    load = plan.needs[0]
    line = f"weights {size_text(load.gpu_bytes or load.main_bytes)} ({plan.dtype})"
    if plan.device == "cpu":
        where, free = "of memory free", machine.memory.free_bytes
    else:
        where, free = f"free on {plan.device}", free_on_gpus(plan.device, machine)
    if free is None:
        return f"{line}, nobody says how much is {where}"
    line += f", {size_text(free)} {where}"
    return line if load.fits else f"{line}: they do not fit"


def _scoring_line(plan: Plan) -> str:
    """Such as `scoring 9.80 GB of GPU memory, 56.0 GB of disk, in 2 passes`; why it does not fit."""
    importance = plan.importance
    if importance is None:
        return str(plan.problem)
    sizes = (
        (importance.device_bytes, "GPU memory"),
        (importance.host_bytes, "memory"),
        (importance.disk_bytes, "disk"),
    )
    takes = ", ".join(f"{size_text(size)} of {what}" for size, what in sizes if size)
    return f"scoring {takes}, {plan_words(importance, on_gpu=plan.device != 'cpu')}"
