"""An ability that the intact model does not show is never starred, and says so everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from cache.folder import Store
from core.analysis.matrix import Matrix, matrix
from core.analysis.probe import Question, probe_requests
from core.analysis.profile import Profile, findings_of, profile_of
from core.analysis.shown import Shown, shown_abilities
from core.benchmarks.diagnostic import PROBE_ITEMS
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.experiment import Experiment
from core.run.plan import Plan
from core.run.specs import MaskSpec, ModelIdentity
from tui.inspector.ais.cell_text import cell_mark, flag_of, is_significant, not_shown, status_text
from tui.inspector.ais.links import links_of
from tui.inspector.look.marks import UNICODE
from tui.measures import AIS
from tui.profile_tables import write_profile

N = 40
ABLE, WEAK = "spatial_reasoning", "temporal_reasoning"
BENCHMARKS = find_benchmarks([ABLE, WEAK])
MASKS = [MaskSpec(ability, "mlp", "top", 0.01) for ability in (ABLE, WEAK)]
RIGHT = {None: (36, 12), MASKS[0]: (20, 12), MASKS[1]: (20, 12)}
"""The intact model is at chance on temporal items (12 of 40); both masks take spatial ones away."""


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    made = Experiment(ModelSpec(), Store(tmp_path))
    for mask, counts in RIGHT.items():
        for benchmark, right in zip(BENCHMARKS, counts, strict=True):
            store(made, made.request(mask, benchmark, N), right, N)
    return made


def store(experiment: Experiment, request: object, right: int, n: int) -> None:
    """Stores made-up outcomes of which the first are right."""
    columns = {"item_id": [str(i) for i in range(n)], "correct": [i < right for i in range(n)]}
    experiment.store.outcomes.save(request.key, request.key_inputs, columns)  # type: ignore[attr-defined]


def the_profile(experiment: Experiment) -> Profile:
    plan = Plan((ABLE, WEAK), ("mlp",), ("top",), (0.01,), BENCHMARKS, limit=N)
    keys = {mask: [r.key for r in plan.requests(experiment, mask)] for mask in (None, *plan.masks())}
    frames = {m: [experiment.store.outcomes.load(key) for key in of_mask] for m, of_mask in keys.items()}
    return profile_of(plan, experiment, frames)  # type: ignore[arg-type]


def the_matrix(experiment: Experiment) -> Matrix:
    return matrix(experiment, MASKS[0], BENCHMARKS, limit=N)


def test_what_is_known_comes_from_the_stored_outcomes(experiment: Experiment) -> None:
    found = shown_abilities(experiment, N)
    assert found == {
        ABLE: Shown(ABLE, 36, N, 0.25, "benchmark"),
        WEAK: Shown(WEAK, 12, N, 0.25, "benchmark"),
    }
    assert (found[ABLE].is_shown, found[WEAK].is_shown) == (True, False)  # P(12 or more of 40) = .285
    assert shown_abilities(experiment, N + 1) == {}


def test_the_same_effect_is_starred_for_one_ability_and_not_for_the_other(experiment: Experiment) -> None:
    cells = {(row["ability"], row["benchmark"]): row for row in the_profile(experiment).cells.to_dicts()}
    starred, bare = cells[ABLE, ABLE], cells[WEAK, ABLE]
    assert starred["q_value"] == bare["q_value"] < 0.001
    assert (starred["shown"], bare["shown"]) == (True, False)
    found = the_matrix(experiment)
    one, other = (found.cells[ability, ABLE] for ability in (ABLE, WEAK))
    assert (is_significant(one), is_significant(other)) == (True, False)
    assert (cell_mark(one), cell_mark(other)) == ("**", "")
    assert found.summary.holm_significant == 1
    assert [found.abilities[link.left] for link in links_of(found, AIS)] == [ABLE]


def test_it_is_said_in_matrix_tables_and_files(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    found, profile = the_matrix(experiment), the_profile(experiment)
    assert not_shown(found) == {WEAK}
    assert (flag_of(found, ABLE, UNICODE), flag_of(found, WEAK, UNICODE)) == ("", "∅")
    assert status_text(found, UNICODE, room=None).startswith("* q < .05")
    assert "  ∅ not shown by this model" in status_text(found, UNICODE, room=None)
    write_profile(profile, AIS)
    out = " ".join(capsys.readouterr().out.split())
    assert "Not shown by this model, so never starred: tempor 12 of 40 right, .30 [.18, .45]." in out
    findings = findings_of(profile)
    assert [(row["ability"], row["benchmark"]) for row in findings["holm_significant"]] == [(ABLE, ABLE)]
    assert [(row["ability"], row["n"], row["right"], row["shown"]) for row in findings["shown"]] == [
        (ABLE, N, 36, True),
        (WEAK, N, 12, False),
    ]


def test_without_outcomes_the_probe_tells_in_the_models_form_and_at_its_level(tmp_path: Path) -> None:
    real = Experiment(ModelSpec("some/model", prompt="text", level_asked="standard"), Store(tmp_path))
    real.identity = ModelIdentity("0f" * 16, "none", "float32", "cpu")
    own, other = Question(WEAK, "text", "standard"), Question(WEAK, "letters", "standard")
    for question, right in ((own, 9), (other, 3)):
        store(real, probe_requests(real, [question])[question], right, PROBE_ITEMS)
    assert shown_abilities(real, N) == {WEAK: Shown(WEAK, 9, PROBE_ITEMS, 0.25, "probe")}
    store(real, real.request(None, BENCHMARKS[1], N), 12, N)
    assert shown_abilities(real, N) == {WEAK: Shown(WEAK, 12, N, 0.25, "benchmark")}  # it has more items
