"""The hub's side, without a hub: nothing here leaves the machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.benchmarks.rows import HubError, is_at_hand, is_cached, load_rows
from core.benchmarks.tasks import TASKS
from tests.core.benchmarks.conftest import DATA, rows_of

REVISION = str(TASKS["arc_easy"].data.revision)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache of `datasets`, and a hub at a port where nobody answers."""
    import datasets
    from huggingface_hub import constants

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    datasets.disable_progress_bars()
    yield tmp_path
    datasets.enable_progress_bars()


def keep_in_cache(cache: Path, task: str, revision: str) -> None:
    """Leaves the committed rows as `datasets` leaves what it loaded from the hub."""
    import datasets

    data, split = TASKS[task].data, TASKS[task].split
    table = datasets.load_dataset(
        "json", data_files={split: str(DATA / f"{data.file}.jsonl")}, cache_dir=str(cache / "made")
    )
    owner, name = data.path.split("/")
    config = data.config or "default"
    home = cache / f"{owner}___{name}" / config / "0.0.0" / revision
    home.mkdir(parents=True)
    made = Path(table[split].cache_files[0]["filename"])
    (home / f"{name}-{split}.arrow").write_bytes(made.read_bytes())
    info: dict[str, Any] = json.loads((made.parent / "dataset_info.json").read_text("utf-8"))
    info.update(builder_name="parquet", dataset_name=name, config_name=config)
    info["splits"][split]["dataset_name"] = name
    (home / "dataset_info.json").write_text(json.dumps(info), "utf-8")


def test_no_hub_is_one_sentence_that_says_what_to_do(cache: Path) -> None:
    with pytest.raises(HubError, match=r"'hellaswag' .* the hub cannot be reached .* --data-dir") as raised:
        load_rows(TASKS["hellaswag"], "validation")
    assert "\n" not in str(raised.value)
    assert not is_at_hand(TASKS["hellaswag"])


def test_offline_is_respected(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match=r"HF_HUB_OFFLINE is set"):
        load_rows(TASKS["hellaswag"], "validation")


def test_what_was_loaded_before_is_taken_without_the_hub(cache: Path) -> None:
    keep_in_cache(cache, "arc_easy", REVISION)
    rows = load_rows(TASKS["arc_easy"], "test")
    assert [row.fields for row in rows] == [row.fields for row in rows_of("arc_easy")]
    assert rows[2].where == "allenai/ai2_arc/ARC-Easy/test, row 3"
    assert is_cached(TASKS["arc_easy"].data)
    assert not is_cached(TASKS["arc_challenge"].data)


def test_another_revision_than_the_pinned_one_is_not_taken(cache: Path) -> None:
    keep_in_cache(cache, "arc_easy", "0" * 40)
    with pytest.raises(HubError, match=r"'arc_easy' .* --data-dir"):
        load_rows(TASKS["arc_easy"], "test")


def test_descriptions_and_folders_need_neither_torch_nor_datasets() -> None:
    said = (
        "import sys; from core.benchmarks.rendering import Documents, documents_of; "
        "from core.benchmarks.tasks import TASKS; from core.benchmarks.custom import custom_task; "
        "documents_of(Documents.of(TASKS['mmlu'], sys.argv[1], None, None, 9)); "
        "heavy = ('torch', 'transformers', 'datasets', 'huggingface_hub'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", said, str(DATA)], capture_output=True, text=True, timeout=60, check=True
    )
    assert finished.stdout.strip() == "[]"
