"""Which devices a model will run on, what this computer has, and how much of it is free. No torch."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

DRIVERS: dict[str, tuple[Path, ...]] = {
    "cuda": (Path("/proc/driver/nvidia/version"), Path("/usr/lib/wsl/lib/libcuda.so.1")),
    "hip": (Path("/dev/kfd"),),
}
"""For each platform that torch may be built for, files of which one exists where its driver is installed."""

SHARE_OF_FREE = 0.9
"""Share of a GPU's free memory that weights may fill; the rest is for computing."""

GROUP_FOLDER = Path("/sys/fs/cgroup")
"""Where Linux lists the memory limit and use of a container; psutil knows the whole machine only."""


def device_kind(device: str) -> str:
    """`cpu`, `cuda` or another torch device type; `auto` is the first GPU if there is one, else the CPU.

    `auto` is a guess, which the runner checks once the model is loaded. AMD's GPUs are `cuda` to torch.
    Apple's are never chosen by `auto`, because they are untested: `mps` has to be asked for.
    """
    if device != "auto":
        return device.split(":")[0]
    found = [name for name in _platforms_of_torch() if any(path.exists() for path in DRIVERS[name])]
    return "cuda" if found else "cpu"


def _platforms_of_torch() -> list[str]:
    """The platforms that the installed torch is built for; all if it does not say."""
    found = importlib.util.find_spec("torch")
    path = Path(found.origin).with_name("version.py") if found and found.origin else None
    if path is None or not path.is_file():
        return list(DRIVERS)
    text = path.read_text(encoding="utf-8")
    return [name for name in DRIVERS if re.search(rf"^{name}\b[^=\n]*= *['\"]", text, re.MULTILINE)]


def layers_over_gpus(
    config: Mapping[str, Any], weights_bytes: int, dtype_bytes: int, free_bytes: Sequence[int]
) -> dict[str, int] | None:
    """The GPU number of each part of a model that the first GPU cannot hold; None if it can.

    Consecutive layers stay together; each GPU gets a share in proportion to its free memory. What comes
    before and after the layers is on the first GPU, and with it ids, last hidden states and logits.

    Args:
        config: of a Llama, Qwen2 or Mistral.
        weights_bytes: of all weights in memory.
        dtype_bytes: of one number of the embedding.
        free_bytes: of each GPU.

    Raises:
        ValueError: all GPUs together cannot hold it.
    """
    if len(free_bytes) < 2 or weights_bytes <= SHARE_OF_FREE * free_bytes[0]:
        return None
    if weights_bytes > SHARE_OF_FREE * sum(free_bytes):
        raise ValueError(no_room(weights_bytes, sum(free_bytes), f"all {len(free_bytes)} GPUs together"))
    layers = int(config["num_hidden_layers"])
    ends = 1 if config.get("tie_word_embeddings") else 2
    ends_bytes = ends * config["vocab_size"] * config["hidden_size"] * dtype_bytes
    layer_bytes = max(0, weights_bytes - ends_bytes) / layers
    gpus = dict.fromkeys(("model.embed_tokens", "model.rotary_emb", "model.norm", "lm_head"), 0)
    shares = [one / sum(free_bytes) * weights_bytes for one in free_bytes]
    gpu, end = 0, shares[0]
    for number in range(layers):
        while ends_bytes + (number + 0.5) * layer_bytes > end and gpu < len(shares) - 1:
            gpu += 1
            end += shares[gpu]
        gpus[f"model.layers.{number}"] = gpu
    return gpus


def no_room(weights_bytes: int, free_bytes: int, where: str) -> str:
    """Error text for weights that do not fit, and what to do."""
    return (
        f"The weights take {weights_bytes / 1e9:.1f} GB, and {free_bytes / 1e9:.1f} GB are free on {where}: "
        "use --quantization nf4 or a smaller model, close what else uses the memory, or give --device cpu."
    )


def free_memory() -> int:
    """Main memory that can be taken without swapping, in bytes; in a container no more than its limit."""
    import psutil  # here, because `device_kind` is wanted at start

    available: int = psutil.virtual_memory().available
    limit, used = (_number(GROUP_FOLDER / name) for name in ("memory.max", "memory.current"))
    if limit is None or used is None:
        return available
    # Pages of files count as used, but are given back when memory is wanted.
    given_back = _number(GROUP_FOLDER / "memory.stat", "inactive_file ") or 0
    return max(0, min(available, limit - used + given_back))


def _number(file: Path, after: str = "") -> int | None:
    """The number on the line of a file that begins with a word; None if there is none, as for `max`."""
    lines = file.read_text().splitlines() if file.is_file() else []
    found = next((line.removeprefix(after) for line in lines if line.startswith(after)), "")
    return int(found) if found.isdigit() else None


def free_on_disk(folder: Path) -> int:
    """Free bytes on the disk of a folder, or of its nearest parent that exists."""
    return shutil.disk_usage(next(one for one in (folder, *folder.absolute().parents) if one.exists())).free


PACKAGES = (
    *("torch", "transformers", "accelerate", "datasets", "bitsandbytes", "polars", "textual", "lm-eval"),
    "nvidia-ml-py",
)
"""The packages whose versions can change a result or a screen."""

DRIVER_TIMEOUT_S = 20.0
"""How long the GPU driver may take: its first answer after a start can take seconds."""


@dataclass(frozen=True)
class Memory:
    """Main memory."""

    total_bytes: int
    free_bytes: int | None
    """What a new program can take without swapping."""


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU."""

    name: str
    memory_total_bytes: int | None
    """None if the driver does not say, as on GPUs that share the main memory."""
    memory_free_bytes: int | None
    driver: str


@dataclass(frozen=True)
class Machine:
    """A computer."""

    python: str
    platform: str
    packages: dict[str, str | None]
    """Version of each of PACKAGES; None if it is not installed."""
    cores: int
    """CPU cores that this process may use."""
    memory: Memory
    gpus: tuple[Gpu, ...]


def this_machine() -> Machine:
    """This computer at this moment.

    Raises:
        OSError: the GPU driver does not answer.
    """
    import psutil

    return Machine(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages={name: installed_version(name) for name in PACKAGES},
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count() or 1,
        memory=Memory(psutil.virtual_memory().total, free_memory()),
        gpus=nvidia_gpus(),
    )


def installed_version(package: str) -> str | None:
    """The version of a package, without importing it; None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def nvidia_gpus() -> tuple[Gpu, ...]:
    """The GPUs of the NVIDIA driver; none without a driver.

    Raises:
        OSError: the driver does not answer.
    """
    found: list[tuple[Gpu, ...]] = []
    # A daemon thread: a driver that hangs keeps no program from ending.
    asking = threading.Thread(target=lambda: found.append(_ask_driver()), name="gpus", daemon=True)
    asking.start()
    asking.join(DRIVER_TIMEOUT_S)
    if not found:
        raise OSError(
            f"The GPU driver did not answer within {DRIVER_TIMEOUT_S:g} s: check it with nvidia-smi."
        )
    return found[0]


def _ask_driver() -> tuple[Gpu, ...]:
    import pynvml

    try:
        pynvml.nvmlInit()
        driver = pynvml.nvmlSystemGetDriverVersion()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return tuple(
            Gpu(pynvml.nvmlDeviceGetName(handle), *_memory(pynvml, handle), driver) for handle in handles
        )
    except pynvml.NVMLError:  # there is no driver, or it fails: no GPU can be used
        return ()


def _memory(pynvml: Any, handle: Any) -> tuple[int | None, int | None]:
    """Total and free bytes of a GPU; None if the driver does not say."""
    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    except pynvml.NVMLError:
        return None, None
    return int(memory.total), int(memory.free)
