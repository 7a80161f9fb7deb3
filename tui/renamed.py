"""Options and values that were renamed since the last version: an old name is refused with the new one."""

from __future__ import annotations

from collections.abc import Sequence

from tui.options import UsageError

OPTIONS = {
    "--form": "--reduction",
    "--quota": "--scope",
    "--sums": "--accumulate-on",
    "--rows": "--scoring-batch",
}

VALUES = {
    "--reduction": {"sum": "abs-sum", "items": "sum-abs"},
    "--scope": {"matrix": "per-matrix"},
    "--selection": {"minus_core": "top_minus_shared"},
    "--selections": {"minus_core": "top_minus_shared"},
}


def refuse_old_names(arguments: Sequence[str]) -> None:
    """Looks for old names among the arguments of any command, up to a `--`.

    Raises:
        UsageError: there is one; the message says the new name of option and value.
    """
    words = list(arguments[: arguments.index("--")]) if "--" in arguments else list(arguments)
    for index, word in enumerate(words):
        option, is_joined, joined = word.partition("=")
        old_value = joined if is_joined else "".join(words[index + 1 : index + 2])
        new_option = OPTIONS.get(option, option)
        renamed = VALUES.get(new_option, {})
        new_value = ",".join(renamed.get(part.strip(), part) for part in old_value.split(","))
        if new_option != option:
            value = "" if not old_value or old_value.startswith("-") else f" {new_value}"
            raise UsageError(f"{option} has been renamed: give {new_option}{value}.")
        if new_value != old_value:
            raise UsageError(f"{option} {old_value} has been renamed: give {option} {new_value}.")
