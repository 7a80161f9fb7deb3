"""Whether a mask hurts a benchmark more than the other abilities' masks do, from what is stored."""

from __future__ import annotations

from dataclasses import replace

from core.abilities import ABILITIES
from core.analysis.statistics.specificity import Specificity
from core.analysis.stored.frames import frame_specificities, frame_statistics
from core.benchmarks.description import Benchmark
from core.experiment.experiment import Experiment
from core.experiment.specs import MaskSpec


def stored_specificity(
    experiment: Experiment, mask: MaskSpec, benchmark: Benchmark, n: int
) -> Specificity | None:
    """The AIS of a mask on n items less the mean of the other abilities', as far as those are stored.

    Of damaged outcomes nothing is said: whoever shows the cells names them.

    Returns:
        None if the base, the mask's own or all other outcomes are lacking, or the AIS is not defined.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    others = [replace(mask, ability=one.id) for one in ABILITIES if one.id != mask.ability]
    base, *keys = [experiment.request(one, benchmark, n).key for one in (None, mask, *others)]
    known = [key for key in (base, *keys) if experiment.store.outcomes.entries.has(key)]
    frames = experiment.store.outcomes.load_many(known).frames
    columns = [frames[key] for key in keys if key in frames]
    if base not in frames or keys[0] not in frames or len(columns) < 2:
        return None
    if not frame_statistics(frames[base], columns[:1], benchmark, mask.seed)[0].defined:
        return None
    return frame_specificities(frames[base], columns, [0] * len(columns), benchmark, mask.seed)[0]
