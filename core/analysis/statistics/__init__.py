"""Scores, Ability Impact Scores, their intervals and tests. Numbers in, numbers out."""

LEAST_EFFECT = 0.05
"""The smallest AIS that counts as a link (Kim et al. 2025). Against 0 even random masks are significant."""

SIGNIFICANT = 0.05
"""Adjusted p-values below it are significant. Here, because screens need it before NumPy is loaded."""

NO_PROBABILITY = (
    "no p(right): several options are right, no right answer is known in the benchmark's form, or the run is "
    "from before it was measured"
)
"""Why there is no AIS_p where there may be an AIS."""
