"""Scores, Ability Impact Scores, their intervals and tests. Numbers in, numbers out: knows no model."""

from core.statistics.accuracy import (
    Accuracy,
    Believable,
    Verdict,
    accuracy,
    believable,
    collapsed,
    identifiable,
    impact,
    standard_error,
)
from core.statistics.bootstrap import Intervals, paired_bootstrap
from core.statistics.cells import CellStatistics, cell_statistics
from core.statistics.mean_score import mean_score
from core.statistics.power import least_detectable_drop, mcnemar_power, minimum_detectable_effect
from core.statistics.significance import EmpiricalP, benjamini_hochberg, empirical_p, holm, mcnemar_exact
from core.statistics.specificity import Specificity, specificities, specificity

__all__ = [
    "Accuracy",
    "Believable",
    "CellStatistics",
    "EmpiricalP",
    "Intervals",
    "Specificity",
    "Verdict",
    "accuracy",
    "believable",
    "benjamini_hochberg",
    "cell_statistics",
    "collapsed",
    "empirical_p",
    "holm",
    "identifiable",
    "impact",
    "least_detectable_drop",
    "mcnemar_exact",
    "mcnemar_power",
    "mean_score",
    "minimum_detectable_effect",
    "paired_bootstrap",
    "specificities",
    "specificity",
    "standard_error",
]
