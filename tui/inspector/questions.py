"""What the app's own keys ask, as dialogs, and the screens that they open, imported when they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.masks.choices import SCOPES, SELECTIONS
from tui.inspector.keys import PANES
from tui.inspector.lens import UNTILS, TypedK, parse_count, parse_scored
from tui.inspector.screens.dialogs import Choose, Enter, Option
from tui.names import SCOPE_MEANINGS, SCOPE_WORDS, SELECTION_MEANINGS, UNTIL_MEANINGS, short_benchmark
from tui.numbers import k_text, until_text

if TYPE_CHECKING:
    from textual.app import App
    from textual.binding import ActiveBinding
    from textual.command import Provider

    from core.models.spec import ModelSpec
    from tui.inspector.calibration.screen import CalibrationScreen
    from tui.inspector.controller import Controller
    from tui.inspector.look.marks import Marks
    from tui.inspector.pane import Exported, Pane
    from tui.inspector.run_choices import RunChoice
    from tui.inspector.screens.export import ExportScreen
    from tui.inspector.screens.help import HelpScreen
    from tui.inspector.screens.queue import QueueScreen
    from tui.inspector.session import Session

DIAGNOSTIC = "diagnostic: "
"""Begins the names of the abilities' own benchmarks."""

KEEP = "keep"
"""The answer that leaves the engine to itself."""


def which_selection(controller: Controller) -> Choose:
    """A selection of weights, or a scope: what is selected, and from where."""
    lens, marks = controller.lens, controller.session.marks
    options = [Option(one, one, SELECTION_MEANINGS[one], group="which weights") for one in SELECTIONS]
    options += [Option(one, SCOPE_WORDS[one], SCOPE_MEANINGS[one], group="from where") for one in SCOPES]
    return Choose("selection", options, lens.selection, marks, also=[lens.scope])


def which_k(controller: Controller) -> Enter[TypedK]:
    """A share of all parameters."""
    hint = (
        f"A share of all parameters: 0.5 %, 0.005 or 5e-3. Now {k_text(controller.lens.k)}.\n"
        "auto: the k that takes most from the ability, least from the others."
    )
    return Enter("k", hint, controller.parse_k)


def which_benchmark(controller: Controller) -> Choose:
    """A benchmark; those with stored outcomes are marked."""
    session, stored = controller.session, controller.known.benchmarks or ()
    options = []
    for one in session.every_benchmark:
        about, short = controller.about_benchmark(one), short_benchmark(one.id)
        is_compound = one in session.compounds
        name = f"compound: {short}" if is_compound else one.name  # their names are long
        if name.startswith(DIAGNOSTIC):
            name, about = name.removeprefix(DIAGNOSTIC), f"{about} ({DIAGNOSTIC.strip(': ')})"
        options.append(Option(one.id, name, about, None if is_compound else one.id in stored, short))
    return Choose("benchmark", options, controller.lens.benchmark, session.marks)


def how_many_items(controller: Controller) -> Enter[int]:
    """A number of items."""
    benchmark = controller.session.benchmark(controller.lens.benchmark)
    return Enter("items", f"Items per benchmark; {benchmark.name} has {benchmark.n_items:,}.", parse_count)


def which_until(controller: Controller) -> Choose:
    """A least AIS of interest, or none."""
    options = [Option(until_text(one), until_text(one), UNTIL_MEANINGS[one]) for one in UNTILS]
    return Choose(
        "stop when it is known", options, until_text(controller.lens.until), controller.session.marks
    )


def how_many_scored(controller: Controller) -> Enter[int]:
    """A number of diagnostic items."""
    session = controller.session
    hint = (
        "Diagnostic items of each ability from which its weights are scored: more of them take longer and "
        f"select less by chance. Usual for this model: {session.experiment.importance.n_items:,}. Now "
        f"{session.n_items_of(controller.lens):,}."
    )
    return Enter("items that score weights", hint, parse_scored)


def which_second_model(controller: Controller) -> Enter[ModelSpec]:
    """A model to look at beside the first."""
    from tui.inspector.second_model import HINT

    return Enter("model B", HINT, controller.second.parse)


def which_runs(controller: Controller, choices: Mapping[str, RunChoice]) -> Choose:
    """A row or column of the matrix, or all of it."""
    options = [Option(key, choice.label, choice.note) for key, choice in choices.items()]
    return Choose("run", options, "row", controller.session.marks)


def the_queue(controller: Controller) -> QueueScreen:
    """What runs and what waits."""
    from tui.inspector.screens.queue import QueueScreen

    return QueueScreen(controller.session)


def what_of_the_engine(engine: str, marks: Marks) -> Choose:
    """What becomes of an idle engine whose model took long to load."""
    attach = f"its model stays loaded for a while: abilityscope attach {engine}"
    options = [
        Option(KEEP, "quit, keep the engine", attach),
        Option("end", "quit, end the engine", "frees its memory; the next start loads the model again"),
    ]
    return Choose("quit", options, KEEP, marks)


def the_help(tab: str, pane: Pane, bindings: Mapping[str, ActiveBinding], marks: Marks) -> HelpScreen:
    """The help for the tab in front."""
    from tui.inspector.screens.help import HelpScreen

    return HelpScreen(dict(PANES)[tab].title, pane.help_text, bindings, marks)


def the_calibration(session: Session) -> CalibrationScreen:
    """The calibration of the method."""
    from tui.inspector.calibration.screen import CalibrationScreen

    return CalibrationScreen(session)


def the_export(exported: Exported) -> ExportScreen:
    """A file's name for what the tab in front exports."""
    from tui.inspector.screens.export import ExportScreen

    return ExportScreen(exported)


def copy(app: App[Any], text: str) -> str:
    """Copies a text to the clipboard; returns the sentence to show."""
    from tui.inspector.screens import export

    return export.copy(app, text)


def the_palette() -> type[Provider]:
    """The commands of the palette."""
    from tui.inspector.palette import InspectorCommands

    return InspectorCommands
