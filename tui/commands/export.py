"""`abilityscope export`: the results of a profile in a layout that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tui import output


def export(
    *,
    folder: Annotated[Path, typer.Argument(help="The --out of a profile.", metavar="DIR")],
    to: Annotated[Path, typer.Option(help="Folder for the files.", metavar="DIR")] = Path("export"),
) -> None:
    """Write a profile's results and samples as lm-evaluation-harness lays them out.

    Each mask is a model of its own beside the intact one; AIS stands beside its scores.
    """
    from core.analysis.results import read_results
    from core.analysis.sharing import write_harness_layout

    written = write_harness_layout(read_results(folder), to)
    output.write(f"Written: {len(written):,} files in {to}\n")
