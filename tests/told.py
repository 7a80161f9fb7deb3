"""A benchmark of one's own whose answers are written, for profiles that need one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

TOLD = """task: told
dataset_path: json
data_files: told.jsonl
output_type: generate_until
doc_to_text: prompt
doc_to_target: answer
generation_kwargs:
  max_gen_toks: 24
filter_list:
  - name: extract
    filter:
      - function: regex
        regex_pattern: '(?:^|\\s)so\\s+(.+)'
      - function: take_first
"""


def write_told(root: Path, rows: Sequence[dict[str, str]]) -> str:
    """Writes the rows and their description to a folder; gives the description's path."""
    (root / "told.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (root / "told.yaml").write_text(TOLD, "utf-8")
    return str(root / "told.yaml")
