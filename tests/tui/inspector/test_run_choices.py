"""What `m` offers: rows, columns, a k sweep, random masks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.abilities import ABILITIES
from core.run.specs import MaskSpec
from tests.tui.inspector.host import demo_session
from tui.inspector.lens import Lens
from tui.inspector.run_choices import RANDOM_MASKS, run_choices

LENS = Lens("spatial_reasoning", "mlp", "max_minus_shared", 0.03, "temporal_reasoning", limit=40)
MASK = MaskSpec("spatial_reasoning", "mlp", "max_minus_shared", 0.03)


def test_a_sweep_is_the_cell_and_its_control_at_every_k_of_the_grid(tmp_path: Path) -> None:
    session, _ = demo_session(tmp_path)
    sweep = run_choices(session, LENS, session.experiment.info)["sweep"]
    ks = (0.001, 0.003, 0.01, 0.03, 0.1)
    masks = [None, *(one for k in ks for one in (replace(MASK, k=k), replace(MASK.control, k=k)))]
    assert [run.mask for run in sweep.runs(session, LENS)] == masks
    assert {(run.benchmark, run.n) for run in sweep.runs(session, LENS)} == {("temporal_reasoning", 40)}
    assert sweep.title == "k sweep spatial on temporal · MLP-only · max_minus_shared"


def test_random_masks_are_as_many_as_can_show_an_empirical_p(tmp_path: Path) -> None:
    session, _ = demo_session(tmp_path)
    choices = run_choices(session, LENS, None)
    base, mask, *drawn = choices["random"].masks
    assert (base, mask) == (None, MASK)
    assert drawn[0] == MASK.control  # the one that is beside it anyway
    assert len(set(drawn)) == len(drawn) == RANDOM_MASKS
    assert "sweep" not in choices  # until the model's files were read
    assert "random" not in run_choices(session, replace(LENS, selection="random"), None)


@pytest.mark.parametrize(("choice", "masks"), [("row", 1), ("column", 10), ("matrix", 10)])
def test_rows_and_columns_have_each_mask_beside_its_control(tmp_path: Path, choice: str, masks: int) -> None:
    session, _ = demo_session(tmp_path)
    found = run_choices(session, replace(LENS, n_items=50), None)[choice]
    assert len(found.masks) == 1 + 2 * masks
    assert len(found.benchmarks) == (1 if choice == "column" else len(ABILITIES))
    assert found.title.endswith("· MLP-only · max_minus_shared · k 3 % · scored by 50")


def test_a_compound_is_a_column_only_while_the_lens_is_on_it(tmp_path: Path) -> None:
    session, _ = demo_session(tmp_path)
    pair = "deductive_reasoning+spatial_reasoning"
    assert pair not in [one.id for one in session.columns(LENS)]
    on_pair = replace(LENS, benchmark=pair)
    assert [one.id for one in session.columns(on_pair)] == [*(one.id for one in ABILITIES), pair]
    assert session.benchmark(pair).n_items == 500
