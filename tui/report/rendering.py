"""Reports as HTML and Markdown. Every text goes through `safe_block` and the format's own escaping."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tui.numbers import interval, k_text, number, percent, signed_number
from tui.report import drawing
from tui.report.document import Report, estimate, title, verdict
from tui.report.shades import INKS, PAPERS, shade_name, shades
from tui.report.words import head, word
from tui.safe_text import safe_block

MARKDOWN_SIGNS = re.compile(r"([\\`*\[\]<>|~&$#!]|(?<![^\W_])_|_(?![^\W_]))")
"""What Markdown may take for markup, HTML or a formula; `_` within a word is none."""


def html_of(report: Report) -> str:
    """The report as one HTML document that loads nothing and lets nothing but its own script run."""
    environment = _environment(is_html=True)
    style = environment.get_template("report.css.j2").render(
        looks={look: shades(look) for look in ("light", "dark")}, papers=PAPERS, inks=INKS
    )
    script = environment.get_template("report.js").render()
    return environment.get_template("report.html.j2").render(
        report=report,
        style=Markup(style),
        script=Markup(script),
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
        draw=drawing,
    )


def markdown_of(report: Report) -> str:
    """The report as Markdown, with examples and without the other samples."""
    return _environment(is_html=False).get_template("report.md.j2").render(report=report)


@cache
def _environment(*, is_html: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("tui.report"),
        autoescape=is_html,
        finalize=_safe if is_html else _markdown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "number": number,
        "signed": signed_number,
        "percent": percent,
        "estimate": estimate,
        "verdict": verdict,
        "masks": title,
        "short": word,
        "k": k_text,
        "head": head,
        "ends": lambda found: interval(found.low, found.high),
        "shade": shade_name,
        "fenced": fenced,
    }
    return environment


def _hash(text: str) -> str:
    """The source expression of an inline style or script in a content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _safe(value: Any) -> Any:
    """A text without characters that act on a screen; the template escapes it afterwards."""
    return safe_block(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _markdown(value: Any) -> Any:
    """A text on one line that Markdown shows as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return MARKDOWN_SIGNS.sub(r"\\\1", re.sub(r"\s*\n\s*", " ", safe_block(value)))


def fenced(text: str) -> Markup:
    """A block of Markdown that shows a text as it is."""
    shown = safe_block(text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup(f"{fence}text\n{shown}\n{fence}")
