"""What the tabs Weights and Overlap write to a file and copy. Pure but for the writing."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from math import isnan
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tui.inspector.masks.overlap_table import OverlapTable
    from tui.inspector.masks.weight_reading import Masks
    from tui.inspector.masks.weight_table import MaskView

SUFFIXES = (".csv", ".json")


def write_rows(path: Path, rows: Sequence[dict[str, Any]], document: dict[str, Any]) -> None:
    """Writes rows as CSV, or all of a document as JSON, as the path's suffix says.

    Raises:
        OSError: the file cannot be written.
    """
    if path.suffix.lower() == ".json":
        path.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        return
    with path.open("w", encoding="utf-8", newline="") as sheet:
        writer = csv.DictWriter(sheet, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def weight_rows(masks: Masks) -> list[dict[str, Any]]:
    """One row for each mask and each matrix that it takes weights from."""
    mask_spec = asdict(masks.mask_spec)
    rows = _matrix_rows(masks.own, mask_spec)
    if masks.control is not None:
        rows += _matrix_rows(masks.control, {**mask_spec, "selection": "random"})
    if masks.other is not None and masks.other_spec is not None:
        rows += _matrix_rows(masks.other, asdict(masks.other_spec))
    return rows


def weight_document(masks: Masks) -> dict[str, Any]:
    """Everything that the tab shows of the masks."""
    mask_distribution = masks.own.mask_distribution
    return {
        **asdict(masks.mask_spec),
        "weights": mask_distribution.n,
        "candidates": mask_distribution.candidates,
        "parameters": masks.parameters,
        "split_half_overlap": mask_distribution.split_half_overlap,
        "other": None if masks.other is None else masks.other.ability,
        "shared_with_other": None if masks.other is None else masks.shared,
        "matrices": weight_rows(masks),
        "neurons": [asdict(neuron) for neuron in mask_distribution.neurons],
        "concentration": [list(point) for point in mask_distribution.concentration],
    }


def overlap_rows(table: OverlapTable) -> list[dict[str, Any]]:
    """One row for each pair of abilities whose masks are both known, each with itself too."""
    overlaps = table.overlaps
    known = [place for place, present in enumerate(overlaps.present) if present]
    return [
        {
            "variant": table.variant,
            "selection": table.selection,
            "scope": table.scope,
            "k": table.k,
            "ability": overlaps.abilities[row],
            "other": overlaps.abilities[column],
            "weights": int(overlaps.sizes[row]),
            "other_weights": int(overlaps.sizes[column]),
            "shared": int(overlaps.shared[row, column]),
            "jaccard": float(overlaps.jaccard[row, column]),
            "containment": float(overlaps.containment[row, column]),
            "lift": None if isnan(lift := float(overlaps.lift[row, column])) else lift,
        }
        for row in known
        for column in known
    ]


def overlap_document(table: OverlapTable) -> dict[str, Any]:
    """Everything that the tab shows of the overlaps."""
    overlaps = table.overlaps
    return {
        "variant": table.variant,
        "selection": table.selection,
        "scope": table.scope,
        "k": table.k,
        "candidates": overlaps.candidates,
        "split_half_overlap": dict(overlaps.split_half_overlaps),
        "missing": [mask.ability for mask in overlaps.missing],
        "pairs": overlap_rows(table),
    }


def text_table(corner: str, heads: Sequence[str], rows: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """A table as plain text, its columns aligned."""
    lines = [[corner, *heads], *([name, *row] for name, row in zip(rows, cells, strict=True))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([name.ljust(widths[0]), *map(str.rjust, texts, widths[1:])]) for name, *texts in lines
    )


def _matrix_rows(view: MaskView, mask_spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **mask_spec,
            "layer": layer,
            "matrix": kind,
            "weights": view.counts[layer + 1][column],
            "candidates": view.sizes[layer + 1][column],
            "share": view.share(layer + 1, column),
            "enrichment": view.value(layer + 1, column, "enrichment"),
        }
        for layer in range(len(view.counts) - 1)
        for column, kind in enumerate(view.mask_distribution.kinds)
        if view.sizes[layer + 1][column]
    ]
