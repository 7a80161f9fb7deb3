"""Every link, file, module, function and option that a README names is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer

from tui.command_line import command_app

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "cache", "tui", "tests")
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / ".github").glob("*.md")),
    *sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.md")),
]
"""All but the changelog, which names what is gone."""

OF_COMMANDS = [path for path in DOCUMENTS if ROOT / "tests" not in path.parents]
"""Those of the tests name options of pytest and of scripts."""

documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@documents
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text("utf-8")):
        path, _, heading = target.partition("#")
        if "://" in target:
            continue
        linked = (document.parent / path) if path else document
        assert linked.exists(), target
        assert not heading or heading in _headings(linked), target


@documents
def test_files_and_modules_are_there(document: Path) -> None:
    text = document.read_text("utf-8")
    for name in re.findall(rf"`((?:{'|'.join(ROOMS)})/[\w./-]*|[\w/]+\.py)`", text):
        assert (ROOT / name).exists() or any(document.parent.rglob(name)), name
    for module in re.findall(rf"python -m ((?:{'|'.join(ROOMS)})[\w.]*)", text):
        file = ROOT / module.replace(".", "/")
        assert file.with_suffix(".py").exists() or (file / "__main__.py").exists(), module


@pytest.mark.parametrize("document", OF_COMMANDS, ids=lambda path: str(path.relative_to(ROOT)))
def test_options_are_those_of_the_commands(document: Path) -> None:
    lines = [
        line
        for line in document.read_text("utf-8").splitlines()
        if not re.search(r"python -m|\b(uv|pip) |^#SBATCH ", line)
    ]
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(lines)))
    assert named <= {*_options(typer.main.get_command(command_app())), "--help"}


def test_the_request_that_core_walks_through_is_the_code() -> None:
    text = (ROOT / "core/README.md").read_text("utf-8").partition("## One request from end to end")[2]
    rows = re.findall(r"^\| `([\w/]+\.py)` \| (.+?) \|", text, re.MULTILINE)
    assert len(rows) > 15
    for file, names in rows:
        for name in re.findall(r"`([\w.]+)`", names):
            assert name in _definitions(ROOT / file), f"{file}: {name}"


def _headings(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


@cache
def _definitions(file: Path) -> set[str]:
    """The functions, classes and methods of a module, methods with their class."""
    found = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)
            }
    return found


def _options(command: object) -> Iterator[str]:
    """The options of a command and of all below it."""
    for parameter in getattr(command, "params", ()):
        yield from parameter.opts + parameter.secondary_opts
    for below in getattr(command, "commands", {}).values():
        yield from _options(below)
