"""Importance: one pass that scores every candidate weight by gradient times weight."""

from core.importance.scoring import Importance, score_importance
from core.importance.sums import FORMS, Form

__all__ = ["FORMS", "Form", "Importance", "score_importance"]
