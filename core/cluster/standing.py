"""Ray's workers for as long as an engine lives: they load the model once, and do one job after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from types import ModuleType

from cache.upkeep import delete
from core.analysis.probe import known_prompts
from core.cluster.on_ray import doing_units, started
from core.cluster.ray_crew import Crew
from core.cluster.ray_errors import failed
from core.cluster.ray_options import RayOptions
from core.cluster.schedule import Schedule
from core.cluster.units import Unit, abilities_to_score, wanted_rankings
from core.run.asked import Asked
from core.run.events import Event, ModelFailed, ModelLoaded, ModelLoading, WorkerLost
from core.run.runner import Runner


class StandingCrew:
    """Ray with its workers. All of it is used in one thread, with which Ray ends."""

    def __init__(self, options: RayOptions, driver: Runner) -> None:
        """Starts nothing yet.

        Args:
            options: where the workers are, and how many.
            driver: the runner that knows what is asked for; it loads no model.
        """
        self.driver = driver
        self._options = options
        self._open = ExitStack()
        self._ray: ModuleType | None = None
        self._crew: Crew | None = None
        self._began, self._present = 0.0, 0
        self._scores: set[str] = set()
        """Keys of the scores that are kept for the contrasts of later jobs."""

    def start(self) -> None:
        """Starts Ray and asks for its workers, unless that was done; they load the model meanwhile.

        Raises:
            ValueError: Ray cannot be used.
        """
        if self._crew is not None:
            return
        driver, self._began, self._present = self.driver, time.monotonic(), 0
        driver.emit(ModelLoading(driver.spec.name, "starting Ray"))
        with ExitStack() as stack:
            self._ray = stack.enter_context(started(self._options))
            crew = Crew(self._ray, driver, self._options, self._lose, is_live=True)
            self._crew = stack.enter_context(closing(crew))
            self._open = stack.pop_all()
        driver.emit(ModelLoading(driver.spec.name, "loading on Ray's workers"))

    def close(self) -> None:
        """Ends the workers, and Ray if it was started on this machine; deletes the scores they kept."""
        self._crew = None
        self._open.close()
        entries = self.driver.store.scores.entries
        for key in filter(entries.has, self._scores):
            delete(self.driver.store.root, key)
        self._scores.clear()

    def settle(self) -> None:
        """Settles prompt form and level by stored answers, else by those of a worker's model.

        Raises:
            Cancelled: the driver was cancelled.
            ValueError: Ray or the model cannot be used.
        """
        known = known_prompts(self.driver)
        if known is None:
            self.start()
            assert self._crew is not None, "it was just started"
            known = self._crew.settled(self._turn)
            self._crew.events()  # the last ones would be taken for those of a probe that goes on
        self.driver.settle(*known)

    def do(self, schedule: Schedule) -> Iterator[Sequence[Unit]]:
        """Does what is left of what is asked for; see `doing_units`.

        Raises:
            Cancelled: the driver was cancelled; what was finished is stored.
            ValueError: Ray cannot be used, or no worker is left that can do a unit.
        """
        self.start()
        assert self._crew is not None, "it was just started"
        assert self._ray is not None, "it was just started"
        self._scores |= self._scores_for(schedule.survey.asked)
        try:
            for done in doing_units(schedule, self.driver, self._crew):
                self._say()
                yield done
        except self._ray.exceptions.RayError as error:
            self.close()
            problem = failed(error)
            self.driver.emit(ModelFailed(str(problem)))
            raise problem from error
        self._say()

    def look(self) -> bool:
        """Takes in, without a job, which workers have come; whether others are on their way."""
        if self._crew is None:
            return False
        self._crew.ended(0.0)
        self._say()
        return not self._crew.is_whole

    @contextmanager
    def held(self) -> Iterator[None]:
        """A context in which the workers do nothing."""
        with ExitStack() as stack:
            if self._crew is not None:
                stack.enter_context(self._crew.held())
            yield

    def as_shown(self, event: Event) -> Event:
        """An event of the engine's own model as a screen takes it: jobs go to the workers all the same."""
        if isinstance(event, ModelLoaded) and self._present:
            return self._loaded()
        return event

    def _turn(self) -> None:
        """Passes the workers' events on.

        Raises:
            Cancelled: the driver was cancelled.
        """
        assert self._crew is not None, "there is none without one"
        for _, event in self._crew.events():
            self.driver.emit(event)
        self._say()
        self.driver.check_cancelled()

    def _say(self) -> None:
        """Emits how many workers have the model, if that has changed."""
        crew, driver = self._crew, self.driver
        if crew is None or (present := len(crew.present)) == self._present:
            return
        self._present = present
        if present:
            driver.emit(self._loaded())
        elif crew.is_whole:
            driver.emit(ModelFailed(crew.problem))
        else:
            driver.emit(ModelLoading(driver.spec.name, "loading on Ray's workers"))

    def _loaded(self) -> ModelLoaded:
        """That the workers have the model, and how many they are."""
        driver, n = self.driver, self._present
        seconds = time.monotonic() - self._began
        where = f"ray: {n} {'worker' if n == 1 else 'workers'}"
        return ModelLoaded(driver.spec.name, seconds, where, driver.info.bytes)

    def _lose(self, problem: str) -> None:
        self.driver.emit(WorkerLost(problem))

    def _scores_for(self, asked: Asked) -> set[str]:
        """Keys of the scores that are not there yet, and may be kept for what is asked for."""
        driver, entries = self.driver, self.driver.store.scores.entries
        abilities = abilities_to_score(driver, wanted_rankings(driver, asked.masks()))
        keys = (driver.scores_request(ability)[0] for ability in abilities)
        return {key for key in keys if not entries.has(key)}
