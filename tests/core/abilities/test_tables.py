"""Tables of words: how their files are read, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.abilities.tables import DATA, Block, Table, parse_tables, read_tables

LONGEST_LINE = 120
"""Characters of a line, so that a changed row can be read in a diff."""

FILES = sorted(str(path.relative_to(DATA).with_suffix("")) for path in DATA.rglob("*.txt"))

TEXT = """\
# Things for a test.

[animals] animal | young
cow | calf
a very long
    animal | its young

[colors] color, ...
red, blue
green

[kinds] kind | member, ...
fruit | apple, pear,
    plum

[moods] mood | cause > line
> glad | a gift
I got a ball.
Look, a kite!
> sad | a loss
It is gone.

[pairs] one | two
a | b
c | d

e | f
"""


def tables_of(tmp_path: Path, text: str) -> dict[str, Table]:
    path = tmp_path / "words.txt"
    path.write_text(text, encoding="utf-8")
    return parse_tables(path)


def test_rows_lists_and_blocks(tmp_path: Path) -> None:
    tables = tables_of(tmp_path, TEXT)
    assert list(tables) == ["animals", "colors", "kinds", "moods", "pairs"]
    assert tables["animals"].pairs == (("cow", "calf"), ("a very long animal", "its young"))
    assert tables["colors"].texts == ("red", "blue", "green")
    assert tables["kinds"].lists == {"fruit": ("apple", "pear", "plum")}
    assert tables["moods"].lists == {"glad": ("I got a ball.", "Look, a kite!"), "sad": ("It is gone.",)}
    assert tables["moods"].blocks[1] == Block(("sad", "a loss"), [("It is gone.",)])
    assert [len(block.rows) for block in tables["pairs"].blocks] == [2, 1]
    assert tables["pairs"].columns == ("one", "two")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[a] x | y\none\n", r"line 2: 1 cells, not 2 \(x \| y\)"),
        ("[a] x | y\none | two | three\n", "line 2: 3 cells, not 2"),
        ("[a] x | y\none | \n", "line 2: an empty cell"),
        ("[a] x | y\none |  | two\n", "line 2: an empty cell"),
        ("[a] x\none  two\n", "line 2: .*two spaces"),
        ("[a] x\none\ntwo\none\n", "line 4: 'one' is on line 2 already"),
        ("[a] x, ...\none, two\ntwo, three\n", "line 3: 'two' is on line 2 already"),
        ("[a] x, ...\none, two, one\n", "line 2: an empty or repeated entry"),
        ("[a] x | y, ...\none | two, , three\n", "line 2: an empty or repeated entry"),
        ("[a] x | y, ...\none | two,\n", "line 2: an empty or repeated entry"),
        ("[a] x > y\n> one\nred\n> one\nblue\n", "line 4: '> one' is on line 2 already"),
        ("[a] x\n> one\nred\n", r"line 2: 1 cells, not 0 \(no title\)"),
        ("[a] x > y\nred\n", "line 2: a row before the first title"),
        ("[a] x > y\n> one\n> two\nred\n", r": the table \[a\] or one of its titles has no rows"),
        ("[a] x\n\n[b] y\none\n", r": the table \[a\] or one of its titles has no rows"),
        ("[a] x\none\n[a] y\ntwo\n", r"line 3: a second table \[a\]"),
        ("[a x\none\n", "line 1: a header has the form"),
        ("[a]\none\n", "line 1: a header has the form"),
        ("one\n[a] x\ntwo\n", "line 1: a row before the first header"),
        ("[a] x\none\ttwo\n", "line 2: a control, invisible or combining character"),
        ("[a] x\none\u200b\n", "line 2: a control, invisible or combining character"),
        ("[a] x\none\u00a0two\n", "line 2: a control, invisible or combining character"),
        ("[a] x\none\u2028two\n", "line 2: a control, invisible or combining character"),
        ("[a] x\ne\u0301\n", "line 2: a control, invisible or combining character"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        tables_of(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "words.txt"))


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_the_project_is_in_order(name: str) -> None:
    tables = read_tables(name)
    assert tables
    assert read_tables(name) is tables
    lines = (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= LONGEST_LINE
    for table in tables.values():
        for cell in (cell for block in table.blocks for row in (block.title, *block.rows) for cell in row):
            assert cell.count("{") == cell.count("}"), cell


def test_nothing_is_read_before_it_is_needed() -> None:
    program = "import core.abilities, core.abilities.tables as t; print(t.read_tables.cache_info().misses)"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "0"
