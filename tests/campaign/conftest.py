"""What the campaign's tests share: a cache of their own, no hub, and an end to what hangs."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.campaign.profiles import Truth

HANGS_AFTER_S = 120
"""No bad input takes longer, not even on a machine that does other things; real processes have their own."""


@pytest.fixture(autouse=True)
def own_surroundings(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABILITYSCOPE_CACHE", str(tmp_path_factory.getbasetemp() / "campaign-cache"))
    monkeypatch.setenv("ABILITYSCOPE_RUNTIME", str(tmp_path / "runtime"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def ends(request: pytest.FixtureRequest) -> Iterator[None]:
    """Breaks off a test that hangs, so that it fails in place of holding up all others."""

    def give_up(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"{request.node.name} hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(HANGS_AFTER_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def sound_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama as transformers saves it, to be copied and spoilt."""
    from tests.core.tiny_models import byte_tokenizer, save_model

    folder = tmp_path_factory.mktemp("sound")
    save_model(folder, tokenizer=byte_tokenizer(), max_position_embeddings=512)
    return folder


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Truth]:
    """The small profile that nobody disturbed, never to be written to."""
    from tests.campaign.profiles import undisturbed

    with undisturbed(tmp_path_factory.mktemp("undisturbed")) as found:
        yield found
