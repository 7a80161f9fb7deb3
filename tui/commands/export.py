"""`abilityscope export`: the results of a profile in formats that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tui import output

Format = Literal["every-eval-ever", "lm-eval"]


def export(
    *,
    folder: Annotated[Path, typer.Argument(help="The --out of a profile.", metavar="DIR")],
    to_format: Annotated[
        Format,
        typer.Option(
            "--format",
            help="every-eval-ever: its JSON and JSONL; lm-eval: results and samples as lm-evaluation-harness "
            "lays them out.",
        ),
    ],
    to: Annotated[Path, typer.Option(help="Folder for the files.", metavar="DIR")] = Path("export"),
) -> None:
    """Write a profile's results for other programs.

    Each mask is a model of its own beside the intact one; AIS goes into the details of its scores.
    """
    from core.analysis.results import read_results
    from core.analysis.sharing import write_every_eval_ever, write_harness_layout

    write = write_every_eval_ever if to_format == "every-eval-ever" else write_harness_layout
    written = write(read_results(folder), to)
    output.write(f"Written: {len(written):,} files in {to}\n")
