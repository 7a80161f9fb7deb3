"""How an ablated answer fails. All but `core.diagnosis.probabilities` is plain: no torch."""

from core.diagnosis.answer_format import AnswerFormat, pattern_format, style_format
from core.diagnosis.choices import ChoiceDiagnosis, diagnose_choice
from core.diagnosis.diagnose import diagnose
from core.diagnosis.parting import Parting, first_difference
from core.diagnosis.preferences import (
    LengthPreference,
    PositionPreference,
    length_preference,
    position_preference,
)
from core.diagnosis.summary import Share, shares, summary
from core.diagnosis.tags import FAILURES, PRIORITY, WORDS, Tag, TagName, main_tag
from core.diagnosis.written import Asked, Written

__all__ = [
    "FAILURES",
    "PRIORITY",
    "WORDS",
    "AnswerFormat",
    "Asked",
    "ChoiceDiagnosis",
    "LengthPreference",
    "Parting",
    "PositionPreference",
    "Share",
    "Tag",
    "TagName",
    "Written",
    "diagnose",
    "diagnose_choice",
    "first_difference",
    "length_preference",
    "main_tag",
    "pattern_format",
    "position_preference",
    "shares",
    "style_format",
    "summary",
]
