"""The engines of the open models: a line to each, and what becomes of them when the person leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.protocol import Shutdown
from core.run.events import ModelLoaded
from tui.inspector.engine_link import EngineLink

if TYPE_CHECKING:
    from tui.inspector.engine_link import View
    from tui.inspector.open_model import OpenModel
    from tui.inspector.session import Session


class Engines:
    """A line to the engine of each open model; only one of them has a model in memory."""

    def __init__(self, session: Session, view: View) -> None:
        self._session, self._view = session, view
        self._links = {session.a: EngineLink(session, session.a, view)}

    def of(self, model: OpenModel) -> EngineLink:
        """The line to a model's engine."""
        return self._links[model]

    async def replace_second(self, model: OpenModel) -> None:
        """Makes a line to the second model's engine, and lets that of an earlier second model go."""
        first, link = self.of(self._session.a), EngineLink(self._session, model, self._view)
        for earlier in (one for one in self._links.values() if one is not first):
            await earlier.rest()
            await earlier.close()
        self._links = {self._session.a: first, model: link}
        first.others, link.others = (link,), (first,)

    async def close(self) -> None:
        """Disconnects; the engines go on."""
        for link in self._links.values():
            await link.close()

    def detach(self) -> str:
        """What to say when the person leaves the engines to themselves."""
        ids = [model.spec.id for model in self._links if model.activity.link != "resting"]
        lines = (f"Engine {one} keeps running: abilityscope attach {one} returns to it." for one in ids)
        return "\n".join(lines)

    def quit(self) -> str:
        """Ends engines without work unless another screen uses them; what to say about those that work."""
        lines = []
        for model, link in self._links.items():
            if (job := model.activity.job) is not None:
                lines.append(
                    f"{job.title} keeps running: abilityscope attach {model.spec.id} returns to it, "
                    f"abilityscope stop {job.id} ends it."
                )
            elif not self._session.readonly:
                link.send_now(Shutdown(if_unused=True))
        return "\n".join(lines)

    def would_end(self) -> list[str]:
        """The ids of engines that quitting now may end though their models take long to load."""
        return [
            model.spec.id
            for model in self._links
            if not self._session.readonly
            and model.activity.link == "connected"
            and isinstance(model.activity.model, ModelLoaded)
            and not (model.spec.model.is_embedded or model.activity.is_busy)
        ]
