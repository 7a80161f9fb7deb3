"""How an ablated answer fails. All but `core.diagnosis.probabilities` is plain: no torch."""

from core.diagnosis.answer_format import AnswerFormat, pattern_format, style_format
from core.diagnosis.choices import ChoiceDiagnosis, diagnose_choice
from core.diagnosis.diagnose import diagnose
from core.diagnosis.parting import Parting, first_difference
from core.diagnosis.preferences import (
    LengthPreference,
    PositionPreference,
    length_preference,
    length_ranks,
    letter_of,
    moves_of,
    position_preference,
)
from core.diagnosis.summary import Share, Way, frequent, shares, way_of
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
    "Way",
    "Written",
    "diagnose",
    "diagnose_choice",
    "first_difference",
    "frequent",
    "length_preference",
    "length_ranks",
    "letter_of",
    "main_tag",
    "moves_of",
    "pattern_format",
    "position_preference",
    "shares",
    "style_format",
    "way_of",
]
