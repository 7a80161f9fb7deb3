"""All that one ability's six masks take beside model runs, against the reference implementation's figures."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch

from cache.keys import key_of
from cache.rankings import Rankings
from core.importance.maps import MatrixScores
from core.masks.ablation import Ablator
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.masks.ranking import top_ranking
from core.models.matrices import weights_of
from tests.performance.figures import Aim, Figure, Measured, ratio
from tests.performance.shapes import config_of
from tests.performance.subject import Scale, Subject

KS = tuple(1e-5 * 4**step for step in range(6))
"""The reference's smallest and largest k, and four between: 0.001 % to 1.024 % of all parameters."""

REFERENCE_S = 19.7
REFERENCE_DISK_BYTES = 4.2e9
REFERENCE_MEMORY_BYTES = 0.84e9
"""As reported of it, on one thread of a 2-core machine, for a Llama of 117 M parameters in float32."""


def measure_ability(shape: str, device: torch.device, scale: Scale) -> Measured:
    """Ranking, storing, and for each k cutting, applying and restoring; MLP weights alone, as there."""
    subject = Subject(config_of(shape), device, torch.float32, "none", scale)
    six = _SixMasks(subject)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        clock = subject.clock
        extra = clock.peak_of(lambda: six.run(root)).process_bytes
        seconds = clock.best(lambda: six.run(root))
        disk = sum(file.stat().st_size for file in root.rglob("*") if file.is_file())
    return Measured(
        "one ability without model runs",
        (
            Figure("s", seconds),
            Figure("disk, MB", disk / 1e6),
            Figure("memory beside model and scores, MB", ratio(extra, 1e6)),
            Figure("x as fast as the reference", REFERENCE_S / seconds, Aim(20, at_least=True)),
            Figure("x less disk than the reference", REFERENCE_DISK_BYTES / disk, Aim(500, at_least=True)),
            Figure("x less memory than the reference", ratio(REFERENCE_MEMORY_BYTES, extra)),
        ),
        {"seconds": seconds, "bytes on disk": disk},
        {"restored": six.is_restored()},
        size=f"{len(KS)} k, {subject.space.total_parameters / 1e6:.0f} M parameters",
    )


class _SixMasks:
    def __init__(self, subject: Subject) -> None:
        self._space = subject.space
        self._matrices = subject.space.candidates("mlp")
        generator = torch.Generator().manual_seed(0)
        self._scores = [
            MatrixScores(torch.randn(matrix.rows, matrix.columns, generator=generator))
            for matrix in self._matrices
        ]
        self._before = [self._space.read(matrix).clone() for matrix in self._matrices]
        self._ablator = Ablator(self._space)

    def run(self, root: Path) -> None:
        ns = [weights_of(k, self._space.total_parameters) for k in KS]
        layout = Layout(self._space.matrices)
        ids, local = layout.split("mlp", top_ranking(self._scores, ns[-1]).numpy())
        rankings, key = Rankings(root), key_of("ranking", 1, {})
        rankings.save(key, {}, ids.astype(np.int16), local.astype(np.int32), {})
        for n in ns:
            stored = rankings.load(key, n)
            assert stored is not None
            mask = Mask.of(layout.starts[stored.matrix_ids] + stored.local_indices)
            with self._ablator.applied(mask):
                pass

    def is_restored(self) -> bool:
        pairs = zip(self._before, self._matrices, strict=True)
        return all(torch.equal(before, self._space.read(matrix)) for before, matrix in pairs)
