"""Whether a mask leaves the model able to write: neutral text, and answers that are none. No torch."""

from core.health.answers import AnswerHealth, answer_health
from core.health.limits import MOST_RUINED, MOST_TIMES
from core.health.neutral import NeutralText, neutral_texts
from core.health.perplexity import perplexity

__all__ = [
    "MOST_RUINED",
    "MOST_TIMES",
    "AnswerHealth",
    "NeutralText",
    "answer_health",
    "neutral_texts",
    "perplexity",
]
