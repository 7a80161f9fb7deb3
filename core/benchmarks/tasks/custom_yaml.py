"""Reads YAML that somebody else may have written: plain values, no aliases, every key once."""

from __future__ import annotations

from typing import Any

import yaml

DEEPEST = 20
"""Levels of nesting. A description has two."""

_BEGINNINGS = (
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
)
_ENDS = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)


def yaml_values(text: str) -> Any:
    """The values of a YAML document.

    Without aliases: a few lines of them stand for more than any memory holds, and no description needs one.

    Raises:
        ValueError: it has an alias, a key twice, or is no plain YAML; the message names the line.
    """
    try:
        _check_tokens(text)
        _check_keys(yaml.compose(text, Loader=yaml.SafeLoader))
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        problem = " ".join((error.problem or error.context or "it is no YAML").split())
        place = f" on {_line(error.problem_mark)}" if error.problem_mark else ""
        raise ValueError(f"{problem}{place}") from error
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def _check_tokens(text: str) -> None:
    """Refuses aliases, and what is nested deeply: the scanner takes for ever over that.

    Raises:
        ValueError: there is one, or it is.
    """
    depth = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        depth += isinstance(token, _BEGINNINGS) - isinstance(token, _ENDS)
        if depth > DEEPEST:
            raise ValueError(f"it is nested too deeply on {_line(token.start_mark)}")
        if isinstance(token, yaml.AliasToken):
            raise ValueError(f"it has an alias (*{token.value}) on {_line(token.start_mark)}")


def _check_keys(document: Any) -> None:
    """Refuses a key that is there twice, of which YAML would take the last without a word.

    Raises:
        ValueError: there is one.
    """
    if not isinstance(document, yaml.MappingNode):
        return
    seen = set()
    for key, _ in document.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ValueError(f"it has a key that is no word on {_line(key.start_mark)}")
        if key.value in seen:
            raise ValueError(f"it has the key {key.value} twice, again on {_line(key.start_mark)}")
        seen.add(key.value)


def _line(mark: Any) -> str:
    """The line of a place in the text, as editors count it."""
    return f"line {mark.line + 1}"
