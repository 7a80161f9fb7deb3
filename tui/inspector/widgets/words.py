"""Text of which most changes fit in the rows that it has."""

from __future__ import annotations

from textual.visual import VisualType
from textual.widgets import Static


class Words(Static):
    """Text that has the screen laid out, which takes longer than all else, only if it needs other rows."""

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Shows another text; draws nothing if it is the same."""
        if content == self.content:
            return
        rows_before = self._rows()
        super().update(content, layout=False)
        if layout and self._rows() != rows_before:
            self.refresh(layout=True)

    def _rows(self) -> int:
        """Rows that the text needs at the width that it has; -1 before it has one."""
        width = self.content_size.width
        return self.visual.get_height(self.styles.get_rules(), width) if width else -1
