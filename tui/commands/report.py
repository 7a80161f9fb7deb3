"""`abilityscope report`: a profile's folder as one file to show to others, and as figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.models.spec import shortened
from tui import output
from tui.numbers import size_text
from tui.options import UsageError

FORMATS = (".html", ".md")


def report(
    folder: Annotated[Path, typer.Argument(help="The --out folder of a profile.", metavar="DIR")],
    to: Annotated[
        Path | None,
        typer.Option(help="The report: one file without links outside.", metavar="FILE.html|FILE.md"),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(help="Folder for figures as SVG, PDF and PNG (extra report).", metavar="DIR"),
    ] = None,
) -> None:
    """Write what a profile has found as a report.

    Which ability each benchmark needs, with intervals and controls, how answers fail, and what cannot be
    said. Nothing is computed, and no model is loaded.
    """
    if to is None and figures is None:
        raise UsageError("Nothing to write: give --to FILE.html, --to FILE.md or --figures DIR.")
    if to is not None and to.suffix.lower() not in FORMATS:
        raise UsageError(f"--to '{shortened(str(to))}' is no format: end it in .html or .md.")
    from cache.files import write_atomically
    from core.analysis.results import read_results
    from tui.report.document import report_of

    made = report_of(read_results(folder))
    if to is not None:
        from tui.report.rendering import html_of, markdown_of

        content = (html_of if to.suffix.lower() == ".html" else markdown_of)(made).encode()
        write_atomically(to, content)
        output.write(f"Written: {to} ({size_text(len(content))})\n")
    if figures is not None:
        from tui.report.figures import write_figures

        written = write_figures(made, figures)
        output.write(f"Written: {written} figures in {figures}\n")
