"""What the containers of a hollow pod run: nothing, unless a program is given for their image.

A container without a program runs for ever, as a server does. One with a program ends when that ends, so pods with init
containers wait for them, and pods of jobs come to an end.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from kubesim.objects import Object, at

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 300.0
"""Seconds before a container that failed is started again; doubled each time."""


@dataclass(frozen=True, slots=True)
class Start:
    """How a container is started."""

    command: tuple[str, ...]
    """The container's command and args."""
    environment: Mapping[str, str]
    node: str


Program = Callable[[Start], Awaitable[int]]
"""Runs a container to its end and returns the exit code."""


@dataclass(slots=True)
class Progress:
    """How far one container is."""

    exit_code: int | None = None
    """None while it waits or runs."""
    restarts: int = 0


@dataclass
class Execution:
    """One pod's containers that have programs: its init containers one after the other, then the others together."""

    pod: Object
    address: str
    host: str
    programs: Mapping[str, Program]
    changed: Callable[[], None]
    """Called whenever a container has ended."""
    initialised: bool = False
    progress: dict[str, Progress] = field(default_factory=dict)
    """By name of the container; those without a program are not in it."""

    def __post_init__(self) -> None:
        """Know the containers that have programs."""
        every = [*(self.pod["spec"].get("initContainers") or ()), *self.pod["spec"]["containers"]]
        self.progress = {each["name"]: Progress() for each in every if each["image"] in self.programs}
        self.initialised = not self._with_programs("initContainers")

    @property
    def phase(self) -> str:
        """The pod's phase as far as its containers say: Pending, Running, Succeeded or Failed."""
        policy = self.pod["spec"].get("restartPolicy", "Always")
        codes = {name: each.exit_code for name, each in self.progress.items()}
        if policy == "Never" and not self.initialised and any(codes.values()):
            return "Failed"
        if not self.initialised:
            return "Pending"
        ended = [codes.get(container["name"]) for container in self.pod["spec"]["containers"]]
        if policy == "Always" or None in ended or (policy == "OnFailure" and any(ended)):
            return "Running"
        return "Failed" if any(ended) else "Succeeded"

    async def run(self) -> None:
        """Run everything to its end, as the pod's restartPolicy says."""
        for container in self._with_programs("initContainers"):
            if await self._run_container(container, again="OnFailure"):
                return
        self.initialised = True
        self.changed()
        async with asyncio.TaskGroup() as tasks:
            for container in self._with_programs("containers"):
                tasks.create_task(self._run_container(container, again="Always"))

    def _with_programs(self, field_: str) -> list[Object]:
        return [each for each in self.pod["spec"].get(field_) or () if each["name"] in self.progress]

    async def _run_container(self, container: Object, *, again: str) -> int:
        """The last exit code; `again` is the most that the restartPolicy means for this container."""
        policy, pause = self.pod["spec"].get("restartPolicy", "Always"), FIRST_PAUSE
        policy = again if policy == "Always" else policy
        mine = self.progress[container["name"]]
        while True:
            mine.exit_code = await self._run_once(container)
            self.changed()
            if policy == "Never" or (policy == "OnFailure" and mine.exit_code == 0):
                return mine.exit_code
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            mine.restarts += 1
            mine.exit_code = None

    async def _run_once(self, container: Object) -> int:
        command = (*(container.get("command") or ()), *(container.get("args") or ()))
        start = Start(command, self._environment(container), self.pod["spec"]["nodeName"])
        try:
            return await self.programs[container["image"]](start)
        except Exception:
            log.exception("pod %s: container %s fell over", self.pod["metadata"]["name"], container["name"])
            return 128

    def _environment(self, container: Object) -> Mapping[str, str]:
        told = {"status.podIP": self.address, "status.hostIP": self.host}
        values = {}
        for each in container.get("env") or ():
            path = at(each, "valueFrom.fieldRef.fieldPath")
            value = (told.get(path) or at(self.pod, path) or "") if path else each.get("value", "")
            values[each["name"]] = str(value)
        return values
