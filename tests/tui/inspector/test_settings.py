from __future__ import annotations

from pathlib import Path

import pytest

from tui.inspector.settings import (
    Settings,
    bound_classes,
    check_keys,
    known_bindings,
    load_settings,
    settings_path,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_without_a_file_all_is_as_usual(path: Path) -> None:
    assert load_settings(path) == Settings()


def test_a_file_sets_what_it_names(path: Path) -> None:
    path.write_text('theme = "nord"\nmouse = false\n[keys]\n"engine.run" = "f5,r"\n')
    assert load_settings(path) == Settings(theme="nord", mouse=False, keys={"engine.run": "f5,r"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("them = 'nord'", "Unknown setting 'them'. Did you mean theme?"),
        ("ascii = 3", "ascii is 3, but must be true or false"),
        ("theme = true", "theme is True, but must be the name of a theme"),
        ('keys = "r"', "keys is 'r', but must be a table"),
        ('[keys]\n"engine.run" = 5', "keys is {'engine.run': 5}, but must be a table"),
        ("theme =", "are not TOML"),
        (b"theme = '\xff'", "are not TOML"),
    ],
)
def test_a_wrong_file_is_told_in_one_sentence(text: str | bytes, said: str, path: Path) -> None:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match="settings") as raised:
        load_settings(path)
    message = str(raised.value)
    assert str(path) in message
    assert said in message
    assert "\n" not in message


def test_the_environment_names_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABILITYSCOPE_SETTINGS", str(path))
    assert settings_path() == path


def test_keys_are_checked_against_the_bindings_that_there_are() -> None:
    known = known_bindings(bound_classes())
    check_keys({"engine.run": "f5,r"}, known)
    with pytest.raises(ValueError, match=r"unknown binding 'engine.rum'. Did you mean engine.run\?"):
        check_keys({"engine.rum": "f5"}, known)
    with pytest.raises(ValueError, match=r'needs a key for "engine\.run"'):
        check_keys({"engine.run": "f5,"}, known)


def test_every_binding_of_the_inspector_can_be_changed_and_says_what_it_does() -> None:
    from textual.binding import Binding

    known = known_bindings(bound_classes())
    assert {"engine.run", "screen.help", "lens.variant", "help.close"} <= set(known)
    assert [binding_id for binding_id, binding in known.items() if not binding.tooltip] == []
    nameless = [
        (of.__name__, binding)
        for of in bound_classes()
        for binding in vars(of).get("BINDINGS", ())
        if not isinstance(binding, Binding) or binding.id is None
    ]
    assert nameless == []
