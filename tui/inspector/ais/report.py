"""The report of what the AIS tab shows."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

SUFFIX = ".html"

NOTE = ".html: the report, of what is stored whole, for a browser"


def write_report(session: Session, lens: Lens, path: Path) -> None:
    """Writes the report of a lens's matrix, from the cache alone; called in a thread.

    Raises:
        ValueError: no ability is stored on any benchmark.
        OSError: the file cannot be written.
    """
    from core.analysis.profile import stored_profile, write_profile
    from core.analysis.results import read_results
    from tui.report.document import report_of
    from tui.report.rendering import html_of

    experiment = session.experiment
    ks = session.sweep_ks(lens, experiment.info)
    columns = session.columns(lens)
    mask, until = lens.mask_or_fail, lens.stops_at
    profile, scored = stored_profile(experiment, mask, columns, lens.limit, ks, until)
    with TemporaryDirectory() as folder:
        write_profile(profile, scored, Path(folder))
        path.write_text(html_of(report_of(read_results(Path(folder)))), encoding="utf-8")
