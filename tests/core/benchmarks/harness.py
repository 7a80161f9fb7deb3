"""lm-evaluation-harness's own task definitions, their data set replaced by local rows of JSON."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

YAML = """include: {include}
task: {name}
dataset_path: json
dataset_name: null
dataset_kwargs: {kwargs}
"""


def harness_tasks(
    folder: Path, definitions: Mapping[str, str], splits: Mapping[str, Mapping[str, Sequence[Any]]]
) -> dict[str, Any]:
    """The harness's tasks by name.

    Args:
        folder: an empty one for the rows and what `datasets` makes of them.
        definitions: the YAML file of each, relative to the harness's tasks.
        splits: the rows of each split of each.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a foreign package, which is imported here for the first time
        import lm_eval.tasks
        from lm_eval.tasks import TaskManager

        home = Path(lm_eval.tasks.__file__).parent
        for name, definition in definitions.items():
            files = {}
            for split, rows in splits[name].items():
                files[split] = str(folder / f"{name}_{split}.jsonl")
                Path(files[split]).write_text("\n".join(map(json.dumps, rows)) + "\n", "utf-8")
            kwargs = json.dumps({"data_files": files, "cache_dir": str(folder / "cache")})
            text = YAML.format(include=home / definition, name=name, kwargs=kwargs)
            (folder / f"{name}.yaml").write_text(text, "utf-8")
        manager = TaskManager(include_path=str(folder), include_defaults=False)
        return dict(manager.load(list(definitions))["tasks"])
