from __future__ import annotations

import subprocess
import sys

CODE = """
import sys, tempfile
from pathlib import Path
import numpy as np
from core.analysis.stored import cached_abilities, cached_benchmarks, cache_status
from core.analysis.diagnosis import Asked, diagnose, main_tag, shares
from core.analysis.text_checks import Written
from core.analysis.choices import diagnose_choice, position_preference
from core.analysis.mask_tables import mask_distribution
from core.analysis.matrix import matrix, sweep
from core.analysis.mask_tables import overlaps
from core.analysis.failures import failures, item_failure
from core.analysis.samples import Samples
from core.analysis.samples import stored_divergences
from core.benchmarks.scoring import style_format
from core.run.specs import MaskSpec
from tests.core.analysis.samples.stored_samples import MASK, stored_samples

experiment, benchmark = stored_samples(Path(tempfile.mkdtemp()), 50)
samples = Samples.open(experiment, benchmark, 50, MASK)
samples.rows(samples.select("broken", search="zorps")), samples.sample(0)
failures(samples), item_failure(samples, samples.sample(0))
samples.write(Path(tempfile.mkdtemp()) / "out.csv", np.arange(9), "csv")
stored_divergences(experiment, *(experiment.request(mask, benchmark, 50) for mask in (None, MASK)))
cache_status(experiment, MASK, benchmark, 50), cached_abilities(experiment, MASK, benchmark, 50)
cached_benchmarks(experiment, MASK, [benchmark])
matrix(experiment, MASK, [benchmark])
sweep(experiment, MASK, [0.01, 0.02], benchmark, 50)
mask_distribution(experiment, MaskSpec("spatial_reasoning", "mlp", "random", 0.01))
overlaps(experiment, MASK.control)
asked = Asked("Tom had 3 .", style_format("cloze"), "3", options=("3", "4"))
tags = diagnose(asked, Written("so 3", "eos"), Written("so 4 so 4 so 4 so 4 so 4", "length"))
shares([main_tag(tags)])
diagnose_choice(0, (-1.0, -2.0), (-2.0, -1.0)), position_preference(np.eye(4, k=1, dtype=np.int64))
heavy = ("torch", "transformers", "scipy", "datasets", "bitsandbytes")
print([name for name in heavy if name in sys.modules])
"""


def test_results_are_read_without_torch() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
