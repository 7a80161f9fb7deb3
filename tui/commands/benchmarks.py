"""`abilityscope benchmarks`: all benchmarks, and whether their data is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.abilities.catalogue import JOINS
from tui import output
from tui.options import DataDir, Json, absolute_folder, checked_arguments
from tui.output import wrapped

if TYPE_CHECKING:
    from core.benchmarks.registry import Listed


def benchmarks(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the benchmarks and whether their data is here.

    Without --data-dir they are downloaded from the Hugging Face hub when they are first run. With the extra
    `harness`, any task of lm-evaluation-harness runs as lm_eval:TASK.
    """
    from core.benchmarks.registry import listed_benchmarks

    folder = absolute_folder(data_dir)
    with checked_arguments():
        listed = listed_benchmarks(folder)
    if as_json:
        from cache.keys import as_plain

        output.write_document({"data_dir": folder, "benchmarks": as_plain(listed)})
    else:
        _write(listed, folder is not None)


def _write(listed: list[Listed], has_folder: bool) -> None:
    compounds = [one for one in listed if len(one.needs) > 1]
    rows = [one for one in listed if one not in compounds]
    _write_rows(rows)
    if not all(one.at_hand for one in listed):
        where = "the folder lacks it" if has_folder else "it is downloaded when the benchmark is run"
        output.write(wrapped(f"here: whether the data is on this computer; no: {where}.") + "\n")
    output.write(_compound_words(compounds))


def _write_rows(rows: list[Listed]) -> None:
    cells = []
    for one in rows:
        here, count = "yes" if one.at_hand else "no", "" if one.n_items is None else f"{one.n_items:,}"
        score = one.metrics[0].partition(",")[0]  # lm-evaluation-harness puts the filter behind it
        cells.append(((one.id, here, score, count, _chance(one), str(one.shots)), _asks(one)))
    output.write_list(("id", "here", "score"), ("items", "chance", "shots"), "asks", cells)


def _asks(one: Listed) -> str:
    """What a benchmark asks, and its name in lm-evaluation-harness if that is another one."""
    notes = ["runs code"] if one.runs_code else []
    notes += [f"lm-eval: {one.harness}"] if one.harness not in (None, one.id) else []
    return one.about + (f" ({', '.join(notes)})" if notes else "")


def _compound_words(compounds: list[Listed]) -> str:
    """The compounds in a sentence, and the triples; the table has no room for all."""
    pairs = [one for one in compounds if len(one.needs) == 2]
    triples = [one for one in compounds if one not in pairs]
    triple_ids = "".join(f"  {one.id}\n" for one in triples)
    return (
        wrapped(
            f"compound: items that need several abilities at once. {len(pairs)} pairs, two abilities with "
            f"{JOINS} between such as {pairs[0].id} (chance {_chance(pairs[0])}), and {len(triples)} triples "
            f"(chance {_chance(triples[0])}), of {pairs[0].n_items:,} items each:"
        )
        + f"\n{triple_ids}"
    )


def _chance(one: Listed) -> str:
    if one.chance_varies:
        return "by item"
    return "none" if one.chance is None else f"{one.chance:.2f}"
