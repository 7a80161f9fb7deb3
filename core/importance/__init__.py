"""Importance: one pass that scores every candidate weight by gradient times weight."""

from core.importance.scoring import Importance, score_importance

__all__ = ["Importance", "score_importance"]
