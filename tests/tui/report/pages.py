"""Reads an HTML report as a browser would: elements with their attributes, tables as texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "input", "line", "circle", "path", "polyline"}


@dataclass
class Element:
    """An element, its attributes, what is in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it."""
        return "".join(one if isinstance(one, str) else one.text for one in self.children)

    def every(self, *tags: str) -> list[Element]:
        """All elements in it with such tags, itself among them; all if none is named."""
        inner = [found for one in self.children if isinstance(one, Element) for found in one.every(*tags)]
        return [self, *inner] if not tags or self.tag in tags else inner

    def first(self, tag: str, **attributes: str) -> Element:
        """The first such element in it."""
        return next(one for one in self.every(tag) if attributes.items() <= one.attributes.items())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop().tag == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def page_of(html: str) -> Element:
    """The document; every element that is opened must be closed."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [reader.root]
    return reader.root


def rows_of(table: Element) -> list[list[str]]:
    """The texts of a table's cells."""
    return [[" ".join(cell.text.split()) for cell in row.every("th", "td")] for row in table.every("tr")]
