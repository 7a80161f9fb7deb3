"""`abilityscope export`: the results of a profile in formats that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tui import output

Format = Literal["every-eval-ever", "lm-eval", "hub"]


def export(
    *,
    folder: Annotated[Path, typer.Argument(help="The --out of a profile.", metavar="DIR")],
    to_format: Annotated[
        Format,
        typer.Option(
            "--format",
            help="every-eval-ever: its JSON and JSONL; lm-eval: results and samples as lm-evaluation-harness "
            "lays them out; hub: .eval_results of a model's page, intact scores alone.",
        ),
    ],
    to: Annotated[Path, typer.Option(help="Folder for the files.", metavar="DIR")] = Path("export"),
) -> None:
    """Write a profile's results for other programs.

    Each mask is a model of its own beside the intact one; AIS goes into the details of its scores.
    """
    from core.analysis.results import read_results

    results = read_results(folder)
    without: list[str] = []
    if to_format == "every-eval-ever":
        from core.analysis.sharing.every_eval_ever import write_every_eval_ever

        written = write_every_eval_ever(results, to)
    elif to_format == "lm-eval":
        from core.analysis.sharing.harness_layout import write_harness_layout

        written = write_harness_layout(results, to)
    else:
        from core.analysis.sharing.hub_results import write_hub_results

        written, without = write_hub_results(results, to)
    output.write(f"Written: {len(written):,} files in {to}\n")
    if without:
        output.note(f"Left out, their items are on no hub: {', '.join(without)}.")
