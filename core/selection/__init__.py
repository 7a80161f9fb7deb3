"""Which weights: exact rankings over all candidates, random controls, what is special to an ability."""

from core.selection.addresses import to_addresses, to_positions
from core.selection.chance import random_addresses, random_like
from core.selection.contrast import contrast_scores
from core.selection.ranking import bottom_ranking, top_ranking

__all__ = [
    "bottom_ranking",
    "contrast_scores",
    "random_addresses",
    "random_like",
    "to_addresses",
    "to_positions",
    "top_ranking",
]
