"""The README's picture shows the inspector as it is; if not: `python -m tests.tui.inspector.picture`."""

from __future__ import annotations

import html
import re

from tests.tui.inspector.picture import LENS, PICTURE
from tui.inspector.keys import PANES


def test_it_shows_todays_tabs_and_lens() -> None:
    texts = re.findall(r"<text[^>]*>(.*?)</text>", PICTURE.read_text(encoding="utf-8"), flags=re.DOTALL)
    shown = " ".join(html.unescape(" ".join(texts)).split())
    for name in ("ability", "variant", "select", "benchmark", LENS.selection, "(random)"):
        assert name in shown
    for number, (_, pane) in enumerate(PANES, start=1):
        assert f"{number} {pane.title}" in shown


def test_it_asks_nobody_else_for_anything() -> None:
    picture = PICTURE.read_text(encoding="utf-8")
    assert not re.search(r"url\([\"']?https?:|href=|<script|<image", picture)
