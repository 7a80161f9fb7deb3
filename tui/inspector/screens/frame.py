"""What the dialogs have in common."""

from __future__ import annotations

FRAME_CSS = """
    {name} {{ align: center middle; }}
    {name} #frame {{
        width: 90%; max-width: 76; height: auto; max-height: 90%; background: $surface;
        border: round $primary; padding: 0 1;
        border-title-color: $foreground; border-title-style: bold; border-subtitle-color: $foreground;
    }}
    .-ascii {name} #frame {{ border: ascii $primary; }}
    {name} Input {{ height: 1; border: none; padding: 0; background: $panel; }}
    {name} .problem {{ height: auto; color: $error; }}
"""
"""What the dialogs of this room look like, by the name of the class; not scoped, for the class of the app."""
