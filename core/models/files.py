"""Finds a model's files: the embedded ones, a local folder, or a snapshot of the hub. No torch."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path

from cache.paths import expanded
from core.models.names import shortened
from core.models.spec import EMBEDDED, ModelSpec

EMBEDDED_FOLDER = Path(__file__).resolve().parent / "embedded"
"""Where the embedded models lie."""

WEIGHT_INDEX = "model.safetensors.index.json"
"""Names the shards of weights that are in several files."""

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")
"""One of these has to be there."""

IDENTITY_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
)
"""What lies beside the weights and changes what a model says."""

PICKLES = ("*.bin", "*.pt", "*.pth")
"""Weights that would have to be unpickled, which can run any code: never read."""

HUB_ID = re.compile(r"\w[\w.-]*/[\w.-]+")

DOWNLOADED = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"]
NOT_DOWNLOADED = ["consolidated*", "original/*", "onnx/*"]
"""Second copies of the same weights in other formats."""


class ModelFilesError(ValueError):
    """A model's files are not there or not usable; the message says what to do."""


def model_folder(spec: ModelSpec) -> Path:
    """The folder that holds the model's config, safetensors and tokenizer, all of which are there.

    A hub id is looked up in the local hub cache first, and downloaded if it is not there.

    Raises:
        ModelFilesError: there is no such model, or a file is missing.
    """
    of_hub = is_hub_id(spec.name)
    if spec.revision is not None and not of_hub:
        raise ModelFilesError(f"'{spec.name}' has no revisions, only a hub id has: leave --revision out.")
    if spec.is_embedded:
        folder = EMBEDDED_FOLDER / spec.name
        if not folder.is_dir():
            raise ModelFilesError(f"The model '{spec.name}' does not come with this version: use 'demo'.")
    elif (local := _local_folder(spec.name)) is not None:
        folder = local
    elif of_hub:
        folder = _snapshot(spec.name, spec.revision)
    else:
        raise ModelFilesError(_no_such_model(spec.name))
    problem = _problem_of(folder)
    if problem:
        raise ModelFilesError(problem)
    return folder


def is_hub_id(name: str) -> bool:
    """Whether a model of this name is one of the hub: it has the form, and no folder is called so."""
    return bool(HUB_ID.fullmatch(name)) and _local_folder(name) is None


def _local_folder(name: str) -> Path | None:
    """The folder of this name by its whole path; None if there is none, or no path can be called so."""
    try:
        folder = expanded(name)
        return folder.resolve() if name and folder.is_dir() else None
    except (OSError, ValueError):
        return None


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that hold the weights, in the order of their names.

    Raises:
        ModelFilesError: the index of the shards cannot be read.
    """
    index = folder / WEIGHT_INDEX
    if not index.is_file():
        return [folder / "model.safetensors"]
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        return [folder / name for name in sorted(names)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelFilesError(f"{index} cannot be read: copy or download the model again.") from error


def identity_files(folder: Path) -> list[Path]:
    """The files whose bytes decide what the model says: weights, configuration, tokenizer."""
    beside = (folder / name for name in IDENTITY_FILES)
    return [*weight_files(folder), *(path for path in beside if path.is_file())]


def _problem_of(folder: Path) -> str | None:
    """What is missing in a model's folder, and what to do, in one sentence; None if nothing is."""
    if not (folder / "config.json").is_file():
        return f"There is no config.json in {folder}: give the folder of a model as transformers saves it."
    missing = [path.name for path in weight_files(folder) if not path.is_file()]
    if missing and any(path for pattern in PICKLES for path in folder.glob(pattern)):
        return (
            f"{folder} has its weights as pickle files only, which can run any code and are never read: "
            "save the model with save_pretrained, which writes safetensors."
        )
    if missing:
        return f"{folder} lacks its weights ({', '.join(missing)}): copy or download the model again."
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        return f"There is no tokenizer in {folder} (one of {', '.join(TOKENIZER_FILES)}): add its files."
    return None


def _snapshot(hub_id: str, revision: str | None) -> Path:
    """The folder of a hub model: the one in the local hub cache if it is whole, else downloaded now."""
    from huggingface_hub import snapshot_download

    cached = _cached_snapshot(hub_id, revision)
    if cached is not None and _problem_of(cached) is None:
        return cached
    try:
        folder = snapshot_download(
            hub_id, revision=revision, allow_patterns=DOWNLOADED, ignore_patterns=NOT_DOWNLOADED
        )
    except Exception as error:  # the hub client and its HTTP library share no base class
        raise ModelFilesError(_why_not_downloaded(hub_id, revision, error)) from error
    return Path(folder)


def _cached_snapshot(hub_id: str, revision: str | None) -> Path | None:
    """The folder of a hub model in the local hub cache, which may be incomplete; None if it is not there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub_id, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def _why_not_downloaded(hub_id: str, revision: str | None, error: Exception) -> str:
    """One sentence for a failed download, and what to do."""
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
    near = difflib.get_close_matches(name, EMBEDDED, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return (
        f"There is no model '{shortened(name)}'.{hint} Give {' or '.join(EMBEDDED)}, an existing folder, or "
        "a hub id (owner/name)."
    )
