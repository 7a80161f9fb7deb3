"""Up to where a mask counts as acceptable: what it then does to a benchmark is no matter of language."""

from __future__ import annotations

MOST_TIMES = 2.0
"""Of the intact model's perplexity on neutral text. Twice is one bit more of surprise at every token, which a
model that still writes can have; ten times is where an answer counts as incoherent
(`core.analysis.diagnosis.coherence`)."""

MOST_RUINED = 0.25
"""Share of the answers that may repeat themselves, or be unreadable, beyond the intact model's. There are
few: of twelve a single one is 8 %. And of the embedded model's a tenth are of the ablated ability itself,
which a acceptable mask may well ruin."""
