"""Scores, Ability Impact Scores, their intervals and tests. Numbers in, numbers out: knows no model."""

from core.statistics.accuracy import (
    Accuracy,
    Verdict,
    accuracy,
    collapsed,
    identifiable,
    impact,
    standard_error,
)
from core.statistics.bootstrap import Intervals, paired_bootstrap
from core.statistics.cells import CellStatistics, cell_statistics
from core.statistics.significance import benjamini_hochberg, mcnemar_exact

__all__ = [
    "Accuracy",
    "CellStatistics",
    "Intervals",
    "Verdict",
    "accuracy",
    "benjamini_hochberg",
    "cell_statistics",
    "collapsed",
    "identifiable",
    "impact",
    "mcnemar_exact",
    "paired_bootstrap",
    "standard_error",
]
