from __future__ import annotations

import subprocess
import sys

CODE = """
import sys, tempfile
from pathlib import Path
import numpy as np
from cache.folder import Store
from core.models.spec import ModelSpec
from core.experiment.specs import MaskSpec
from core.results.anatomy import anatomy
from core.results.cells import column, matrix, sweep
from core.results.failures import failures, item_failure
from core.results.overlaps import overlaps
from core.results.divergences import stored_divergences
from core.results.presence import cached_abilities, cached_benchmarks, presence
from core.results.samples import Samples
from core.experiment import Experiment
from tests.core.analysis.stored.stored_samples import MASK, stored_samples

bench, benchmark = stored_samples(Path(tempfile.mkdtemp()), 50)
samples = Samples.open(bench, benchmark, 50, MASK)
samples.rows(samples.select("broken", search="zorps")), samples.sample(0)
failures(samples), item_failure(samples, samples.sample(0))
samples.write(Path(tempfile.mkdtemp()) / "out.csv", np.arange(9), "csv")
stored_divergences(bench, bench.request(None, benchmark, 50), bench.request(MASK, benchmark, 50))
presence(bench, MASK, benchmark, 50), cached_abilities(bench, MASK, benchmark, 50)
cached_benchmarks(bench, MASK, [benchmark])
matrix(bench, "mlp", "top", 0.01, [benchmark]), column(bench, "mlp", "top", 0.01, benchmark, 50)
sweep(bench, MASK, [0.01, 0.02], benchmark, 50)
anatomy(bench, MaskSpec("spatial_reasoning", "mlp", "random", 0.01)), overlaps(bench, "mlp", "random", 0.01)
print([name for name in ("torch", "transformers", "datasets", "bitsandbytes") if name in sys.modules])
"""


def test_results_are_read_without_torch() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
