"""What can be run together beyond the lens: rows and columns of the matrix, a k sweep, random controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from core.abilities.catalogue import ABILITY_IDS
from core.engine.protocol import StartRuns
from core.run.specs import MaskSpec, Run, drawn_seed
from tui.names import how_words, kind_words, scored_words, short_benchmark, until_words
from tui.result_words import ENOUGH

if TYPE_CHECKING:
    from core.models.description import ModelInfo
    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

RANDOM_MASKS = ENOUGH
"""Random controls beside a mask: the fewest that can show an empirical p of .05."""


class RunChoice(NamedTuple):
    """Several runs that are started together."""

    title: str
    """Jobs are known by their titles, so it says how weights are chosen."""
    label: str
    """What it is, in a list."""
    masks: tuple[MaskSpec | None, ...]
    benchmarks: tuple[str, ...]
    what: str = ""
    """What it is good for."""

    @property
    def note(self) -> str:
        """How many runs it takes, and what it is good for."""
        count = len(self.masks) * len(self.benchmarks)
        return "; ".join(filter(None, [f"{count:,} runs", self.what]))

    def runs(self, session: Session, lens: Lens) -> tuple[Run, ...]:
        """Each mask on each benchmark, with the lens's items."""
        intact = [session.run(None, one, lens) for one in self.benchmarks]
        return tuple(msgspec.structs.replace(run, mask=mask) for mask in self.masks for run in intact)

    def start(self, session: Session, lens: Lens) -> StartRuns:
        """The command that starts them."""
        title = f"{self.title}{until_words(lens.stops_at)}"
        return StartRuns(title, self.runs(session, lens), lens.stops_at)


def choice_of(title: str, lens: Lens, abilities: Sequence[str], benchmarks: Sequence[str]) -> RunChoice:
    """The intact model, then the mask of each ability and its control, on each benchmark."""
    masks: list[MaskSpec | None] = [None]
    for mask in filter(None, map(lens.mask_of, abilities)):
        masks += [mask] if mask.selection == "random" else [mask, mask.control]
    return RunChoice(title, title, tuple(masks), tuple(benchmarks))


def run_choices(session: Session, lens: Lens, info: ModelInfo | None) -> dict[str, RunChoice]:
    """The choices by their ids; those about k and random masks are about the lens's own cell."""
    everything = [benchmark.id for benchmark in session.columns(lens)]
    all_benchmarks = f"all {len(everything)} benchmarks"
    mask = lens.mask
    if mask is None:
        return {"row": choice_of(f"base on {all_benchmarks}", lens, [lens.ability], everything)}
    abilities = list(ABILITY_IDS)
    here, name = short_benchmark(lens.ability), short_benchmark(lens.benchmark)
    all_abilities = f"all {len(abilities)} abilities"
    matrix = {
        "row": choice_of(f"{here} on {all_benchmarks}", lens, [lens.ability], everything),
        "column": choice_of(f"{all_abilities} on {name}", lens, abilities, [lens.benchmark]),
        "matrix": choice_of(f"{all_abilities} on {all_benchmarks}", lens, abilities, everything),
    }
    matrix = {key: one._replace(title=f"{one.title} · {how_words(mask)}") for key, one in matrix.items()}
    sweep = {} if info is None else {"sweep": _sweep(session, lens, mask, info)}
    random = {} if mask.selection == "random" else {"random": _random(lens, mask)}
    return {"row": matrix["row"], "column": matrix["column"], **sweep, **random, "matrix": matrix["matrix"]}


def _sweep(session: Session, lens: Lens, mask: MaskSpec, info: ModelInfo) -> RunChoice:
    """The lens's cell at every k of the grid."""
    ks = session.sweep_ks(lens, info)
    masks = [one for k in ks for one in (replace(mask, k=k), replace(mask.control, k=k))]
    name = f"{short_benchmark(lens.ability)} on {short_benchmark(lens.benchmark)}"
    return RunChoice(
        f"k sweep {name} · {kind_words(mask)}{scored_words(mask)}",
        f"k sweep of {name}",
        (None, *dict.fromkeys(masks)),
        (lens.benchmark,),
        f"all {len(ks)} k of the grid; the curve is in the tab AIS",
    )


def _random(lens: Lens, mask: MaskSpec) -> RunChoice:
    """The lens's cell beside several random masks of its size."""
    draws = [replace(mask.control, seed=drawn_seed(mask.seed, draw)) for draw in range(RANDOM_MASKS)]
    name = f"{short_benchmark(lens.ability)} on {short_benchmark(lens.benchmark)}"
    return RunChoice(
        f"{RANDOM_MASKS} random masks beside {name} · {how_words(mask)}",
        f"{RANDOM_MASKS} random masks beside {name}",
        (None, mask, *draws),
        (lens.benchmark,),
        "how often chance goes as far: the empirical p",
    )
