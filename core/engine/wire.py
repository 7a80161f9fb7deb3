"""How commands and events travel: one JSON document a line, each with the name of its class."""

from __future__ import annotations

import msgspec

from core.engine.commands import Command
from core.experiment.events import Event

LONGEST_LINE_BYTES = 64 << 20
"""Of one message; the snapshot of a run over 100,000 items takes about 10 MB."""

_encoder = msgspec.json.Encoder()
_commands: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_events: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(message: Command | Event) -> bytes:
    """The message as one line, its end included."""
    return _encoder.encode(message) + b"\n"


def command_of(line: bytes) -> Command:
    """The command on a line.

    Raises:
        ValueError: it is none; the message says what is wrong.
    """
    try:
        return _commands.decode(line)
    except msgspec.DecodeError as error:
        raise ValueError(f"This is no command of the engine: {error}.") from None


def event_of(line: bytes) -> Event:
    """The event on a line.

    Raises:
        ValueError: it is none; the message says what is wrong.
    """
    try:
        return _events.decode(line)
    except msgspec.DecodeError as error:
        raise ValueError(f"This is no event of an engine: {error}.") from None
