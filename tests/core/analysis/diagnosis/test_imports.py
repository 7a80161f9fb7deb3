from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from core.analysis.diagnosis import Asked, Written, diagnose, diagnose_choice
import numpy as np
from core.analysis.diagnosis import position_preference, shares, style_format, way_of
asked = Asked("Tom had 3 .", style_format("cloze"), "3", options=("3", "4"))
tags = diagnose(asked, Written("so 3", "eos"), Written("so 4 so 4 so 4 so 4 so 4", "length"))
shares([way_of(tags)])
diagnose_choice(0, (-1.0, -2.0), (-2.0, -1.0)), position_preference(np.eye(4, k=1, dtype=np.int64))
print([name for name in ("torch", "transformers", "scipy", "datasets") if name in sys.modules])
"""


def test_a_diagnosis_is_made_without_torch() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
