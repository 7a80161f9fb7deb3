"""Which weights: exact rankings over all candidates, random controls, what is special to an ability."""

from core.selection.addresses import to_addresses, to_positions
from core.selection.chance import random_addresses, random_like
from core.selection.contrast import ContrastScores, ShareMaxima, Shares, ShareSums, contrast_scores, total_of
from core.selection.ranking import bottom_ranking, top_ranking
from core.selection.scores import ComputedScores, Scores

__all__ = [
    "ComputedScores",
    "ContrastScores",
    "Scores",
    "ShareMaxima",
    "ShareSums",
    "Shares",
    "bottom_ranking",
    "contrast_scores",
    "random_addresses",
    "random_like",
    "to_addresses",
    "to_positions",
    "top_ranking",
    "total_of",
]
